# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of an SSH server. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import math
import shutil

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import (
    Check,
    Countdown,
    Outcome,
    RunCommand,
    connect,
    ended_by,
    must_be_readable,
)

BANNER_BYTES = 4096
LOGIN_FAILED = 255
TIMED_OUT = 124


def probe_ssh(check: Check, timeout: float, run: RunCommand) -> Outcome:
    """See the banner, and log in with a key and run a command when the check names one."""
    command = check.get("command")
    wanted = check.get("stdout_contains")
    expected = "an SSH-2.0 server"
    if command:
        expected += f", login of {check['username']}, success of {command!r}"
    if wanted:
        expected += f" with {wanted!r} in its output"
    countdown = Countdown(timeout)
    try:
        banner = read_banner(check, countdown)
    except OSError as error:
        return ended_by(error, timeout, expected)
    if not banner.startswith("SSH-2.0-"):
        return Outcome(False, banner or "no banner", expected, "Look what listens on this port.")
    if not command:
        return Outcome(True, banner, expected)
    if not shutil.which("ssh"):
        return Outcome(
            False, f"{banner}; this machine has no ssh", expected, "Install OpenSSH's client on this machine."
        )
    try:
        must_be_readable(check["key_file"])
        must_be_readable(check["known_hosts_file"])
        code, output, errors = run(login_command(check, countdown))
    except OSError as error:
        return ended_by(error, timeout, expected, banner)
    return judge_login(check, banner, expected, code, output, errors)


def judge_login(check: Check, banner: str, expected: str, code: int, output: str, errors: str) -> Outcome:
    """Read the result of the ssh client."""
    said = last_line(errors)
    if code == TIMED_OUT:
        return Outcome(
            False, f"{banner}; login or command did not end in time", expected, "Raise the timeout of the check."
        )
    if code == LOGIN_FAILED:
        advice = "Check the key file, the known hosts file, and that the server has the public key."
        return Outcome(False, f"{banner}; login failed: {said or 'no reason given'}", expected, advice)
    if code != 0:
        measured = f"{banner}; login worked, the command ended with {code}"
        return Outcome(
            False, measured + (f": {said}" if said else ""), expected, "Run the command by hand in the container."
        )
    wanted = check.get("stdout_contains")
    if wanted and wanted not in output:
        return Outcome(
            False, f"{banner}; login worked, output without the text", expected, "Compare the output by hand."
        )
    return Outcome(True, f"{banner}; login and command worked", expected)


def last_line(text: str) -> str:
    """The last line with something in it: there the ssh client puts the reason."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else ""


def read_banner(check: Check, countdown: Countdown) -> str:
    """The identification line of the server. Lines before it are allowed and skipped."""
    received = b""
    with connect(check["host"], check["port"], countdown) as connection:
        while len(received) < BANNER_BYTES:
            connection.settimeout(countdown.left())
            chunk = connection.recv(256)
            received += chunk
            lines = received.decode("ascii", "replace").splitlines(keepends=True)
            for line in lines:
                if line.startswith("SSH-") and line.endswith("\n"):
                    return line.strip()
            if not chunk:
                break
    return received.decode("ascii", "replace").strip()[:80]


def one_path(path: str) -> str:
    """A path as ssh's options take it: they may hold several, and mean something by ``%``."""
    return '"{}"'.format(path.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"'))


def login_command(check: Check, countdown: Countdown) -> list[str]:
    """The ssh client's command line: only this key, only these host keys, no question, no settings of the user."""
    seconds = max(math.ceil(countdown.left()), 1)
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(seconds),
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
        "IdentityFile": one_path(check["key_file"]),
        "PreferredAuthentications": "publickey",
        "ServerAliveInterval": str(seconds),
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "UserKnownHostsFile": one_path(check["known_hosts_file"]),
    }
    # ConnectTimeout ends with the login; the program timeout also ends a command that hangs.
    command = ["timeout", str(seconds + 1)] if shutil.which("timeout") else []
    command += ["ssh", "-F", "/dev/null", "-T", "-n"]
    for name, text in options.items():
        command += ["-o", f"{name}={text}"]
    return [*command, "-l", check["username"], "-p", str(check["port"]), "--", check["host"], check["command"]]
