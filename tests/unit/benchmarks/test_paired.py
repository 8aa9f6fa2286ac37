# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ratios, goals, and the comparison with the page."""

from __future__ import annotations

import importlib.util
import pathlib

import pytest

FILE = pathlib.Path(__file__).resolve().parents[3] / "benchmarks" / "paired.py"
PAGE = "# Page\n<!-- a: begin -->\nold\n<!-- a: end -->\nbetween\n<!-- b: begin -->\nkept\n<!-- b: end -->\nafter\n"


@pytest.fixture(scope="module")
def paired():
    spec = importlib.util.spec_from_file_location("paired", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_ratio_is_taken_within_each_round(paired):
    rounds = paired.Rounds()
    for ours, theirs in ((1.0, 2.0), (30.0, 100.0), (4.0, 5.0)):
        rounds.add("first", "ours", ours)
        rounds.add("first", "theirs", theirs)
    # The medians of the columns would say 4 / 5.
    assert rounds.ratio(("first", "ours"), ("first", "theirs")) == 0.5
    assert rounds.median("first", "ours") == 4.0
    assert rounds.has("first", "ours")
    assert not rounds.has("first", "others")


@pytest.mark.parametrize(("ratio", "verdict"), [(0.74, "met"), (0.75, "met"), (0.76, "missed")])
def test_goals_are_met_or_missed(paired, ratio, verdict):
    lines = paired.verdicts({"x": ratio, "y": 9.0}, {"x": 0.75})
    assert lines[2:] == [f"| x | {ratio:.2f} | at most 0.75 | {verdict} |", "| y | 9.00 | | |"]


def test_what_is_written_is_read_again_and_other_sections_stay(paired):
    lines = paired.verdicts({"x, beside y": 0.8, "z": 1.25}, {"x, beside y": 0.75})
    page = paired.replaced(PAGE, "a", "\n".join(["| image_build | 1.0 | 2.0 | 3.0 |", "", *lines]))
    assert paired.written(page, "a") == {"x, beside y": 0.8, "z": 1.25}
    assert paired.written(page, "b") == {}
    assert "old" not in page
    assert page.endswith("between\n<!-- b: begin -->\nkept\n<!-- b: end -->\nafter\n")


def test_only_what_is_half_as_much_worse_is_told(paired):
    assert paired.compared({"x": 1.5, "new": 9.0}, {"x": 1.0, "gone": 1.0}) == []
    (line,) = paired.compared({"x": 1.51, "y": 0.1}, {"x": 1.0, "y": 1.0})
    assert line.startswith("x: 1.51, written is 1.00")


def test_nothing_to_compare_with_is_no_success(paired):
    assert "Nothing in docs/benchmarks.md" in paired.compared({"x": 1.0}, {})[0]
