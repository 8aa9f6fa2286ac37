# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of what is known about each kind of object: a new kind is one entry.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes import failures, readiness
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.failures import Failure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.readiness import (
    READY,
    State,
    Surroundings,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

PODS = Resource("v1", "Pod", "pods", True)
REPLICA_SETS = Resource("apps/v1", "ReplicaSet", "replicasets", True)
ALONE = Surroundings()


class Order(enum.IntEnum):
    """When an object is applied: those of one number do not need each other, a higher one may need a lower one."""

    NAMESPACE = 0
    DEFINITION = 1
    BASE = 2
    BINDING = 3
    SERVICE = 4
    WORKLOAD = 5
    WEBHOOK = 6
    CUSTOM = 7


class Prune(enum.Enum):
    """Whether prune may remove an object of the kind."""

    ALLOWED = "allowed"
    # It holds data, or its removal takes other people's objects along: only with prune_data.
    WITH_DATA = "with data"
    # The cluster makes and removes it by itself.
    NEVER = "never"


# Collections that tell more about an object: pairs of kind and namespace. Takes the object's namespace and the object.
AlsoWatch: t.TypeAlias = "t.Callable[[str | None, Json], list[tuple[Resource, str | None]]]"
# The pods among some that an object's newest version made. Takes the object, the pods and the ReplicaSets.
PodsOf = t.Callable[[Json, t.Iterable[Json], t.Iterable[Json]], list[Json]]


@dataclass(frozen=True)
class Kind:
    """What is known about one kind; the defaults are right for most kinds.

    ``ready``: None for a kind that is ready when it exists. ``vanished`` judges an object that was there and is gone,
    by its last state. ``failures`` are signs in the object itself that waiting will not help. ``pods`` is for kinds
    that make pods; ``counts_crashes``: the kind decides itself how many crashes are too many.
    """

    order: Order = Order.BASE
    ready: t.Callable[[Json, Surroundings], State] | None = None
    vanished: t.Callable[[Json], State] | None = None
    also_watch: AlsoWatch = lambda namespace, body: []
    failures: t.Callable[[Json], list[Failure]] = lambda body: []
    pods: PodsOf | None = None
    counts_crashes: bool = False
    hint: str = "Raise wait_timeout if it only needs longer."
    prune: Prune = Prune.ALLOWED


def _pods_beside(namespace: str | None, _body: Json) -> list[tuple[Resource, str | None]]:
    return [(PODS, namespace)]


def _replica_sets_beside(namespace: str | None, _body: Json) -> list[tuple[Resource, str | None]]:
    return [(PODS, namespace), (REPLICA_SETS, namespace)]


def _slices_beside(_namespace: str | None, body: Json) -> list[tuple[Resource, str | None]]:
    return readiness.webhook_slices(body)


_WEBHOOK = Kind(Order.WEBHOOK, readiness.webhook, also_watch=_slices_beside, hint="Check the pods behind the Service.")

KINDS: dict[tuple[str, str], Kind] = {
    ("", "Namespace"): Kind(Order.NAMESPACE, readiness.namespace, prune=Prune.WITH_DATA),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): Kind(
        Order.DEFINITION, readiness.definition, prune=Prune.WITH_DATA
    ),
    ("", "PersistentVolume"): Kind(prune=Prune.WITH_DATA),
    ("", "PersistentVolumeClaim"): Kind(
        ready=readiness.claim,
        failures=failures.claim_failures,
        hint="Check that the storage class exists and that its provisioner runs.",
        prune=Prune.WITH_DATA,
    ),
    ("rbac.authorization.k8s.io", "RoleBinding"): Kind(Order.BINDING),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): Kind(Order.BINDING),
    ("", "Service"): Kind(
        Order.SERVICE,
        readiness.service,
        hint="Check that a load balancer (such as MetalLB) runs and has a free address in its pool.",
    ),
    ("apps", "Deployment"): Kind(
        Order.WORKLOAD,
        readiness.deployment,
        also_watch=_replica_sets_beside,
        failures=failures.workload_failures,
        pods=failures.deployment_pods,
    ),
    ("apps", "StatefulSet"): Kind(
        Order.WORKLOAD,
        readiness.stateful_set,
        also_watch=_pods_beside,
        failures=failures.workload_failures,
        pods=failures.stateful_set_pods,
    ),
    ("apps", "DaemonSet"): Kind(
        Order.WORKLOAD,
        readiness.daemon_set,
        also_watch=_pods_beside,
        failures=failures.workload_failures,
        pods=failures.daemon_set_pods,
    ),
    ("apps", "ReplicaSet"): Kind(
        Order.WORKLOAD,
        readiness.replica_set,
        also_watch=_pods_beside,
        failures=failures.workload_failures,
        pods=failures.owned_pods,
    ),
    ("", "ReplicationController"): Kind(
        Order.WORKLOAD,
        readiness.replica_set,
        also_watch=_pods_beside,
        failures=failures.workload_failures,
        pods=failures.owned_pods,
    ),
    ("batch", "Job"): Kind(
        Order.WORKLOAD,
        readiness.job,
        vanished=readiness.vanished_job,
        also_watch=_pods_beside,
        failures=failures.job_failures,
        pods=failures.owned_pods,
        counts_crashes=True,
    ),
    ("batch", "CronJob"): Kind(Order.WORKLOAD),
    ("", "Pod"): Kind(
        Order.WORKLOAD,
        readiness.pod,
        failures=failures.lone_pod_failures,
        pods=lambda body, _pods, _replica_sets: [body],
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): Kind(Order.WORKLOAD),
    ("networking.k8s.io", "Ingress"): Kind(Order.WEBHOOK),
    ("apiregistration.k8s.io", "APIService"): Kind(Order.WEBHOOK, readiness.api_service),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOK,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOK,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): Kind(Order.WEBHOOK),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): Kind(Order.WEBHOOK),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): Kind(Order.WEBHOOK),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): Kind(Order.WEBHOOK),
    # OpenShift's other view of a Namespace.
    ("project.openshift.io", "Project"): Kind(Order.NAMESPACE, prune=Prune.WITH_DATA),
    ("", "Event"): Kind(prune=Prune.NEVER),
    ("events.k8s.io", "Event"): Kind(prune=Prune.NEVER),
    ("", "Endpoints"): Kind(prune=Prune.NEVER),
    ("discovery.k8s.io", "EndpointSlice"): Kind(prune=Prune.NEVER),
}

# Groups of which the kinds not listed above need nothing but their namespace.
BUILT_IN_GROUPS = {
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
}
_PLAIN, _CUSTOM = Kind(), Kind(Order.CUSTOM)


def kind_of(group: str, kind: str) -> Kind:
    """What is known about a kind; for one that is not in the table, what holds for its group."""
    return KINDS.get((group, kind)) or (_PLAIN if group in BUILT_IN_GROUPS else _CUSTOM)


def state_of(group: str, kind: str, body: Json | None, around: Surroundings = ALONE) -> State:
    """Whether an object is ready by its own status and its surroundings."""
    if body is None:
        return State(False, "it does not exist")
    known = kind_of(group, kind)
    if (body.get("metadata") or {}).get("deletionTimestamp"):
        ended = known.vanished(body) if known.vanished else None
        return ended if ended and ended.ready else State(False, "it is being deleted")
    return known.ready(body, around) if known.ready else READY


def waitable(group: str, kind: str) -> bool:
    """True for kinds that become ready some time after they are applied."""
    return kind_of(group, kind).ready is not None


def pod_signs(known: Kind, pod: Json, first_restarts: t.Mapping[str, int]) -> list[Failure]:
    """Signs in a pod that are final for the object that made it."""
    found = failures.pod_failures(pod, first_restarts)
    return [sign for sign in found if not (known.counts_crashes and sign.reason == "CrashLoopBackOff")]
