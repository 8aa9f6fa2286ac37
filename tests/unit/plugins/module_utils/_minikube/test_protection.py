# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key and its file, and in which order things are done; the node is a stand-in that keeps what it is given."""

from __future__ import annotations

import json
import types

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import hardening as pure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import protection as util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.cli import Cli

LOG = {"audit_log": True, "audit_log_max_age": 30, "audit_log_max_backups": 10, "audit_log_max_size": 100}
OPTION = {"Component": "apiserver", "Key": "encryption-provider-config", "Value": pure.ENCRYPTION_FILE}
NAMED = {"Component": "kubelet", "Key": "v", "Value": "4"}


class Node:
    """A node with an API server that reads its files when it starts."""

    def __init__(self, cli):
        self.cli = cli
        self.files = {}
        self.pid = 7
        self.flags = {}
        self.provider = ""
        self.encrypted, self.plain = 0, 3
        self.admin = True
        self.stubborn = False
        self.writes = []

    def start(self):
        self.pid += 1
        config = self.files.get(pure.ENCRYPTION_FILE, "")
        self.provider = config and next(iter(json.loads(config)["resources"][0]["providers"][0]))

    def configured(self):
        """As minikube starts it with the option."""
        self.files[pure.ENCRYPTION_FILE] = self.cli.handed
        self.flags["encryption-provider-config"] = pure.ENCRYPTION_FILE
        self.start()

    def state(self, *ignored):
        return pure.State(
            pid=self.pid,
            flags=dict(self.flags),
            mounted="audit-log-path" in self.flags,
            provider=self.provider,
            hashes={name: pure.digest(text) for name, text in self.files.items()},
            encrypted=self.encrypted,
            plain=self.plain,
            default_admin=self.admin,
        )

    def docker(self, *words, data=None):
        words = [word for word in words[1:] if word != "--interactive"][3:]
        if words[0] == "cat":
            return 0, self.files[words[1]], ""
        if words[0] == "kill":
            self.start()
        elif words[0] == "pgrep":
            return 0, f"{self.pid}\n", ""
        elif "patch" in words:
            command = ["kube-apiserver", *(f"--{name}={value}" for name, value in self.flags.items())]
            return 0, json.dumps({"spec": {"containers": [{"command": command}]}}), ""
        elif "--raw=/readyz" in words:
            return int(self.stubborn and "audit-log-path" in self.flags), "", ""
        elif words[0] == "sh" and data is not None:
            path = words[2].split()[-1]
            self.writes.append(path)
            self.files[path] = data
            if path == pure.MANIFEST:
                command = json.loads(data)["spec"]["containers"][0]["command"]
                self.flags = dict(word[2:].split("=", 1) for word in command[1:])
                self.start()
        elif words[0] == "sh" and "get secrets" in words[2]:
            total = self.encrypted + self.plain
            self.encrypted, self.plain = (total, 0) if self.provider == "secretbox" else (0, total)
        elif "clusterrolebinding" in words:
            self.admin = "create" in words
        return 0, "", ""


@pytest.fixture
def node(tmp_path, monkeypatch):
    params = {"home": str(tmp_path), "kubeconfig": None, "executable": "minikube"}
    cli = Cli(types.SimpleNamespace(params=params, get_bin_path=lambda name: None), "demo")
    folder = tmp_path / ".minikube/profiles/demo"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"KubernetesConfig": {"KubernetesVersion": "v1.34.4"}}))
    found = Node(cli)
    monkeypatch.setattr(cli, "docker", found.docker)
    monkeypatch.setattr(util, "look", found.state)
    monkeypatch.setattr(util.time, "sleep", lambda seconds: None)
    return found


def protection(node, tmp_path, dry=False, **options):
    params = {"encrypt_secrets": None, "secrets_key_file": str(tmp_path / "state/secrets.key"), "wait_timeout": 0}
    params |= {**LOG, "audit_log": None, "system_default_admin": None, **options}
    return util.Protection(node.cli, params, dry)


def config(*options):
    return {"Driver": "docker", "Nodes": [{}], "KubernetesConfig": {"ExtraOptions": list(options)}}


def run(node, tmp_path, known, plan=(), state=None, **options):
    """A run of the module; returns its prediction and what it did."""
    told = protection(node, tmp_path, **options)
    planned = told.plan(list(plan), known, state or node.state())
    done = []
    for action in planned:
        if action == "keep_key":
            told.keep_key()
        elif action == "configure":
            with told.handed_over():
                handed = node.cli.path("files", pure.ENCRYPTION_FILE.lstrip("/"))
                with open(handed, encoding="utf-8") as file:
                    node.cli.handed = file.read()
                node.configured()
        if action not in pure.STEPS:
            done.append(action)
    done += told.finish()
    told.remember()
    return planned, done


def test_an_existing_cluster_is_encrypted_once_and_decrypted_again(node, tmp_path):
    both = {"encrypt_secrets": True, "audit_log": True}
    expected = ["keep_key", "configure", "configure_audit_log", "encrypt_secrets"]
    assert run(node, tmp_path, config(), **both) == (expected, expected)
    assert (node.encrypted, node.plain, node.provider) == (3, 0, "secretbox")
    file = tmp_path / "state/secrets.key"
    key = file.read_text()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert key.strip() in node.files[pure.ENCRYPTION_FILE]
    # What minikube put into the node lies there alone.
    assert [path.name for path in (tmp_path / ".minikube/files").iterdir()] == []

    assert run(node, tmp_path, config(OPTION), **both) == ([], [])
    off = {"encrypt_secrets": False, "audit_log": False}
    expected = ["configure_encryption", "configure_audit_log", "decrypt_secrets"]
    assert run(node, tmp_path, config(OPTION), **off) == (expected, expected)
    assert (node.encrypted, node.plain, node.provider) == (0, 3, "identity")
    assert run(node, tmp_path, config(OPTION), **off) == ([], [])

    expected = ["configure_encryption", "configure_audit_log", "encrypt_secrets"]
    assert run(node, tmp_path, config(OPTION), **both) == (expected, expected)
    assert file.read_text() == key


def test_other_options_of_the_profile_stay(node, tmp_path):
    told = protection(node, tmp_path, encrypt_secrets=True)
    told.plan([], config(NAMED), node.state())
    assert told.options(config(NAMED)) == [pure.ENCRYPTION_OPTION, "kubelet.v=4"]
    run(node, tmp_path, config(NAMED), encrypt_secrets=True)
    told.plan([], config(NAMED, OPTION), node.state())
    assert told.options(config(NAMED, OPTION)) == []


def test_a_key_that_was_lost_on_the_host_comes_back_from_the_node(node, tmp_path):
    run(node, tmp_path, config(), encrypt_secrets=True)
    file = tmp_path / "state/secrets.key"
    key = file.read_text()
    file.unlink()
    assert run(node, tmp_path, config(OPTION), encrypt_secrets=True) == (["keep_key"], ["keep_key"])
    assert file.read_text() == key
    file.chmod(0o644)
    assert run(node, tmp_path, config(OPTION), encrypt_secrets=True)[1] == ["keep_key"]
    assert file.stat().st_mode & 0o777 == 0o600

    # Of a cluster that is stopped it is known once it runs; until then no other key is made.
    file.unlink()
    stopped = pure.State()
    assert run(node, tmp_path, config(OPTION), ["start"], stopped, encrypt_secrets=True) == (
        ["start"],
        ["start", "keep_key"],
    )
    assert file.read_text() == key


def test_the_key_of_another_cluster_is_never_used_nor_replaced(node, tmp_path):
    run(node, tmp_path, config(), encrypt_secrets=True)
    file = tmp_path / "state/secrets.key"
    key, other = file.read_text(), pure.new_key()
    file.write_text(other)
    before = dict(node.files)
    for encrypt in (True, False):
        with pytest.raises(pure.HardeningError, match="another key than the cluster") as caught:
            run(node, tmp_path, config(OPTION), encrypt_secrets=encrypt)
        assert key.strip() not in str(caught.value)
        assert other not in str(caught.value)
    assert (node.files, file.read_text()) == (before, other)


def test_check_mode_keeps_nothing(node, tmp_path):
    told = protection(node, tmp_path, dry=True, encrypt_secrets=True, audit_log=True)
    assert told.plan([], config(), node.state())[0] == "keep_key"
    assert not (tmp_path / "state").exists()
    predicted = told.prediction({"audit_log": None})
    assert predicted["encrypt_secrets"] is True
    assert predicted["audit_log"]["max_age"] == 30


def test_a_stopped_cluster_gets_its_option_with_its_start(node, tmp_path):
    told = protection(node, tmp_path, encrypt_secrets=True, audit_log=True)
    assert told.plan(["start"], config(), pure.State()) == ["keep_key", "configure", "configure_audit_log"]
    # One that has all of it is only started; a start writes no manifest.
    assert told.plan(["start"], config(OPTION), pure.State()) == ["start"]
    told.keep_key()
    assert told.plan(["upgrade"], config(OPTION), pure.State()) == ["upgrade", "configure_audit_log"]
    # What was cut short between minikube's note and the API server's start is done again.
    node.cli.mark("configure")
    assert told.plan(["start"], config(OPTION), pure.State()) == ["configure", "configure_audit_log"]


def test_a_new_cluster_is_encrypted_from_the_beginning(node, tmp_path):
    told = protection(node, tmp_path, encrypt_secrets=True, audit_log=True)
    assert told.plan(["create"], None, pure.State()) == ["keep_key", "create", "configure_audit_log"]
    assert told.options(None) == [pure.ENCRYPTION_OPTION]


def test_the_default_account_of_the_system_is_no_administrator_unless_it_is_wanted(node, tmp_path):
    told = protection(node, tmp_path, system_default_admin=False)
    assert told.plan(["create"], None, pure.State()) == ["create", "revoke_default_admin"]
    assert run(node, tmp_path, config())[1] == []
    for wanted, step in ((False, "revoke_default_admin"), (True, "grant_default_admin")):
        assert run(node, tmp_path, config(), system_default_admin=wanted) == ([step], [step])
        assert run(node, tmp_path, config(), system_default_admin=wanted) == ([], [])
        assert node.admin is wanted


def test_the_log_outlives_runs_that_do_not_name_it(node, tmp_path):
    run(node, tmp_path, config(), audit_log=True, audit_log_max_age=90)
    assert run(node, tmp_path, config()) == ([], [])
    # As when a newer Kubernetes has written the manifest anew.
    node.flags = {}
    assert run(node, tmp_path, config())[1] == ["configure_audit_log"]
    assert node.flags["audit-log-maxage"] == "90"
    assert run(node, tmp_path, config(), audit_log=False)[1] == ["configure_audit_log"]
    assert run(node, tmp_path, config()) == ([], [])


def test_a_manifest_that_the_api_server_does_not_start_with_is_put_back(node, tmp_path):
    node.stubborn = True
    before = dict(node.flags)
    with pytest.raises(pure.HardeningError, match="did not answer within 0 s after configure audit log"):
        run(node, tmp_path, config(), audit_log=True)
    assert node.flags == before
    assert node.writes == [pure.POLICY_FILE, pure.MANIFEST, pure.MANIFEST]


def test_a_cluster_that_cannot_be_looked_into_is_left_alone(node, tmp_path):
    with pytest.raises(pure.HardeningError, match="could not be found in the node demo"):
        protection(node, tmp_path, audit_log=True).plan([], config(), pure.State())
    assert protection(node, tmp_path).plan([], config(), pure.State()) == []
