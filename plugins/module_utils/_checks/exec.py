# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe by a command in a container. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import math
import re
import shlex
import shutil

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import (
    Check,
    Countdown,
    Outcome,
    RunCommand,
    ended_by,
    must_be_readable,
)

KUBECTL = "kubectl"
TIMED_OUT = 124
# kubectl's last words when the command failed. Only what kubectl says of itself is shown: the rest may be private.
COMMAND_ENDED = re.compile(r"command terminated with exit code \d+")
SHOWN = 100


def probe_exec(check: Check, timeout: float, run: RunCommand) -> Outcome:
    """Run a command in a container of a workload, and compare its exit code and output."""
    expected = expectation(check)
    program = check.get("executable") or KUBECTL
    if not shutil.which(program):
        return Outcome(False, f"this machine has no {program}", expected, "Install kubectl, or name it in executable.")
    try:
        if check.get("kubeconfig"):
            must_be_readable(check["kubeconfig"])
        code, output, errors = run(exec_command(check, program, Countdown(timeout)))
    except OSError as error:
        return ended_by(error, timeout, expected)
    return judge_exec(check, expected, code, output, errors)


def exec_problems(check: Check) -> list[str]:
    """What is wrong with the options of a check, before anything is run."""
    problems = []
    if not check["argv"]:
        problems.append("argv is empty")
    try:
        re.compile(check.get("stdout_match") or "")
    except re.error as error:
        problems.append(f"stdout_match {check['stdout_match']!r} is no regular expression ({error})")
    return problems


def exec_command(check: Check, program: str, countdown: Countdown) -> list[str]:
    """The command line. kubectl waits a minute for a pod that does not run, and for ever for a command that hangs."""
    seconds = max(math.ceil(countdown.left()), 1)
    command = ["timeout", str(seconds)] if shutil.which("timeout") else []
    command.append(program)
    for option in ("kubeconfig", "context", "namespace"):
        if check.get(option):
            command.append(f"--{option}={check[option]}")
    return [*command, "exec", f"--pod-running-timeout={seconds}s", check["workload"], "--", *check["argv"]]


def expectation(check: Check) -> str:
    """The check in words."""
    text = f"success of {shortened(shlex.join(check['argv']))} in {check['workload']}"
    if check.get("stdout_contains"):
        text += f", with {check['stdout_contains']!r} in its output"
    if check.get("stdout_match"):
        text += f", output matching {check['stdout_match']}"
    return text


def shortened(text: str) -> str:
    """The beginning of a text, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]} ..."


def judge_exec(check: Check, expected: str, code: int, output: str, errors: str) -> Outcome:
    """Read the result of kubectl. The output is shown only when the check says so: it may be private."""
    if code == TIMED_OUT:
        return Outcome(False, "the command did not end in time", expected, "Raise the timeout of the check.")
    if code != 0:
        lines = [line.strip() for line in errors.splitlines() if line.strip()]
        if lines and not COMMAND_ENDED.fullmatch(lines[-1]):
            advice = "Look whether the pod runs: kubectl get pods."
            return Outcome(False, f"nothing was run: {lines[-1].rstrip('.')}", expected, advice)
        return Outcome(False, f"the command ended with {code}", expected, "Run the command by hand in the container.")
    wanted, pattern = check.get("stdout_contains"), check.get("stdout_match")
    if wanted and wanted not in output:
        return Outcome(False, "success, output without the text", expected, "Compare the output by hand.")
    if pattern and not re.fullmatch(pattern, output.strip()):
        return Outcome(False, "success, output of another form", expected, "Compare the output by hand.")
    if check.get("stdout_shown"):
        return Outcome(True, shortened(output), expected)
    return Outcome(True, "success" + (", output as expected" if wanted or pattern else ""), expected)
