# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When is an object ready? Pure predicates; the table in kinds says which one is for which kind.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

SLICES = Resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", True)
STORAGE_CLASSES = Resource("storage.k8s.io/v1", "StorageClass", "storageclasses", False)


class State(t.NamedTuple):
    """Whether an object is ready; if not, what it waits for. A ready one with words is ready with a reservation."""

    ready: bool
    why: str = ""


class Surroundings:
    """What a predicate may ask about beside the object itself. This one knows nothing; the wait has one that does."""

    def listed(self, resource: Resource, namespace: str | None) -> list[Json]:
        """The objects of a collection that the kind wants watched."""
        return []

    def one(self, resource: Resource, name: str) -> Json | None:
        """One object for the whole cluster; None when it does not exist. KubeError without the right to read it."""
        return None


READY = State(True)
_UNSEEN = State(False, "the controller has not seen the new specification yet")


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


def _available(have: int, want: int, there: int) -> State:
    """Compare the available pods and all pods that are still there with the wanted number."""
    if have < want:
        return State(False, f"{have} of {want} pods are available")
    return State(False, f"{there - want} pods more than wanted still end") if there > want else READY


def deployment(body: Json, _around: Surroundings) -> State:
    """All pods are of the newest version and available; a paused one is as ready as it is going to be."""
    spec, status = body.get("spec") or {}, body.get("status") or {}
    if not observed(body):
        return _UNSEEN
    if spec.get("paused"):
        return READY
    want, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    if updated < want:
        return State(False, f"{updated} of {want} pods are of the new version")
    if status.get("replicas", 0) > updated:
        return State(False, f"{status['replicas'] - updated} pods of the old version still end")
    return _available(status.get("availableReplicas", 0), want, status.get("replicas", 0))


def stateful_set(body: Json, _around: Surroundings) -> State:
    """All pods are of the newest version and available, and none is left of those that were scaled away."""
    spec, status = body.get("spec") or {}, body.get("status") or {}
    if not observed(body):
        return _UNSEEN
    want, strategy = spec.get("replicas", 1), spec.get("updateStrategy") or {}
    if strategy.get("type") != "OnDelete":
        new = max(0, want - ((strategy.get("rollingUpdate") or {}).get("partition") or 0))
        # Without a revision to go to the counter of updated pods stays empty.
        settled = status.get("currentRevision") == status.get("updateRevision")
        if not settled and status.get("updatedReplicas", 0) < new:
            return State(False, f"{status.get('updatedReplicas', 0)} of {new} pods are of the new version")
    available = status.get("availableReplicas", status.get("readyReplicas", 0))
    return _available(available, want, status.get("replicas", 0))


def daemon_set(body: Json, _around: Surroundings) -> State:
    """Each node that should has an available pod of the newest version."""
    status = body.get("status") or {}
    if not observed(body):
        return _UNSEEN
    want = status.get("desiredNumberScheduled", 0)
    on_delete = ((body.get("spec") or {}).get("updateStrategy") or {}).get("type") == "OnDelete"
    updated = status.get("updatedNumberScheduled", 0)
    if not on_delete and updated < want:
        return State(False, f"{updated} of {want} pods are of the new version")
    return _available(status.get("numberAvailable", 0), want, 0)


def replica_set(body: Json, _around: Surroundings) -> State:
    """The wanted number of pods is available."""
    if not observed(body):
        return _UNSEEN
    spec, status = body.get("spec") or {}, body.get("status") or {}
    return _available(status.get("availableReplicas", 0), spec.get("replicas", 1), status.get("replicas", 0))


def job(body: Json, _around: Surroundings) -> State:
    """It is complete, or suspended."""
    if (body.get("spec") or {}).get("suspend") or is_true(body, "Complete"):
        return READY
    status = body.get("status") or {}
    return State(False, f"it runs: {status.get('succeeded', 0)} pods succeeded, {status.get('failed', 0)} failed")


def vanished_job(body: Json) -> State:
    """A Job that is gone by its ttlSecondsAfterFinished counts by how it ended."""
    if is_true(body, "Complete"):
        return READY
    if condition(body, "Failed").get("status") == "True":
        return State(False, f"it failed: {condition(body, 'Failed').get('message', '')}".rstrip(": "))
    if (body.get("spec") or {}).get("ttlSecondsAfterFinished") is None:
        return State(False, "it does not exist any more")
    return State(True, "its ttlSecondsAfterFinished removed it before its result was seen")


def pod(body: Json, _around: Surroundings) -> State:
    """It is ready, or succeeded."""
    phase = (body.get("status") or {}).get("phase", "Pending")
    if phase == "Succeeded" or is_true(body, "Ready"):
        return READY
    return State(False, f"its phase is {phase} and it is not ready")


def service(body: Json, _around: Surroundings) -> State:
    """A load balancer gave it an address, when it asks for one."""
    spec, status = body.get("spec") or {}, body.get("status") or {}
    if spec.get("type") != "LoadBalancer" or (status.get("loadBalancer") or {}).get("ingress"):
        return READY
    return State(False, "no load balancer has given it an address")


def definition(body: Json, _around: Surroundings) -> State:
    """Its names are accepted and the kind is served."""
    if condition(body, "NamesAccepted").get("status") == "False":
        return State(False, condition(body, "NamesAccepted").get("message", "its names are not accepted"))
    return READY if is_true(body, "Established") else State(False, "it is not established")


def api_service(body: Json, _around: Surroundings) -> State:
    """The server behind it answers."""
    if is_true(body, "Available"):
        return READY
    return State(False, condition(body, "Available").get("message") or "it is not available")


def namespace(body: Json, _around: Surroundings) -> State:
    """It is active."""
    phase = (body.get("status") or {}).get("phase", "unknown")
    return READY if phase == "Active" else State(False, f"its phase is {phase}")


def claim(body: Json, around: Surroundings) -> State:
    """It is bound, or waits for the first pod that uses it."""
    phase = (body.get("status") or {}).get("phase", "Pending")
    if phase == "Bound":
        return READY
    name = (body.get("spec") or {}).get("storageClassName")
    if phase == "Pending" and name:
        try:
            storage_class = around.one(STORAGE_CLASSES, name)
        except KubeError as error:
            if error.status != 403:
                raise
            return State(True, f"it is {phase}; not waited for, as this user may not read the storage class {name}")
        if (storage_class or {}).get("volumeBindingMode") == "WaitForFirstConsumer":
            return READY
    return State(False, f"its phase is {phase}, storage class {name or 'none'}")


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


def webhook_slices(body: Json) -> list[tuple[Resource, str | None]]:
    """The collections of endpoints behind a webhook configuration."""
    return [(SLICES, namespace) for namespace in sorted({namespace for namespace, _name in webhook_services(body)})]


def webhook(body: Json, around: Surroundings) -> State:
    """The services behind a webhook configuration have a ready endpoint."""
    for namespace, name in webhook_services(body):
        if not has_ready_endpoint(around.listed(SLICES, namespace), name):
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
