# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import datetime
import http.server
import json
import threading

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.connection import (
    Connection,
    connection_secrets,
    load,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeConnectionError

CONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "home",
    "contexts": [
        {"name": "home", "context": {"cluster": "c", "user": "u"}},
        {"name": "away", "context": {"cluster": "far", "user": "nobody"}},
    ],
    "clusters": [
        {"name": "c", "cluster": {"server": "https://192.168.49.2:8443", "insecure-skip-tls-verify": True}},
        {"name": "far", "cluster": {"server": "https://far.example.com", "proxy-url": "http://me:hunter23@there:2"}},
    ],
    "users": [
        {
            "name": "u",
            "user": {
                "token": "hunter22",
                "as": "jane",
                "as-uid": "7",
                "as-groups": ["dev", "ops"],
                "as-user-extra": {"scopes": ["view"]},
            },
        },
        {"name": "nobody", "user": {}},
    ],
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def server():
    """An API server that answers with the headers it got."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(self.headers.items()).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def make_certificate(common_name, key, cert):
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    key.write_bytes(private.private_bytes(pem, serialization.PrivateFormat.PKCS8, none))
    cert.write_bytes(made.public_bytes(pem))


def headers(connection):
    return KubeClient(connection).request("GET", "/api").data


def test_impersonation_of_the_kubeconfig_is_honoured(server):
    sent = headers(Connection(kubeconfig=copy.deepcopy(CONFIG), host=server))
    assert ["authorization", "Bearer hunter22"] in sent
    assert [pair for pair in sent if pair[0].startswith("Impersonate")] == [
        ["Impersonate-User", "jane"],
        ["Impersonate-Uid", "7"],
        ["Impersonate-Group", "dev"],
        ["Impersonate-Group", "ops"],
        ["Impersonate-Extra-scopes", "view"],
    ]


def test_options_replace_what_the_kubeconfig_says(server):
    sent = headers(
        Connection(
            kubeconfig=copy.deepcopy(CONFIG),
            host=server,
            api_key="other",
            impersonate_user="joe",
            impersonate_groups=["qa"],
        )
    )
    assert ["authorization", "Bearer other"] in sent
    assert [pair[1] for pair in sent if pair[0].startswith("Impersonate")] == ["joe", "qa"]


def test_a_host_alone_gets_no_credentials_of_the_users_kubeconfig(server, tmp_path):
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(yaml.safe_dump(CONFIG))
    assert not any(name.lower() == "authorization" for name, _value in headers(Connection(host=server)))
    assert load(Connection()).configuration.host == "https://192.168.49.2:8443"


def test_mapping_file_and_context(tmp_path):
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(CONFIG))
    for kubeconfig in (copy.deepcopy(CONFIG), str(file), "~/config"):
        loaded = load(Connection(kubeconfig=kubeconfig, context="away"))
        assert loaded.context == "away"
        assert loaded.configuration.host == "https://far.example.com"
        assert (loaded.proxy.shown, loaded.proxy.source) == ("http://there:2", "proxy-url in the kubeconfig")
        assert loaded.impersonation == []
    assert not load(Connection(kubeconfig=str(file))).configuration.verify_ssl
    assert load(Connection(kubeconfig=str(file), validate_certs=True)).configuration.verify_ssl


def test_a_certificate_replaces_a_token_and_the_other_way_round(tmp_path):
    make_certificate("jane", tmp_path / "key", tmp_path / "cert")
    files = {"client_cert": str(tmp_path / "cert"), "client_key": str(tmp_path / "key")}
    configuration = load(Connection(kubeconfig=copy.deepcopy(CONFIG), **files)).configuration
    assert (configuration.cert_file, configuration.auth_settings()) == (files["client_cert"], {})
    config = copy.deepcopy(CONFIG)
    config["users"][0]["user"] = {"client-certificate": files["client_cert"], "client-key": files["client_key"]}
    configuration = load(Connection(kubeconfig=config, api_key="token")).configuration
    assert configuration.cert_file is None
    assert configuration.auth_settings()["BearerToken"]["value"] == "Bearer token"


def test_a_private_address_is_reached_without_the_proxy_of_the_environment(server, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert headers(Connection(host=server))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "https://k8s.example.com"}, "HTTPS_PROXY in the environment"),
        ({"host": "https://192.168.49.2:8443", "proxy": "http://me:hunter22@127.0.0.1:9"}, "the option proxy"),
    ],
)
def test_a_dead_proxy_is_named_with_what_to_write_into_no_proxy(monkeypatch, options, words):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter22@127.0.0.1:9")
    with pytest.raises(KubeConnectionError) as caught:
        KubeClient(Connection(**options)).request("GET", "/api")
    host = options["host"].partition("://")[2].partition(":")[0]
    for part in ("through the proxy http://127.0.0.1:9", words, f"add {host} to NO_PROXY"):
        assert part in caught.value.message
    assert "hunter22" not in caught.value.message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kubeconfig": yaml.safe_dump(CONFIG)}, "the text of a file"),
        ({"kubeconfig": ["hunter22"]}, "neither a path nor a mapping"),
        ({"kubeconfig": {"users": "hunter22"}}, "an entry is missing"),
        ({"kubeconfig": {**CONFIG, "current-context": "hunter22"}}, "an entry is missing"),
        ({"host": "192.168.49.2"}, "is no URL"),
        ({"impersonate_groups": ["a"]}, "needs impersonate_user"),
        ({"client_cert": "/a"}, "needed together"),
        ({"host": "https://a", "ca_cert": "/nonexistent"}, "ca_cert: there is no file /nonexistent"),
        ({"kubeconfig": "/nonexistent"}, "There is no kubeconfig /nonexistent"),
    ],
)
def test_what_cannot_be_meant_is_refused_without_showing_it(options, words):
    with pytest.raises(KubeConnectionError) as caught:
        load(Connection(**options))
    assert words in caught.value.message
    assert "hunter22" not in caught.value.message


def test_files_that_are_no_certificates(tmp_path):
    file = tmp_path / "ca.crt"
    file.write_text("no certificate")
    with pytest.raises(KubeConnectionError, match="one cannot be used"):
        KubeClient(Connection(host="https://127.0.0.1:1", ca_cert=str(file)))


def test_secrets_of_a_mapping():
    user = {
        "token": "one-token",
        "client-key-data": "two-key",
        "username": "jane",
        "password": "three",
        "as": "joe",
        "exec": {"command": "login", "env": [{"name": "A", "value": "four"}], "args": ["five"]},
        "auth-provider": {"config": {"refresh-token": "six-token"}},
    }
    config = {"users": [{"name": "u", "user": user}], "clusters": CONFIG["clusters"]}
    found = connection_secrets({"kubeconfig": config, "proxy": "http://me:seven@proxy"})
    assert found >= {"one-token", "two-key", "three", "four", "five", "six-token", "seven", "hunter23"}
    assert not found & {"jane", "joe", "login"}
    assert "token: one-token" in connection_secrets({"kubeconfig": "users:\ntoken: one-token"})
    assert connection_secrets({"kubeconfig": "/path", "proxy": None}) == set()
