# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the commands of the documentation, page by page, as somebody would who reads it.

Reads from standard input, in JSON: `root` (the folder of the pages), `pages` (their paths there), `skipped` (by page:
command to the reason why it is not run; "*" for the whole page), `replace` (what stands in the pages to what it is
here), `path` (folders where programs are) and `kubeconfig`. Each page is run in a copy of the root's README.md and
docs, with a home of its own. Commands of make are not run: tests/integration/docs tries them as make's shell gets
them. Prints, in JSON, what was run, what was skipped, and what was `wrong`.

With the root as an argument it lists the pages that have commands.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

LONGEST = 300  # seconds for a page
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# In a table's row, a command between backquotes is one of these programs with a word more at least.
ROW = re.compile(r"^[ ]*\|.*\|[ ]*$", re.MULTILINE)
PROGRAMS = (
    "ansible[a-z-]*|apt-get|curl|df|docker|journalctl|kubectl|lftp|minikube|openssl|pkill|scp|sftp|ssh|sudo|systemctl"
)
SPAN = re.compile(rf"(?<!`)`((?:{PROGRAMS}) [^`]+)`")
# Four spaces deeper than the text around it, which may be an item of a list.
BLOCK = re.compile(r"(?:(?<=\n\n)|\A)((?: {4,6}\S[^\n]*\n(?: {4,}[^\n]*\n)*)+)(?=\n|\Z)")


def commands(page: str) -> list[str]:
    """The commands of a page in their order, those in tables too; one that goes on in the next lines is one command."""
    found = []
    without_fences = FENCE.sub(lambda match: "\n" if match[1] != "sh" else "\n" + indented(match[2]) + "\n", page)
    without_fences = ROW.sub(lambda match: "\n" + indented("\n".join(SPAN.findall(match[0]))) + "\n", without_fences)
    for block in BLOCK.findall(without_fences.replace("\n\n\n", "\n\n")):
        depth = len(block) - len(block.lstrip(" "))
        lines = [line[depth:] for line in block.splitlines()]
        text = ""
        for line in lines:
            text += line
            if line.endswith("\\"):
                text += "\n"
                continue
            found.append(text.strip())
            text = ""
    return found


def indented(text: str) -> str:
    """The text as an indented block."""
    return "".join(f"    {line}\n" for line in text.splitlines())


def programs(page: str, language: str) -> list[str]:
    """The programs of a page in another language than the shell's."""
    return [text for kind, text in FENCE.findall(page) if kind == language]


def script(page: str, skipped: t.Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What to run of a page, and which entries of the skipped ones are not in it."""
    if "*" in skipped:
        return [], []
    every = commands(page)
    todo = [command for command in every if command not in skipped and not command.startswith("make ")]
    return todo, [text for text in skipped if text not in every]


def with_commands(root: Path) -> list[str]:
    """The pages that have commands to run here."""
    pages = [root / "README.md", *root.glob("docs/**/*.md"), *root.glob("*/*/README.md"), *root.glob("*/README.md")]
    return sorted({str(page.relative_to(root)) for page in pages if script(page.read_text("utf-8"), {})[0]})


def replaced(text: str, replace: t.Mapping[str, str]) -> str:
    """The text with what is otherwise here."""
    for there, here in replace.items():
        text = re.sub(rf"{re.escape(there)}(?![\w-])", here.replace("\\", r"\\"), text)
    return text


def run(root: Path, page: Path, todo: list[str], asked: t.Mapping[str, t.Any]) -> list[str]:
    """Run a page's commands, one after the other in one shell, then its Python; returns what went wrong."""
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy2(root / "README.md", scratch)
        shutil.copytree(root / "docs", Path(scratch, "docs"))
        path = os.pathsep.join([*asked["path"], os.environ["PATH"]])
        environment = {**os.environ, "HOME": scratch, "PATH": path, "KUBECONFIG": asked["kubeconfig"]}
        # A trace of the commands would show what they take from Secrets.
        head = "set -eu; trap 'echo \"the command in line $LINENO of this page failed\" >&2' ERR\n"
        text = replaced(head + "".join(f"{command}\n" for command in todo), asked["replace"])
        python = [replaced(program, asked["replace"]) for program in programs(page.read_text("utf-8"), "python")]
        for argv in [["bash", "-c", text], *([sys.executable, "-c", program] for program in python)]:
            done = subprocess.run(
                argv,
                cwd=scratch,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LONGEST,
                check=False,
            )
            if done.returncode:
                # The last lines may hold the output of a command, never one of its inputs.
                wrong.append(f"{page}: ended with {done.returncode}: {' / '.join(done.stdout.splitlines()[-4:])[:600]}")
    return wrong


def main() -> int:
    """Run all pages, or list those that have commands."""
    if len(sys.argv) > 1:
        root = Path(sys.argv[1])
        print("\n".join(with_commands(root)))
        return 0
    asked = json.load(sys.stdin)
    root = Path(asked["root"])
    ran: dict[str, int] = {}
    wrong: list[str] = []
    for name in asked["pages"]:
        skipped = asked["skipped"].get(name, {})
        todo, stale = script((root / name).read_text("utf-8"), skipped)
        wrong += [f"{name}: not in the page any more: {text}" for text in stale]
        ran[name] = len(todo)
        if todo:
            wrong += run(root, root / name, todo, asked)
    print(json.dumps({"ran": ran, "skipped": asked["skipped"], "wrong": wrong}, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
