# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does in a copy of the collection what docs/add_a_service.md says: add_a_service.py FOLDER.

The copy is made below FOLDER, where Ansible finds it. Beside it, hello.json has settings that leave all other
services out.
"""

from __future__ import annotations

import json
import re
import sys
import typing as t
from pathlib import Path

from copy_collection import CLONE, copy

PAGE = "docs/add_a_service.md"
STEP = re.compile(r"^(Create|Append to) `([^`\n]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(t.NamedTuple):
    """A file that the page says to create or to append to."""

    create: bool
    path: str
    content: str


def steps(page: str) -> list[Step]:
    """What the page says to do with files, in its order."""
    return [Step(verb == "Create", path, content) for verb, path, content in STEP.findall(page)]


def follow(page: str, collection: Path) -> list[str]:
    """Do what the page says; returns the paths that it is about."""
    for step in steps(page):
        path = collection / step.path
        if step.create:
            path.parent.mkdir(exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(step.content)
        else:
            path.write_text(path.read_text(encoding="utf-8") + step.content, encoding="utf-8")
    return [step.path for step in steps(page)]


def main() -> None:
    """Make the copy, change it, and write the settings."""
    folder = Path(sys.argv[1])
    follow((CLONE / PAGE).read_text(encoding="utf-8"), copy(folder))
    settings = {"services_enabled": ["hello"]}
    (folder / "hello.json").write_text(json.dumps(settings), encoding="utf-8")


if __name__ == "__main__":
    main()
