# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How old backups are, and may be."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._backup_ages import (
    backup_ages,
    backup_lines,
    backup_rows,
    longest_pause,
    seconds_of,
)

HOUR, DAY = 3600, 24 * 3600
NOW = seconds_of("2026-11-30T12:00:00Z")
TABLE = [{"name": "mysql", "backup": "sql"}, {"name": "nginx"}, {"name": "ftps", "backup": "tar"}]


@pytest.mark.parametrize(
    ("schedule", "pause"),
    [
        ("17 * * * *", HOUR),
        ("*/15 * * * *", 15 * 60),
        ("17 3 * * *", DAY),
        ("@daily", DAY),
        ("0 8-18/2 * * mon-fri", 62 * HOUR),
        ("0 0 * * 7", 7 * DAY),
        ("0 0 1,15 * *", 17 * DAY),
        # Either of both, as in a crontab: the 13th, and each Friday.
        ("0 0 13 * fri", 7 * DAY),
        ("0 0 1 Jan *", 365 * DAY),
    ],
)
def test_the_longest_pause_of_a_schedule(schedule, pause):
    assert longest_pause(schedule) == pause


def cluster(times, made="2026-11-01T00:00:00Z", up="2026-11-01T00:00:00Z", schedule="17 * * * *", suspend=False):
    metadata = {"namespace": "n", "creationTimestamp": made}
    found = [
        {"kind": "ConfigMap", "metadata": {**metadata, "name": "backup-times"}, "data": times},
        {
            "kind": "CronJob",
            "metadata": {**metadata, "name": "backup"},
            "spec": {"schedule": schedule, "suspend": suspend},
        },
        {
            "kind": "Node",
            "metadata": {"name": "node"},
            "status": {"conditions": [{"type": "Ready", "lastTransitionTime": up}]},
        },
    ]
    return found + [{"kind": "Deployment", "metadata": {**metadata, "name": name}} for name in ("mysql", "ftps")]


def ages(*arguments, hours=0, **options):
    return backup_ages(cluster(*arguments, **options), TABLE, "n", NOW, hours)


def test_a_part_that_is_older_than_it_should_be_is_named_and_no_other():
    found = ages({"mysql": "2026-11-30T11:17:00Z", "ftps": "2026-11-30T07:00:00Z"})
    assert [(each["service"], each["late"], each["allowed_hours"]) for each in found] == [
        ("mysql", False, 3),
        ("ftps", True, 3),
    ]
    (row,) = backup_rows(found, NOW)
    assert not row["ok"]
    assert row["id"] == "BAK-01"
    assert row["measured"] == "ftps 5 h ago"
    assert backup_lines(found, NOW) == [
        "backed up: mysql 43 min ago, ftps 5 h ago",
        "BACKUP TOO OLD, more than 3 h: ftps",
    ]


def test_a_part_that_is_missing_is_named():
    (row,) = backup_rows(ages({"mysql": "2026-11-30T11:17:00Z"}), NOW)
    assert not row["ok"]
    assert row["measured"] == "ftps never"


@pytest.mark.parametrize("option", ["made", "up"])
def test_nothing_is_late_on_a_cluster_that_has_just_come_up(option):
    found = ages({}, **{option: "2026-11-30T10:00:00Z"})
    assert not any(each["late"] for each in found)
    (row,) = backup_rows(found, NOW)
    assert row["ok"]
    assert row["measured"] == "mysql never, ftps never"


def test_the_bound_of_a_setting_stands_above_that_of_the_schedule():
    times = {"mysql": "2026-11-30T06:00:00Z", "ftps": "2026-11-30T06:00:00Z"}
    assert not any(each["late"] for each in ages(times, hours=12))
    assert all(each["late"] for each in ages(times, hours=5, suspend=True))


def test_without_a_schedule_nothing_is_judged():
    found = ages({"mysql": "2026-11-01T06:00:00Z"}, suspend=True)
    assert backup_rows(found, NOW) == []
    assert backup_rows(backup_ages([], TABLE, "n", NOW), NOW) == []
    assert len(backup_lines(found, NOW)) == 1


def test_what_is_no_time_counts_as_none():
    assert seconds_of("yesterday") == seconds_of(None) == 0
