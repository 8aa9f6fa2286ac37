# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of checks, and how they run. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import textwrap
import time
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.address import asked
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import Check, Outcome, RunCommand
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.dashboards import (
    dashboards_problems,
    probe_dashboards,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.exec import exec_problems, probe_exec
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.ftps import ftps_problems, probe_ftps
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.phpmyadmin import (
    phpmyadmin_problems,
    probe_phpmyadmin,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.ssh import probe_ssh
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.tcp import probe_tcp
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.tls import probe_tls
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.web import http_problems, probe_http
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

Probe = t.Callable[[Check, float, RunCommand], Outcome]
WORKERS = 16
# Programs at the same time: each of them wants a processor.
PROGRAMS = 4
NOT_TRIED = Outcome(False, "not tried", "")


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of check: its probe, the options it needs, and a look at them before anything runs.

    A ``program`` is a probe that starts one, which costs more than to wait for an answer.
    """

    probe: Probe
    required: tuple[str, ...]
    problems: t.Callable[[Check], list[str]] = lambda check: []
    program: bool = False


# To add a kind: write its probe, add it here, and its options to the module service_check.
KINDS: dict[str, Kind] = {
    "tcp": Kind(probe_tcp, ("host", "port")),
    "tls": Kind(probe_tls, ("host", "port")),
    "http": Kind(probe_http, ("url",), http_problems),
    "ftps": Kind(probe_ftps, ("host", "port"), ftps_problems),
    "ssh": Kind(probe_ssh, ("host", "port"), program=True),
    "exec": Kind(probe_exec, ("workload", "argv"), exec_problems, program=True),
    "dashboards": Kind(
        probe_dashboards, ("url", "username", "credentials_file", "credential", "about"), dashboards_problems
    ),
    "phpmyadmin": Kind(probe_phpmyadmin, ("url", "username", "credentials_file", "credential"), phpmyadmin_problems),
}


@dataclasses.dataclass
class Entry:
    """A check on its way: what was seen last, how often, and how long it took in seconds."""

    check: Check
    outcome: Outcome = NOT_TRIED
    attempts: int = 0
    started: float | None = None
    seconds: float = 0.0

    def attempt(self, timeout: float, run: RunCommand) -> None:
        """Try once, for ``timeout`` seconds unless the check has its own limit."""
        if self.started is None:
            self.started = time.monotonic()
        self.attempts += 1
        limit = self.check.get("timeout") or timeout
        try:
            self.outcome = KINDS[self.check["kind"]].probe(asked(self.check), limit, run)
        except ValueError as error:
            # Of a name, a port or a redirect that no connection can be made to. The other checks go on.
            self.outcome = Outcome(False, f"{error}", "an address that can be asked", "Correct the address.")
        self.seconds = time.monotonic() - self.started

    def result(self) -> dict[str, t.Any]:
        """The same keys for every kind and outcome."""
        outcome = self.outcome
        advice = " ".join(text for text in (outcome.advice, self.check.get("hint")) if text)
        return {
            "id": self.check["id"],
            "title": self.check.get("title") or self.check["id"],
            "kind": self.check["kind"],
            "ok": outcome.ok,
            "measured": outcome.measured,
            "expected": outcome.expected,
            "message": "" if outcome.ok else f"expected {outcome.expected}; seen: {outcome.measured}. {advice}".strip(),
            "seconds": round(self.seconds, 3),
            "attempts": self.attempts,
        }


def problems(checks: t.Sequence[Check]) -> list[str]:
    """Everything that is wrong with the checks themselves, before the first one runs."""
    found = []
    seen: set[str] = set()
    for check in checks:
        if check["id"] in seen:
            found.append(f"{check['id']}: this id is used twice")
        seen.add(check["id"])
        port = check.get("port")
        if port is not None and not 0 < port < 65536:
            found.append(f"{check['id']}: port {port} is not between 1 and 65535")
        # An output is of a command.
        if check.get("stdout_contains") and not (check.get("command") or check.get("argv")):
            found.append(f"{check['id']}: stdout_contains needs command or argv")
        found += [f"{check['id']}: {text}" for text in KINDS[check["kind"]].problems(check)]
    return found


def run_checks(
    checks: t.Sequence[Check], run: RunCommand, timeout: float, deadline: float, interval: float
) -> list[dict[str, t.Any]]:
    """Try all checks, and again those that failed until ``deadline``; all times in seconds. Results in the same order.

    With a ``deadline`` of 0 each check is tried once.
    """
    started = time.monotonic()
    entries = [Entry(check) for check in checks]
    progress = Progress(len(entries))
    pending = list(entries)
    while pending:
        attempt_all(pending, run, timeout)
        for entry in pending:
            if entry.outcome.ok:
                progress.step(entry.check["id"])
        pending = [entry for entry in pending if not entry.outcome.ok]
        if not pending or time.monotonic() - started + interval >= deadline:
            break
        # All of it stands in the result; a dashboard without data has dozens of sentences.
        seen = textwrap.shorten(pending[0].outcome.measured, 160, placeholder=" ...")
        progress.message(f"waiting for {pending[0].check['id']}: {seen}")
        time.sleep(interval)
    return [entry.result() for entry in entries]


def attempt_all(entries: t.Sequence[Entry], run: RunCommand, timeout: float) -> None:
    """Try each check once, all at the same time; of those that start programs a few."""
    programs = [entry for entry in entries if KINDS[entry.check["kind"]].program]
    others = [entry for entry in entries if entry not in programs]
    with (
        concurrent.futures.ThreadPoolExecutor(PROGRAMS) as few,
        concurrent.futures.ThreadPoolExecutor(WORKERS) as many,
    ):
        tries = [few.submit(entry.attempt, timeout, run) for entry in programs]
        tries += [many.submit(entry.attempt, timeout, run) for entry in others]
    for done in tries:
        done.result()


def failure_text(results: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    """A list of the failed checks for people."""
    failed = [result for result in results if not result["ok"]]
    lines = [f"{len(failed)} of {len(results)} checks failed:"]
    for result in failed:
        name = result["id"] if result["title"] == result["id"] else f"{result['id']} {result['title']}"
        lines.append(f"- {name}: {result['message']}")
    return "\n".join(lines)
