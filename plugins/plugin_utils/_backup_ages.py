# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How old the newest backup of each service is, and may be. Private to the collection fortytwo.ft_services."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._kubernetes_objects import Objects
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._verification.cluster_checks import row

TIMES = "backup-times"
# The fields of a crontab: first and last value.
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
NAMES = {name: str(number) for names, first in ((MONTHS, 1), (DAYS, 0)) for number, name in enumerate(names, first)}
MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
HOUR = 3600


def values_of(field: str, first: int, last: int) -> set[int]:
    """The numbers that a field of a crontab stands for: ``*/15``, ``1-5``, ``3,17``, ``mon``."""
    found: set[int] = set()
    for part in field.lower().split(","):
        span, dummy, step = part.partition("/")
        low, dash, high = span.partition("-")
        if low in ("*", "?"):
            begin, end = first, last
        else:
            begin = int(NAMES.get(low, low))
            end = int(NAMES.get(high, high)) if dash else (last if step else begin)
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def longest_pause(schedule: str) -> int:
    """The longest time between two runs of a crontab's schedule, in seconds, within a year and a half."""
    fields = MACROS.get(schedule.strip(), schedule).split()
    minutes, hours, days, months, weekdays = (
        values_of(field, *bounds) for field, bounds in zip(fields, FIELDS, strict=True)
    )
    weekdays = {day % 7 for day in weekdays}
    # A crontab's own rule: where both are restricted, either will do.
    either = not (fields[2].startswith("*") or fields[4].startswith("*"))
    moments = sorted(hour * HOUR + minute * 60 for hour in hours for minute in minutes)
    longest, previous = 0, None
    for number in range(550):
        date = datetime.date(2023, 1, 1) + datetime.timedelta(days=number)
        by_day, by_weekday = date.day in days, date.isoweekday() % 7 in weekdays
        if date.month not in months or not ((by_day or by_weekday) if either else (by_day and by_weekday)):
            continue
        for moment in (number * 24 * HOUR + each for each in moments):
            longest = max(longest, moment - previous if previous is not None else 0)
            previous = moment
    return longest


def seconds_of(moment: str | None) -> float:
    """A time of the API server in seconds since the epoch; 0 for none, or for what is no time."""
    try:
        return datetime.datetime.fromisoformat((moment or "").replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def backup_ages(
    found: t.Sequence[Json], table: t.Sequence[Json], namespace: str, now: float, allowed_hours: float = 0
) -> list[dict[str, t.Any]]:
    """Of each service whose data are backed up: when last, in how many hours that is too old, and whether it is.

    ``allowed_hours`` 0: twice the longest pause of the schedule and an hour; without a schedule nothing is too old.
    It counts from the last backup, or from the moment when the cluster came up or began to keep these times.
    """
    objects = Objects(found, namespace)
    times, job = objects.one("ConfigMap", TIMES) or {}, objects.one("CronJob", "backup") or {}
    schedule = "" if job.get("spec", {"suspend": True}).get("suspend") else job["spec"]["schedule"]
    if not allowed_hours and schedule:
        allowed_hours = (2 * longest_pause(schedule) + HOUR) / HOUR
    ready = [
        condition.get("lastTransitionTime")
        for node in objects.all("Node")
        for condition in node.get("status", {}).get("conditions") or []
        if condition.get("type") == "Ready"
    ]
    begun = [(times.get("metadata") or {}).get("creationTimestamp"), *ready]
    ages = []
    for service in table:
        if "backup" not in service:
            continue
        last = (times.get("data") or {}).get(service["name"])
        made = (objects.one("Deployment", service["name"]) or {"metadata": {}})["metadata"].get("creationTimestamp")
        since = max(map(seconds_of, [last, made, *begun]))
        ages.append(
            {
                "service": service["name"],
                "at": last,
                "allowed_hours": allowed_hours,
                "late": bool(allowed_hours) and now - since > allowed_hours * HOUR,
            }
        )
    return ages


def told(age: Json, now: float) -> str:
    """``mysql 12 min ago``."""
    if not age["at"]:
        return f"{age['service']} never"
    minutes = max(0, int((now - seconds_of(age["at"])) // 60))
    return f"{age['service']} {f'{minutes} min' if minutes < 120 else f'{minutes // 60} h'} ago"


def backup_rows(ages: t.Sequence[Json], now: float) -> list[dict[str, t.Any]]:
    """The requirement that the data of each service were backed up in time; none where that is not asked for."""
    judged = [age for age in ages if age["allowed_hours"]]
    if not judged:
        return []
    late = [told(age, now) for age in judged if age["late"]]
    expected = f"no newest backup older than {judged[0]['allowed_hours']:g} h"
    advice = "Look why: kubectl logs job/..., of the newest Job of the CronJob backup; or make one: make backup"
    title = "The data of each service are backed up in time"
    return [row("BAK-01", title, late, expected, ", ".join(told(age, now) for age in judged), advice)]


def backup_lines(ages: t.Sequence[Json], now: float) -> list[str]:
    """The same for the screen of states."""
    lines = ["backed up: " + ", ".join(told(age, now) for age in ages)] if ages else []
    late = [age["service"] for age in ages if age["late"]]
    if late:
        lines.append(f"BACKUP TOO OLD, more than {ages[0]['allowed_hours']:g} h: {', '.join(late)}")
    return lines
