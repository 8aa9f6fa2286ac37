# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of make in README, docs and the roles' READMEs, as a shell and then make's shell hand it to Ansible.

Ansible checks options, settings, tags and playbook and ends then: what a playbook does is tried on a real cluster.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "roles/*/README.md", "images/*/README.md")
    for page in REPOSITORY.glob(pattern)
)
SPAN = re.compile(r"(?<!`)`((?:make|ARGS=|NAMES=)[^`]*)`")
STUB = """#!/bin/sh
printf '%s\\n' "$@" >>"$MAKE_TEST_FOLDER/words"
exec "$MAKE_TEST_ANSIBLE" --syntax-check "$@"
"""


def doc_commands():
    spec = importlib.util.spec_from_file_location(
        "doc_commands_of_make", REPOSITORY / "molecule/resources/files/doc_commands.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_commands(page: str) -> list[str]:
    """The commands in a page; ARGS between backquotes belong to the command before them in the line."""
    found = [command for command in doc_commands().commands(page) if command.startswith("make ")]
    for line in page.splitlines():
        last = ""
        for span in SPAN.findall(line):
            if span.startswith("make "):
                last = span
                found.append(span)
            elif last:
                found.append(f"{last.split(' ARGS=', maxsplit=1)[0]} {span}")
    return found


# In the order of the pages, each once.
COMMANDS = list(dict.fromkeys(command for page in PAGES for command in make_commands(page.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone whose Ansible ends when it has understood what it is asked for, and which has nothing to prepare."""
    folder = tmp_path_factory.mktemp("make")
    for name in ("playbooks", "roles", "plugins", "images", "inventory", "meta"):
        (folder / name).symlink_to(REPOSITORY / name)
    for name in ("Makefile", "ansible.cfg", "site.yml", "galaxy.yml", "requirements.lock"):
        shutil.copy2(REPOSITORY / name, folder)
    (folder / "inventory").unlink()
    shutil.copytree(REPOSITORY / "inventory", folder / "inventory")
    # As README.md says.
    shutil.copy2(folder / "inventory/remote.example.yml", folder / "inventory/my-host.yml")
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "ansible-playbook").write_text(STUB)
    (programs / "ansible-playbook").chmod(0o755)
    link = folder / ".venv/collections/ansible_collections/fortytwo/ft_services"
    link.parent.mkdir(parents=True)
    link.symlink_to(folder)
    (folder / ".venv/requirements.stamp").touch()
    return folder


def test_commands_are_found_where_they_stand():
    page = "Text with `make one`.\n\n    make two ARGS='-e a=b'\n\n| `make three` | text; `ARGS='-e c=d'` | `other` |\n"
    assert make_commands(page) == ["make two ARGS='-e a=b'", "make one", "make three", "make three ARGS='-e c=d'"]


def test_the_pages_have_commands():
    assert {"make up", "make rotate NAMES=mysql_admin", "make status ARGS='-e status_format=json'"} <= set(COMMANDS)


def run(clone, command):
    # Without what a make around these tests hands on: make integration ARGS=...
    around = {"MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "ARGS"}
    environment = {
        **{name: value for name, value in os.environ.items() if name not in around},
        "MAKE_TEST_ANSIBLE": str(BIN / "ansible-playbook"),
        "MAKE_TEST_FOLDER": str(clone),
        "ANSIBLE_HOME": str(clone / "home"),
    }
    (clone / "words").write_text("")
    return subprocess.run(
        ["bash", "-c", command],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def settings() -> set[str]:
    """All that can be set: options of the roles, and what playbooks ask for."""
    named = set()
    for file in REPOSITORY.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["argument_specs"].values():
            named |= set(entry.get("options", {}))
    for file in REPOSITORY.glob("playbooks/*.yml"):
        named |= set(re.findall(r"\b[a-z]+_[a-z_]+\b", file.read_text(encoding="utf-8")))
    return named


@pytest.mark.parametrize("command", COMMANDS)
def test_ansible_understands_what_make_hands_over(clone, command):
    target = command.split()[1]
    plays = {file.stem for file in REPOSITORY.glob("playbooks/*.yml")} | {"up", "abuse"}
    # Without arguments, and for what is no playbook, that make knows the target is all that can be wrong.
    if target not in plays or not {"ARGS", "NAMES"} & set(re.findall(r"[A-Z]+(?==)", command)):
        command = command.replace("make", "make --dry-run", 1)
    done = run(clone, command)
    assert done.returncode == 0, done.stdout + done.stderr
    words = (clone / "words").read_text().splitlines()
    given = {word.split("=")[0] for flag, word in itertools.pairwise(words) if flag == "-e" and "=" in word}
    assert given <= settings()


@pytest.mark.parametrize(
    "command",
    [
        'make up ARGS=\'-e {"services_rotate":["mysql_admin"]}\'',
        "make no-such-target",
        "make up ARGS='--no-such-option'",
    ],
)
def test_a_command_that_cannot_work_fails(clone, command):
    assert run(clone, command).returncode != 0


@pytest.mark.parametrize("names", ["mysql_admin", "mysql_admin,ftps_user", "'mysql_admin, ftps_user'"])
def test_names_reach_the_playbook_whole(clone, names):
    assert run(clone, f"make rotate NAMES={names}").returncode == 0
    expected = names.strip("'")
    assert (clone / "words").read_text().splitlines() == ["playbooks/rotate.yml", "-e", f"rotate_names='{expected}'"]
