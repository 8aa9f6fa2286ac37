# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks and reports of the role verify. This plugin util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._objects import (
    Json,
    Objects,
    addresses,
    available,
    last_reason,
    restarts,
)


def requirement(result: Json) -> str:
    """The requirement that a result belongs to: ``NGX-01`` of ``NGX-01/any-path``."""
    return str(result["id"]).partition("/")[0]


def selected_checks(checks: t.Sequence[Json], table: t.Sequence[Json]) -> list[dict[str, t.Any]]:
    """Those checks whose ``service`` is in the table of services, without that key; and all that name no service."""
    services = {service["name"] for service in table}
    return [
        {key: content for key, content in check.items() if key != "service"}
        for check in checks
        if check.get("service") in services or "service" not in check
    ]


def requirement_checks(
    table: t.Sequence[Json], address: str, closed: t.Sequence[int], checks: t.Sequence[Json]
) -> list[dict[str, t.Any]]:
    """What the module service_check shall try: the ports of the table, and those of ``checks`` whose service exists."""
    return [*port_checks(table, address, closed), *selected_checks(checks, table)]


def port_checks(table: t.Sequence[Json], address: str, closed: t.Sequence[int]) -> list[dict[str, t.Any]]:
    """LB-09: each port of each public service is open. LB-10: those of the others, and ``closed``, are not."""
    public: dict[int, str] = {}
    private: dict[int, str] = dict.fromkeys(closed, "")
    for service in table:
        ports = {port["port"]: service["name"] for port in service["ports"] if port.get("protocol", "TCP") == "TCP"}
        (public if service["type"] == "LoadBalancer" else private).update(ports)
    checks: list[dict[str, t.Any]] = [
        {"id": f"LB-09/{port}", "title": f"Port {port} of {name} is open", "kind": "tcp", "host": address, "port": port}
        for port, name in public.items()
    ]
    checks += [
        {
            "id": f"LB-10/{port}",
            "title": f"Port {port}{f' of {name}' if name else ''} cannot be reached",
            "kind": "tcp",
            "host": address,
            "port": port,
            "refused": True,
            "timeout": 1,
        }
        for port, name in sorted(private.items())
        if port not in public
    ]
    return checks


def not_tried(
    requirements: t.Sequence[Json], results: t.Sequence[Json], table: t.Sequence[Json]
) -> list[dict[str, t.Any]]:
    """Requirements without a result, or for services that are not all there: id, absent services, reason."""
    tried = {requirement(result) for result in results}
    services = {service["name"] for service in table}
    found = []
    for entry in requirements:
        absent = [name for name in entry.get("services") or [] if name not in services]
        if absent or entry["id"] not in tried:
            reason = "" if absent else entry.get("reason") or "no check for it yet"
            found.append({"id": entry["id"], "absent": absent, "reason": reason})
    return found


def check_lines(results: t.Sequence[Json], untried: t.Sequence[Json]) -> list[str]:
    """Numbers, then every failure with what to do, then what was not tried, or not for all services, by reason."""
    failed = [result for result in results if not result["ok"]]
    lines = [f"{len(results) - len(failed)} passed, {len(failed)} failed"]
    lines += [f"failed: {result['id']} {result['title']}: {result['message']}" for result in failed]
    reasons: dict[str, list[str]] = {}
    absent = sorted({name for entry in untried for name in entry["absent"]})
    for entry in untried:
        reason = entry["reason"] or f"not installed: {', '.join(absent)}"
        reasons.setdefault(reason, []).append(entry["id"])
    lines += [f"not tried: {', '.join(ids)} ({reason})" for reason, ids in reasons.items()]
    return lines


def link_lines(table: t.Sequence[Json]) -> list[str]:
    """How people use each service: its address or command."""
    rows = [
        (service["title"], link["label"], link.get("url") or link.get("command") or "")
        for service in table
        for link in service.get("links") or []
    ]
    width = max((len(f"{title}, {label}") for title, label, target in rows), default=0)
    return [f"{f'{title}, {label}':<{width}}  {target}" for title, label, target in rows]


def credential_lines(table: t.Sequence[Json], state_path: str) -> list[str]:
    """Where credentials are; never what they are."""
    lines = [
        f"{service['title']}: {credential['file']}"
        for service in table
        for credential in service.get("credentials") or []
        if credential.get("file")
    ]
    lines.append(f"All generated passwords and keys: {state_path}/credentials.json")
    lines.append(f"The local CA, for browsers and clients to trust: {state_path}/certificates/ca.crt")
    return lines


def verification_summary(
    results: t.Sequence[Json],
    table: t.Sequence[Json],
    requirements: t.Sequence[Json],
    address: str,
    state_path: str,
    missing: t.Sequence[Json],
    commands: t.Sequence[str],
) -> list[dict[str, t.Any]]:
    """The sections which the progress callback prints at the end of the run."""
    sections = [
        {"title": f"Platform at {address}", "lines": link_lines(table)},
        {"title": "Credentials", "lines": credential_lines(table, state_path)},
        {"title": "Not available on this network", "lines": missing_lines(missing)},
        {"title": "Checks", "lines": check_lines(results, not_tried(requirements, results, table))},
        {"title": "Next", "lines": list(commands)},
    ]
    return [section for section in sections if section["lines"]]


def missing_lines(missing: t.Sequence[Json]) -> list[str]:
    """What the network could not give, and what serves instead."""
    return [
        f"{entry['name']}: {entry.get('reason') or 'not available'}"
        + (f"; instead: {entry['instead']}" if entry.get("instead") else "")
        for entry in missing
    ]


def status_lines(found: t.Sequence[Json], table: t.Sequence[Json], namespace: str) -> list[str]:
    """One line per service: type, address and ports, health, restarts, and why a container ended the last time."""
    objects = Objects(found, namespace)
    rows = [("SERVICE", "HEALTH", "RESTARTS", "ADDRESS", "PORTS")]
    notes = []
    for service in table:
        name = service["name"]
        lack = available(objects.one("Deployment", name))
        pods = objects.pods(name)
        again = sum(restarts(pod) for pod in pods)
        entry = objects.one("Service", name) or {"spec": {}}
        where = ", ".join(addresses(entry)) or ("inside only" if service["type"] == "ClusterIP" else "no address")
        ports = ", ".join(str(port["port"]) for port in entry["spec"].get("ports") or [])
        rows.append((name, lack or "ok", str(again), where, ports or "none"))
        reason = next((text for text in map(last_reason, pods) if text), "")
        if reason and (lack or again):
            notes.append(f"{name}: {reason}")
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return lines + (["", *notes] if notes else [])
