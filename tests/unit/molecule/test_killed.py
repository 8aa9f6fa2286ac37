# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that kills a run leaves nothing of it, whatever that started."""

from __future__ import annotations

import os
import time

import pytest

# A worker that leads a session of its own, as Ansible's do, with a child; both say who they are.
RUN = "setsid sh -c 'echo $$ >>{0}; sleep 300 & echo $! >>{0}; wait' & echo $! >>{0}; trap '' TERM INT HUP; wait"


@pytest.fixture(scope="module")
def killed(program):
    return program("killed")


def runs(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{number}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def test_all_that_a_run_started_ends_with_it(killed, tmp_path):
    log = tmp_path / "log"
    found = killed.run(2.0, [], ["sh", "-c", RUN.format(log)])
    assert found["moment"]
    assert found["code"] == -9
    numbers = {int(line) for line in log.read_text().split()}
    assert len(numbers) >= 2
    deadline = time.monotonic() + 10
    while any(map(runs, numbers)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_ended_before_its_moment_is_told(killed):
    found = killed.run(60.0, [], ["sh", "-c", "echo done; exit 3"])
    assert found == {"moment": False, "code": 3, "said": "done\n"}


def test_a_run_that_is_only_disturbed_goes_on(killed, tmp_path):
    file = tmp_path / "there"
    found = killed.run(0.3, ["touch", str(file)], ["sh", "-c", f"until [ -e {file} ]; do sleep 0.1; done; exit 4"])
    assert found["moment"]
    assert found["code"] == 4


def test_a_victim_that_is_just_being_replaced_is_tried_again(killed, tmp_path):
    file = tmp_path / "there"
    wait = ["sh", "-c", f"sleep 1; touch {file}; sleep 1"]
    assert killed.run(0.1, ["test", "-e", str(file)], wait)["moment"]
    assert not killed.run(0.1, ["false"], ["sleep", "1"])["moment"]


def test_a_run_that_was_faster_is_run_again_with_an_earlier_moment(killed, tmp_path):
    log = tmp_path / "log"
    # The second time it takes longer than any moment.
    command = ["sh", "-c", f"echo run >>{log}; [ $(wc -l <{log}) -lt 2 ] || sleep 300"]
    found = killed.run_to_the_moment(2.0, [], command)
    assert found["moment"]
    assert log.read_text() == "run\nrun\n"


@pytest.mark.parametrize(("code", "runs"), [(0, 4), (3, 1)])
def test_a_run_that_is_always_faster_is_told_and_a_failure_at_once(killed, tmp_path, code, runs):
    log = tmp_path / "log"
    found = killed.run_to_the_moment(60.0, [], ["sh", "-c", f"echo run >>{log}; exit {code}"])
    assert (found["moment"], found["code"]) == (False, code)
    assert log.read_text() == "run\n" * runs
