# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed templates are those that the tool makes; what becomes of them agrees with Grafana's image."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _dashboards

REPOSITORY = Path(__file__).resolve().parents[3]
FOLDER = REPOSITORY / "roles/services/files/dashboards"
IMAGE = REPOSITORY / "images/grafana"
NEEDED = {"CPU", "Memory", "Network", "Volumes", "Restarts", "Uptime"}


def generator():
    spec = importlib.util.spec_from_file_location("dashboards", REPOSITORY / "tools/dashboards.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def table():
    rows = [yaml.safe_load(file.read_text()) for file in (REPOSITORY / "images").glob("*/service.yml")]
    return [row for row in rows if row.get("kind") != "job"]


@pytest.fixture(scope="module")
def made(table):
    texts = {file.stem: file.read_text() for file in FOLDER.glob("*.json")}
    files = _dashboards.service_dashboards(table, texts, "@namespace@", {})
    return {name.removesuffix(".json"): json.loads(text) for name, text in files.items()}


def targets(dashboard):
    return [target for panel in dashboard["panels"] for target in panel["targets"]]


def test_the_files_are_what_the_tool_makes():
    assert {file.name: file.read_text() for file in FOLDER.glob("*.json")} == generator().files(), (
        "run python tools/dashboards.py"
    )


def test_every_service_has_a_dashboard_and_links_lead_to_them(table, made):
    names = [row["name"] for row in table]
    assert set(made) == {*names, "overview"}
    assert {name: dashboard["uid"] for name, dashboard in made.items()} == {name: f"ft-{name}" for name in made}
    links = {link["url"] for panel in made["overview"]["panels"] for link in panel.get("links", [])}
    assert links == {f"/d/ft-{name}" for name in names}


def test_every_dashboard_has_the_panels_that_are_asked_for(table, made):
    for row in table:
        graphs = {panel["title"]: panel for panel in made[row["name"]]["panels"] if panel["type"] == "timeseries"}
        assert set(graphs) == NEEDED
        for limited in ("CPU", "Memory"):
            assert "limit" in [target["alias"] for target in graphs[limited]["targets"]]


def test_every_query_is_about_one_namespace_and_the_containers_of_its_dashboard(table, made):
    every = "|".join(row["name"] for row in table)
    for name, dashboard in made.items():
        allowed = [f"\"container_name\" = '{name}'"]
        if name == "overview":
            allowed = [
                f'"container_name" =~ /^({every})$/',
                *(f"\"container_name\" = '{row['name']}'" for row in table),
            ]
        for target in targets(dashboard):
            source = target["query"].rpartition(' FROM "kubernetes')[2]
            assert "\"namespace\" = '@namespace@'" in source
            assert any(text in source for text in allowed), target["query"]
            assert "$timeFilter" in source
            assert "time($__interval)" in source


def test_panels_have_ids_of_their_own_and_do_not_cover_each_other(made):
    for dashboard in made.values():
        panels = dashboard["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        cells = set()
        for panel in panels:
            place = panel["gridPos"]
            own = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not own & cells
            assert max(x for x, dummy in own) < 24
            cells |= own


def test_the_data_source_is_the_one_that_the_queries_name_and_its_secrets_exist(table, made):
    (source,) = yaml.safe_load((IMAGE / "datasource.yml").read_text())["datasources"]
    assert {target["datasource"]["uid"] for each in made.values() for target in targets(each)} == {source["uid"]}
    assert {target["datasource"]["type"] for each in made.values() for target in targets(each)} == {source["type"]}
    assert source["url"] == "$INFLUXDB_URL"
    assert (source["user"], source["jsonData"]["dbName"], source["access"]) == ("grafana", "telegraf", "proxy")
    assert source["jsonData"]["tlsAuthWithCACert"]
    assert "tlsSkipVerify" not in source["jsonData"]
    (row,) = [row for row in table if row["name"] == "grafana"]
    assert "INFLUXDB_URL" in [entry["name"] for entry in row["env"]]
    known = {f"/etc/service/secrets/{name}" for name in row["secret_files"]} | {
        "/etc/service/tls/ca.crt",
        "/etc/service/config/root_url",
    }
    for file in ("datasource.yml", "grafana.ini"):
        assert set(re.findall(r"\$__file\{(.*?)\}", (IMAGE / file).read_text())) <= known


def test_the_provider_of_dashboards_leaves_them_as_they_are():
    (provider,) = yaml.safe_load((IMAGE / "dashboards.yml").read_text())["providers"]
    assert provider["type"] == "file"
    assert provider["disableDeletion"]
    assert not provider["allowUiUpdates"]
    assert provider["options"]["path"] == "/etc/service/config"
