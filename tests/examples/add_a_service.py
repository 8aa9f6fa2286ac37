# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the files of docs/add_a_service.md: add_a_service.py FOLDER."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/add_a_service.md"
STEP = re.compile(r"^Create `([^`\n]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(t.NamedTuple):
    """A file that the page says to create."""

    path: str
    content: str


def steps(page: str) -> list[Step]:
    """What the page says to do with files, in its order."""
    return [Step(path, content) for path, content in STEP.findall(page)]


def follow(folder: Path) -> list[str]:
    """Do what the page says; returns the paths of the files."""
    found = steps(PAGE.read_text(encoding="utf-8"))
    for step in found:
        path = folder / step.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.content, encoding="utf-8")
    return [step.path for step in found]


if __name__ == "__main__":
    follow(Path(sys.argv[1]))
