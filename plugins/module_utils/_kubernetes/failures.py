# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What will not heal by waiting, and what to do about it. Pure predicates.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.readiness import (
    condition,
    selects,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

# State of a container in the report.
RUNNING = "running, not ready"
# A container that crashed this often in a row crashes for good; once or twice is usual just after a node restart.
CRASHES = 4
# The kubelet doubles its pause from 10 s at every crash: this one it makes after the fourth.
CRASH_PAUSE = 80

_IMAGE = (
    "Check the image name and tag. With the pull policy Never, or without a way to the registry, the image must be "
    "in the node's container runtime (image_load, image_build)."
)
# Reason of a waiting container: seconds it must stay before it counts as final, and what to do.
_WAITING: dict[str, tuple[float, str]] = {
    "ErrImageNeverPull": (5, _IMAGE),
    "InvalidImageName": (5, "Correct the image name in the manifest."),
    "ErrImagePull": (30, _IMAGE),
    "ImagePullBackOff": (30, _IMAGE),
    "RegistryUnavailable": (30, _IMAGE),
    "CreateContainerConfigError": (
        20,
        "Apply the Secret, ConfigMap or key that the message names, or correct the reference.",
    ),
    "CreateContainerError": (
        30,
        "Correct what the message names: command, mounts or security settings of the container.",
    ),
    "RunContainerError": (30, "Correct what the message names: command, mounts or security settings of the container."),
}
# Several reasons of one cause alternate; the clock must not start anew with each.
_FAMILIES = {"ErrImagePull": "image", "ImagePullBackOff": "image", "RegistryUnavailable": "image"}
_CRASH_HINT = "Read the log lines: the program ends by itself. Correct its configuration, image or command."
# Unschedulable for one of these passes: a node comes up, a claim is being bound.
_PASSING = (
    "not-ready",
    "unreachable",
    "uninitialized",
    "unbound immediate PersistentVolumeClaims",
    "no nodes available",
)


class Failure(t.NamedTuple):
    """A sign that an object cannot become ready; believed once it was seen for ``grace`` seconds.

    ``final``: Kubernetes itself will not try again.
    """

    key: str
    grace: float
    reason: str
    message: str
    hint: str
    container: str = ""
    final: bool = False


def container_statuses(pod: Json) -> list[Json]:
    """Status of every container of a pod, init containers first."""
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def pause_seconds(message: str) -> int:
    """Length of the pause in a message such as "back-off 1m20s restarting failed container"; 0 without one."""
    found = re.search(r"back-off (?:(\d+)m)?(\d+)s", message)
    return int(found.group(1) or 0) * 60 + int(found.group(2)) if found else 0


def _last_end(status: Json) -> str:
    ended = (status.get("lastState") or {}).get("terminated") or (status.get("state") or {}).get("terminated") or {}
    if not ended:
        return ""
    text = f"it last ended with exit code {ended.get('exitCode')} ({ended.get('reason', 'Error')})"
    return f"{text}: {ended['message'].strip()}" if ended.get("message") else text


def _crash(pod: Json, status: Json, waiting: Json, first_restarts: int) -> Failure | None:
    restarts, message = status.get("restartCount", 0), waiting.get("message", "")
    if restarts - first_restarts < CRASHES and pause_seconds(message) < CRASH_PAUSE:
        return None
    ended = (status.get("lastState") or {}).get("terminated") or {}
    hint = _CRASH_HINT
    if ended.get("reason") == "OOMKilled":
        hint = "The container needs more memory than its limit: raise resources.limits.memory."
    key = f"{pod['metadata'].get('uid')}/{status['name']}/crash"
    text = f"restarted {restarts} times; {_last_end(status) or message}"
    return Failure(key, 0, "CrashLoopBackOff", text, hint, status["name"])


def pod_failures(pod: Json, first_restarts: t.Mapping[str, int] | None = None) -> list[Failure]:
    """Signs in a pod; ``first_restarts`` are the restart counts by container when the wait began."""
    metadata = pod.get("metadata") or {}
    if metadata.get("deletionTimestamp"):
        return []
    found = []
    for each in container_statuses(pod):
        waiting = (each.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason == "CrashLoopBackOff":
            crash = _crash(pod, each, waiting, (first_restarts or {}).get(each["name"], 0))
            found += [crash] if crash else []
        elif reason in _WAITING:
            grace, hint = _WAITING[reason]
            key = f"{metadata.get('uid')}/{each['name']}/{_FAMILIES.get(reason, reason)}"
            found.append(Failure(key, grace, reason, waiting.get("message", ""), hint, each["name"]))
    scheduled = condition(pod, "PodScheduled")
    message = scheduled.get("message", "")
    if scheduled.get("reason") == "Unschedulable" and not any(words in message for words in _PASSING):
        hint = "Free or add what the message names (memory, cpu, ports, nodes with the wanted labels), or ask for less."
        found.append(Failure(f"{metadata.get('uid')}/unschedulable", 30, "Unschedulable", message, hint))
    return found


def job_failures(body: Json) -> list[Failure]:
    """A Job that has failed stays failed."""
    failed = condition(body, "Failed")
    if failed.get("status") != "True":
        return []
    hint = "Correct the job and remove the failed one first: a job's pods cannot be changed."
    return [_failure(body, "failed", 0, failed.get("reason", "Failed"), failed.get("message", ""), hint, True)]


def lone_pod_failures(body: Json) -> list[Failure]:
    """A pod that has failed stays failed."""
    status = body.get("status") or {}
    if status.get("phase") != "Failed":
        return []
    hint = "Correct the pod and delete the failed one first: it does not start again."
    return [_failure(body, "failed", 0, status.get("reason", "Failed"), status.get("message", ""), hint, True)]


def claim_failures(body: Json) -> list[Failure]:
    """A claim whose volume is gone."""
    if (body.get("status") or {}).get("phase") != "Lost":
        return []
    hint = "Its volume is gone: restore it, or delete the claim (its data is lost already)."
    return [_failure(body, "lost", 0, "Lost", "the volume of the claim does not exist any more", hint, True)]


def workload_failures(body: Json) -> list[Failure]:
    """What the controller of a Deployment or ReplicaSet says about its own attempts."""
    found = []
    progress = condition(body, "Progressing")
    if progress.get("status") == "False" and progress.get("reason") == "ProgressDeadlineExceeded":
        hint = "Look at what its pods say."
        reason = "ProgressDeadlineExceeded"
        found.append(_failure(body, "progress", 30, reason, progress.get("message", ""), hint))
    replica = condition(body, "ReplicaFailure")
    if replica.get("status") == "True":
        hint = "Change the pod template so that the namespace's rules (Pod Security, quota, limits) allow it."
        reason = replica.get("reason", "ReplicaFailure")
        found.append(_failure(body, "replica", 15, reason, replica.get("message", ""), hint))
    return found


def _failure(body: Json, key: str, grace: float, reason: str, message: str, hint: str, final: bool = False) -> Failure:
    return Failure(f"{(body.get('metadata') or {}).get('uid')}/{key}", grace, reason, message, hint, final=final)


def container_hint(entries: t.Iterable[Json]) -> str:
    """What to do about containers, as the report describes them, that may still come up; empty if unknown."""
    for entry in entries:
        if entry["reason"] in _WAITING:
            return _WAITING[entry["reason"]][1]
        if entry["reason"] == "CrashLoopBackOff" or entry["state"] == "terminated":
            return _CRASH_HINT
        if entry["state"] == RUNNING:
            return (
                "The program runs, but its startup or readiness probe does not succeed: read its log lines and events."
            )
    return ""


def owned_pods(body: Json, pods: t.Iterable[Json], _replica_sets: t.Iterable[Json]) -> list[Json]:
    """The pods that the object itself made."""
    return [pod for pod in pods if _owned_by(pod, (body.get("metadata") or {}).get("uid"))]


def deployment_pods(body: Json, pods: t.Iterable[Json], replica_sets: t.Iterable[Json]) -> list[Json]:
    """The pods of a Deployment's newest version: old ones may fail without harm, they are on their way out."""
    metadata, selector = body.get("metadata") or {}, (body.get("spec") or {}).get("selector")
    revision = (metadata.get("annotations") or {}).get("deployment.kubernetes.io/revision")
    newest = {
        _labels(each).get("pod-template-hash")
        for each in replica_sets
        if _owned_by(each, metadata.get("uid"))
        and (each["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision") == revision
    }
    mine = (pod for pod in pods if selects(selector, _labels(pod)))
    return [pod for pod in mine if _labels(pod).get("pod-template-hash") in newest]


def stateful_set_pods(body: Json, pods: t.Iterable[Json], replica_sets: t.Iterable[Json]) -> list[Json]:
    """The pods of a StatefulSet's newest version."""
    mine, newest = owned_pods(body, pods, replica_sets), (body.get("status") or {}).get("updateRevision")
    return [pod for pod in mine if not newest or _labels(pod).get("controller-revision-hash") == newest]


def daemon_set_pods(body: Json, pods: t.Iterable[Json], replica_sets: t.Iterable[Json]) -> list[Json]:
    """The pods of a DaemonSet's newest version."""
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    newest = annotations.get("deprecated.daemonset.template.generation")
    mine = owned_pods(body, pods, replica_sets)
    return [pod for pod in mine if _labels(pod).get("pod-template-generation", newest) == newest]


def _labels(body: Json) -> Json:
    return (body.get("metadata") or {}).get("labels") or {}


def _owned_by(body: Json, uid: str | None) -> bool:
    return any(owner.get("uid") == uid for owner in body["metadata"].get("ownerReferences") or [])
