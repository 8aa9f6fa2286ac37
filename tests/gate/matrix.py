# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix: each Python with the ansible-core that requirements.txt pins for it."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import os
import pathlib
import sys
import typing as t

import machine

OLDEST = "3.11"
NEWEST = "3.13"

Thing = t.TypeVar("Thing")
Answer = t.TypeVar("Answer")


@dataclasses.dataclass(frozen=True)
class Row:
    """A Python with its packages, its own copy of the collection, and the way to run tools there."""

    name: str
    python: str
    requirements: pathlib.Path

    @functools.cached_property
    def venv(self) -> pathlib.Path:
        """The virtual environment of the row."""
        return machine.virtual_environment(self.name, self.python, self.requirements)

    @functools.cached_property
    def root(self) -> pathlib.Path:
        """The folder for Ansible's collection path, with a fresh copy of the collection below it."""
        return machine.copy_collection(self.name)

    @property
    def copy(self) -> pathlib.Path:
        """The row's copy of the collection."""
        return self.root / machine.COLLECTION

    def run(self, command: t.Sequence[str], log: str, timeout: float = 600, **more: str) -> machine.Outcome:
        """Run one of the row's tools in its copy, with ``more`` in the environment."""
        env = machine.environment(self.venv, ANSIBLE_COLLECTIONS_PATH=str(self.root), **more)
        return machine.run(command, machine.ARTIFACTS / log, env, self.copy, timeout)


@functools.cache
def rows() -> tuple[Row, ...]:
    """Return the matrix: the oldest Python that the collection supports, and a new one where there is one."""
    found = {version: python for version in (OLDEST, NEWEST) if (python := machine.find_python(version))}
    if OLDEST not in found:
        found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable} | found
    return tuple(
        Row(f"python{version}", python, machine.CLONE / "requirements-dev.txt") for version, python in found.items()
    )


@functools.cache
def importer() -> Row:
    """Return the row of galaxy-importer, which wants versions of its own."""
    return Row("importer", rows()[0].python, machine.CLONE / "tests" / "gate" / "requirements-importer.txt")


def at_once(work: t.Callable[[Thing], Answer], things: t.Iterable[Thing]) -> list[Answer]:
    """Do the same work for several things, as many at a time as there are processors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, things))
