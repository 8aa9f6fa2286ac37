# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time: a file names the process that works, and counts for as long as that process lives."""

from __future__ import annotations

import fcntl
import json
import os
import typing as t
from pathlib import Path

PROGRAM = "ansible-playbook"


class Holder(t.NamedTuple):
    """Who works: a process, by number, the kernel's ticks at its start and the boot; and what people want to know."""

    pid: int
    ticks: int
    boot: str
    user: str
    since: str
    command: str


def ticks_of(pid: int, proc: Path) -> int | None:
    """When a process started, in the kernel's ticks since the boot; None where none of this number works."""
    try:
        text = (proc / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name, in parentheses, may hold anything.
    fields = text.rpartition(")")[2].split()
    # Where nobody asks for its end, as in many containers, one that has ended stays listed.
    return None if fields[0] in "ZX" else int(fields[19])


def parent_of(pid: int, proc: Path) -> int:
    """The number of the parent; 0 for none."""
    try:
        return int((proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def command_of(pid: int, proc: Path) -> list[str]:
    """The words of its command line."""
    try:
        return (proc / str(pid) / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def runner_of(pid: int, proc: Path) -> int:
    """The topmost ansible-playbook among the ancestors, as each task is done by a copy of it; or else the parent."""
    found = parent_of(pid, proc)
    above = found
    while above > 1:
        if any(Path(word).name == PROGRAM for word in command_of(above, proc)[:2]):
            found = above
        above = parent_of(above, proc)
    return found


def current(pid: int, user: str, since: str, proc: Path = Path("/proc")) -> Holder:
    """Who works now, seen from one of its processes."""
    runner = runner_of(pid, proc)
    boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
    words = command_of(runner, proc)
    playbooks = [word for word in words if word.endswith((".yml", ".yaml"))]
    return Holder(runner, ticks_of(runner, proc) or 0, boot, user, since, " ".join([PROGRAM, *playbooks[:1]]))


def alive(holder: Holder, boot: str, proc: Path = Path("/proc")) -> bool:
    """Whether that process still lives; a number that is used again, or an earlier boot, does not count."""
    return holder.boot == boot and ticks_of(holder.pid, proc) == holder.ticks


def take(path: Path, mine: Holder, dry: bool = False, proc: Path = Path("/proc")) -> Holder | None:
    """Note down who works, or return another one who still does. With dry nothing is written.

    Raises OSError when the file cannot be read or written.
    """
    if dry and not path.exists():
        return None
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | (0 if dry else os.O_CREAT), 0o600)
    with os.fdopen(descriptor, "r+") as file:
        # Two that come at once look one after the other.
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            other = Holder(**json.load(file))
        except (ValueError, TypeError):
            # Empty, or cut off: whoever wrote it did not get further.
            other = None
        if other and (other.pid, other.ticks, other.boot) == (mine.pid, mine.ticks, mine.boot):
            return None
        if other and alive(other, mine.boot, proc):
            return other
        if not dry:
            file.seek(0)
            file.truncate()
            json.dump(mine._asdict(), file)
    return None
