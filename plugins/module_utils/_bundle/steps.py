# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the steps that make a bundle: each once, side by side, resumable.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import collections
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import threading
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import Bundle, BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# How many steps of a kind run at once. Compilation uses all processors by itself; the others run beside it.
LANES = {"compile": 1, "assemble": 1, "download": 3}


def recipe_of(*parts: t.Any) -> str:
    """Return a short hash of everything that decides a step's result."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


@dataclasses.dataclass(frozen=True)
class Step:
    """One file or folder to make.

    ``make(target, scratch)`` writes it to ``target``, may use the empty folder ``scratch``, and returns where the
    content comes from when that is not the forge.
    """

    path: str
    recipe: str
    make: t.Callable[[pathlib.Path, pathlib.Path], str | None]
    lane: str = "assemble"
    needs: tuple[str, ...] = ()
    intermediate: bool = False
    unique: bool = False  # made anew it is another one (a key): what was made with the old one has to be made again
    stale: bool = False  # has to be made anew, whatever is there

    @property
    def title(self) -> str:
        """Return what to call the step in front of a person."""
        return pathlib.PurePosixPath(self.path).name


def make_runner(module: AnsibleModule) -> Runner:
    """Return a function that runs a command and raises with its last lines when it fails, or says what is ``fatal``."""
    # A command does not outlive a module that is killed: the next run would find it writing to the same places.
    setpriv = module.get_bin_path("setpriv")
    guard = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []

    def run(command: list[str], fatal: str | None = None, **options: t.Any) -> str:
        environment = {"LC_ALL": "C", **options.pop("environ_update", {})}
        words = [*guard, *command]
        code, out, err = module.run_command(words, environ_update=environment, handle_exceptions=False, **options)
        if code != 0:
            tail = "\n".join((err or out).strip().splitlines()[-12:])
            raise BundleError(f"{' '.join(command[:6])} failed with exit code {code}:\n{tail}")
        if fatal and re.search(fatal, err, re.MULTILINE):
            raise BundleError(err.strip())
        return t.cast(str, out)

    return run


def remove(path: pathlib.Path) -> None:
    """Remove a file or a folder, when it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Forge:
    """Makes what is missing in a bundle; intermediates stay in the work folder, so a new run goes on from there."""

    def __init__(
        self, bundle: Bundle, work: pathlib.Path, steps: list[Step], accepted: dict[str, frozenset[str]] | None = None
    ) -> None:
        """Take the steps, each after its needs; and recipes that are as good as theirs, by path."""
        self.bundle, self.work = bundle, work
        self._accepted = accepted or {}
        self.store = Bundle(work / "out")
        self.steps = {step.path: step for step in steps}
        self._done: dict[str, threading.Event] = {}
        self._errors: list[BundleError] = []
        self._failed = threading.Event()

    def home(self, step: Step) -> Bundle:
        """Return the folder that a step's result belongs to."""
        return self.store if step.intermediate else self.bundle

    def todo(self, thorough: bool = False) -> list[Step]:
        """Return the steps that have to run: missing or changed results, and the intermediates that those need."""
        wanted: set[str] = set()

        def visit(step: Step) -> None:
            if step.path not in wanted and not self._current(step, thorough):
                want(step)

        def want(step: Step) -> None:
            wanted.add(step.path)
            for need in step.needs:
                visit(self.steps[need])

        for step in self.steps.values():
            if not step.intermediate:
                visit(step)
        unique = {step.path for step in self.steps.values() if step.unique and step.path in wanted}
        for step in self.steps.values():
            if step.path not in wanted and unique.intersection(step.needs):
                want(step)
        return [step for step in self.steps.values() if step.path in wanted]

    def _current(self, step: Step, thorough: bool) -> bool:
        if step.stale:
            return False
        recipes = {step.recipe} if step.intermediate else {step.recipe} | self._accepted.get(step.path, frozenset())
        return self.home(step).current(step.path, recipes, thorough)

    def run(self, todo: list[Step], progress: Progress) -> None:
        """Run the steps, in each lane as many at once as it has workers; after a failure only those under way end."""
        self._done = {step.path: threading.Event() for step in todo}
        workers = []
        for lane, count in LANES.items():
            queue = collections.deque(step for step in todo if step.lane == lane)
            workers += [
                threading.Thread(target=self._work, args=(queue, progress), daemon=True)
                for dummy in range(min(count, len(queue)))
            ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if self._errors:
            raise BundleError("\n".join(str(error) for error in self._errors))

    def _work(self, queue: collections.deque[Step], progress: Progress) -> None:
        while queue:
            try:
                step = queue.popleft()
            except IndexError:
                return  # another worker was faster
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
                reason = error if isinstance(error, BundleError) else f"{type(error).__name__}: {error}"
                self._errors.append(BundleError(f"Making {step.path} failed. {reason}"))
                self._failed.set()
                progress.message(f"{step.title} failed; waiting for what is under way")
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
        try:
            source = step.make(partial, scratch)
            home.forget(step.path)
            remove(place)
            os.replace(partial, place)
            home.record_tree(step.path, step.recipe, source or "forge")
        finally:
            for path in (partial, scratch):
                remove(path)


class Lock:
    """One run at a time per work folder; the kernel frees the lock when its holder dies, however it dies."""

    def __init__(self, work: pathlib.Path, progress: Progress) -> None:
        """Prepare; nothing is locked yet."""
        self._path, self._progress = work / "lock", progress

    def __enter__(self) -> None:
        """Wait for the lock."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = self._path.open("a")
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Left behind by an ansible-playbook that was killed: it goes on, and its work counts.
            self._progress.message("another run works on this bundle: waiting for it")
            fcntl.flock(self._handle, fcntl.LOCK_EX)

    def __exit__(self, *unused: object) -> None:
        """Give the lock back."""
        self._handle.close()
