# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program with a log, a time limit and a sign of life on the console."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess
import threading
import time
import typing as t

HEARTBEAT = 60  # seconds of silence on the console before a line says what goes on
PATIENCE = 20  # seconds that a program has to end, before it is killed
# Set when the gate itself is to end: then each program is ended too.
ENDING = threading.Event()


@dataclasses.dataclass
class Outcome:
    """How a program ended, and each line it wrote with the seconds since its start."""

    code: int
    lines: list[tuple[float, str]]

    @property
    def tail(self) -> str:
        """The last lines, indented."""
        return "\n".join(f"    {line}" for dummy, line in self.lines[-40:])


def run(name: str, command: t.Sequence[str], log: pathlib.Path, env: dict[str, str], limit: float) -> Outcome:
    """Run a program, its output written to a log; a long one tells the console each minute what it does."""
    started = time.monotonic()
    lines: list[tuple[float, str]] = []
    with log.open("w", encoding="utf-8") as record:
        process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )

        def read() -> None:
            for line in process.stdout or ():
                lines.append((time.monotonic() - started, line.rstrip()))
                with contextlib.suppress(ValueError):  # closed: what still writes outlives the program
                    record.write(line)
                    record.flush()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            _watch(name, process, lines, started, limit)
        finally:
            _end(process)
            # A daemon that the program left behind may keep the pipe open: what it says is not waited for.
            reader.join(5)
    return Outcome(process.returncode, list(lines))


def _watch(
    name: str, process: subprocess.Popen[str], lines: list[tuple[float, str]], started: float, limit: float
) -> None:
    """Wait for a program's end or its time limit; tell the console each minute what it does."""
    told = started
    while (spent := time.monotonic() - started) < limit and not ENDING.is_set():
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
            return
        if time.monotonic() - told >= HEARTBEAT:
            told = time.monotonic()
            last = next((line for dummy, line in reversed(lines) if line.strip()), "")
            print(f"    {name}, {spent / 60:.0f} min: {last[:140]}", flush=True)
    why = "the gate was told to end" if ENDING.is_set() else f"the limit for {name} is {limit:.0f} s"
    lines.append((spent, f"Stopped: {why}."))


def _end(process: subprocess.Popen[str]) -> None:
    """End a program that still runs and all of its process group, first kindly."""
    if process.poll() is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        # nox may be gone before the programs that it started: the group is asked, not only its first process.
        deadline = time.monotonic() + PATIENCE
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
            while time.monotonic() < deadline:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.1)
            continue
        process.wait()
        return
    process.wait(PATIENCE)
