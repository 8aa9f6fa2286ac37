# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the steps that make a bundle: each once, side by side, resumable. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import threading
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle import Bundle, BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._debian import Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# Compilation uses all processors by itself; downloads, unpacking and packing run beside it.
LANES = ("compile", "assemble")


def recipe_of(*parts: t.Any) -> str:
    """Return a short hash of everything that decides a step's result."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


@dataclasses.dataclass(frozen=True)
class Step:
    """One file or folder to make; ``make(target, scratch)`` writes it to ``target`` and may use the empty folder ``scratch``."""

    path: str
    recipe: str
    make: t.Callable[[pathlib.Path, pathlib.Path], None]
    lane: str = "assemble"
    needs: tuple[str, ...] = ()
    intermediate: bool = False

    @property
    def title(self) -> str:
        """Return what to call the step in front of a person."""
        return pathlib.PurePosixPath(self.path).name


def make_runner(module: AnsibleModule) -> Runner:
    """Return a function that runs a command and raises with its last lines when it fails."""

    def run(command: list[str], **options: t.Any) -> str:
        environment = {"LC_ALL": "C", **options.pop("environ_update", {})}
        code, out, err = module.run_command(command, environ_update=environment, handle_exceptions=False, **options)
        if code != 0:
            tail = "\n".join((err or out).strip().splitlines()[-12:])
            raise BundleError(f"{' '.join(command[:6])} failed with exit code {code}:\n{tail}")
        return t.cast(str, out)

    return run


def remove(path: pathlib.Path) -> None:
    """Remove a file or a folder, when it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Forge:
    """Makes what is missing in a bundle; intermediates stay in the work folder, so that an interrupted run goes on where it was."""

    def __init__(self, bundle: Bundle, work: pathlib.Path, steps: list[Step]) -> None:
        """Take the steps in an order in which every step comes after its needs."""
        self.bundle, self.work = bundle, work
        self.store = Bundle(work / "out")
        self.steps = {step.path: step for step in steps}
        self._done: dict[str, threading.Event] = {}
        self._errors: list[BaseException] = []
        self._failed = threading.Event()

    def home(self, step: Step) -> Bundle:
        """Return the folder that a step's result belongs to."""
        return self.store if step.intermediate else self.bundle

    def todo(self, thorough: bool = False) -> list[Step]:
        """Return the steps that have to run: missing or changed results, and the intermediates that those need."""
        wanted: set[str] = set()

        def visit(step: Step) -> None:
            if step.path in wanted or self.home(step).current(step.path, (step.recipe,), thorough):
                return
            wanted.add(step.path)
            for need in step.needs:
                visit(self.steps[need])

        for step in self.steps.values():
            if not step.intermediate:
                visit(step)
        return [step for step in self.steps.values() if step.path in wanted]

    def run(self, todo: list[Step], progress: Progress) -> None:
        """Run the steps, one per lane at a time; the first failure ends the run after the steps under way."""
        self._done = {step.path: threading.Event() for step in todo}
        lanes = [threading.Thread(target=self._lane, args=([s for s in todo if s.lane == lane], progress), daemon=True) for lane in LANES]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        if self._errors:
            raise self._errors[0]

    def _lane(self, steps: list[Step], progress: Progress) -> None:
        for step in steps:
            for need in step.needs:
                event = self._done.get(need)
                while event is not None and not event.wait(0.2) and not self._failed.is_set():
                    pass
            if self._failed.is_set():
                return
            try:
                progress.message(step.title)
                self._make(step)
            except Exception as error:
                self._errors.append(error if isinstance(error, BundleError) else BundleError(f"{step.path}: {error}"))
                if isinstance(error, BundleError):
                    self._errors[-1] = BundleError(f"Making {step.path} failed. {error}")
                self._failed.set()
                return
            self._done[step.path].set()
            progress.step(step.title)

    def _make(self, step: Step) -> None:
        home = self.home(step)
        place = home.root / step.path
        partial = place.with_name(f".{place.name}.partial")
        scratch = self.work / "tmp" / step.path.replace("/", "_")
        for path in (partial, scratch):
            remove(path)
        scratch.mkdir(parents=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        step.make(partial, scratch)
        home.forget(step.path)
        remove(place)
        os.replace(partial, place)
        home.record_tree(step.path, step.recipe, "forge")
        remove(scratch)


class Lock:
    """One run at a time per work folder; the kernel frees the lock when its holder dies, however it dies."""

    def __init__(self, work: pathlib.Path, progress: Progress) -> None:
        """Prepare; nothing is locked yet."""
        self._path, self._progress = work / "lock", progress

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = self._path.open("a")
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Left behind by an ansible-playbook that was killed: it goes on, and its work counts.
            self._progress.message("another run works on this bundle: waiting for it")
            fcntl.flock(self._handle, fcntl.LOCK_EX)

    def __exit__(self, *unused: object) -> None:
        self._handle.close()
