# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import copy
import json
from types import SimpleNamespace

import pytest

pytest.importorskip("cryptography")
pytest.importorskip("kubernetes")

from ansible_collections.fortytwo.ft_services.plugins.module_utils._credentials.store import CredentialError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.modules import credentials as module_under_test

PASSWORD = {"name": "root", "kind": "password", "length": 32, "alphabet": "0123456789abcdef", "file": None}
KEY = {**PASSWORD, "name": "user", "kind": "ssh_key"}
SECRET = {
    "name": "mysql",
    "namespace": "ft",
    "data": {"root": {"credential": "root"}, "key": {"credential": "user", "part": "private"}},
}


class Cluster:
    """Keeps Secrets in memory, like an API server that knows the namespace ft only."""

    def __init__(self):
        self.objects = {}
        self.errors = []

    def __call__(self, *_connection):
        return self

    def parallel(self, work, items):
        return [work(item) for item in items]

    def get(self, path):
        return copy.deepcopy(self.objects.get(path))

    def apply(self, resource, body, manager, force=False, dry_run=False):
        if self.errors:
            raise self.errors.pop()
        if not resource.namespaced:
            self.objects[resource.path(None, body["metadata"]["name"])] = body
            return SimpleNamespace(data=copy.deepcopy(body))
        if body["metadata"]["namespace"] != "ft":
            raise KubeError('namespaces "other" not found', status=404)
        if not dry_run:
            self.objects[resource.path(body["metadata"]["namespace"], body["metadata"]["name"])] = body
        return SimpleNamespace(data=copy.deepcopy(body))


@pytest.fixture
def cluster(monkeypatch):
    cluster = Cluster()
    monkeypatch.setattr(module_under_test, "KubeClient", cluster)
    return cluster


@pytest.fixture
def run(tmp_path, cluster):
    def run(check=False, **params):
        defaults = {"state_file": str(tmp_path / "state"), "credentials": [PASSWORD, KEY], "secrets": [SECRET]}
        connection = {"kubeconfig": None, "context": None, "request_timeout": 30}
        merged = {**defaults, "rotate": [], "namespaces": [], **connection, **params}
        return module_under_test.run(SimpleNamespace(params=merged, check_mode=check, _diff=True))

    return run


def test_no_value_leaves_the_module(run, tmp_path, cluster):
    result = run()
    held = json.loads((tmp_path / "state").read_text())
    secrets = [held["checksum_key"], held["credentials"]["root"]["value"], held["credentials"]["user"]["private"]]
    told = json.dumps(result)
    for value in secrets:
        assert value not in told
        assert base64.b64encode(value.encode()).decode() not in told
        assert value[-40:].split("\n")[0] not in told
    assert result["diff"]["after"]["secret ft/mysql"]["root"] == "(new value)"
    applied = cluster.objects["/api/v1/namespaces/ft/secrets/mysql"]["data"]
    assert base64.b64decode(applied["root"]).decode() == held["credentials"]["root"]["value"]


def test_the_second_run_changes_nothing_and_drift_is_undone(run, cluster):
    first = run()
    second = run()
    assert second["changed"] is False
    assert "diff" not in second
    assert second["secrets"][0]["checksum"] == first["secrets"][0]["checksum"]
    (secret,) = cluster.objects.values()
    kept = copy.deepcopy(secret)
    secret["data"]["root"] = "c3BvaWx0"
    assert run()["secrets"][0]["changed"] is True
    assert list(cluster.objects.values()) == [kept]


def test_a_missing_namespace_is_made_once_with_its_labels(run, cluster):
    wanted = [{"name": "ft", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}]
    assert run(check=True, namespaces=wanted)["changed"] is True
    assert cluster.objects == {}
    assert run(namespaces=wanted)["diff"]["after"]["namespace ft"] == "(made)"
    assert cluster.objects["/api/v1/namespaces/ft"]["metadata"]["labels"] == wanted[0]["labels"]
    assert run(namespaces=wanted)["changed"] is False


def test_a_hosts_key_is_kept_where_ssh_looks_for_it(run, tmp_path):
    file = tmp_path / "ssh" / "known_hosts"
    host = {**KEY, "known_hosts": {"file": str(file), "hosts": ["192.0.2.1", "door"]}}
    assert run(check=True, credentials=[PASSWORD, host])["changed"] is True
    assert not file.exists()
    key = run(credentials=[PASSWORD, host])["credentials"][1]["public_key"]
    assert file.read_text() == "".join(f"{name} {' '.join(key.split()[:2])}\n" for name in ("192.0.2.1", "door"))
    assert file.stat().st_mode & 0o777 == 0o600
    assert run(credentials=[PASSWORD, host])["changed"] is False
    file.write_text("192.0.2.1 ssh-ed25519 wrong\n")
    assert run(credentials=[PASSWORD, host])["changed"] is True
    assert key.split()[1] in file.read_text()


def test_rotation_reaches_the_secret_and_changes_its_checksum(run):
    first = run()
    rotated = run(rotate=["root"])
    assert [each["reason"] for each in rotated["credentials"]] == ["it was rotated", ""]
    assert rotated["credentials"][0]["secrets"] == ["ft/mysql/root"]
    assert rotated["secrets"][0]["checksum"] != first["secrets"][0]["checksum"]
    assert rotated["secrets"][0]["data_keys"] == ["key", "root"]


def test_check_mode_predicts_on_a_machine_that_has_nothing_yet(run, tmp_path, cluster):
    missing = {"tls.crt": {"file": str(tmp_path / "certificate, to be made by an earlier task")}}
    result = run(check=True, secrets=[SECRET, {"name": "tls", "namespace": "other", "data": missing}])
    assert [each["changed"] for each in result["secrets"]] == [True, True]
    assert cluster.objects == {}
    assert list(tmp_path.iterdir()) == []


def test_a_passing_error_is_survived_and_a_lasting_one_is_told_without_values(run, cluster, tmp_path):
    cluster.errors = [KubeError("etcdserver: leader changed", status=500, transient=True)]
    assert run()["secrets"][0]["changed"] is True
    value = json.loads((tmp_path / "state").read_text())["credentials"]["root"]["value"]
    cluster.errors = [KubeError(f"Secret is invalid: {base64.b64encode(value.encode()).decode()}, {value}", status=422)]
    with pytest.raises(CredentialError, match="ft/mysql cannot be applied: Secret is invalid") as caught:
        run()
    assert value not in str(caught.value)
    assert base64.b64encode(value.encode()).decode() not in str(caught.value)


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ({"namespace": "other"}, "namespace does not exist"),
        ({"data": {"a": {"file": "/nonexistent"}}}, "does not exist. Make it first"),
        ({"data": {"a": {"credential": "nobody"}}}, "which is not in credentials"),
        ({"data": {"a": {"credential": "user"}}}, "private or public"),
        ({"data": {"a": {"credential": "root", "part": "private"}}}, "must take a part of 'root': value"),
        ({"data": {"a": {"credential": "root", "file": "/x"}}}, "either 'file', or 'credential'"),
        ({"data": {"a": "literal"}}, "either 'file', or 'credential'"),
        ({"data": {"a b": {"credential": "root"}}}, "cannot be a key"),
        ({"name": "Mysql"}, "cannot be the name"),
    ],
)
def test_what_cannot_work_is_refused(run, secret, words):
    with pytest.raises(CredentialError, match=words):
        run(secrets=[{**SECRET, **secret}])
