# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality gate: `python3 tests/gate` runs nox's sessions step by step and counts their test cases.

`python3 tests/gate lint unit` runs these steps. Each session's output goes to artifacts/<session>.log.
The last line is always "N passed, N failed".
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import dataclasses
import fcntl
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import typing as t

import environments
import programs
import results
from environments import ARTIFACTS, ROOT, WORK, GateError
from results import Tally

# What ansible-test says of a fault, less the words around it.
SANITY_LINE = re.compile(r"(ERROR|FATAL): (?!Found \d+ )")


@dataclasses.dataclass(frozen=True)
class Step:
    """How the sessions of a step are run.

    ``limit`` is the most seconds of a session, ``cases`` whether it reports test cases (else it is one), ``needs`` the
    step without which it makes no sense. A step ``on_request`` is run only where it is named. What ``leaves`` something
    to the next one needs that step at the end.
    """

    limit: float = 600
    cases: bool = False
    needs: str | None = None
    on_request: bool = False
    leaves: str | None = None


STEPS = {
    "lint": Step(1200),
    "sanity": Step(2400, cases=True),
    "unit": Step(cases=True),
    "coverage": Step(needs="unit"),
    "integration": Step(2400, cases=True),
    "build": Step(),
    "docs": Step(),
    "bundle": Step(3000),
    "fetch": Step(900, cases=True, needs="bundle"),
    "molecule": Step(3600, cases=True, needs="bundle"),
    # What `make extended` runs. All but the last share a platform: each heals it first, and one removes it.
    **dict.fromkeys(
        ("stress", "changes", "recovery", "kills"),
        Step(3600, cases=True, needs="bundle", on_request=True, leaves="destroy"),
    ),
    "destroy": Step(cases=True, on_request=True),
    **dict.fromkeys(("remote", "existing"), Step(3600, cases=True, needs="bundle", on_request=True)),
}


def nox(venv: pathlib.Path, *words: str) -> list[str]:
    """Return a call of nox."""
    return [str(venv / "bin" / "python"), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), *words]


def list_sessions(venv: pathlib.Path, steps: list[str]) -> dict[str, list[tuple[str, str | None]]]:
    """Return the sessions of each step by their full names, with the Python that a session is bound to."""
    command = nox(venv, "--list", "--json", "--sessions", *steps)
    said = subprocess.run(command, env=environments.environment(venv), capture_output=True, text=True, check=False)
    if said.returncode:
        raise GateError(f"nox cannot read noxfile.py:\n{said.stderr.strip()}")
    found: dict[str, list[tuple[str, str | None]]] = {step: [] for step in steps}
    for entry in json.loads(said.stdout):
        found[entry["name"]].append((entry["session"], entry["call_spec"].get("version")))
    if empty := [step for step, sessions in found.items() if not sessions]:
        raise GateError(f"noxfile.py has no session {', '.join(empty)}")
    return found


def run_session(venv: pathlib.Path, step: str, session: str) -> Tally:
    """Run a session and count its test cases; one that nox left out is a failure."""
    name = re.sub(r"[^\w.-]+", "-", session).strip("-")
    log, report = ARTIFACTS / f"{name}.log", ARTIFACTS / "nox" / f"{name}.json"
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    # The checks of Molecule search this log for secrets.
    env = environments.environment(venv, GATE_LOG=str(log))
    command = nox(venv, "--sessions", session, "--report", str(report))
    outcome = programs.run(session, command, log, env, STEPS[step].limit)
    code = outcome.code
    if code == 0 and not results.succeeded(report, session):
        code = 1
    if not STEPS[step].cases:
        return Tally(passed=1) if code == 0 else Tally(failed=1, notes=[f"failed: {session}\n{outcome.tail}"])
    tally = results.junit((ARTIFACTS / "junit" / session).glob("*.xml"))
    if step == "sanity":
        tally.notes = [line for dummy, line in outcome.lines if SANITY_LINE.match(line)]
    if step == "molecule" or STEPS[step].on_request:
        steps = results.molecule(line for dummy, line in outcome.lines)
        if tally.failed:
            steps.failed = 0  # the step that a failed check belongs to is the same failure
        end = outcome.lines[-1][0] if outcome.lines else 0.0
        tally += steps + Tally(notes=[", ".join(results.molecule_times(outcome.lines, end))])
    tally = tally.settled(code)
    if tally.failed:
        tally += Tally(notes=[f"failed: {session}, see {log.relative_to(ROOT)}\n{outcome.tail}"])
    return tally


def run_step(venv: pathlib.Path, step: str, sessions: list[str], failed: set[str]) -> Tally:
    """Run the sessions of a step, as many at a time as there are processors, and say how it went."""
    if STEPS[step].needs in failed:
        print(f"{step}: not run, because {STEPS[step].needs} failed", flush=True)
        return Tally(failed=1, notes=[f"failed: {step}\nnot run, because {STEPS[step].needs} failed"])
    print(f"{step}: {', '.join(sessions)}", flush=True)
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            tally = sum(pool.map(lambda session: run_session(venv, step, session), sessions), Tally())
        except BaseException:  # Ctrl-C and SIGTERM among them: the pool would wait for all programs
            programs.ENDING.set()
            raise
    for note in dict.fromkeys(tally.notes):  # two sessions often say the same
        print(f"  {note}")
    # Many cases of one test have one name before their parameters.
    names = collections.Counter(name.partition("[")[0] for name in tally.skipped)
    listed = ", ".join(name if count == 1 else f"{name} ({count})" for name, count in sorted(names.items()))
    skipped = f", skipped: {listed}" if listed else ""
    spent = time.monotonic() - started
    print(f"  {tally.passed} passed, {tally.failed} failed in {spent:.1f} s{skipped}", flush=True)
    return tally


def prepare(sessions: dict[str, list[tuple[str, str | None]]], first: str) -> None:
    """Make the virtual environments that the sessions use, before the time of any of them is counted."""
    wanted = {(f"python{version}", version) for each in sessions.values() for dummy, version in each if version}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        made = [
            pool.submit(environments.virtual_environment, name, python)
            for name, version in sorted(wanted)
            if (python := environments.find_python(version))
        ]
        if "build" in sessions:
            made.append(pool.submit(environments.virtual_environment, "importer", first, environments.IMPORTER))
        for future in made:
            future.result()


def steps(named: t.Iterable[str]) -> list[str]:
    """Return these steps in their order, with what removes what they leave."""
    wanted = {step for name in named if name in STEPS for step in (name, STEPS[name].leaves)}
    return [name for name in STEPS if name in wanted]


def run_steps(asked: list[str]) -> Tally:
    """Run steps in their order."""
    version, python = environments.first_python()
    venv = environments.virtual_environment(f"python{version}", python)
    sessions = list_sessions(venv, asked)
    prepare(sessions, python)
    total, failed = Tally(), set[str]()
    for step in asked:
        tally = run_step(venv, step, [session for session, dummy in sessions[step]], failed)
        total += tally
        if tally.failed:
            failed.add(step)
    bound = {version for each in sessions.values() for dummy, version in each if version}
    if bound and environments.NEWEST not in bound:
        total.notes.append(f"not tried: Python {environments.NEWEST}, which this machine does not have")
    return total


def main() -> int:
    """Run the steps asked for; return 1 when anything failed."""
    usual = [name for name, step in STEPS.items() if not step.on_request]
    parser = argparse.ArgumentParser(prog="python3 tests/gate", description="The quality gate of the collection.")
    parser.add_argument("step", nargs="*", help=f"any of: {', '.join(STEPS)} (none: {', '.join(usual)})")
    parser.add_argument(
        "--interactive", metavar="ARGUMENT", nargs=argparse.REMAINDER, help="run one step in this terminal, with these"
    )
    given = parser.parse_args()
    asked = steps(given.step or usual)
    if strangers := set(given.step) - set(STEPS):
        parser.error(f"no such step: {', '.join(sorted(strangers))}")
    # An end from outside also ends what runs: see programs.run.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    ARTIFACTS.mkdir(exist_ok=True)
    WORK.mkdir(parents=True, exist_ok=True)
    if given.interactive is not None:
        return interactive(given.step[0], given.interactive)
    with (WORK / "lock").open("w") as lock:
        # Two gates of one clone would write into the same copies.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            total = run_steps(asked)
        except GateError as error:
            total = Tally(failed=1, notes=[f"failed: {error}"])
    print()
    # Again, where whoever sees only the end finds them.
    for note in dict.fromkeys(results.shortened(note) for note in total.notes):
        if note.startswith(("failed: ", "not tried: ")):
            print(note)
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed else 0


def interactive(step: str, words: list[str]) -> int:
    """Become the step's first session, with arguments for its tool and with this terminal."""
    version, python = environments.first_python()
    venv = environments.virtual_environment(f"python{version}", python)
    session = f"{step}({version})" if step in ("sanity", "unit") else step
    command = nox(venv, "--sessions", session, "--", *words)
    os.execve(command[0], command, environments.environment(venv))


if __name__ == "__main__":
    sys.exit(main())
