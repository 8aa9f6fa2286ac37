# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the examples that the extended scenario runs, and the program that writes them as tasks."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest
import yaml

RESOURCES = pathlib.Path(__file__).resolve().parents[3] / "molecule/resources"
TABLE = yaml.safe_load((RESOURCES / "vars/examples.yml").read_text())["molecule_examples"]


def write(folder, table, replacements=None):
    return subprocess.run(
        [sys.executable, RESOURCES / "files/examples.py", folder],
        input=json.dumps({"examples": table, "replacements": replacements or {}}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_example_is_run_or_has_a_reason(tmp_path):
    done = write(tmp_path, TABLE)
    assert done.stderr == ""
    written = sum(len(json.loads(path.read_text())) for path in tmp_path.glob("*.yml"))
    runnable = [how for module in TABLE.values() for how in module.values() if isinstance(how, dict)]
    assert written == len(runnable) > 40
    for how in runnable:
        assert set(how) <= {"set", "check"}


def test_an_example_that_the_table_does_not_know_ends_the_program(tmp_path):
    table = {**TABLE, "run_lock": {}, "manifests": {**TABLE["manifests"], "No such example": {}}}
    done = write(tmp_path, table)
    assert done.returncode == 1
    assert "run_lock: Wait for nobody, and let nobody in" in done.stderr
    assert "manifests: No such example" in done.stderr


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ask for one profile", {"profile": "other"}),
        ("Ask for all profiles", {}),
    ],
)
def test_texts_and_options_are_those_of_this_platform(tmp_path, name, expected):
    assert write(tmp_path, TABLE, {"profile: ft-services": "profile: other"}).returncode == 0
    (task,) = [each for each in json.loads((tmp_path / "minikube_info.yml").read_text()) if each["name"] == name]
    assert task["fortytwo.ft_services.minikube_info"] == expected


def test_what_may_not_change_the_platform_is_in_check_mode(tmp_path):
    assert write(tmp_path, TABLE).returncode == 0
    for module in ("credentials", "minikube_defaults_info"):
        for task in json.loads((tmp_path / f"{module}.yml").read_text()):
            assert task.get("check_mode") or "fortytwo.ft_services.minikube_defaults_info" in task
