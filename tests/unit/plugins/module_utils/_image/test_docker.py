# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import json

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import docker as docker_util

pytest.importorskip("docker")


def test_explain_digs_out_the_systems_reason():
    error = docker_util.DockerException("Error while fetching server API version: ('Connection aborted.', ...)")
    error.__cause__ = FileNotFoundError(2, "No such file or directory")
    assert docker_util.explain(error) == "No such file or directory"


def test_explain_prefers_what_the_daemon_said():
    error = docker_util.APIError("500 Server Error", explanation="no space left\n")
    assert docker_util.explain(error) == "no space left"


def test_explain_says_that_a_timeout_was_one():
    error = docker_util.DockerException("x")
    error.__cause__ = TimeoutError("timed out")
    assert "did not answer in time" in docker_util.explain(error)


def test_explain_survives_errors_that_name_each_other():
    one, two = OSError(), OSError()
    one.__cause__, two.__cause__ = two, one
    assert docker_util.explain(one) == "OSError"


def test_missing_certificates_are_named(tmp_path):
    (tmp_path / "ca.pem").touch()
    with pytest.raises(docker_util.DaemonError, match=r"Cannot read cert\.pem, key\.pem in tls_path"):
        docker_util.connect(docker_util.Connection("tcp://127.0.0.1:1", str(tmp_path)))


@pytest.mark.parametrize(
    ("host", "reason", "part"),
    [
        ("unix:///x", "Permission denied", "become"),
        ("ssh://x", "Install paramiko package to enable ssh:// support", "The docker SDK wants that package"),
        ("ssh://x", "The command ended", "without a question"),
        ("unix:///x", "No such file or directory", "docker engine"),
        ("tcp://x:1", "[SSL: CERTIFICATE_VERIFY_FAILED]", "tls_path"),
        ("tcp://x:1", "Client sent an HTTP request to an HTTPS server.", "asks for TLS"),
        ("tcp://x:1", "Connection refused", "cluster"),
    ],
)
def test_connection_advice(host, reason, part):
    assert part in docker_util.connection_advice(host, reason)


def test_connect_names_the_daemon_and_the_reason():
    with pytest.raises(
        docker_util.DaemonError, match=r"tcp://127\.0\.0\.1:1: Connection refused\. Check that the cluster runs"
    ):
        docker_util.connect(docker_util.Connection("tcp://127.0.0.1:1"))


@pytest.mark.filterwarnings("ignore:docker-credential-nowhere")
@pytest.mark.parametrize("config", [{"credsStore": "nowhere"}, {"credHelpers": {"r.example.com": "nowhere"}}])
def test_accounts_that_cannot_be_read_are_left_out_and_named(config):
    accounts = docker_util._Accounts({"auths": {"a.example.com": {"username": "u"}}, **config})
    assert accounts.get_all_credentials() == {"a.example.com": {"username": "u"}}
    assert accounts.resolve_authconfig("r.example.com") is None
    assert "config.json could not be read, as its credsStore or credHelpers fails" in accounts.problem
    assert accounts.resolve_authconfig("a.example.com") == {"username": "u"}


@pytest.fixture
def contexts(tmp_path, monkeypatch):
    """A folder of the docker command's settings with one context, tls, that is not in use."""
    name = hashlib.sha256(b"tls").hexdigest()
    meta = tmp_path / "contexts/meta" / name / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoints = {"docker": {"Host": "tcp://far:2376", "SkipTLSVerify": False}}
    meta.write_text(json.dumps({"Name": "tls", "Metadata": {}, "Endpoints": endpoints}))
    (tmp_path / "contexts/tls" / name / "docker").mkdir(parents=True)
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "environment", "host", "tls"),
    [
        ({}, {}, docker_util.DEFAULT_HOST, None),
        ({"docker_host": "tcp://a:1", "tls_path": "/t"}, {"DOCKER_HOST": "tcp://b:1"}, "tcp://a:1", "/t"),
        ({}, {"DOCKER_HOST": "tcp://b:1", "DOCKER_CERT_PATH": "/c"}, "tcp://b:1", None),
        ({}, {"DOCKER_HOST": "tcp://b:1", "DOCKER_CERT_PATH": "/c", "DOCKER_TLS_VERIFY": "1"}, "tcp://b:1", "/c"),
        ({"docker_host": "tcp://a:1"}, {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c"}, "tcp://a:1", None),
        ({"docker_context": "tls"}, {"DOCKER_HOST": "tcp://b:1"}, "tcp://far:2376", "context"),
        ({"docker_context": "default"}, {"DOCKER_HOST": "tcp://b:1"}, docker_util.DEFAULT_HOST, None),
        ({}, {"DOCKER_CONTEXT": "tls"}, "tcp://far:2376", "context"),
    ],
)
def test_the_daemon_that_is_meant(contexts, given, environment, host, tls):
    found = docker_util.find_connection(given, 5, environment)
    expected = str(next(contexts.glob("contexts/tls/*/docker"))) if tls == "context" else tls
    assert (found.host, found.tls_path, found.timeout) == (host, expected, 5)


def test_the_context_in_use(contexts):
    (contexts / "config.json").write_text('{"currentContext": "tls"}')
    assert docker_util.find_connection({}, 5, {}).host == "tcp://far:2376"


def test_a_context_that_is_not_there_is_named(contexts):
    with pytest.raises(docker_util.DaemonError, match="no docker context nowhere"):
        docker_util.find_connection({"docker_context": "nowhere"}, 5, {})
