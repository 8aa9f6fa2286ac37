# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dashboards of the services that there are."""

from __future__ import annotations

import json

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _dashboards

PANEL = {"id": 1, "title": "@name@: @description@", "gridPos": {"h": 3, "w": 24, "x": 0, "y": 0}}
GRAPHS = [
    {"id": 2, "query": "/^(@names@)$/ in @namespace@", "gridPos": {"h": 9, "w": 12, "x": 0, "y": 3}},
    {"id": 3, "query": "", "gridPos": {"h": 9, "w": 12, "x": 12, "y": 3}},
]
TEMPLATES = {
    "service": json.dumps({"uid": "ft-@name@", "kind": "plain", "panels": [PANEL]}),
    "service-storage": json.dumps({"uid": "ft-@name@", "kind": "stored", "panels": [PANEL]}),
    "overview": json.dumps({"uid": "ft-overview", "panels": [PANEL, *GRAPHS]}),
}


def rows(count):
    return [{"name": f"s{number}", "title": f"T{number}", "description": 'says "so"'} for number in range(count)]


def made(table, own=None):
    files = _dashboards.service_dashboards(table, TEMPLATES, "space", own or {})
    return {name: json.loads(text) for name, text in files.items()}


def test_each_service_has_one_by_whether_it_stores():
    one, two = rows(2)
    found = made([one, {**two, "storage": {"size": "1Gi", "path": "/data"}}])
    assert sorted(found) == ["overview.json", "s0.json", "s1.json"]
    assert (found["s0.json"]["kind"], found["s1.json"]["kind"]) == ("plain", "stored")
    assert found["s1.json"]["panels"][0]["title"] == 's1: says "so"'


def test_a_service_may_bring_its_own():
    found = made(rows(2), {"s1": json.dumps({"uid": "mine", "about": "@name@ in @namespace@"})})
    assert found["s1.json"] == {"uid": "mine", "about": "s1 in space"}
    assert found["s0.json"]["kind"] == "plain"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9, 10])
def test_the_overview_has_a_place_for_each_and_its_graphs_below(count):
    panels = made(rows(count))["overview.json"]["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, count + 3))
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, dummy in cells) < 24
    assert min(panel["gridPos"]["y"] for panel in panels[-2:]) == max(
        panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels[:-2]
    )
    names = "|".join(f"s{number}" for number in range(count))
    assert panels[-2]["query"] == f"/^({names})$/ in space"
