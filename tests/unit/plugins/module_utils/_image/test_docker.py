# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

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
