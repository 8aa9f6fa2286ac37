# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A number names one decision: two people who write one at the same time notice it here."""

from __future__ import annotations

import collections
import pathlib

DECISIONS = pathlib.Path(__file__).resolve().parents[3] / "docs" / "decisions"


def test_each_decision_has_a_number_of_its_own():
    numbers = collections.Counter(file.name[:4] for file in DECISIONS.glob("[0-9]*.md"))
    assert numbers
    assert [number for number, count in numbers.items() if count > 1] == []
