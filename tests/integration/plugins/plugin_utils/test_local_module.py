# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module in a real play: in the process of its task, and in one of its own."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

COLLECTION = pathlib.Path(__file__).resolve().parents[4]


@pytest.mark.parametrize("here", [True, False])
def test_both_ways_give_the_same_result(tmp_path, here):
    """With a Python that is not Ansible's, the module gets a process of its own."""
    interpreter = tmp_path / "python"
    interpreter.symlink_to(sys.executable)
    wanted = sys.executable if here else str(interpreter)
    links = tmp_path / "collections/ansible_collections/fortytwo"
    links.mkdir(parents=True)
    (links / "ft_services").symlink_to(COLLECTION)
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "fortytwo.ft_services.private_files": {"path": str(tmp_path / "files"), "files": {"a": "text"}},
                "register": "done",
            },
            {"ansible.builtin.copy": {"content": "{{ done | to_json }}", "dest": str(tmp_path / "result.json")}},
            {
                "fortytwo.ft_services.private_files": {"path": str(tmp_path / "files"), "files": {"a/b": "text"}},
                "register": "failed",
                "ignore_errors": True,
            },
            {"ansible.builtin.copy": {"content": "{{ failed.msg }}", "dest": str(tmp_path / "message")}},
        ],
    }
    (tmp_path / "ansible.cfg").write_text("")
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
        "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
    }
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            f"ansible_python_interpreter={wanted}",
            "play.yml",
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    assert {key: result[key] for key in ("changed", "changed_files", "removed_files", "failed")} == {
        "changed": True,
        "changed_files": ["a"],
        "removed_files": [],
        "failed": False,
    }
    assert (
        tmp_path / "message"
    ).read_text() == "Nothing was changed: files.a/b must be the name of a file, with its text."
    assert (tmp_path / "files/a").read_text() == "text"
