# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of a run: on a terminal a line for each stage, what they have to know, and what failed, once."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[4]
SETTINGS = {
    "ANSIBLE_CALLBACKS_ENABLED": "fortytwo.ft_services.progress",
    "ANSIBLE_STDOUT_CALLBACK": "fortytwo.ft_services.screen",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    "ANSIBLE_NOCOLOR": "1",
    "TERM": "xterm",
}
# As make sets them for a terminal.
SHORT = dict.fromkeys(
    ("ANSIBLE_DISPLAY_OK_HOSTS", "ANSIBLE_DISPLAY_SKIPPED_HOSTS", "FT_SERVICES_DISPLAY_CHANGED_HOSTS"), "false"
)
FIRST = [
    {"name": "Tell", "ansible.builtin.debug": {"msg": "There is no backup\nof mysql"}},
    {"name": "Change", "ansible.builtin.command": "sleep 1.1"},
    {"name": "Look", "ansible.builtin.command": "true", "changed_when": False},
]
CHECKS = [{"id": name, "kind": "tcp", "host": "127.0.0.1", "port": 1, "title": name, "timeout": 1} for name in "AB"]
CHECKS[1]["refused"] = True
SECOND = [{"name": "Ask", "fortytwo.ft_services.service_check": {"checks": CHECKS, "deadline": 1}}]


@pytest.fixture
def run(tmp_path):
    """Run two roles on a terminal; what it shows, without what was taken off it again."""
    (tmp_path / "ansible_collections/fortytwo").mkdir(parents=True)
    (tmp_path / "ansible_collections/fortytwo/ft_services").symlink_to(CLONE)
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    for name, tasks in (("first", FIRST), ("second", SECOND)):
        (tmp_path / f"roles/{name}/tasks").mkdir(parents=True)
        (tmp_path / f"roles/{name}/tasks/main.yml").write_text(json.dumps(tasks))
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "roles": ["first", "second"]}
    play["vars"] = {"ft_services_undo": "make down", "ansible_python_interpreter": sys.executable}

    def run(*options, tasks=(), **settings):
        (tmp_path / "play.yml").write_text(json.dumps([{**play, "pre_tasks": list(tasks)}]))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "FT_SERVICES_"))}
        kept |= SETTINGS | settings | {"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "HOME": str(tmp_path)}
        kept["ANSIBLE_COLLECTIONS_PATH"] = str(tmp_path)
        command = [sys.executable, "-m", "ansible", "playbook", "--inventory=localhost,", "play.yml", *options]
        ours, theirs = pty.openpty()
        with subprocess.Popen(command, env=kept, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs):
            os.close(theirs)
            text = b""
            # At its end Linux says that there is no terminal any more.
            while more := _read(ours):
                text += more
        os.close(ours)
        return re.sub(r"\r[^\r\n]*\x1b\[K|\r", "", text.decode()).replace("\x1b[K", "")

    return run


def _read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def test_a_terminal_has_a_line_for_a_stage_and_the_message_of_a_failure_once(run):
    shown = run(**SHORT)
    assert re.search(r"^    first: done in ", shown, re.MULTILINE)
    # What people have to know is there, the tasks are not, whether they changed something or not.
    assert "    There is no backup\n    of mysql\n" in shown
    assert "TASK [first : Change]" not in shown
    assert "TASK [first : Look]" not in shown
    assert shown.count("1 of 2 checks failed") == 1
    assert re.search(r"FAILED! => ?\n    1 of 2 checks failed:\n    - A: expected ", shown)
    for part in ("measured", "ok: ", "changed: ", "Origin:", "msg:"):
        assert part not in shown.partition("FAILED!")[2].partition("PLAY RECAP")[0]
    # The stage that failed is not done.
    assert "second: done" not in shown
    assert re.search(r"^second .* s  failed$", shown, re.MULTILINE)
    assert "Changed: first : Change\nTo undo it: make down\n" in shown


def test_with_more_words_all_is_told(run):
    told = run("-v", **SHORT)
    assert "changed: [localhost]" in told
    assert "Origin:" in told


def test_a_wrong_line_of_a_setting_is_shown(run):
    shown = run(tasks=[{"name": "Use", "ansible.builtin.debug": {"msg": "{{ nowhere }}"}}], **SHORT)
    assert "Origin: " in shown
    assert "'nowhere' is undefined" in shown.replace("\n", " ")
