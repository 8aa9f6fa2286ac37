# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What will not heal by waiting, and what to do about it. Pure predicates.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.ready import condition, selects

Json = dict[str, t.Any]

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
    """A sign that an object cannot become ready; final once it was seen for ``grace`` seconds."""

    key: str
    grace: float
    reason: str
    message: str
    hint: str
    container: str = ""


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


def object_failures(group: str, kind: str, body: Json | None) -> list[Failure]:
    """Signs in the object itself."""
    if body is None:
        return []
    uid, found = (body.get("metadata") or {}).get("uid"), []
    failed = condition(body, "Failed")
    if (group, kind) == ("batch", "Job") and failed.get("status") == "True":
        hint = "Correct the job and remove the failed one first: a job's pods cannot be changed."
        found.append(Failure(f"{uid}/failed", 0, failed.get("reason", "Failed"), failed.get("message", ""), hint))
    status = body.get("status") or {}
    if (group, kind) == ("", "Pod") and status.get("phase") == "Failed":
        hint = "Correct the pod and delete the failed one first: it does not start again."
        found.append(Failure(f"{uid}/failed", 0, status.get("reason", "Failed"), status.get("message", ""), hint))
    if (group, kind) == ("", "PersistentVolumeClaim") and status.get("phase") == "Lost":
        hint = "Its volume is gone: restore it, or delete the claim (its data is lost already)."
        found.append(Failure(f"{uid}/lost", 0, "Lost", "the volume of the claim does not exist any more", hint))
    progress = condition(body, "Progressing")
    if progress.get("status") == "False" and progress.get("reason") == "ProgressDeadlineExceeded":
        hint = "Look at what its pods say."
        found.append(Failure(f"{uid}/progress", 30, "ProgressDeadlineExceeded", progress.get("message", ""), hint))
    replica = condition(body, "ReplicaFailure")
    if replica.get("status") == "True":
        hint = "Change the pod template so that the namespace's rules (Pod Security, quota, limits) allow it."
        found.append(
            Failure(f"{uid}/replica", 15, replica.get("reason", "ReplicaFailure"), replica.get("message", ""), hint)
        )
    return found


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


def final_kinds(kind: str, failure: Failure) -> bool:
    """Whether a pod's failure is final for its owner: a Job counts crashes itself, by its backoff limit."""
    return not (kind == "Job" and failure.reason == "CrashLoopBackOff")


def newest_pods(kind: str, body: Json, pods: t.Iterable[Json], replica_sets: t.Iterable[Json] = ()) -> list[Json]:
    """The pods that a workload's newest version made: old ones may fail without harm, they are on their way out."""
    metadata, spec, status = body.get("metadata") or {}, body.get("spec") or {}, body.get("status") or {}
    mine = [pod for pod in pods if _is_of(kind, metadata, spec, pod)]
    if kind == "Deployment":
        revision = (metadata.get("annotations") or {}).get("deployment.kubernetes.io/revision")
        newest = {
            (each["metadata"].get("labels") or {}).get("pod-template-hash")
            for each in replica_sets
            if _owned_by(each, metadata.get("uid"))
            and (each["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision") == revision
        }
        return [pod for pod in mine if _labels(pod).get("pod-template-hash") in newest]
    if kind == "StatefulSet" and status.get("updateRevision"):
        return [pod for pod in mine if _labels(pod).get("controller-revision-hash") == status["updateRevision"]]
    if kind == "DaemonSet":
        generation = (metadata.get("annotations") or {}).get("deprecated.daemonset.template.generation")
        return [pod for pod in mine if _labels(pod).get("pod-template-generation", generation) == generation]
    return mine


def _labels(body: Json) -> Json:
    return (body.get("metadata") or {}).get("labels") or {}


def _owned_by(body: Json, uid: str | None) -> bool:
    return any(owner.get("uid") == uid for owner in body["metadata"].get("ownerReferences") or [])


def _is_of(kind: str, metadata: Json, spec: Json, pod: Json) -> bool:
    if kind == "Pod":
        return pod["metadata"]["name"] == metadata.get("name")
    if kind == "Deployment":
        return selects(spec.get("selector"), _labels(pod))
    return _owned_by(pod, metadata.get("uid"))
