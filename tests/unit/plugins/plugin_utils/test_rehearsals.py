# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of the last rehearsal of a restore."""

from __future__ import annotations

import json

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._backup_ages import seconds_of
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._rehearsals import (
    rehearsal_lines,
    rehearsal_rows,
    rehearsal_state,
)

NOW = seconds_of("2026-11-30T12:00:00Z")
GOOD = {"mysql": "good 12 tables", "ftps": "good 3 files"}
BAD = {"mysql": "bad the backup names tables that it does not hold: wordpress.wp_posts", "ftps": "good 3 files"}


def result(at, services):
    good = all(text.startswith("good") for text in services.values())
    return json.dumps({"at": at, "good": good, "backup": "b1", "services": services})


def cluster(data=None, made="2026-01-01T00:00:00Z", up="2026-01-01T00:00:00Z", suspend=False):
    metadata = {"namespace": "n", "creationTimestamp": made, "name": "rehearsal"}
    spec = {"schedule": "41 4 * * 0", "suspend": suspend, "jobTemplate": {"spec": {"activeDeadlineSeconds": 3600}}}
    ready = {"conditions": [{"type": "Ready", "lastTransitionTime": up}]}
    return [
        {"kind": "ConfigMap", "metadata": metadata, "data": data or {}},
        {"kind": "CronJob", "metadata": metadata, "spec": spec},
        {"kind": "Node", "metadata": {"name": "node"}, "status": ready},
    ]


def state(*arguments, days=0, **options):
    return rehearsal_state(cluster(*arguments, **options), "n", NOW, days)


def test_a_good_one_is_told_with_what_it_found():
    found = state({"result.json": result("2026-11-30T09:00:00Z", GOOD)})
    (row,) = rehearsal_rows(found, NOW)
    assert row["ok"]
    assert row["id"] == "BAK-02"
    assert row["measured"] == "good, 3 h ago, of the backup b1"
    assert rehearsal_lines(found, NOW)[1:] == ["  mysql: 12 tables", "  ftps: 3 files"]


def test_one_that_failed_is_red_and_says_what():
    found = state({"result.json": result("2026-11-30T11:00:00Z", BAD)})
    (row,) = rehearsal_rows(found, NOW)
    assert not row["ok"]
    assert "FAILED, 60 min ago" in row["message"]
    assert "mysql: the backup names tables that it does not hold: wordpress.wp_posts" in row["message"]
    assert "ftps" not in row["message"]
    assert len(rehearsal_lines(found, NOW)) == 1


@pytest.mark.parametrize(("at", "level"), [("23", "ok"), ("22", "yellow"), ("17", "yellow"), ("16", "red")])
def test_a_missed_one_is_yellow_and_a_second_red(at, level):
    found = state({"result.json": result(f"2026-11-{at}T04:41:00Z", GOOD)})
    assert found["level"] == level
    (row,) = rehearsal_rows(found, NOW)
    assert row["ok"] is (level != "red")
    assert ("too old" in row["measured"]) is (level != "ok")


@pytest.mark.parametrize("option", ["made", "up"])
def test_a_new_platform_is_told_that_none_was_made_and_does_not_fail(option):
    found = state(**{option: "2026-11-30T10:00:00Z"})
    (row,) = rehearsal_rows(found, NOW)
    assert row["ok"]
    assert row["measured"] == "never"
    assert rehearsal_lines(found, NOW) == ["rehearsal of a restore: never"]
    assert state()["level"] == "red"


@pytest.mark.parametrize(("begun", "good"), [("2026-11-30T11:30:00Z", True), ("2026-11-30T10:30:00Z", False)])
def test_one_that_did_not_come_to_an_end_is_red(begun, good):
    found = state({"begun": begun, "result.json": result("2026-11-29T11:00:00Z", GOOD)})
    assert rehearsal_rows(found, NOW)[0]["ok"] is good
    assert (f"the one of {begun} did not come to an end" in rehearsal_lines(found, NOW)[0]) is not good


def test_the_bound_of_a_setting_stands_above_that_of_the_schedule():
    data = {"result.json": result("2026-11-20T11:00:00Z", GOOD)}
    assert state(data, days=30)["level"] == "ok"
    assert state(data, days=5, suspend=True)["level"] == "red"


def test_without_a_schedule_only_what_there_is_is_judged():
    assert rehearsal_rows(state(suspend=True), NOW) == []
    assert rehearsal_lines(state(suspend=True), NOW) == []
    assert state({"result.json": result("2026-01-20T11:00:00Z", GOOD)}, suspend=True)["level"] == "ok"
    assert state({"result.json": result("2026-01-20T11:00:00Z", BAD)}, suspend=True)["level"] == "red"
    assert rehearsal_rows(rehearsal_state([], "n", NOW), NOW) == []


@pytest.mark.parametrize("text", ["{", "[]", "null"])
def test_what_nobody_can_read_counts_as_none(text):
    assert state({"result.json": text}, made="2026-11-30T10:00:00Z")["at"] is None
