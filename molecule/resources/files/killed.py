# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command, and at a moment kills it with all that it started, or does something else that stands in its way.

killed.py SECONDS INSTEAD COMMAND...: INSTEAD is a JSON list, the words of what is done at that moment; empty: the
command is killed. Says what came of it as JSON: C(moment) is whether it still ran then, C(code) how it ended. Where it
ended well before that moment it is run again with an earlier one: the machine may be faster than when it was measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

# Seconds that a command may take that was only disturbed.
PATIENCE = 600
# How often a command is run that was faster than its moment, and how much earlier that is each time.
TRIES, EARLIER = 4, 0.6


def parents() -> dict[int, int]:
    """The parent of each process."""
    found = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold anything.
            found[int(stat.parent.name)] = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
    return found


def tree(root: int, known: dict[int, int]) -> set[int]:
    """A process and all that it started, also what leads a group or a session of its own."""
    found, more = set[int](), {root}
    while more:
        found |= more
        more = {child for child, parent in known.items() if parent in more} - found
    return found


def kill(root: int) -> None:
    """End all of it at once, as a power cut does: nobody is left who could clean up or start others."""
    stopped = set[int]()
    while more := tree(root, parents()) - stopped:
        for each in more:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGSTOP)
        stopped |= more
    for each in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def disturb(program: subprocess.Popen[bytes], instead: list[str]) -> bool:
    """Do what stands in the way of the program, again while its victim is being replaced; tell whether it was done."""
    while program.poll() is None:
        if subprocess.run(instead, check=False, stdout=subprocess.DEVNULL).returncode == 0:
            return True
        time.sleep(0.5)
    return False


def run(seconds: float, instead: list[str], command: list[str]) -> dict[str, object]:
    """Run the command, and return what came of it."""
    with tempfile.TemporaryFile() as log:
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        moment = True
        try:
            program.wait(seconds)
            moment = False
        except subprocess.TimeoutExpired:
            if instead:
                moment = disturb(program, instead)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    program.wait(PATIENCE)
        if program.poll() is None:
            kill(program.pid)
            program.wait()
        log.seek(0)
        said = log.read().decode(errors="replace")
    return {"moment": moment, "code": program.returncode, "said": said[-2000:]}


def run_to_the_moment(seconds: float, instead: list[str], command: list[str]) -> dict[str, object]:
    """Run the command until it is still at work at its moment, and return what came of the last time."""
    found = run(seconds, instead, command)
    for more in range(1, TRIES):
        if found["moment"] or found["code"]:
            break
        found = run(seconds * EARLIER**more, instead, command)
    return found


if __name__ == "__main__":
    print(json.dumps(run_to_the_moment(float(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:])))
