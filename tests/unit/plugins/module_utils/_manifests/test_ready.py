# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.ready import (
    gone_state,
    has_ready_endpoint,
    selects,
    state_of,
    waitable,
    webhook_state,
)


def body(spec=None, status=None, generation=2, **metadata):
    seen = {"observedGeneration": generation, **(status or {})}
    return {"metadata": {"name": "x", "generation": generation, **metadata}, "spec": spec or {}, "status": seen}


def conditions(**pairs):
    return {"conditions": [{"type": kind, "status": status} for kind, status in pairs.items()]}


GOOD = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
STORED = {"currentRevision": "a", "updateRevision": "b"}

CASES = [
    ("apps", "Deployment", {"replicas": 2}, GOOD, True, ""),
    ("apps", "Deployment", {"replicas": 2}, {**GOOD, "observedGeneration": 1}, False, "not seen the new specification"),
    (
        "apps",
        "Deployment",
        {"replicas": 2},
        {**GOOD, "updatedReplicas": 1},
        False,
        "1 of 2 pods are of the new version",
    ),
    ("apps", "Deployment", {"replicas": 2}, {**GOOD, "replicas": 3}, False, "1 pods of the old version still end"),
    ("apps", "Deployment", {"replicas": 2}, {**GOOD, "availableReplicas": 0}, False, "0 of 2 pods are available"),
    ("apps", "Deployment", {"replicas": 0}, {}, True, ""),
    ("apps", "StatefulSet", {"replicas": 1}, {"availableReplicas": 1}, True, ""),
    ("apps", "StatefulSet", {"replicas": 1}, {"availableReplicas": 1, **STORED}, False, "0 of 1 pods are of the new"),
    (
        "apps",
        "StatefulSet",
        {"replicas": 1, "updateStrategy": {"type": "OnDelete"}},
        {"availableReplicas": 1, **STORED},
        True,
        "",
    ),
    (
        "apps",
        "StatefulSet",
        {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
        {"availableReplicas": 2, "updatedReplicas": 1, **STORED},
        True,
        "",
    ),
    (
        "apps",
        "DaemonSet",
        {},
        {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2},
        True,
        "",
    ),
    ("apps", "DaemonSet", {}, {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2}, False, "0 of 2 pods"),
    ("apps", "DaemonSet", {}, {"desiredNumberScheduled": 2, "updatedNumberScheduled": 1}, False, "1 of 2 pods"),
    ("batch", "Job", {}, conditions(Complete="True"), True, ""),
    ("batch", "Job", {}, conditions(Failed="True"), False, "it runs"),
    ("batch", "Job", {"suspend": True}, {}, True, ""),
    ("", "Pod", {}, {"phase": "Succeeded"}, True, ""),
    ("", "Pod", {}, {"phase": "Running", **conditions(Ready="True")}, True, ""),
    ("", "Pod", {}, {"phase": "Running", **conditions(Ready="False")}, False, "its phase is Running"),
    ("", "Service", {"type": "LoadBalancer"}, {}, False, "no load balancer"),
    ("", "Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}, True, ""),
    ("", "Service", {"type": "ClusterIP"}, {}, True, ""),
    ("", "Namespace", {}, {"phase": "Active"}, True, ""),
    (
        "",
        "PersistentVolumeClaim",
        {"storageClassName": "fast"},
        {"phase": "Pending"},
        False,
        "Pending, storage class fast",
    ),
    ("", "PersistentVolumeClaim", {}, {"phase": "Bound"}, True, ""),
    ("apiextensions.k8s.io", "CustomResourceDefinition", {}, conditions(Established="True"), True, ""),
    ("apiextensions.k8s.io", "CustomResourceDefinition", {}, conditions(NamesAccepted="False"), False, "not accepted"),
    ("apiregistration.k8s.io", "APIService", {}, conditions(Available="False"), False, "not available"),
    ("", "ConfigMap", {}, {}, True, ""),
    ("other.io", "Deployment", {}, {}, True, ""),
]


@pytest.mark.parametrize(("group", "kind", "spec", "status", "ready", "why"), CASES)
def test_state_by_kind(group, kind, spec, status, ready, why):
    state = state_of(group, kind, body(spec, status))
    assert state.ready is ready
    assert why in state.why


def test_missing_and_ending_objects_are_not_ready():
    assert not state_of("", "ConfigMap", None).ready
    assert "deleted" in state_of("apps", "Deployment", body({"replicas": 0}, deletionTimestamp="now")).why


def test_waitable_kinds():
    assert waitable("apps", "Deployment")
    assert waitable("admissionregistration.k8s.io", "MutatingWebhookConfiguration")
    assert not waitable("", "Secret")


def test_gone_names_what_holds_an_object():
    assert gone_state(None).ready
    held = gone_state(body(deletionTimestamp="now", finalizers=["a.io/x", "b.io/y"]))
    assert held.why == "the finalizers a.io/x, b.io/y hold it"
    content = [{"type": "NamespaceContentRemaining", "status": "True", "message": "pods remain"}]
    assert gone_state(body(status={"conditions": content}, deletionTimestamp="now")).why == "pods remain"
    assert "not being deleted" in gone_state(body()).why


def test_webhook_needs_a_ready_endpoint_of_its_own_service():
    def slices(ready, service="hook"):
        return {
            "w": [
                {
                    "metadata": {"labels": {"kubernetes.io/service-name": service}},
                    "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}],
                }
            ]
        }

    hook = {"webhooks": [{"clientConfig": {"service": {"namespace": "w", "name": "hook"}}}]}
    assert webhook_state(hook, slices(True)).ready
    assert webhook_state(hook, slices(None)).ready
    assert "w/hook has no ready endpoint" in webhook_state(hook, slices(False)).why
    assert not webhook_state(hook, slices(True, "other")).ready
    assert not webhook_state(hook, {}).ready
    assert webhook_state({"webhooks": [{"clientConfig": {"url": "https://x"}}]}, {}).ready
    assert not has_ready_endpoint([{"metadata": {"labels": {"kubernetes.io/service-name": "hook"}}}], "hook")


@pytest.mark.parametrize(
    ("selector", "labels", "matches"),
    [
        ({"matchLabels": {"a": "1"}}, {"a": "1", "b": "2"}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "2"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {"a": "1"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"b": "1"}, True),
        ({}, {"a": "1"}, False),
        (None, {"a": "1"}, False),
    ],
)
def test_label_selectors(selector, labels, matches):
    assert selects(selector, labels) is matches
