# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says why objects did not become ready: conditions, containers, events, log lines, advice.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.failures import (
    RUNNING,
    container_hint,
    container_statuses,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import PODS
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.readiness import is_true
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import redact
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import ManifestsError, Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.wait import Target, WaitFailed, WatchCache
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

LOG_LINES = 10
EVENTS = 3
# Pods of one workload fail alike: a few of them tell the story.
PODS_SHOWN = 2


def container_problems(pod: Json) -> list[Json]:
    """Containers of a pod that are not as they should be: name, state, reason, message, and whether they crashed."""
    found = []
    for status in container_statuses(pod):
        state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated") or {}
        waiting, ended, running = state.get("waiting"), state.get("terminated"), "running" in state
        if ended and ended.get("exitCode") == 0:
            continue
        if running and status.get("ready"):
            continue
        now = waiting or ended or {}
        entry = {
            "pod": pod["metadata"]["name"],
            "container": status["name"],
            "state": "waiting" if waiting else "terminated" if ended else RUNNING if running else "unknown",
            "reason": now.get("reason", ""),
            "message": (now.get("message") or "").strip(),
            "restarts": status.get("restartCount", 0),
            "crashed": bool(ended) or bool(waiting and last),
        }
        if ended:
            entry["exit_code"] = ended.get("exitCode")
        if last and not ended:
            entry["last_exit"] = f"exit code {last.get('exitCode')}, {last.get('reason', 'Error')}"
        if entry["reason"] != "PodInitializing":
            found.append(entry)
    return found


def false_conditions(body: Json | None) -> list[str]:
    """Conditions of an object that stand against it, as sentences."""
    found = []
    for each in ((body or {}).get("status") or {}).get("conditions") or []:
        if str(each.get("type", "")).startswith("Namespace"):
            continue  # Those of a namespace that ends are part of its state.
        bad = "True" if each.get("type") in ("Failed", "ReplicaFailure") else "False"
        if each.get("status") == bad and (each.get("message") or each.get("reason")):
            found.append(f"{each.get('type')}: {each.get('reason', '')} {each.get('message', '')}".strip())
    return found


def _events(session: Session, namespace: str | None, uid: str | None) -> list[str]:
    if not namespace or not uid:
        return []
    query = {"fieldSelector": f"involvedObject.uid={uid},type=Warning"}
    try:
        found, _version = session.client.list_all(f"/api/v1/namespaces/{namespace}/events", query)
    except KubeError:
        return []  # Without the right to read events the report is only shorter.
    found.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    texts = []
    for event in found[-EVENTS:]:
        times = f" ({event['count']} times)" if event.get("count", 1) > 1 else ""
        texts.append(f"{event.get('reason', '')}: {(event.get('message') or '').strip()}{times}")
    return texts


def _log(session: Session, namespace: str | None, entry: Json) -> list[str]:
    if entry["state"] == "unknown" or (entry["state"] == "waiting" and not entry["crashed"]):
        return []  # It never ran.
    path = PODS.path(namespace, entry["pod"]) + "/log"
    query = {"container": entry["container"], "tailLines": LOG_LINES}
    # After a crash the container that waits for its next start has no log yet: its predecessor has.
    previous = entry["state"] == "waiting"
    try:
        text = session.client.request("GET", path, {**query, "previous": str(previous).lower()}, accept="*/*").data
    except KubeError as error:
        return [f"(no log: {error.message})"]
    return [line.rstrip() for line in str(text).splitlines()[-LOG_LINES:]]


def explain(session: Session, target: Target, cache: WatchCache) -> Json:
    """Everything known about one target that is not ready."""
    body = target.known
    pods = [pod for pod in target.pods(cache) if not is_true(pod, "Ready")][:PODS_SHOWN]
    containers = [entry for pod in pods for entry in container_problems(pod)]
    # One log is enough where all pods do the same.
    told: set[str] = set()
    for entry in containers:
        entry["log"] = [] if entry["container"] in told else _log(session, target.namespace, entry)
        if entry["log"]:
            told.add(entry["container"])
    events = _events(session, target.namespace, ((body or {}).get("metadata") or {}).get("uid"))
    for pod in pods:
        events += [
            each for each in _events(session, target.namespace, pod["metadata"].get("uid")) if each not in events
        ]
    conditions = false_conditions(body)
    for pod in pods:
        scheduled = [each for each in false_conditions(pod) if each.startswith("PodScheduled")]
        conditions += [f"pod {pod['metadata']['name']}: {each}" for each in scheduled]
        if not scheduled and not container_statuses(pod):
            node = (pod.get("spec") or {}).get("nodeName")
            where = f"on node {node}, no container made yet" if node else "on no node yet"
            conditions.append(f"pod {pod['metadata']['name']}: {where}")
    hint = next((failure.hint for failure in target.failures), "") or container_hint(containers)
    if target.gone_uid:
        hint = "Let the controller that owns the finalizer finish; remove a finalizer by hand only when that is gone."
    # Programs print secrets when they should not. What Kubernetes itself says holds none but long ones.
    for entry in containers:
        for field in ("message", "last_exit"):
            if field in entry:
                entry[field] = redact(entry[field], session.secrets)
        entry["log"] = [redact(line, session.secrets) for line in entry["log"]]
    failures = [f"{each.reason}: {each.message}".rstrip(": ") for each in target.failures]
    return {
        "kind": target.resource.kind,
        "api_version": target.resource.api_version,
        "namespace": target.namespace,
        "name": target.name,
        "source": target.source,
        "state": session.redact(target.state.why),
        "failures": [redact(each, session.secrets) for each in failures],
        "conditions": [session.redact(each) for each in conditions],
        "containers": containers,
        "events": [redact(each, session.secrets) for each in events[-2 * EVENTS :]],
        "hint": hint or target.kind.hint,
    }


def as_text(entry: Json, label: str) -> list[str]:
    """Lines for the error message about one target."""
    lines = [f"{label} ({entry['source']}): {entry['state']}"]
    lines += [f"  {each}" for each in entry["failures"]]
    lines += [f"  condition {each}" for each in entry["conditions"]]
    for each in entry["containers"]:
        facts = ": ".join(part for part in (each["reason"], each["message"]) if part)
        extra = f" ({each['restarts']} restarts)" if each["restarts"] else ""
        if each.get("exit_code") is not None:
            extra = f", exit code {each['exit_code']}{extra}"
        last = f"; before: {each['last_exit']}" if each.get("last_exit") else ""
        lines.append(f"  pod {each['pod']}, container {each['container']}: {each['state']} {facts}{extra}{last}")
        if each["log"]:
            lines.append(f"    last log lines of {each['container']}:")
            lines += [f"      {line}" for line in each["log"]]
    lines += [f"  event {each}" for each in entry["events"]]
    lines.append(f"  What to do: {entry['hint']}")
    return lines


def fail(session: Session, failure: WaitFailed, total: int) -> t.NoReturn:
    """Turn a failed wait into the error that the user sees."""
    targets = failure.targets
    entries = session.client.parallel(lambda target: explain(session, target, failure.cache), targets)
    gone = all(target.gone_uid for target in targets)
    verb = "are still there" if gone else "are not ready"
    count = f"{len(targets)} of {total} objects {verb}"
    if failure.final:
        head = f"Gave up after {session.waited:.0f} s, for waiting would not help: {count}."
        if not any(sign.final for target in targets for sign in target.failures):
            head += (
                " If something else puts it right meanwhile, set fail_fast to false or fail_fast_after to more seconds."
            )
    else:
        head = f"Time is up: {count} after wait_timeout={session.timeout:.0f} s."
    lines = [head]
    for target, entry in zip(targets, entries, strict=True):
        lines += as_text(entry, target.label)
    raise ManifestsError("\n".join(lines), not_ready=entries)
