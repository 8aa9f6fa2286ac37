# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dashboard for each service, and the overview, from templates. This plugin util is private to the collection.

The templates are Grafana's own JSON with words between @ in the place of names; tools/dashboards.py makes them.
"""

from __future__ import annotations

import json
import typing as t

COLUMNS = 24
WIDTH = 110

Row = t.Mapping[str, t.Any]
Dashboard = dict[str, t.Any]


def replaced(value: t.Any, words: t.Mapping[str, str]) -> t.Any:
    """A copy of the value with other words in all of its texts."""
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace(f"@{word}@", text)
        return value
    if isinstance(value, dict):
        return {key: replaced(each, words) for key, each in value.items()}
    return [replaced(each, words) for each in value] if isinstance(value, list) else value


def overview(table: t.Sequence[Row], template: Dashboard, words: t.Mapping[str, str]) -> Dashboard:
    """The overview: the template's first panel once for each service, then its others below."""
    tile, *graphs = template["panels"]
    # Full lines, where that is possible.
    width = 8 if len(table) % 3 == 0 else 6
    height, in_line = tile["gridPos"]["h"], COLUMNS // width
    panels = []
    for number, row in enumerate(table):
        place = {"h": height, "w": width, "x": number % in_line * width, "y": number // in_line * height}
        panels.append({**replaced(tile, {**words, **names_of(row)}), "id": number + 1, "gridPos": place})
    below = -(-len(table) // in_line) * height - min(panel["gridPos"]["y"] for panel in graphs)
    for panel in replaced(graphs, {**words, "names": "|".join(row["name"] for row in table)}):
        place = {**panel["gridPos"], "y": panel["gridPos"]["y"] + below}
        panels.append({**panel, "id": len(panels) + 1, "gridPos": place})
    return {**replaced({**template, "panels": []}, words), "panels": panels}


def names_of(row: Row) -> dict[str, str]:
    """The words of one service."""
    return {key: row[key] for key in ("name", "title", "description")}


def service_dashboards(
    table: t.Sequence[Row], templates: t.Mapping[str, str], namespace: str, own: t.Mapping[str, str]
) -> dict[str, str]:
    """The files of all dashboards, JSON by the name of the file.

    ``templates`` has the JSON of ``service``, ``service-storage`` and ``overview``; ``own`` that of services which
    bring one with them, by the name of the service.
    """
    known = {name: json.loads(text) for name, text in templates.items()}
    words = {"namespace": namespace}
    made = {}
    for row in table:
        template = known["service-storage" if row.get("storage") else "service"]
        template = json.loads(own[row["name"]]) if row["name"] in own else template
        made[row["name"]] = replaced(template, {**words, **names_of(row)})
    made["overview"] = overview(table, known["overview"], words)
    return {f"{name}.json": json_text(made[name]) for name in sorted(made)}


def json_text(value: object, indent: str = "") -> str:
    """JSON for people: what fits into a line stands in one."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(flat) <= WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key)}: {json_text(each, inner)}" for key, each in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + json_text(each, inner) for each in value) + f"\n{indent}]"
