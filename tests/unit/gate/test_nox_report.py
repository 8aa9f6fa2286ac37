# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nox did not do is no success."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import sys

import pytest

FILE = pathlib.Path(__file__).resolve().parents[3] / "tests" / "gate" / "results.py"
SPEC = importlib.util.spec_from_file_location("gate_results_of_nox", FILE)
results = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = results
SPEC.loader.exec_module(results)


@pytest.mark.parametrize(
    ("sessions", "good"),
    [
        ([{"signatures": ["unit(3.11)"], "result": "success"}], True),
        ([{"signatures": ["unit(3.11)"], "result": "skipped"}], False),
        ([{"signatures": ["unit(3.11)"], "result": "failed"}], False),
        ([{"signatures": ["unit(3.13)"], "result": "success"}], False),
        ([], False),
        (None, False),
    ],
)
def test_only_a_session_that_nox_calls_successful_is(tmp_path, sessions, good):
    report = tmp_path / "report.json"
    if sessions is not None:
        report.write_text(json.dumps({"sessions": sessions}))
    assert results.succeeded(report, "unit(3.11)") is good


def test_a_report_that_was_cut_is_no_success(tmp_path):
    report = tmp_path / "report.json"
    report.write_text('{"sessions": [')
    assert not results.succeeded(report, "unit(3.11)")
