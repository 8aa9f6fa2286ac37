# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that judges what is back after a loss finds what it should."""

from __future__ import annotations

import hashlib
import json

import pytest

BACKUP = 1_800_000_000.0


def row(writer, number, half, body=None):
    body = body or f"{writer}-{number}-{half}-" + "x" * number
    return "\t".join([str(writer), str(number), str(half), body, hashlib.sha256(body.encode()).hexdigest()])


WHOLE = [row(0, 0, 0), row(0, 0, 1), row(0, 1, 0), row(0, 1, 1)]


@pytest.fixture(scope="module")
def writers(program):
    return program("loss_writers")


@pytest.fixture
def log(tmp_path):
    entries = [[0, 0, BACKUP - 9], [0, 1, BACKUP - 5], [0, 2, BACKUP + 5]]
    (tmp_path / "log").write_text("".join(json.dumps(each) + "\n" for each in entries))
    return tmp_path / "log"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (WHOLE, []),
        ([*WHOLE, row(0, 2, 0), row(0, 2, 1)], []),
        (WHOLE[:2], ["writer 0, transaction 1: lost, though 5.0 s older than the backup"]),
        (WHOLE[:3], ["writer 0, transaction 1: half"]),
        ([*WHOLE[:3], row(0, 1, 1, "other")], ["writer 0, transaction 1: its row 1 is not what was written"]),
    ],
    ids=["all", "more", "lost", "half", "changed"],
)
def test_what_is_lost_half_or_changed_is_named(writers, log, rows, told):
    assert writers.problems(log, "\n".join(rows), BACKUP) == told


def test_a_transaction_writes_two_rows_and_answers_when_both_are_there(writers):
    sql = writers.transaction(3, 7)
    assert sql.count("INSERT INTO") == 2
    assert sql.index("COMMIT") < sql.index("SELECT 7")


def test_times_are_read_as_manifests_write_them(writers):
    assert writers.seconds_of("2027-01-15T08:00:00Z") == BACKUP
