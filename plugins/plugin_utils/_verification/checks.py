# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks and reports of the role verify. This plugin util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._verification.report import check_lines, table_lines

# What the role knows of a check, and the module does not.
ROLE_KEYS = ("service", "survives")


def selected_checks(checks: t.Sequence[Json], table: t.Sequence[Json]) -> list[dict[str, t.Any]]:
    """Those checks whose ``service`` is in the table of services, and all that name none; as the module takes them."""
    services = {service["name"] for service in table}
    return [
        {key: content for key, content in check.items() if key not in ROLE_KEYS}
        for check in checks
        if check.get("service") in services or "service" not in check
    ]


def requirement_checks(
    table: t.Sequence[Json],
    address: str,
    closed: t.Sequence[int],
    checks: t.Sequence[Json],
    addresses: t.Mapping[str, str] | None = None,
) -> list[dict[str, t.Any]]:
    """What the module service_check shall try: the ports of the table, and those of ``checks`` whose service exists."""
    return [*port_checks(table, address, closed, addresses or {}), *selected_checks(checks, table)]


def port_checks(
    table: t.Sequence[Json], address: str, closed: t.Sequence[int], addresses: t.Mapping[str, str]
) -> list[dict[str, t.Any]]:
    """LB-09: each port of each public service is open. LB-10: those of the others, and ``closed``, are not.

    ``addresses``: of services that have one of their own; the others are at ``address``.
    """
    public: dict[int, str] = {}
    private: dict[int, str] = dict.fromkeys(closed, "")
    for service in table:
        ports = {port["port"]: service["name"] for port in service["ports"]}
        (public if service["type"] == "LoadBalancer" else private).update(ports)
    checks: list[dict[str, t.Any]] = [
        {
            "id": f"LB-09/{port}",
            "title": f"Port {port} of {name} is open",
            "kind": "tcp",
            "host": addresses.get(name, address),
            "port": port,
        }
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


def link_lines(table: t.Sequence[Json]) -> list[str]:
    """Where people find each service; commands stand on the status page, each with a button that copies it."""
    rows = [
        (service["title"], link["url"]) for service in table for link in service.get("links") or [] if "url" in link
    ]
    width = max((len(title) for title, url in rows), default=0)
    return [f"{title:<{width}}  {url}" for title, url in rows]


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
    report: Json,
    table: t.Sequence[Json],
    state_path: str,
    missing: t.Sequence[Json],
    commands: t.Sequence[str],
    every: bool,
) -> list[dict[str, t.Any]]:
    """The sections which the progress callback prints at the end of the run; with ``every`` requirement on a line."""
    sections = [
        {"title": "Requirements", "lines": table_lines(report) if every else []},
        {"title": f"Platform at {report['address']}", "lines": link_lines(table)},
        {"title": "Credentials", "lines": credential_lines(table, state_path)},
        {"title": "Not available on this network", "lines": missing_lines(missing)},
        {"title": "Checks", "lines": check_lines(report)},
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
