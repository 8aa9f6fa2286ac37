# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._ages import age_lines, age_rows, ages

ENDS = {"name": "CA", "until": "2027-01-01", "yellow": 30, "red": 7, "advice": "make renew"}
MADE = {"name": "bundle", "made": "2026-01-01", "yellow": 30, "advice": "make refresh"}


@pytest.mark.parametrize(
    ("today", "line"),
    [
        ("2026-01-01", "CA: until 2027-01-01, 365 days"),
        ("2026-12-02", "CA: until 2027-01-01, 30 days"),
        ("2026-12-03", "yellow: CA: until 2027-01-01, 29 days: make renew"),
        ("2026-12-26", "red: CA: until 2027-01-01, 6 days: make renew"),
        ("2027-01-01", "red: CA: until 2027-01-01, 0 days: make renew"),
        ("2027-01-06", "red: CA: ended on 2027-01-01: make renew"),
        # Days 370, 398 and 830 of a platform of the first of January 2026.
        ("2028-04-10T04:40:00Z", "red: CA: ended on 2027-01-01: make renew"),
    ],
)
def test_what_ends_becomes_yellow_and_red(today, line):
    found = ages([ENDS], today)
    assert age_lines(found) == [line]
    (row,) = age_rows(found, "AGE-01", "It lasts")
    assert (row["ok"], row["id"], row["measured"]) == (not line.startswith("red"), "AGE-01/1", line)
    assert bool(row["message"]) is not row["ok"]


@pytest.mark.parametrize(
    ("thing", "line"),
    [
        (MADE, "bundle: of 2026-01-01, 30 days old"),
        ({**MADE, "made": "2025-12-31"}, "yellow: bundle: of 2025-12-31, 31 days old: make refresh"),
        ({**MADE, "made": ""}, "yellow: bundle: not known: make refresh"),
    ],
)
def test_what_was_made_is_never_red(thing, line):
    assert age_lines(ages([thing], "2026-01-31")) == [line]
    assert age_rows(ages([thing], "2026-01-31"), "AGE-02", "Young")[0]["ok"]


GB = 10**9


def disk(size, free, inodes=1000, inodes_free=900):
    room = {"size": int(size * GB), "free": int(free * GB), "inodes": inodes, "inodes_free": inodes_free}
    return {"name": "disk", "room": room, "advice": "make room"}


@pytest.mark.parametrize(
    ("thing", "line"),
    [
        (disk(100, 50), "disk: 50 of 100 GB are free (50%), room for 90% of its files"),
        (disk(100, 14), "yellow: disk: 14 of 100 GB are free (14%), room for 90% of its files: make room"),
        (disk(100, 7.9), "red: disk: 8 of 100 GB are free (8%), room for 90% of its files: make room"),
        (disk(100, 0), "red: disk: 0 of 100 GB are free (0%), room for 90% of its files: make room"),
        # What is enough is enough, however large the disk is.
        (disk(4000, 21), "disk: 21 of 4000 GB are free (1%), room for 90% of its files"),
        (disk(4000, 19), "yellow: disk: 19 of 4000 GB are free (0%), room for 90% of its files: make room"),
        # A small disk may be as empty as it can be.
        (disk(10, 6), "disk: 6 of 10 GB are free (60%), room for 90% of its files"),
        (
            disk(100, 50, inodes_free=140),
            "yellow: disk: 50 of 100 GB are free (50%), room for 14% of its files: make room",
        ),
        (disk(100, 50, inodes_free=0), "red: disk: 50 of 100 GB are free (50%), room for 0% of its files: make room"),
        (disk(100, 50, None, None), "disk: 50 of 100 GB are free (50%)"),
        (disk(0, 0, None, None), "disk: 0 of 0 GB are free (100%)"),
    ],
)
def test_a_disk_becomes_yellow_and_red_before_it_is_full(thing, line):
    found = ages([thing], "2026-01-01")
    assert age_lines(found) == [line]
    assert age_rows(found, "ROOM-01", "Room")[0]["ok"] is not line.startswith("red")


def test_the_worst_is_shown_first():
    things = [disk(100, 50), disk(100, 14), disk(100, 1), disk(100, 60)]
    rows = age_rows(ages(things, "2026-01-01"), "ROOM-01", "Room")
    assert [row["id"] for row in rows] == ["ROOM-01/3", "ROOM-01/2", "ROOM-01/1", "ROOM-01/4"]


def test_a_text_that_is_no_day_is_refused():
    with pytest.raises(AnsibleFilterError, match="soon"):
        ages([{**ENDS, "until": "soon"}], "2026-01-01")
