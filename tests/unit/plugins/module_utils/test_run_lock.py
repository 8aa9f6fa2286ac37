# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._run_lock import Holder, current, runner_of, take

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock in a folder that is not there yet."""
    return tmp_path / "state" / "run.lock"


def of(pid: int, ticks: int, boot: str = BOOT) -> Holder:
    """A holder of this number."""
    return Holder(pid, ticks, boot, "somebody", "2026-01-01T00:00:00Z", "ansible-playbook site.yml")


def mine() -> Holder:
    """This process."""
    return current(os.getpid(), "me", "2026-01-02T00:00:00Z")


def sleeper() -> tuple[subprocess.Popen[bytes], Holder]:
    """Another process that lives, and its name as a holder."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    ticks = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
    return process, of(process.pid, ticks)


def test_a_free_lock_is_taken_and_taken_again_by_the_same(lock: Path) -> None:
    me = mine()
    assert take(lock, me) is None
    assert take(lock, me) is None
    assert lock.stat().st_mode & 0o777 == 0o600


def test_another_that_lives_is_told_and_one_that_ended_does_not_count(lock: Path) -> None:
    process, other = sleeper()
    assert take(lock, other) is None
    assert take(lock, mine()) == other
    process.communicate(b"\n")
    assert take(lock, mine()) is None


def test_one_that_ended_but_is_still_listed_does_not_count(lock: Path) -> None:
    process, other = sleeper()
    assert take(lock, other) is None
    process.kill()
    # Its end is noticed, but not taken: so it stays a zombie.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert take(lock, mine()) is None
    process.communicate()


@pytest.mark.parametrize("other", [of(os.getpid(), 1), of(1, 0), of(os.getppid(), 1, "an earlier boot")])
def test_a_number_used_again_does_not_count(lock: Path, other: Holder) -> None:
    assert take(lock, other) is None
    assert take(lock, mine()) is None


@pytest.mark.parametrize("text", ["", '{"pid": 1', "[]", '{"pid": 1}'])
def test_a_file_that_was_cut_off_does_not_count(lock: Path, text: str) -> None:
    lock.parent.mkdir()
    lock.write_text(text)
    assert take(lock, mine()) is None


def test_check_mode_refuses_too_and_writes_nothing(lock: Path) -> None:
    assert take(lock, mine(), dry=True) is None
    assert not lock.parent.exists()
    process, other = sleeper()
    take(lock, other)
    assert take(lock, mine(), dry=True) == other
    process.communicate(b"\n")
    before = lock.read_text()
    assert take(lock, mine(), dry=True) is None
    assert lock.read_text() == before


def test_the_topmost_run_is_the_holder(tmp_path: Path) -> None:
    tree = {
        9: (8, "python\0module"),
        8: (7, "/bin/sh\0-c"),
        7: (6, "python\0/x/ansible-playbook\0site.yml"),
        6: (5, ""),
    }
    tree |= {5: (4, "python\0/x/ansible-playbook\0site.yml"), 4: (1, "make\0up")}
    for pid, (parent, words) in tree.items():
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (a (b) c) S {parent} " + "0 " * 17 + "77 0\n")
        (tmp_path / str(pid) / "cmdline").write_text(words + "\0")
    assert runner_of(9, tmp_path) == 5
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("b\n")
    found = current(9, "me", "now", tmp_path)
    assert (found.pid, found.ticks, found.command) == (5, 77, "ansible-playbook site.yml")
