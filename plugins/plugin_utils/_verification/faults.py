# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults made on purpose, and what they prove. This plugin util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._kubernetes_objects import Objects, available
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._verification.report import requirement

# What kubectl exec ends with when the container goes before the command in it can report: 128 and the signal.
ENDED_WITH_IT = (137, 143)


def verification_faults(table: t.Sequence[Json], faults: t.Sequence[Json], other: str) -> list[dict[str, t.Any]]:
    """The end of every process in the table, and the other faults in ``faults`` whose service is there.

    An entry without an ``action`` gives a process its ``id``; a process without an entry has ``other``.
    """
    services = {service["name"] for service in table}
    kills = []
    for service in table:
        for process in service["processes"]:
            entry = next((found for found in faults if names(found, service["name"], process)), {"id": other})
            kills.append(
                {
                    "id": f"{entry['id']}/{service['name']}-{process}",
                    "title": f"{service['name']} starts again after the end of {process}",
                    "service": service["name"],
                    "action": "command",
                    "proves": entry.get("proves") or [],
                    "command": ["exec", f"deploy/{service['name']}", "--", "pkill", process],
                    # kubectl chooses one of its pods.
                    "one": True,
                }
            )
    more = [with_command(entry) for entry in faults if entry.get("action") and entry["service"] in services]
    return [*kills, *more]


def with_command(entry: Json) -> dict[str, t.Any]:
    """A fault as the role takes it."""
    fault = {"proves": [requirement(entry)], "command": [], **entry}
    if fault["action"] == "delete_pod":
        selector = f"--selector=app.kubernetes.io/name={fault['service']}"
        return {**fault, "action": "command", "command": ["delete", "pod", "--wait=false", selector]}
    return fault


def names(entry: Json, service: str, process: str) -> bool:
    """Whether an entry gives the process its number. Names may end with a version, as php-fpm84 does."""
    return (
        entry["service"] == service and "action" not in entry and str(process).startswith(str(entry.get("process", "")))
    )


def running_containers(found: t.Sequence[Json], service: str, namespace: str) -> list[str]:
    """The containers of a service that run now. A started one has a new name."""
    return [
        status["containerID"]
        for pod in Objects(found, namespace).pods(service)
        for status in pod.get("status", {}).get("containerStatuses") or []
        if "running" in (status.get("state") or {}) and status.get("containerID")
    ]


def recovery_lack(
    found: t.Sequence[Json], service: str, namespace: str, before: t.Sequence[str], one: bool = False
) -> str:
    """Empty when new containers run in the place of those ``before``, and are ready; else what is missing.

    ``one``: only one of them was interrupted, and the others still run.
    """
    now = running_containers(found, service, namespace)
    stayed = set(now) & set(before)
    if len(stayed) > (len(set(before)) - 1 if one and before else 0):
        return "the container of before still runs"
    if len(now) < max(len(before) if one else 1, 1):
        return "no container runs" if not now else f"{len(now)} of {len(before)} containers run"
    return available(Objects(found, namespace).one("Deployment", service))


def fault_results(record: Json, checks: t.Sequence[Json]) -> list[dict[str, t.Any]]:
    """What one fault showed: recovery, all checks afterwards, and data that is the same as before.

    ``checks`` are those of the role. One with ``survives`` measures data: it counts for the requirements named there.
    """
    fault = record["fault"]
    acted = record["code"] in (0, *ENDED_WITH_IT)
    trouble = "" if acted else f"nothing happened: {record['error']}"
    trouble = trouble or record["lack"]
    results = []
    if requirement(fault) not in fault["proves"]:
        seen = trouble or f"new container ready after {record['seconds']:.0f} s"
        results.append(result(fault["id"], fault["title"], not trouble, "a new container that is ready", seen, record))
    failed = [check for check in record["after"] if not check["ok"]]
    seen = ", ".join(f"{check['id']}: {check['measured']}" for check in failed) or f"{len(record['after'])} checks"
    title = f"All checks pass after: {fault['title']}"
    results.append(result(f"RST-12/{fault['id']}", title, not failed, "all checks pass", seen, record))
    before = {check["id"]: check for check in record["before"]}
    after = {check["id"]: check for check in record["after"]}
    for check in checks:
        for name in fault["proves"]:
            if name in (check.get("survives") or []) and check["id"] in before:
                old, new = before[check["id"]], after[check["id"]]
                blind = check.get("kind") == "exec" and not check.get("stdout_shown")
                good = not (trouble or blind) and old["ok"] and new["ok"] and old["measured"] == new["measured"]
                seen = trouble or ("a check that does not depend on the data" if blind else new["measured"])
                title = f"{check.get('title') or check['id']}, after: {fault['title']}"
                expected = f"as before: {old['measured']}"
                results.append(result(f"{name}/{check['id']}", title, good, expected, seen, record))
    return results


def result(name: str, title: str, good: bool, expected: str, seen: str, record: Json) -> dict[str, t.Any]:
    """A result in the shape that the module service_check gives."""
    return {
        "id": name,
        "title": title,
        "kind": "fault",
        "ok": good,
        "measured": seen,
        "expected": expected,
        "message": "" if good else f"expected {expected}; seen: {seen}. Look at the pod's events and log.",
        "seconds": record["seconds"],
        "attempts": 1,
    }
