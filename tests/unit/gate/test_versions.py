# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said in two places is the same in both."""

from __future__ import annotations

from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]


def test_pre_commit_has_the_linters_of_the_gate():
    pinned = set((REPOSITORY / "requirements-dev.txt").read_text().splitlines())
    (local,) = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"]
    wanted = {package for hook in local["hooks"] for package in hook["additional_dependencies"]}
    assert wanted
    assert wanted <= pinned
