# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the status page is told of the services."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parents[3] / "images/dashboard/state.py"
spec = importlib.util.spec_from_file_location("state", FILE)
util = importlib.util.module_from_spec(spec)
spec.loader.exec_module(util)

LABELS = {"app.kubernetes.io/name": "web"}


def deployment(replicas=1, progressing="True", **status):
    return {
        "metadata": {"name": "web", "generation": 2},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"annotations": {"ft-services/certificate-until": "2027-12-25"}},
                "spec": {"containers": [{"image": "fortytwo/web:0123"}]},
            },
        },
        "status": {
            "observedGeneration": 2,
            "conditions": [{"type": "Progressing", "status": progressing}],
            **status,
        },
    }


def pod(restarts=0, labels=None, **state):
    return {
        "metadata": {"name": "web-1", "labels": {**(labels or LABELS), "pod-template-hash": "1"}},
        "status": {
            "startTime": "2026-01-01T00:00:00Z",
            "containerStatuses": [{"restartCount": restarts, "state": state or {"running": {}}}],
        },
    }


@pytest.mark.parametrize(
    ("found", "pods", "state", "why"),
    [
        (deployment(readyReplicas=1, updatedReplicas=1), [pod()], "ready", ""),
        # A new version of it is on its way.
        (deployment(readyReplicas=1, updatedReplicas=0), [pod()], "starting", ""),
        (deployment(), [pod(waiting={"reason": "ContainerCreating"})], "starting", "ContainerCreating"),
        (deployment(), [], "starting", ""),
        (deployment(progressing="False"), [pod()], "down", ""),
        (
            deployment(),
            [pod(3, waiting={"reason": "CrashLoopBackOff", "message": "password=hunter2"})],
            "down",
            "CrashLoopBackOff",
        ),
        (deployment(), [pod(1, terminated={"reason": "OOMKilled"})], "down", "OOMKilled"),
        (deployment(replicas=0), [], "off", ""),
    ],
)
def test_a_service_has_a_state_and_a_reason_without_messages(found, pods, state, why):
    known = util.platform([found], pods, [])["services"]["web"]
    assert (known["state"], known["why"]) == (state, why)
    assert (known["image"], known["certificate_until"]) == ("web:0123", "2027-12-25")
    assert "hunter2" not in str(known)


def test_restarts_are_those_of_its_own_pods():
    pods = [pod(2), pod(5, {"app.kubernetes.io/name": "other"})]
    assert util.platform([deployment()], pods, [])["services"]["web"]["restarts"] == 2


@pytest.mark.parametrize("name", ["backup", "rehearsal"])
@pytest.mark.parametrize(("suspended", "schedule"), [(True, None), (False, "17 3 * * *")])
def test_what_runs_by_a_schedule_is_told_too(name, suspended, schedule):
    job = {
        "metadata": {"name": name},
        "spec": {"suspend": suspended, "schedule": "17 3 * * *"},
        "status": {"lastScheduleTime": "2026-01-02T03:17:00Z", "lastSuccessfulTime": "2026-01-01T03:18:00Z"},
    }
    assert util.platform([], [], [job])[name] == {
        "schedule": schedule,
        "begun": "2026-01-02T03:17:00Z",
        "succeeded": "2026-01-01T03:18:00Z",
    }
    assert util.platform([], [], [])[name] is None


def test_a_service_without_a_certificate_has_no_end_of_it():
    found = deployment()
    del found["spec"]["template"]["metadata"]["annotations"]
    assert util.service(found, [])["certificate_until"] is None
