# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the scenarios are given on the command line, which wins over all that a playbook sets."""

from __future__ import annotations

import pathlib
import re

import yaml

RESOURCES = pathlib.Path(__file__).resolve().parents[3] / "molecule" / "resources"


def test_no_playbook_sets_what_the_settings_would_win_over():
    settings = yaml.safe_load((RESOURCES / "vars" / "settings.yml").read_text(encoding="utf-8"))
    files = [*RESOURCES.glob("playbooks/*.yml"), *RESOURCES.glob("tasks/*.yml")]
    assert len(files) > 40
    wrong = []
    for file in files:
        # The scenarios remote and existing are given none of these settings.
        if file.name.startswith(("remote_", "existing_")):
            continue
        text = file.read_text(encoding="utf-8")
        registered = re.findall(r"^\s+register: (\w+)", text, re.MULTILINE)
        taken = re.findall(r"^\s+(molecule_\w+):", text, re.MULTILINE)
        wrong += [f"{file.name}: {name}" for name in {*registered, *taken} & settings.keys()]
    assert wrong == []
