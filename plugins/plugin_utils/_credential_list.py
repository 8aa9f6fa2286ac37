# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where credentials are, and what they are when asked. This plugin util is private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json


def credential_list(table: t.Sequence[Json], held: t.Mapping[str, Json], show: bool) -> list[dict[str, t.Any]]:
    """A section for each service with credentials: name, kind, place, and with ``show`` the value.

    A private key is never printed: its place is enough, and a terminal is a bad place for it.
    """
    sections = []
    for service in table:
        lines = [credential_line(entry, held.get(entry["name"]), show) for entry in service.get("credentials") or []]
        server = service.get("external") if service.get("kind") == "external" else None
        if server and server["secret"]:
            lines = [f"{name}: in the Secret {server['secret']}, which is yours" for name in server["accounts"]]
        if lines:
            sections.append({"title": f"{service['title']} ({service['name']})", "lines": lines})
    return sections


def credential_line(entry: Json, credential: Json | None, show: bool) -> str:
    """One credential."""
    place = entry.get("file") or "in credentials.json"
    if credential is None:
        return f"{entry['name']}: not made yet"
    if not show:
        return f"{entry['name']}: {credential['kind']}, {place}"
    if credential["kind"] == "ssh_key":
        return f"{entry['name']}: {credential['public'].strip()}; private key {place}"
    return f"{entry['name']}: {credential['value']}"
