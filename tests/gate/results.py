# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tools say, turned into numbers of test cases."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import typing as t
from xml.etree import ElementTree

# Molecule's own report at its end: "default > converge: Executed: Successful".
_MOLECULE = re.compile(r"^\S+ > (?P<step>\w+): Executed: (?P<state>.+)$")
# The line above each of its steps: "INFO     [default > converge] Executing".
_STARTED = re.compile(r"^INFO +\[\S+ > (?P<step>\w+)\] Executing$")
_NO_TRACEBACK = "(traceback missing)"


@dataclasses.dataclass
class Tally:
    """How many test cases passed and failed, the names of those that were skipped, and remarks."""

    passed: int = 0
    failed: int = 0
    skipped: list[str] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    def __add__(self, other: Tally) -> Tally:
        """Put two tallies together."""
        return Tally(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.notes + other.notes,
        )

    def settled(self, code: int) -> Tally:
        """Make sure that a program that ended with an error, or tested nothing, counts as a failure."""
        if self.failed == 0 and (code != 0 or self.passed == 0):
            return dataclasses.replace(self, failed=1)
        return self


def succeeded(report: pathlib.Path, session: str) -> bool:
    """Say whether nox' own report has this session as run and successful; one that was skipped or left out is not."""
    try:
        told = json.loads(report.read_text(encoding="utf-8"))["sessions"]
    except (OSError, ValueError, KeyError):
        return False
    return [(each.get("signatures"), each.get("result")) for each in told] == [([session], "success")]


def junit(files: t.Iterable[pathlib.Path]) -> Tally:
    """Count the test cases of JUnit files; a file that cannot be read is a failure."""
    tally = Tally()
    for file in sorted(files):
        try:
            root = ElementTree.parse(file).getroot()
        except (OSError, ElementTree.ParseError) as error:
            tally += Tally(failed=1, notes=[f"{file.name}: {error}"])
            continue
        for case in root.iter("testcase"):
            name = case.get("name", "?")
            wrong = next((part for part in case if part.tag in ("failure", "error")), None)
            if wrong is not None:
                text = wrong.text or ""
                # In place of a traceback that there is none of, Ansible writes words which say nothing.
                reason = _reason((text if text and _NO_TRACEBACK not in text else wrong.get("message") or "").strip())
                note = shortened(f"failed: {name.splitlines()[0]}\n{reason}".strip(), characters=3000)
                tally += Tally(failed=1, notes=[note])
            elif case.find("skipped") is not None:
                tally += Tally(skipped=[name])
            else:
                tally += Tally(passed=1)
    return tally


def _reason(text: str) -> str:
    """Return what a failed test case says; of a task's result only what explains it."""
    try:
        result = json.loads(text)
    except ValueError:
        return text
    if not isinstance(result, dict):
        return text
    items = [item for item in result.get("results", []) if item.get("failed")] or [result]
    said = [str(item.get(key) or "").strip() for item in items for key in ("msg", "stdout", "stderr", "module_stderr")]
    return "\n".join(part for part in said if part)


def shortened(note: str, characters: int = 700) -> str:
    """Return a note whose lines below the first one, of which the last say most, are cut to a number of characters."""
    name, dummy, reason = note.partition("\n")
    cut = reason if len(reason) <= characters else f"...{reason[-characters:]}"
    return "\n".join([name, *cut.splitlines()])


def molecule(lines: t.Iterable[str]) -> Tally:
    """Count the steps of a scenario from Molecule's closing report."""
    tally = Tally()
    for line in lines:
        match = _MOLECULE.match(line.strip())
        # Molecule tries an optional cleanup after a failure: only that it is missing is no fault.
        if match and not (match["step"] == "cleanup" and match["state"].startswith("Missing")):
            good = match["state"] == "Successful"
            tally += Tally(passed=1) if good else Tally(failed=1, notes=[f"failed: {match['step']}"])
    return tally


def molecule_times(lines: t.Sequence[tuple[float, str]], end: float) -> list[str]:
    """Return one text per step of a scenario with the seconds it took."""
    starts = [(at, match["step"]) for at, line in lines if (match := _STARTED.search(line.strip()))]
    ends = [*(at for at, dummy in starts[1:]), end]
    return [f"{step} {finish - at:.0f} s" for (at, step), finish in zip(starts, ends, strict=True)]
