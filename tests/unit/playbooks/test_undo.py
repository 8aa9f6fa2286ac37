# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each playbook that changes something says how to undo it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
# They only look.
LOOK = {"check", "credentials", "dashboard", "status", "test-grafana", "verify"}


@pytest.mark.parametrize("name", sorted({file.stem for file in PLAYBOOKS.glob("*.yml")} - LOOK))
def test_it_says_how_to_undo_it(name):
    plays = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text())
    assert all(play.get("vars", {}).get("ft_services_undo") for play in plays)
