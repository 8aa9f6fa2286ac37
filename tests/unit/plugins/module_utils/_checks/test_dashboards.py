# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what panels and Grafana answer, and judging the data of dashboards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks import registry
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.dashboards import (
    Differs,
    Grafana,
    Panels,
    data,
    lack,
    series_of_frame,
    with_origin,
)

DASHBOARDS = Path(__file__).resolve().parents[5] / "roles/services/files/dashboards"
NOW = 2_000_000.0
OWN = {"container_name": "nginx", "namespace": "ft"}
QUERY = 'SELECT last("x") FROM "m" WHERE $timeFilter GROUP BY time($__interval) fill(null)'
TARGETS = [{"refId": name, "query": QUERY, "alias": "used"} for name in "AB"]
FOUND = {"nginx": {"panels": [{"title": "CPU", "targets": TARGETS}]}}
CHECK = {
    "id": "data",
    "kind": "dashboards",
    "about": "data",
    "url": "https://127.0.0.1:9/",
    "username": "admin",
    "credential": "grafana_admin",
    "dashboards": ["nginx"],
}


def influx(*points, tags=None):
    """An answer to one query: seconds before now, and values."""
    values = [[(NOW - ago) * 1000, value] for ago, value in points]
    return {"results": [{"series": [{"tags": tags or OWN, "values": values}] if points else []}]}


def frames(*points, tags=None):
    """The same as Grafana says it."""
    fields = [{"type": "time"}, {"type": "number", "labels": tags or OWN}]
    columns = [[(NOW - ago) * 1000 for ago, dummy in points], [value for dummy, value in points]]
    return {"status": 200, "frames": [{"schema": {"fields": fields}, "data": {"values": columns}}]}


def viewer_of(kind, answers):
    """A viewer that answers the queries A and B of a panel; it has no server."""
    viewer = kind.__new__(kind)
    viewer.asked = []
    queue = list(answers)

    def get(path, body=None):
        viewer.asked.append(body or path)
        if body is None:
            return queue.pop(0)
        return {"results": dict(zip("AB", queue, strict=True))}

    viewer.get = get
    return viewer


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr("time.time", lambda: NOW)


BOTH = pytest.mark.parametrize(("kind", "answer"), [(Panels, influx), (Grafana, frames)])


@BOTH
def test_recent_values_of_the_container_are_good(kind, answer):
    viewer = viewer_of(kind, [answer((40, 1), (0, None)), answer((30, 0))])
    assert data(viewer, CHECK, FOUND).endswith("2 queries of 1 dashboards have values of the last 120 s")


@BOTH
@pytest.mark.parametrize(
    ("points", "tags", "reason"),
    [
        ([], None, "nginx: CPU, query B, shows nothing of the last 120 s"),
        ([(10, None)], None, "query B, shows nothing"),
        ([(130, 1)], None, "query B, shows nothing"),
        ([(10, 1)], {"container_name": "mysql", "namespace": "ft"}, "not of nginx alone, but of mysql too"),
        ([(10, 1)], {"other": "x"}, "but of nobody too"),
    ],
)
def test_one_query_with_old_missing_or_foreign_values_is_enough_to_fail(kind, answer, points, tags, reason):
    with pytest.raises(Differs, match=reason):
        data(viewer_of(kind, [answer((10, 1)), answer(*points, tags=tags)]), CHECK, FOUND)


def test_values_of_two_namespaces_are_not_good():
    found = [({"container_name": "nginx", "namespace": name}, [NOW]) for name in ("one", "two")]
    assert "several namespaces" in lack(found, "nginx", NOW)


def test_errors_are_told():
    with pytest.raises(Differs, match="error parsing query"):
        data(viewer_of(Panels, [{"results": [{"error": "error parsing query"}]}]), CHECK, FOUND)
    with pytest.raises(Differs, match="no such database"):
        data(viewer_of(Grafana, [{"error": "no such database"}, frames()]), CHECK, FOUND)


def test_panels_gets_the_macros_replaced_and_grafana_replaces_them_itself():
    viewer = viewer_of(Panels, [influx((10, 1))] * 2)
    data(viewer, CHECK, FOUND)
    assert len(viewer.asked) == 2
    assert "1999700000ms" in viewer.asked[0]
    assert "%24" not in viewer.asked[0]
    viewer = viewer_of(Grafana, [frames((10, 1))] * 2)
    data(viewer, CHECK, FOUND)
    (asked,) = viewer.asked
    assert (asked["from"], asked["to"]) == ("1999700000", "2000000000")
    assert all("$timeFilter" in query["query"] for query in asked["queries"])


def test_a_query_also_tells_whose_its_series_are():
    query = 'SELECT a FROM (SELECT b GROUP BY time($__interval), "pod_name") GROUP BY time($__interval), "namespace"'
    assert with_origin({"query": query})["query"] == (
        'SELECT a FROM (SELECT b GROUP BY time($__interval), "pod_name", "container_name", "namespace") '
        'GROUP BY time($__interval), "namespace", "container_name"'
    )


@pytest.mark.parametrize("file", sorted(DASHBOARDS.glob("*.json")), ids=lambda file: file.stem)
def test_every_query_of_our_dashboards_can_be_asked_whose_its_series_are(file):
    for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]:
        for target in panel["targets"]:
            query = with_origin(target)["query"]
            assert query.count('"container_name", "namespace"') == query.count("GROUP BY")


def test_a_frame_without_times_has_no_values():
    frame = {"schema": {"fields": [{"type": "number"}]}, "data": {"values": [[]]}}
    assert series_of_frame(frame) == [({}, [])]


def test_a_server_that_is_away_is_no_traceback(tmp_path):
    file = tmp_path / "credentials.json"
    secret = {"kind": "password", "value": "hidden-from-all"}
    file.write_text(json.dumps({"format": 1, "checksum_key": "0" * 64, "credentials": {"grafana_admin": secret}}))
    file.chmod(0o600)

    def tried(**more):
        check = {**CHECK, "credentials_file": str(file), **more}
        (result,) = registry.run_checks([check], lambda command: (1, "", ""), timeout=2, deadline=0, interval=0.01)
        assert not result["ok"]
        assert "hidden-from-all" not in str(result)
        return result["measured"]

    assert tried() == "connection refused"
    assert "has no credential 'nobody'" in tried(credential="nobody")


@pytest.mark.parametrize("more", [{"url": "http://h/"}, {"url": "https:///x"}, {"dashboards": []}])
def test_checks_that_cannot_be_made(more):
    assert registry.problems([{**CHECK, **more}])
    assert not registry.problems([CHECK])
