# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks by commands in containers, run by a kubectl of the test."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks import exec as exec_check
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks import registry
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import Countdown
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.exec import (
    exec_command,
    expectation,
    judge_exec,
    probe_exec,
)

CHECK = {
    "id": "db",
    "kind": "exec",
    "workload": "deploy/mysql",
    "argv": ["mariadb", "--execute=SELECT 'a b'"],
    "namespace": "ns",
    "context": "c",
    "stdout_contains": None,
    "stdout_match": None,
    "kubeconfig": None,
}


@pytest.fixture(autouse=True)
def programs(monkeypatch):
    """This machine has every program, whatever it has."""
    monkeypatch.setattr(exec_check.shutil, "which", lambda name: f"/bin/{name}")


@pytest.mark.parametrize(
    ("more", "code", "output", "errors", "ok", "seen"),
    [
        ({}, 0, "secret", "", True, "success"),
        ({"stdout_contains": "11.8"}, 0, "11.8.9\n", "", True, "success, output as expected"),
        ({"stdout_contains": "11.8"}, 0, "secret\n", "", False, "success, output without the text"),
        ({"stdout_match": r"\d+"}, 0, "  42\n", "", True, "success, output as expected"),
        ({"stdout_match": r"\d+"}, 0, "42 secret\n", "", False, "success, output of another form"),
        ({}, 7, "secret", "secret\ncommand terminated with exit code 7\n", False, "the command ended with 7"),
        ({}, 1, "", "Error from server (NotFound): no such pod.\n", False, "Error from server (NotFound): no such pod"),
        ({}, 124, "secret", "secret", False, "the command did not end in time"),
    ],
)
def test_exit_code_and_output_decide_and_nothing_that_the_command_said_is_shown(more, code, output, errors, ok, seen):
    outcome = judge_exec({**CHECK, **more}, "a success", code, output, errors)
    assert outcome.ok is ok
    assert seen in outcome.measured
    assert "secret" not in outcome.measured
    assert bool(outcome.advice) is not ok


def test_output_is_shown_where_the_check_says_that_it_is_not_private():
    outcome = judge_exec({**CHECK, "stdout_shown": True}, "a success", 0, "42\nrows\n", "")
    assert outcome.ok
    assert outcome.measured == "42 rows"
    assert not judge_exec({**CHECK, "stdout_shown": True, "stdout_match": "x"}, "a success", 0, "42\n", "").ok


def test_the_command_is_not_read_by_a_shell_and_every_wait_has_an_end():
    assert exec_command({**CHECK, "kubeconfig": "/k"}, "kubectl", Countdown(2.5)) == [
        "timeout",
        "3",
        "kubectl",
        "--kubeconfig=/k",
        "--context=c",
        "--namespace=ns",
        "exec",
        "--pod-running-timeout=3s",
        "deploy/mysql",
        "--",
        *CHECK["argv"],
    ]


def test_what_is_not_given_is_left_to_kubectl(monkeypatch):
    monkeypatch.setattr(exec_check.shutil, "which", lambda name: None)
    command = exec_command({"workload": "pod/a", "argv": ["true"]}, "/k", Countdown(5))
    assert command == ["/k", "exec", "--pod-running-timeout=5s", "pod/a", "--", "true"]


def test_no_kubectl_and_no_kubeconfig_are_results_like_others(monkeypatch, tmp_path):
    def never(command):
        raise AssertionError(command)

    outcome = probe_exec({**CHECK, "kubeconfig": str(tmp_path / "none")}, 5, never)
    assert not outcome.ok
    assert str(tmp_path / "none") in outcome.measured
    monkeypatch.setattr(exec_check.shutil, "which", lambda name: None)
    outcome = probe_exec({**CHECK, "executable": "kubectl9"}, 5, never)
    assert not outcome.ok
    assert outcome.measured == "this machine has no kubectl9"


def test_a_check_of_a_command_runs_like_every_other():
    asked = []

    def run(command):
        asked.append(command)
        return 0, "11.8.9", ""

    (result,) = registry.run_checks([{**CHECK, "stdout_match": "11.*"}], run, timeout=5, deadline=0, interval=1)
    assert result["ok"], result
    assert result["expected"] == expectation({**CHECK, "stdout_match": "11.*"})
    assert len(asked) == 1


def test_a_long_script_is_shown_in_part():
    text = expectation({**CHECK, "argv": ["sh", "-c", "one line\n" * 99]})
    assert "\n" not in text
    assert len(text) < 200


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"argv": []}, "argv is empty"),
        ({"stdout_match": "("}, "is no regular expression"),
        ({"kind": "tcp", "argv": None, "stdout_contains": "x"}, "stdout_contains needs command or argv"),
    ],
)
def test_impossible_options_are_refused_before_anything_runs(more, problem):
    (found,) = registry.problems([{**CHECK, **more}])
    assert problem in found
