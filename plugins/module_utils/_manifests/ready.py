# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When is an object of which kind ready? Pure predicates.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import typing as t

Json = dict[str, t.Any]


class State(t.NamedTuple):
    """Whether an object is ready; if not, what it waits for."""

    ready: bool
    why: str = ""


READY = State(True)


def condition(body: Json, kind: str) -> Json:
    """A condition of the object's status by its type; empty when it is not there."""
    for each in (body.get("status") or {}).get("conditions") or []:
        if each.get("type") == kind:
            return each
    return {}


def is_true(body: Json, kind: str) -> bool:
    """True when a condition has the status True."""
    return condition(body, kind).get("status") == "True"


def observed(body: Json) -> bool:
    """True when the controller has seen the newest specification."""
    generation = (body.get("metadata") or {}).get("generation", 0)
    return (body.get("status") or {}).get("observedGeneration", 0) >= generation


def _counted(have: int, want: int, words: str) -> State:
    return READY if have >= want else State(False, f"{have} of {want} {words}")


def _deployment(body: Json) -> State:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    if not observed(body):
        return State(False, "the controller has not seen the new specification yet")
    if spec.get("paused"):
        return READY
    want, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    if updated < want:
        return State(False, f"{updated} of {want} pods are of the new version")
    if status.get("replicas", 0) > updated:
        return State(False, f"{status['replicas'] - updated} pods of the old version still end")
    return _counted(status.get("availableReplicas", 0), want, "pods are available")


def _stateful_set(body: Json) -> State:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    if not observed(body):
        return State(False, "the controller has not seen the new specification yet")
    want, strategy = spec.get("replicas", 1), spec.get("updateStrategy") or {}
    if strategy.get("type") != "OnDelete":
        new = max(0, want - ((strategy.get("rollingUpdate") or {}).get("partition") or 0))
        # Without a revision to go to the counter of updated pods stays empty.
        settled = status.get("currentRevision") == status.get("updateRevision")
        if not settled and status.get("updatedReplicas", 0) < new:
            return State(False, f"{status.get('updatedReplicas', 0)} of {new} pods are of the new version")
    return _counted(status.get("availableReplicas", status.get("readyReplicas", 0)), want, "pods are available")


def _daemon_set(body: Json) -> State:
    status = body.get("status") or {}
    if not observed(body):
        return State(False, "the controller has not seen the new specification yet")
    want = status.get("desiredNumberScheduled", 0)
    on_delete = ((body.get("spec") or {}).get("updateStrategy") or {}).get("type") == "OnDelete"
    updated = status.get("updatedNumberScheduled", 0)
    if not on_delete and updated < want:
        return State(False, f"{updated} of {want} pods are of the new version")
    return _counted(status.get("numberAvailable", 0), want, "pods are available")


def _replica_set(body: Json) -> State:
    if not observed(body):
        return State(False, "the controller has not seen the new specification yet")
    have = (body.get("status") or {}).get("availableReplicas", 0)
    return _counted(have, (body.get("spec") or {}).get("replicas", 1), "pods are available")


def _job(body: Json) -> State:
    if (body.get("spec") or {}).get("suspend") or is_true(body, "Complete"):
        return READY
    status = body.get("status") or {}
    return State(False, f"it runs: {status.get('succeeded', 0)} pods succeeded, {status.get('failed', 0)} failed")


def _pod(body: Json) -> State:
    phase = (body.get("status") or {}).get("phase", "Pending")
    if phase == "Succeeded" or is_true(body, "Ready"):
        return READY
    return State(False, f"its phase is {phase} and it is not ready")


def _service(body: Json) -> State:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    if spec.get("type") != "LoadBalancer" or (status.get("loadBalancer") or {}).get("ingress"):
        return READY
    return State(False, "no load balancer has given it an address")


def _crd(body: Json) -> State:
    if condition(body, "NamesAccepted").get("status") == "False":
        return State(False, condition(body, "NamesAccepted").get("message", "its names are not accepted"))
    return READY if is_true(body, "Established") else State(False, "it is not established")


def _api_service(body: Json) -> State:
    if is_true(body, "Available"):
        return READY
    return State(False, condition(body, "Available").get("message") or "it is not available")


def _namespace(body: Json) -> State:
    phase = (body.get("status") or {}).get("phase", "unknown")
    return READY if phase == "Active" else State(False, f"its phase is {phase}")


def _claim(body: Json) -> State:
    phase = (body.get("status") or {}).get("phase", "Pending")
    if phase == "Bound":
        return READY
    storage_class = (body.get("spec") or {}).get("storageClassName")
    return State(False, f"its phase is {phase}, storage class {storage_class or 'none'}")


PREDICATES: dict[tuple[str, str], t.Callable[[Json], State]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("batch", "Job"): _job,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("", "Namespace"): _namespace,
    ("", "PersistentVolumeClaim"): _claim,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _crd,
    ("apiregistration.k8s.io", "APIService"): _api_service,
}
WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
# Kinds that have pods; what their pods say explains why they are not ready.
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job")


def waitable(group: str, kind: str) -> bool:
    """True for kinds that become ready some time after they are applied."""
    return (group, kind) in PREDICATES or kind in WEBHOOKS


def state_of(group: str, kind: str, body: Json | None) -> State:
    """Whether an object is ready by its own status; kinds without a predicate are ready when they exist."""
    if body is None:
        return State(False, "it does not exist")
    if (body.get("metadata") or {}).get("deletionTimestamp"):
        return State(False, "it is being deleted")
    predicate = PREDICATES.get((group, kind))
    return predicate(body) if predicate else READY


def gone_state(body: Json | None) -> State:
    """Whether a deleted object is gone; if not, what holds it."""
    if body is None:
        return READY
    metadata = body.get("metadata") or {}
    reasons = []
    finalizers = metadata.get("finalizers") or []
    if finalizers:
        reasons.append(f"the finalizers {', '.join(finalizers)} hold it")
    for each in (body.get("status") or {}).get("conditions") or []:
        if str(each.get("type", "")).startswith("Namespace") and each.get("status") == "True":
            reasons.append(str(each.get("message", each["type"])))
    if not metadata.get("deletionTimestamp"):
        reasons.append("it is not being deleted, or was created again")
    return State(False, "; ".join(reasons) or "its deletion is under way")


def webhook_services(body: Json) -> list[tuple[str, str]]:
    """(namespace, name) of the services that an admission webhook configuration calls."""
    found = []
    for webhook in body.get("webhooks") or []:
        service = (webhook.get("clientConfig") or {}).get("service")
        if service and (service["namespace"], service["name"]) not in found:
            found.append((service["namespace"], service["name"]))
    return found


def has_ready_endpoint(slices: t.Iterable[Json], service: str) -> bool:
    """True when an EndpointSlice of the service holds an address that takes connections."""
    for each in slices:
        labels = (each.get("metadata") or {}).get("labels") or {}
        if labels.get("kubernetes.io/service-name") == service:
            for endpoint in each.get("endpoints") or []:
                if endpoint.get("addresses") and (endpoint.get("conditions") or {}).get("ready") is not False:
                    return True
    return False


def webhook_state(body: Json | None, slices: t.Mapping[str, t.Iterable[Json]]) -> State:
    """Whether the services behind a webhook configuration answer; ``slices`` are EndpointSlices by namespace."""
    if body is None:
        return State(False, "it does not exist")
    for namespace, name in webhook_services(body):
        if not has_ready_endpoint(slices.get(namespace, ()), name):
            return State(False, f"its Service {namespace}/{name} has no ready endpoint")
    return READY


def selects(selector: Json | None, labels: Json) -> bool:
    """True when a label selector (matchLabels, matchExpressions) matches; an empty selector matches nothing here."""
    selector = selector or {}
    wanted, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    if not wanted and not expressions:
        return False
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for each in expressions:
        value, operator, options = labels.get(each["key"]), each["operator"], each.get("values") or []
        matches = {
            "In": value is not None and value in options,
            "NotIn": value is None or value not in options,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not matches.get(operator, False):
            return False
    return True
