# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A retention that InfluxDB would refuse is refused by every playbook, before it does anything."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

CLONE = pathlib.Path(__file__).resolve().parents[3]
GOOD = ["24h", "36h", "100h", "1d", "14d", "99999d", "8w", "9999w"]
BAD = [
    "12h",
    "23h",
    "2weeks",
    "0d",
    "INF",
    "14 d",
    "14",
    "d",
    "-1d",
    "1d12h",
    "1.5d",
    "014d",
    "14d\n",
    "",
    "10000w",
    14,
    None,
]


@pytest.fixture
def refusals(tmp_path):
    """What the check says to each value, "" where it lets it pass."""

    def refusals(values):
        collection = tmp_path / "ansible_collections" / "fortytwo" / "ft_services"
        collection.parent.mkdir(parents=True)
        collection.symlink_to(CLONE)
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": []}
        for value in values:
            check = {
                "ansible.builtin.include_role": {"name": "fortytwo.ft_services.services", "tasks_from": "table.yml"},
                "vars": {"services_metrics_retention": value},
            }
            caught = {"ansible.builtin.debug": {"msg": "SAID {{ ansible_failed_result.msg | b64encode }}"}}
            passed = {"ansible.builtin.debug": {"msg": "SAID {{ '' | b64encode }}."}}
            play["tasks"].append({"block": [check, passed], "rescue": [caught]})
        (tmp_path / "play.yml").write_text(json.dumps([play]))
        (tmp_path / "ansible.cfg").write_text("[defaults]\n")
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "ANSIBLE_NOCOLOR": "1"}
        environment["ANSIBLE_CONFIG"] = str(tmp_path / "ansible.cfg")
        command = [sys.executable, "-m", "ansible", "playbook", "--inventory=localhost,", str(tmp_path / "play.yml")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        return [line.split("SAID ")[1] for line in done.stdout.splitlines() if "SAID " in line]

    return refusals


def test_what_influxdb_refuses_is_refused_and_all_else_is_not(refusals):
    said = refusals(GOOD + BAD)
    assert len(said) == len(GOOD + BAD)
    assert [value for value, text in zip(GOOD + BAD, said, strict=True) if text.startswith(".")] == GOOD
