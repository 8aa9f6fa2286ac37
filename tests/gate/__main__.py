# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality gate: `python3 tests/gate` runs every step, `python3 tests/gate lint unit` runs these.

Each step's output goes to artifacts/<step>*.log. The last line is always "N passed, N failed".
"""

from __future__ import annotations

import argparse
import fcntl
import signal
import sys
import time

import machine
import matrix
import steps
from results import Tally, shortened


def perform(name: str, step: steps.Step, failed: set[str]) -> Tally:
    """Run one step and say how it went, in how much time."""
    if step.needs in failed:
        print(f"{name}: not run, because {step.needs} failed", flush=True)
        return Tally(failed=1)
    print(f"{name}: {(step.run.__doc__ or '').splitlines()[0]}", flush=True)
    for log in machine.ARTIFACTS.glob(f"{name}*.log"):
        log.unlink()
    started = time.monotonic()
    try:
        tally = step.run()
    except machine.GateError as error:
        tally = Tally(failed=1, notes=[str(error)])
    for note in dict.fromkeys(tally.notes):  # two rows often say the same
        print(f"  {note}")
    skipped = f", skipped: {', '.join(sorted(set(tally.skipped)))}" if tally.skipped else ""
    spent = time.monotonic() - started
    print(f"  {tally.passed} passed, {tally.failed} failed in {spent:.1f} s{skipped}", flush=True)
    return tally


def main() -> int:
    """Run the steps asked for in their order; return 1 when anything failed."""
    usual = [name for name, step in steps.STEPS.items() if not step.on_request]
    parser = argparse.ArgumentParser(prog="python3 tests/gate", description="The quality gate of the collection.")
    parser.add_argument("step", nargs="*", help=f"any of: {', '.join(steps.STEPS)} (none: {', '.join(usual)})")
    asked = parser.parse_args().step or usual
    if strangers := set(asked) - set(steps.STEPS):
        parser.error(f"no such step: {', '.join(sorted(strangers))}")
    todo = {name: step for name, step in steps.STEPS.items() if name in asked}
    # An end from outside also ends what runs: see machine.run.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    machine.ARTIFACTS.mkdir(exist_ok=True)
    machine.WORK.mkdir(parents=True, exist_ok=True)
    total = Tally()
    failed: set[str] = set()
    with (machine.WORK / "lock").open("w") as lock:
        # Two gates of one clone would write into the same copies.
        fcntl.flock(lock, fcntl.LOCK_EX)
        started = time.monotonic()
        try:
            rows = {row.name: row for step in todo.values() for row in step.rows()}
            matrix.at_once(lambda row: (row.venv, row.root), rows.values())
        except machine.GateError as error:
            print(error)
            todo, total = {}, Tally(failed=1)
        else:
            print(f"ready: {', '.join(rows)}, in {time.monotonic() - started:.1f} s", flush=True)
        for name, step in todo.items():
            tally = perform(name, step, failed)
            total += tally
            if tally.failed:
                failed.add(name)
    print()
    # Again, where whoever sees only the end finds them.
    for note in dict.fromkeys(shortened(note) for note in total.notes if note.startswith("failed: ")):
        print(note)
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
