# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make` where a desktop or a job has sent a locale that Ansible refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
ANSIBLE = Path(sys.executable).with_name("ansible")


def run_ansible(folder, **locale):
    """Run Ansible as a target of the Makefile would, in this locale alone."""
    kept = {name: value for name, value in os.environ.items() if name != "LANG" and not name.startswith("LC_")}
    config = folder / "ansible.cfg"
    config.touch()
    target = f'show: ; @echo "LC_ALL=$$LC_ALL"; ANSIBLE_CONFIG={config} {ANSIBLE} --version'
    command = ["make", "--no-print-directory", "--directory", str(REPOSITORY), f"--eval={target}", "show"]
    return subprocess.run(command, env={**kept, **locale}, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LC_ALL", "C"),
        ("LC_ALL", "POSIX"),
        ("LC_ALL", "fr_FR.UTF-8"),
        ("LANG", "fr_FR.UTF-8"),
        ("LANG", "C"),
        ("LC_CTYPE", "fr_FR.UTF-8"),
        ("LC_CTYPE", "POSIX"),
        ("LC_MESSAGES", "fr_FR.UTF-8"),
        ("LANG", ""),
    ],
)
def test_ansible_runs_in_any_locale(tmp_path, name, value):
    done = run_ansible(tmp_path, **{name: value})
    assert done.returncode == 0, done.stderr
    assert "ansible [core" in done.stdout


def test_a_locale_that_can_be_used_stays(tmp_path):
    assert "LC_ALL=\n" in run_ansible(tmp_path, LANG="C.UTF-8").stdout


def test_help_tells_of_every_playbook_on_a_line():
    command = ["make", "--no-print-directory", "--directory", str(REPOSITORY), "help"]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    told = {line.split()[0] for line in lines if line.startswith("  ")}
    playbooks = {file.stem for file in (REPOSITORY / "playbooks").glob("*.yml")} - {"site"}
    assert playbooks | {"up", "test", "clean"} <= told
    assert max(map(len, lines)) <= 120
