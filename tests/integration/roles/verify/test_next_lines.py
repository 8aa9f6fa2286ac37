# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the summary says to do next can be copied as it stands, and fits what the platform shows to browsers."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

CLONE = pathlib.Path(__file__).resolve().parents[4]
SAID = "SAID "
CA = "/home/somebody/.local/state/ft_services/ft-services/certificates/ca.crt"


def next_lines(folder, cases):
    """The lines of each case, as the summary prints them."""
    tasks = [{"ansible.builtin.include_vars": {"file": str(CLONE / "roles/verify/vars/main.yml")}}]
    for case in cases:
        known = {"services_profile": "ft-services", "services_public_name": "192.168.49.200", "services_ca_file": CA}
        tasks.append({"ansible.builtin.debug": {"msg": SAID + "{{ __verify_next | to_json }}"}, "vars": known | case})
    play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    (folder / "play.yml").write_text(json.dumps(play))
    (folder / "ansible.cfg").write_text("[defaults]\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    kept |= {"ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    command = [sys.executable, "-m", "ansible", "playbook", "--inventory=localhost,", str(folder / "play.yml")]
    done = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    texts = [json.loads(line.strip().partition(": ")[2]) for line in done.stdout.splitlines() if SAID in line]
    return [json.loads(text.removeprefix(SAID)) for text in texts]


def test_each_program_has_one_command_that_fits_and_own_certificates_need_none(tmp_path):
    named = {"services_public_name": "blog.example.org", "services_ca_file": ""}
    usual, own = next_lines(tmp_path, [{}, named])
    assert [line[:2] for line in usual if line[0].isdigit()] == ["1.", "2.", "3.", "4."]
    # The summary puts two more in front.
    assert max(map(len, usual)) <= 98
    programs = [line.split()[0] for line in usual if line.startswith(" ") and not line.strip().startswith("&&")]
    assert programs == [f"CA={CA}", "curl", "Debian", "Fedora", "Chromium", "Firefox"]
    # A command on two lines is still one.
    broken = next(number for number, line in enumerate(usual) if line.endswith("\\"))
    assert usual[broken + 1].strip().startswith("&& sudo update-ca-certificates")
    assert [line[:2] for line in own if line[0].isdigit()] == ["1.", "2.", "3.", "4."]
    assert "https://blog.example.org/" in own[0]
    assert not any("CA" in line for line in own)
