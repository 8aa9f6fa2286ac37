# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import json
import os
import subprocess

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import hardening as pure

KEY = base64.b64encode(bytes(range(32))).decode()
AUDIT = pure.Audit(max_age=30, max_backups=10, max_size=100)
BOTH = pure.Wish(encrypt=True, audit=AUDIT)
OPTION = {"Component": "apiserver", "Key": "encryption-provider-config", "Value": pure.ENCRYPTION_FILE}
CONFIGURED = {"KubernetesConfig": {"ExtraOptions": [OPTION]}}


def settled(encrypt=True, audit=AUDIT, **changed):
    """What an API server does that has all it should have."""
    flags = {"encryption-provider-config": pure.ENCRYPTION_FILE, "secure-port": "8443"}
    hashes = {pure.ENCRYPTION_FILE: pure.digest(pure.encryption_config(KEY, encrypt))}
    if audit:
        flags |= audit.flags()
        hashes[pure.POLICY_FILE] = pure.digest(pure.audit_policy())
    whole = pure.State(
        pid=7,
        flags=flags,
        mounted=bool(audit),
        provider="secretbox" if encrypt else "identity",
        hashes=hashes,
        encrypted=9 if encrypt else 0,
        plain=0 if encrypt else 9,
    )
    return dataclasses.replace(whole, **changed)


def test_a_key_is_32_random_bytes_and_is_read_as_it_was_written():
    key, other = pure.new_key(), pure.new_key()
    assert key != other
    assert len(base64.b64decode(key)) == 32
    assert pure.checked_key(f"{key}\n", "file") == key
    for encrypt in (True, False):
        assert pure.key_of(pure.encryption_config(key, encrypt), "file") == key


@pytest.mark.parametrize("text", ["", "too short", base64.b64encode(bytes(31)).decode(), "ä" * 44])
def test_what_is_no_key_is_refused_and_not_told(text):
    with pytest.raises(pure.HardeningError) as caught:
        pure.checked_key(text, "the file")
    assert "the file holds no key of 32 bytes" in str(caught.value)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{}", '{"resources": []}', '{"resources": [{"providers": [{"identity": {}}]}]}'])
def test_a_configuration_of_somebody_else_is_refused(text):
    with pytest.raises(pure.HardeningError, match="not what this module has written"):
        pure.key_of(text, "the file")


def test_secrets_are_written_by_the_first_provider_and_read_by_both():
    def providers(encrypt):
        config = json.loads(pure.encryption_config(KEY, encrypt))
        assert config["resources"][0]["resources"] == ["secrets"]
        return [next(iter(provider)) for provider in config["resources"][0]["providers"]]

    assert providers(True) == ["secretbox", "identity"]
    assert providers(False) == ["identity", "secretbox"]


def level(policy, **request):
    """What the API server writes of a request; the first rule that fits counts, as in its documentation."""

    def fits(rule):
        resource = request.get("resource")
        kinds = [
            (each["group"], kind)
            for each in rule.get("resources", [])
            for kind in each["resources"]
            if request.get("name") in each.get("resourceNames", [request.get("name")])
        ]
        url = request.get("url", "")
        urls = [
            each == url or (each[-1] == "*" and url.startswith(each[:-1])) for each in rule.get("nonResourceURLs", [])
        ]
        return all(
            [
                "verbs" not in rule or request["verb"] in rule["verbs"],
                "users" not in rule or request["user"] in rule["users"],
                "userGroups" not in rule or request.get("group") in rule["userGroups"],
                "resources" not in rule or resource in kinds,
                "nonResourceURLs" not in rule or any(urls),
            ]
        )

    return next(rule["level"] for rule in policy["rules"] if fits(rule))


def test_the_log_tells_who_did_what_and_never_what_is_in_an_object():
    policy = json.loads(pure.audit_policy())
    # Above Metadata, contents would stand there.
    assert {rule["level"] for rule in policy["rules"]} == {"None", "Metadata"}
    assert policy["omitStages"] == ["RequestReceived"]
    secrets, leases, status = ("", "secrets"), ("coordination.k8s.io", "leases"), ("", "nodes/status")
    node = {"user": "system:node:demo", "group": "system:nodes"}
    account = {"user": "system:serviceaccount:kube-system:a", "group": "system:serviceaccounts:kube-system"}
    told = [
        {"user": "kubernetes-admin", "verb": "get", "resource": secrets},
        {"user": "kubernetes-admin", "verb": "update", "resource": secrets},
        {"user": "system:anonymous", "verb": "get", "url": "/api"},
        {"user": "system:kube-controller-manager", "verb": "create", "resource": secrets},
        {"user": "system:serviceaccount:ft-services:a", "group": "system:serviceaccounts:ft-services"}
        | {"verb": "list", "resource": secrets},
        {**node, "verb": "create", "resource": ("", "pods")},
        {**account, "verb": "update", "resource": ("", "endpoints"), "name": "nginx"},
    ]
    untold = [
        {**node, "verb": "watch", "resource": secrets},
        {**node, "verb": "patch", "resource": status},
        {**account, "verb": "update", "resource": status},
        {**account, "verb": "update", "resource": ("", "endpoints"), "name": "k8s.io-minikube-hostpath"},
        {"user": "system:kube-scheduler", "verb": "list", "resource": ("", "pods")},
        {"user": "system:kube-controller-manager", "verb": "update", "resource": leases},
        {"user": "system:anonymous", "verb": "get", "url": "/livez"},
    ]
    assert [level(policy, **request) for request in told] == ["Metadata"] * len(told)
    assert [level(policy, **request) for request in untold] == ["None"] * len(untold)


def pod():
    """The pod of the API server, as kubeadm writes it."""
    return {
        "kind": "Pod",
        "spec": {
            "containers": [
                {
                    "command": ["kube-apiserver", "--allow-privileged=true", "--secure-port=8443"],
                    "volumeMounts": [{"mountPath": "/var/lib/minikube/certs", "name": "k8s-certs", "readOnly": True}],
                }
            ],
            "volumes": [{"hostPath": {"path": "/var/lib/minikube/certs"}, "name": "k8s-certs"}],
        },
    }


def test_the_pod_gets_the_log_and_loses_it_without_a_trace():
    once = pure.with_audit(pod(), AUDIT)
    container = once["spec"]["containers"][0]
    assert "--audit-log-maxage=30" in container["command"]
    assert container["command"][:3] == pod()["spec"]["containers"][0]["command"]
    assert container["volumeMounts"][-1] == {"name": "ft-services-audit", "mountPath": "/var/log/kubernetes/audit"}
    assert pure.with_audit(once, AUDIT) == once
    other = pure.with_audit(once, pure.Audit(1, 2, 3))
    assert [word for word in other["spec"]["containers"][0]["command"] if "max" in word] == [
        "--audit-log-maxage=1",
        "--audit-log-maxbackup=2",
        "--audit-log-maxsize=3",
    ]
    assert pure.with_audit(other, False) == pod()


@pytest.mark.parametrize("wrong", [{}, {"spec": {"containers": []}}, {"spec": {"containers": [{}]}}])
def test_what_is_no_pod_of_the_api_server_is_refused(wrong):
    with pytest.raises(pure.HardeningError, match="no pod of the API server"):
        pure.with_audit(wrong, AUDIT)


def etcd(*values):
    """An answer of etcd's JSON gateway, in one line."""
    coded = [{"key": "eA==", "value": base64.b64encode(value).decode()} for value in values]
    count = {"count": str(len(coded))} if coded else {}
    return json.dumps({"header": {"revision": "812"}, "kvs": coded, **count}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (etcd(b"k8s:enc:secretbox:v1:key1:\x00\xff" * 99, b"k8s\x00\nv1", b"k8s:encore", b"k8s:enc:x"), (2, 2)),
        (etcd(b"k8s\x00" + b'"value":"azhzOmVuYzpz'), (0, 1)),
        (etcd(), (0, 0)),
        ("", (None, None)),
    ],
)
def test_a_node_tells_its_state_by_a_script(tmp_path, answer, expected):
    """The script in a real shell; what it asks of the node's programs is given."""
    with subprocess.Popen(["sleep", "60"]) as process:
        (tmp_path / "etcd").write_text(answer)
        for name, text in (
            ("pgrep", f"echo {process.pid}"),
            ("curl", f"cat {tmp_path}/etcd; [ -s {tmp_path}/etcd ]"),
        ):
            (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / name).chmod(0o755)
        done = subprocess.run(
            ["sh", "-c", pure.look_script()],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=True,
        )
        process.kill()
    assert done.stderr == ""
    state = pure.parse_state(done.stdout)
    assert (state.pid, state.mounted, state.audit(), state.encrypting) == (process.pid, False, None, False)
    assert (state.encrypted, state.plain) == expected
    # The same answer is given for the binding.
    assert state.default_admin == {(2, 2): False, (0, 1): True, (0, 0): False, (None, None): None}[expected]


def test_the_state_as_the_script_tells_it():
    text = f"""pid 7
flag encryption-provider-config={pure.ENCRYPTION_FILE}
flag audit-log-path={pure.AUDIT_LOG}
flag audit-log-maxage=30
flag allow-privileged
mounted yes
hash {"ab" * 32}  {pure.ENCRYPTION_FILE}
stale {pure.POLICY_FILE}
provider "secretbox"
encrypted 31
plain 0
bytes 4096
bodies 0
"""
    state = pure.parse_state(text)
    assert state.encrypting
    assert (state.encrypted, state.plain) == (31, 0)
    assert state.hashes == {pure.ENCRYPTION_FILE: "ab" * 32}
    assert state.stale == {pure.POLICY_FILE}
    assert state.audit() == {
        "path": pure.AUDIT_LOG,
        "max_age": 30,
        "max_backups": 0,
        "max_size": 0,
        "bytes": 4096,
        "bodies": 0,
    }
    assert pure.parse_state("") == pure.State()


@pytest.mark.parametrize(
    ("wish", "state", "expected"),
    [
        (BOTH, settled(), []),
        (pure.Wish(), settled(), []),
        (pure.Wish(), pure.State(pid=7, plain=3), []),
        # A policy that is newer than the process, or another one.
        (BOTH, settled(stale=frozenset({pure.POLICY_FILE})), ["configure_audit_log"]),
        (BOTH, settled(mounted=False), ["configure_audit_log"]),
        (pure.Wish(True, pure.Audit(90, 10, 100)), settled(), ["configure_audit_log"]),
        # Secrets that were there before, also when a run was cut short after the API server was configured.
        (BOTH, settled(plain=4), ["encrypt_secrets"]),
        (BOTH, settled(encrypt=False), ["configure_encryption", "encrypt_secrets"]),
        (pure.Wish(False, AUDIT), settled(), ["configure_encryption", "decrypt_secrets"]),
        (pure.Wish(False, False), settled(encrypt=False), ["configure_audit_log"]),
        (pure.Wish(False, False), settled(encrypt=False, audit=None), []),
        # The log of somebody else stays.
        (pure.Wish(False, False), pure.State(pid=7, flags={"audit-log-path": "-"}, plain=3), []),
        # Of a cluster that does not run nothing is known.
        (BOTH, pure.State(), []),
    ],
)
def test_what_is_left_to_do(wish, state, expected):
    assert pure.steps(wish, state, KEY) == expected


def test_a_manifest_that_is_written_anew_has_no_log():
    assert pure.steps(BOTH, pure.State(), KEY, rewritten=True) == ["configure_audit_log"]
    assert pure.steps(BOTH, pure.State(pid=7, plain=3), KEY, rewritten=True) == [
        "configure_audit_log",
        "encrypt_secrets",
    ]
    assert pure.steps(pure.Wish(True), pure.State(), KEY, rewritten=True) == []


def test_minikube_is_told_once():
    assert pure.needs_option(BOTH, None, pure.State())
    assert pure.needs_option(BOTH, {"KubernetesConfig": {"ExtraOptions": None}}, settled())
    assert not pure.needs_option(BOTH, CONFIGURED, settled())
    assert not pure.needs_option(BOTH, CONFIGURED, pure.State())
    # A start that was cut short after minikube noted it.
    assert pure.needs_option(BOTH, CONFIGURED, pure.State(pid=7))
    assert not pure.needs_option(pure.Wish(False), None, pure.State(pid=7))


def test_what_cannot_be_asked_for():
    assert pure.problems(BOTH, "docker", ["kubelet.v=4", pure.ENCRYPTION_OPTION]) == []
    assert "reach nodes that docker runs" in pure.problems(BOTH, "kvm2", [])[0]
    assert pure.problems(pure.Wish(False, False), "kvm2", ["apiserver.audit-log-path=-"]) == []
    (told,) = pure.problems(BOTH, "docker", ["apiserver.encryption-provider-config=/etc/ssl/certs/own.yaml"])
    assert "own.yaml' is what encrypt_secrets and audit_log set" in told
    assert "audit_log_max_size 0" in pure.problems(pure.Wish(None, pure.Audit(1, 1, 0)), "docker", [])[0]
