# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import pathlib
import sys

import pytest

_FILE = pathlib.Path(__file__).resolve().parents[3] / "tests" / "gate" / "results.py"
_SPEC = importlib.util.spec_from_file_location("gate_results", _FILE)
results = importlib.util.module_from_spec(_SPEC)
sys.modules["gate_results"] = results
_SPEC.loader.exec_module(results)


def test_junit_tells_passed_failed_and_skipped_apart(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        "<testcase name='good'/>"
        "<testcase name='bad'><failure>no</failure></testcase>"
        "<testcase name='broken'><error>oh</error></testcase>"
        "<testcase name='later'><skipped/></testcase>"
        "</testsuite></testsuites>"
    )
    tally = results.junit([report])
    assert (tally.passed, tally.failed, tally.skipped) == (1, 2, ["later"])
    assert tally.notes == ["failed: bad\nno", "failed: broken\noh"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("plain", "plain"),
        ("[1]", "[1]"),
        ('{"msg": "non-zero return code", "stdout": "{1}", "stderr": "", "rc": 3}', "non-zero return code\n{1}"),
        (
            '{"msg": "One or more items failed", "results": [{"msg": "good"}, {"failed": true, "msg": "bad"}]}',
            "bad",
        ),
        ("", ""),
    ],
)
def test_reason_of_a_failed_task_is_what_explains_it(tmp_path, text, reason):
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuite><testcase name='bad'><failure>{text}</failure></testcase></testsuite>")
    assert results.junit([report]).notes == [f"failed: bad\n{reason}".strip()]


def test_reason_without_a_traceback_is_the_message(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuite><testcase name='bad'><error message='Task failed: no'>(traceback missing)\n\nThe above exception"
        " was the direct cause of the following exception:\n\n(traceback missing)</error></testcase></testsuite>"
    )
    assert results.junit([report]).notes == ["failed: bad\nTask failed: no"]


def test_shortened_keeps_the_name_and_the_end_of_the_reason():
    assert results.shortened("failed: bad") == "failed: bad"
    assert results.shortened("failed: bad\none\ntwo") == "failed: bad\none\ntwo"
    assert results.shortened("failed: bad\n0123456789", characters=4) == "failed: bad\n...6789"


@pytest.mark.parametrize("content", [None, "<testsuites>"])
def test_junit_report_that_is_missing_or_cut_off_is_a_failure(tmp_path, content):
    report = tmp_path / "report.xml"
    if content:
        report.write_text(content)
    assert results.junit([report]).failed == 1


@pytest.mark.parametrize(
    ("tally", "code", "failed"),
    [
        (results.Tally(passed=3), 0, 0),
        (results.Tally(passed=3), 2, 1),  # the program failed, its report does not say where
        (results.Tally(passed=3, failed=2), 2, 2),
        (results.Tally(), 0, 1),  # nothing was tested
    ],
)
def test_settled_never_takes_an_error_or_an_empty_run_for_success(tally, code, failed):
    assert tally.settled(code).failed == failed


def test_molecule_report_is_counted_by_step():
    lines = [
        "INFO     [default > converge] Executed: Successful",
        "DETAILS                                           ",
        "default > create: Executed: Successful",
        "default > converge: Executed: Successful",
        "default > idempotence: Executed: Failed (Idempotence test failed because of the following tasks:",
        "default > side_effect: Executed: Missing playbook (Remove from test_sequence to suppress)",
        "default > cleanup: Executed: Missing playbook (Remove from test_sequence to suppress)",
    ]
    tally = results.molecule(lines)
    assert (tally.passed, tally.failed) == (2, 2)
    assert tally.notes == ["failed: idempotence", "failed: side_effect"]


def test_molecule_times_run_from_each_step_to_the_next():
    lines = [
        (1.0, "INFO     [default > create] Executing"),
        (3.0, "ok"),
        (4.0, "INFO     [default > verify] Executing"),
    ]
    assert results.molecule_times(lines, 10.0) == ["create 3 s", "verify 6 s"]
