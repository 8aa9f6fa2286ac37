# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import types
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import certificates as util

MADE = datetime(2026, 1, 1, tzinfo=UTC)


def told(now, renewed=MADE):
    """What kubeadm says of a cluster of the first of January 2026, as its output.kubeadm.k8s.io/v1alpha3."""

    def entry(name, begin, days, missing=False):
        return {
            "name": name,
            "expirationDate": (begin + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "residualTime": 1,
            "externallyManaged": False,
            "missing": missing,
        }

    return json.dumps(
        {
            "kind": "CertificateExpirationInfo",
            "certificates": [
                entry("admin.conf", renewed, 365),
                entry("apiserver", MADE, 1095),
                entry("!MISSING! super", MADE, 1, missing=True),
            ],
            "certificateAuthorities": [entry("ca", MADE, 3650)],
        }
    )


class Module:
    """Stands in for AnsibleModule."""

    def __init__(self, home, check_mode=False, days=60):
        self.check_mode, self._diff = check_mode, True
        self.params = {"home": str(home), "kubeconfig": None, "executable": "minikube", "profile": "demo"}
        self.params |= {"renew_before_days": days, "wait_timeout": 1}

    def get_bin_path(self, name):
        """No program is there: the node is asked through a stand-in."""
        return name


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A profile, and a node whose clock is set by ``day``; it remembers what was called."""
    folder = tmp_path / ".minikube" / "profiles" / "demo"
    folder.mkdir(parents=True)
    config = {"Driver": "docker", "KubernetesConfig": {"ContainerRuntime": "docker", "KubernetesVersion": "v1.34.4"}}
    (folder / "config.json").write_text(json.dumps(config))
    state = types.SimpleNamespace(
        home=tmp_path, config=folder / "config.json", day=0, renewed=MADE, calls=[], healthy=0
    )

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return MADE + timedelta(days=state.day)

    def docker(self, *words):
        assert words[:4] == ("exec", "--workdir", "/", "demo")
        program, rest = pathlib.PurePath(words[4]).name, words[5:]
        state.calls.append(" ".join([program, *rest[:2]]))
        if program == "kubeadm" and rest[1] == "renew":
            state.renewed = MADE + timedelta(days=state.day)
            return 0, "", ""
        if program == "kubeadm":
            return 0, told(None, state.renewed), ""
        if program == "docker" and rest[0] == "ps":
            return 0, "one\ntwo\n", ""
        return state.healthy, "", ""

    monkeypatch.setattr(util, "datetime", Clock)
    monkeypatch.setattr(util, "PAUSE", 0)
    monkeypatch.setattr(util.Cli, "docker", docker)
    return state


@pytest.mark.parametrize(
    ("day", "renews"), [(0, False), (300, False), (306, True), (370, True), (398, True), (830, True)]
)
def test_certificates_are_renewed_in_time_and_after_it(node, day, renews):
    node.day = day
    result = util.run(Module(node.home))
    assert result["changed"] is bool(renews)
    assert result["due"] == (["admin.conf"] if renews else [])
    left = {entry["name"]: entry["days_left"] for entry in result["certificates"]}
    assert left == {"admin.conf": 365 if renews else 365 - day, "apiserver": 1095 - day, "ca": 3650 - day}
    assert ("docker stop --time=20" in node.calls) is bool(renews)
    assert not util.run(Module(node.home))["changed"]


def test_check_mode_predicts_and_changes_nothing(node):
    node.day = 398
    result = util.run(Module(node.home, check_mode=True))
    assert (result["changed"], result["due"]) == (True, ["admin.conf"])
    assert result["diff"]["before"] == {"admin.conf": "2027-01-01"}
    assert node.calls == ["kubeadm certs check-expiration"]


def test_an_authority_is_never_due(node):
    node.day = 3640
    assert "ca" not in util.run(Module(node.home, check_mode=True))["due"]


def test_an_api_server_that_stays_away_is_told_with_what_to_do(node, monkeypatch):
    node.day, node.healthy = 398, 1
    monkeypatch.setattr(util.Certificates, "_restart", lambda self: None)
    with pytest.raises(util.CertificatesError, match=r"did not answer within 1 s.*minikube stop and minikube start"):
        util.run(Module(node.home))


@pytest.mark.parametrize("answer", ["", "no JSON", "[]", "{}", '{"certificates": [{"name": "a"}]}'])
def test_another_answer_of_kubeadm_is_an_error(node, monkeypatch, answer):
    monkeypatch.setattr(util.Cli, "docker", lambda self, *words: (0, answer, ""))
    with pytest.raises(util.CertificatesError, match="cannot be read"):
        util.run(Module(node.home))


def test_a_node_that_does_not_run_is_told(node, monkeypatch):
    monkeypatch.setattr(util.Cli, "docker", lambda self, *words: (1, "", "container demo is not running\n"))
    with pytest.raises(util.CertificatesError, match=r"container demo is not running.*make up"):
        util.run(Module(node.home))


def test_other_profiles_are_refused(node):
    node.config.write_text(json.dumps({"Driver": "kvm2", "KubernetesConfig": {}}))
    with pytest.raises(util.CertificatesError, match="kvm2"):
        util.run(Module(node.home))
    node.config.unlink()
    with pytest.raises(util.CertificatesError, match="no profile demo"):
        util.run(Module(node.home))


def test_another_runtime_is_restarted_by_crictl(node, monkeypatch):
    config = json.loads(node.config.read_text())
    config["KubernetesConfig"]["ContainerRuntime"] = "containerd"
    node.config.write_text(json.dumps(config))
    node.day = 398
    calls = []

    def docker(self, *words):
        calls.append(words[4:7])
        if words[4].endswith("kubeadm"):
            return 0, told(None), ""
        return 0, "one\n", ""

    monkeypatch.setattr(util.Cli, "docker", docker)
    util.run(Module(node.home))
    assert ("crictl", "ps", "--quiet") in calls
    assert ("crictl", "stop", "--timeout=20") in calls
