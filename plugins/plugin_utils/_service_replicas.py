# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many pods each service runs, by the setting services_replicas. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _services

Row = _services.Row

SETTING = "services_replicas"
# A typing error must not fill the cluster.
MOST = 20
COUNT = _services.number(1, MOST)


def check(replicas: object, rows: t.Iterable[Row]) -> None:
    """Refuse numbers for services that are not on, and more than one pod where that cannot work, each with its reason.

    ``rows`` are those that are on, also of servers outside of the cluster. Raises ServicesError.
    """
    known = {row["name"]: row for row in rows}
    if not isinstance(replicas, dict):
        raise _services.ServicesError(f"{SETTING} must be a mapping, from the name of a service to a number.")
    found = []
    for service, count in replicas.items():
        row = known.get(service)
        wrong = f"there is no such service that is on; there are {', '.join(sorted(known))}" if row is None else ""
        wrong = wrong or COUNT(count) or (why_one(row or {}) if count != 1 else "")
        if wrong:
            found.append(f"{SETTING}.{service}: {wrong}")
    if found:
        raise _services.ServicesError(f"{'; '.join(found)}.")


def why_one(row: Row) -> str:
    """Why a service cannot have more pods than one; empty where it can."""
    if row.get("kind") == "external":
        return "it is outside of the cluster (services_external), where this setting reaches nothing"
    if row.get("kind") == "job":
        return "it runs by a schedule, one job at a time"
    if "single" in row:
        return f"it runs in one pod only: {row['single']}"
    if "storage" in row:
        return "it runs in one pod only: its volume can be written by one pod at a time"
    return ""


def with_replicas(rows: t.Sequence[Row], replicas: t.Mapping[str, int]) -> list[Row]:
    """The rows, each Deployment with its number of pods."""
    return [
        {**row, "replicas": replicas.get(row["name"], 1)} if row.get("kind") == "deployment" else row for row in rows
    ]
