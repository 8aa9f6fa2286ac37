# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the services on one screen. This plugin util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._ages import age_lines
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._backup_ages import backup_lines
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._kubernetes_objects import (
    Objects,
    addresses,
    available,
    containers,
    last_reason,
    restarts,
)
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._rehearsals import rehearsal_lines

# Units of Kubernetes' quantities that limits are written in.
UNITS = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
HEADER = ("SERVICE", "HEALTH", "RESTARTS", "CPU", "MEMORY", "CERTIFICATE", "ADDRESS", "PORTS")


def quantity(text: str) -> float:
    """A quantity of Kubernetes as a number: ``500m`` is 0.5, ``96Mi`` 100663296."""
    for unit in sorted(UNITS, key=len, reverse=True):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * UNITS[unit]
    return float(text)


def platform_status(
    found: t.Sequence[Json],
    table: t.Sequence[Json],
    namespace: str,
    usage: t.Sequence[Json],
    certificates: t.Sequence[Json],
    platform: Json,
) -> dict[str, t.Any]:
    """What there is to know of each service, as numbers and texts."""
    objects = Objects(found, namespace)
    by_name = {entry["name"]: entry for entry in certificates}
    services = []
    for service in table:
        name = service["name"]
        if service.get("kind", "deployment") != "deployment":
            services += [outside(service)] if service["kind"] == "external" else []
            continue
        pods = objects.pods(name)
        entry = objects.one("Service", name) or {"spec": {}}
        certificate = by_name.get(name)
        services.append(
            {
                "name": name,
                "type": service["type"],
                "health": available(objects.one("Deployment", name)) or "ok",
                "restarts": sum(map(restarts, pods)),
                "last_end": next((text for text in map(last_reason, pods) if text), ""),
                "addresses": addresses(entry),
                "ports": [port["port"] for port in entry["spec"].get("ports") or []],
                **resources(pods, usage),
                "certificate_until": certificate["not_after"] if certificate and not certificate["changed"] else None,
                "certificate_due": certificate["reason"] if certificate and certificate["changed"] else "",
            }
        )
    return {**platform, "namespace": namespace, "services": services, "backup_job": job_state(objects)}


def outside(service: Json) -> dict[str, t.Any]:
    """The same of a server outside of the cluster, of which the cluster knows only where it is."""
    server = service["external"]
    unknown = ("cpu_cores", "cpu_cores_limit", "memory_bytes", "memory_bytes_limit", "certificate_until")
    return {
        "name": service["name"],
        "type": "external",
        "health": "external",
        "restarts": 0,
        "last_end": "",
        "addresses": [server["host"]],
        "ports": [server["port"]],
        **dict.fromkeys(unknown),
        "certificate_due": "",
    }


def job_state(objects: Objects) -> Json | None:
    """The job that backs the platform up: its schedule (None when suspended), and when it ran and succeeded last."""
    job = objects.one("CronJob", "backup")
    if job is None:
        return None
    status = job.get("status") or {}
    return {
        "schedule": None if job["spec"].get("suspend") else job["spec"]["schedule"],
        "begun": status.get("lastScheduleTime"),
        "succeeded": status.get("lastSuccessfulTime"),
        "runs": bool(status.get("active")),
    }


def job_line(job: Json) -> str:
    """The same for people. Times of the API server sort as texts."""
    done = f"the cluster's own backup: {job['succeeded'] or 'none yet'}"
    if job["runs"]:
        return f"{done}, one is being made"
    if job["schedule"] is None:
        return f"{done}, no more by a schedule"
    if job["begun"] and (job["succeeded"] or "") < job["begun"]:
        return f"{done}; the one of {job['begun']} failed: look at the pods of its Job"
    return f"{done}, by the schedule {job['schedule']} in UTC"


def resources(pods: t.Sequence[Json], usage: t.Sequence[Json]) -> dict[str, float | None]:
    """What the pods use in cores and bytes, and what they may; None for what nobody measured or limits."""
    names = {pod["metadata"]["name"] for pod in pods}
    used = [entry for entry in usage if entry["pod"] in names]
    limits = [container.get("resources", {}).get("limits") or {} for pod in pods for container in containers(pod)]
    found: dict[str, float | None] = {}
    for kind, key in (("cpu", "cpu_cores"), ("memory", "memory_bytes")):
        measured = [entry[key] for entry in used if entry[key] is not None]
        allowed = [quantity(limit[kind]) for limit in limits if kind in limit]
        found[key] = sum(measured) if measured else None
        found[f"{key}_limit"] = sum(allowed) if limits and len(allowed) == len(limits) else None
    return found


def status_lines(status: Json) -> list[str]:
    """A table with one line for each service, and below it why containers ended, what is due, and the last backup."""
    rows = [HEADER]
    notes = []
    for service in status["services"]:
        where = ", ".join(service["addresses"])
        without = "inside only" if service["type"] == "ClusterIP" else "no address"
        due = service["certificate_due"]
        rows.append(
            (
                service["name"],
                service["health"],
                str(service["restarts"]),
                share(service["cpu_cores"], service["cpu_cores_limit"], 1e-3, "m"),
                share(service["memory_bytes"], service["memory_bytes_limit"], 2**20, " MiB"),
                "due" if due else service["certificate_until"] or "none",
                where or without,
                ", ".join(map(str, service["ports"])) or "none",
            )
        )
        if service["last_end"] and (service["health"] != "ok" or service["restarts"]):
            notes.append(f"{service['name']}: {service['last_end']}")
        if due:
            notes.append(f"{service['name']}: the certificate will be issued anew by make up: {due}")
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    memory = [service["memory_bytes"] for service in status["services"] if service["memory_bytes"] is not None]
    if memory:
        notes.append(f"memory in use by all of them: {sum(memory) / 2**20:.0f} MiB")
    backup = status["backup"]
    notes.append(f"last backup: {backup['at']}, {backup['path']}" if backup else "last backup: none")
    notes += backup_lines(status.get("backup_ages", []), time.time())
    if status["backup_job"]:
        notes.append(job_line(status["backup_job"]))
    if status.get("rehearsal"):
        notes += rehearsal_lines(status["rehearsal"], time.time())
    return [*lines, "", *notes, *age_lines(status.get("ages") or [])]


def share(used: float | None, limit: float | None, unit: float, name: str) -> str:
    """A use and its limit: ``3 of 1000m``."""
    measured = "?" if used is None else f"{used / unit:.0f}"
    return f"{measured} of {limit / unit:.0f}{name}" if limit else f"{measured}{name}"


def volume_line(claim: Json) -> str:
    """A claim and its size for people."""
    metadata, status = claim["metadata"], claim.get("status") or {}
    size = (status.get("capacity") or {}).get("storage") or "not bound"
    return f"volume {metadata['namespace']}/{metadata['name']} ({size})"
