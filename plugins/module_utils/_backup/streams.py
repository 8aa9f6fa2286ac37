# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams out of containers and into them. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import BackupError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.pipes import Passed, piped
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.said import lines_of, said_by
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.proxies import direct_environment
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

# AnsibleModule.run_command
RunCommand = t.Callable[..., tuple[int, str, str]]
NOTES = 50


class Streamed(t.NamedTuple):
    """A stream that came as a whole: its entry in a manifest, what was named as left out, and how its sink ended."""

    entry: Json
    notes: list[str]
    sink_code: int
    sink_output: str
    sink_errors: str


class Container:
    """A running container of a workload, reached by kubectl."""

    def __init__(self, run: RunCommand, kubectl: list[str], name: str, workload: str | None = None) -> None:
        """Take what runs a command, the words that every command begins with, and the service's name.

        The workload, such as ``statefulset/db``, is the Deployment of that name where none is given.
        """
        self._run, self._kubectl, self.name = run, kubectl, name
        self._workload = workload or f"deploy/{name}"

    def read(self, argv: list[str], target: Path) -> list[str]:
        """Write a command's output to a file; return what it named on standard error. BackupError when it fails."""
        return self._exec('exec "$@" >"$0"', target, [], argv)

    def write(self, argv: list[str], source: Path) -> None:
        """Give a file to a command. BackupError when the command fails."""
        self._exec('exec "$@" <"$0"', source, ["--stdin"], argv)

    def stream(self, argv: list[str], sink: list[str], form: str) -> Streamed:
        """Give a command's output to a program of this host. BackupError when the command fails or ends too early.

        The program then gets no end of its input: it is told to stop, and keeps nothing.
        """
        words = [*self._kubectl, "exec", self._workload, "--", *argv]
        done = piped(words, sink, Passed(form), direct_environment())
        return Streamed(
            done.entry,
            self._notes(argv, done.source_code, done.source_errors),
            done.sink_code,
            done.sink_output,
            done.sink_errors,
        )

    def ask(self, argv: list[str]) -> None:
        """Run a command for its exit status. BackupError when it is not 0, with what it said."""
        self._exec('exec "$@" >"$0"', Path("/dev/null"), [], argv)

    def say(self, argv: list[str]) -> str:
        """What a command writes to its output, which is little. BackupError when it fails."""
        words = [*self._kubectl, "exec", self._workload, "--", *argv]
        code, output, errors = self._run(words, environ_update=direct_environment())
        self._notes(argv, code, errors)
        return output

    def _exec(self, redirection: str, file: Path, options: list[str], argv: list[str]) -> list[str]:
        # A shell does nothing but connect the file: the stream may be larger than the memory.
        words = [*self._kubectl, "exec", *options, self._workload, "--", *argv]
        code, dummy, errors = self._run(
            ["sh", "-c", redirection, str(file), *words], environ_update=direct_environment()
        )
        return self._notes(argv, code, errors)

    def _notes(self, argv: list[str], code: int, errors: str) -> list[str]:
        """What a command named on standard error. BackupError when it failed."""
        if code:
            raise BackupError(f"{argv[0]} in the container of {self.name} ended with {code}: {said_by(errors)}")
        # Programs tell what they do as well; what is missing begins with the program's name.
        return [line for line in lines_of(errors) if line.startswith((f"{argv[0]}:", "tar:"))][:NOTES]
