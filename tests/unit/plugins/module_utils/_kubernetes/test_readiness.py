# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import state_of, waitable
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.readiness import (
    Surroundings,
    gone_state,
    has_ready_endpoint,
    selects,
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
    ("apps", "StatefulSet", {"replicas": 1}, {"availableReplicas": 1, "replicas": 3}, False, "2 pods more than wanted"),
    ("apps", "StatefulSet", {"replicas": 0}, {"replicas": 1}, False, "1 pods more than wanted still end"),
    ("apps", "Deployment", {"replicas": 1}, {**GOOD, "replicas": 2}, False, "1 pods more than wanted still end"),
    ("apps", "ReplicaSet", {"replicas": 1}, {"availableReplicas": 2, "replicas": 2}, False, "more than wanted"),
    ("", "ReplicationController", {"replicas": 2}, {"availableReplicas": 1, "replicas": 2}, False, "1 of 2 pods"),
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


class Around(Surroundings):
    """Endpoints by namespace, and one storage class or the refusal to read it."""

    def __init__(self, slices=None, storage_class=None):
        self.slices, self.storage_class = slices or {}, storage_class

    def listed(self, resource, namespace):
        return self.slices.get(namespace, [])

    def one(self, resource, name):
        if isinstance(self.storage_class, KubeError):
            raise self.storage_class
        return self.storage_class


def test_webhook_needs_a_ready_endpoint_of_its_own_service():
    def state(hook, ready, service="hook"):
        endpoint = {"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}
        labels = {"kubernetes.io/service-name": service}
        around = Around({"w": [{"metadata": {"labels": labels}, "endpoints": [endpoint]}]})
        return state_of("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", hook, around)

    hook = {"webhooks": [{"clientConfig": {"service": {"namespace": "w", "name": "hook"}}}]}
    assert state(hook, True).ready
    assert state(hook, None).ready
    assert "w/hook has no ready endpoint" in state(hook, False).why
    assert not state(hook, True, "other").ready
    assert not state_of("admissionregistration.k8s.io", "MutatingWebhookConfiguration", hook).ready
    assert state({"webhooks": [{"clientConfig": {"url": "https://x"}}]}, False).ready
    assert not has_ready_endpoint([{"metadata": {"labels": {"kubernetes.io/service-name": "hook"}}}], "hook")


def test_a_claim_that_waits_for_its_first_pod_is_ready_also_without_the_right_to_read_storage_classes():
    def state(found):
        pending = body({"storageClassName": "fast"}, {"phase": "Pending"})
        return state_of("", "PersistentVolumeClaim", pending, Around(storage_class=found))

    assert state({"volumeBindingMode": "WaitForFirstConsumer"}).ready
    assert not state({"volumeBindingMode": "Immediate"}).ready
    blind = state(KubeError("forbidden", 403))
    assert blind.ready
    assert "may not read the storage class fast" in blind.why
    with pytest.raises(KubeError):
        state(KubeError("boom", 500))


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
