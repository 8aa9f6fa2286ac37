# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the last rehearsal of a restore found, and how old it may be. Private to fortytwo.ft_services."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._ages import OK, RED, YELLOW
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._backup_ages import HOUR, longest_pause, seconds_of
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._kubernetes_objects import Objects
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._verification.cluster_checks import row

# The ConfigMap and the CronJob.
NAME = "rehearsal"
DAY = 24 * HOUR
TITLE = "The newest backup was restored in a rehearsal"
ADVICE = "Look why: make rehearse; or kubectl logs job/..., of the newest Job of the CronJob rehearsal"


def rehearsal_state(found: t.Sequence[Json], namespace: str, now: float, allowed_days: float = 0) -> dict[str, t.Any]:
    """When a restore was rehearsed last, what came of it, and its ``level``: ``ok``, ``yellow`` or ``red``.

    The level is red after one that failed or did not end, and where the last one is older than ``allowed_days``. With 0
    these are twice the longest pause of the schedule and an hour, and it is yellow where one was missed; without a
    schedule any age will do. The age counts from the last one, or from when the cluster came up or began to note them.
    """
    objects = Objects(found, namespace)
    notes, job = objects.one("ConfigMap", NAME) or {}, objects.one("CronJob", NAME) or {}
    spec = job.get("spec", {"suspend": True})
    data = notes.get("data") or {}
    last = _result(data.get("result.json"))
    pause = 0 if spec.get("suspend") else longest_pause(spec["schedule"])
    red = allowed_days * DAY or (2 * pause + HOUR if pause else 0)
    yellow = pause + DAY if pause and not allowed_days else 0
    begun, at = data.get("begun"), last.get("at")
    # How long its job may take at most; one that make rehearse makes notes no beginning.
    limit = spec.get("jobTemplate", {}).get("spec", {}).get("activeDeadlineSeconds", DAY)
    ended = seconds_of(begun) <= seconds_of(at) or now - seconds_of(begun) <= limit
    ready = [
        condition.get("lastTransitionTime")
        for node in objects.all("Node")
        for condition in node.get("status", {}).get("conditions") or []
        if condition.get("type") == "Ready"
    ]
    age = now - max(map(seconds_of, [at, (notes.get("metadata") or {}).get("creationTimestamp"), *ready]))
    wrong = [f"{name}: {text.removeprefix('bad ')}" for name, text in last.get("services", {}).items() if _bad(text)]
    if not ended:
        wrong.append(f"the one of {begun} did not come to an end")
    late = RED if red and age > red else YELLOW if yellow and age > yellow else OK
    return {
        "asked": bool(red or at or begun),
        "at": at,
        "good": bool(at) and not wrong and last.get("good") is True,
        "backup": last.get("backup", ""),
        "services": last.get("services", {}),
        "wrong": wrong,
        "late": late != OK,
        "level": RED if wrong or (at and last.get("good") is not True) else late,
    }


def _bad(text: str) -> bool:
    return not text.startswith("good")


def _result(text: str | None) -> Json:
    """What was noted; empty for nothing, and for what nobody can read."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def told(state: Json, now: float) -> str:
    """``good, 3 h ago, of the backup 20261130T041700Z``."""
    if not state["at"]:
        when = "never"
    else:
        age = max(0.0, now - seconds_of(state["at"]))
        size, unit = next((each for each in ((DAY, "days"), (HOUR, "h")) if age >= 2 * each[0]), (60, "min"))
        when = f"{'good' if state['good'] else 'FAILED'}, {age // size:.0f} {unit} ago, of the backup {state['backup']}"
    return "; ".join([f"{when}, which is too old" if state["late"] else when, *state["wrong"]])


def rehearsal_rows(state: Json, now: float) -> list[dict[str, t.Any]]:
    """The requirement that a restore was seen in time and went well; none where nothing asks for it."""
    if not state["asked"]:
        return []
    text = told(state, now)
    measured = f"{text} ({state['level']})" if state["level"] == YELLOW else text
    return [row("BAK-02", TITLE, [text] if state["level"] == RED else [], "a good one, in time", measured, ADVICE)]


def rehearsal_lines(state: Json, now: float) -> list[str]:
    """The same for the screen of states."""
    if not state["asked"]:
        return []
    lines = [f"rehearsal of a restore: {told(state, now)}"]
    if state["good"]:
        lines += [f"  {name}: {text.removeprefix('good ')}" for name, text in state["services"].items()]
    return lines
