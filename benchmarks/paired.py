# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks share: paired rounds, the goals, and the page with the results.

In each round all contenders run one after the other, so that what else the machine does meets all of them. A ratio is
taken within a round, and the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import typing as t
import venv

ROOT = pathlib.Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "benchmarks.md"
# A ratio so many times the one in the page is worse.
WORSE = 1.5
PEERS = ["ansible>=12", "kubernetes>=34.1", "jmespath"]
# No compiled Python; and certificates that would stand above those of a daemon in what docker's SDK is built on.
LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
HEAD = ["| ratio | measured | goal | |", "|---|---|---|---|"]
_ROW = re.compile(r"\| (?P<name>[^|]+) \| (?P<ratio>\d+\.\d+) \| (?:at most [^|]+ \| (?:met|missed) \||\| \|)")


def peers() -> pathlib.Path:
    """The folder of programs of the virtual environment that holds the peers."""
    folder = pathlib.Path("~/.cache/ft_services/venvs/peers").expanduser()
    done = folder / "complete"
    if not done.exists():
        print(f"Installing {', '.join(PEERS)} into {folder}")
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *PEERS], check=True)
        done.touch()
    return folder / "bin"


def environment(folder: pathlib.Path, *more: pathlib.Path) -> dict[str, str]:
    """The variables for the plays: this collection and those of ``more`` folders, and no settings of the user's.

    Compiled Python is kept below ``folder``, for all contenders alike: else one that is not installed is compiled anew
    in each run.
    """
    collections = folder / "collections" / "ansible_collections" / "fortytwo"
    collections.mkdir(parents=True)
    (collections / "ft_services").symlink_to(ROOT)
    settings = folder / "ansible.cfg"
    settings.write_text("[defaults]\n", encoding="utf-8")
    return {
        **{name: value for name, value in os.environ.items() if name not in LEFT_OUT},
        "ANSIBLE_COLLECTIONS_PATH": ":".join(map(str, (folder / "collections", *more))),
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "LC_ALL": "C.UTF-8",
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
    }


class Rounds:
    """The seconds of all rounds, by step and contender."""

    def __init__(self) -> None:
        """Nothing is measured yet."""
        self._taken: dict[tuple[str, str], list[float]] = {}

    def add(self, step: str, contender: str, seconds: float) -> None:
        """Note what a contender needed for a step of this round."""
        self._taken.setdefault((step, contender), []).append(seconds)

    def has(self, step: str, contender: str) -> bool:
        """True when the contender took part in the step."""
        return (step, contender) in self._taken

    def median(self, step: str, contender: str) -> float:
        """Seconds, the median of the rounds."""
        return statistics.median(self._taken[step, contender])

    def ratio(self, one: tuple[str, str], other: tuple[str, str]) -> float:
        """What one (step, contender) takes of another, the median of the ratios within a round."""
        pairs = zip(self._taken[one], self._taken[other], strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


def verdicts(ratios: t.Mapping[str, float], goals: t.Mapping[str, float]) -> list[str]:
    """A table of the ratios by their names; those that have a goal, the most that is allowed, are met or missed."""
    lines = list(HEAD)
    for name, ratio in ratios.items():
        goal = goals.get(name)
        verdict = "" if goal is None else f"at most {goal:g} | {'met' if ratio <= goal else 'missed'}"
        lines.append(f"| {name} | {ratio:.2f} | {verdict or '|'} |")
    return lines


def _marks(section: str) -> tuple[str, str]:
    return f"<!-- {section}: begin -->\n", f"<!-- {section}: end -->"


def written(page: str, section: str) -> dict[str, float]:
    """The ratios in a section of the page, by their names."""
    begin, end = _marks(section)
    text = page.partition(begin)[2].partition(end)[0]
    return {row["name"]: float(row["ratio"]) for row in map(_ROW.fullmatch, text.splitlines()) if row}


def replaced(page: str, section: str, text: str) -> str:
    """The page with another text between the marks of a section."""
    begin, end = _marks(section)
    before, rest = page.split(begin)
    return f"{before}{begin}{text}\n{end}{rest.split(end)[1]}"


def compared(ratios: t.Mapping[str, float], before: t.Mapping[str, float]) -> list[str]:
    """One sentence for each ratio that is worse than before, or that none can be compared; empty when all is well."""
    both = ratios.keys() & before.keys()
    if not both:
        return ["Nothing in docs/benchmarks.md to compare with: measure without --check first, with the same sizes."]
    return [
        f"{name}: {ratios[name]:.2f}, written is {before[name]:.2f}, allowed is {WORSE} times that"
        for name in ratios
        if name in both and ratios[name] > before[name] * WORSE
    ]


def add_check(parser: argparse.ArgumentParser) -> None:
    """The option of all benchmarks."""
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a ratio is worse than written")


def finish(
    section: str, text: list[str], ratios: t.Mapping[str, float], goals: t.Mapping[str, float], check: bool
) -> None:
    """Print the results, then write them into the page, or compare them with it."""
    lines = [*text, "", *verdicts(ratios, goals)]
    print(*lines, sep="\n")
    page = TABLE.read_text(encoding="utf-8")
    if check:
        problems = compared(ratios, written(page, section))
        if problems:
            sys.exit("\n".join(problems))
        return
    TABLE.write_text(replaced(page, section, "\n".join(lines)), encoding="utf-8")
