# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate needs of the machine: Pythons, virtual environments, a clean copy of the collection, programs."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import filecmp
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import typing as t

CLONE = pathlib.Path(__file__).resolve().parents[2]
ARTIFACTS = CLONE / "artifacts"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ft_services"
# One working folder per clone, so that clones do not disturb each other and warm caches stay warm.
WORK = CACHE / "gate" / hashlib.sha256(str(CLONE).encode()).hexdigest()[:12]
COLLECTION = pathlib.PurePath("ansible_collections", "fortytwo", "ft_services")
# What tools leave in a copy; it stays there for the next run.
KEPT = frozenset({".git", ".ansible", ".mypy_cache", ".ruff_cache"})
HEARTBEAT = 60  # seconds of silence on the console before a line says what goes on


class GateError(Exception):
    """The gate itself cannot go on; the message says why and what to do."""


@dataclasses.dataclass
class Outcome:
    """How a program ended, and each line it wrote with the seconds since its start."""

    code: int
    lines: list[tuple[float, str]]

    @property
    def text(self) -> str:
        """All that the program wrote."""
        return "\n".join(line for dummy, line in self.lines)


def find_python(version: str) -> str | None:
    """Return an interpreter of this version (``3.13``) that can make virtual environments, or None."""
    folders = [pathlib.Path(name) for name in os.environ.get("PATH", os.defpath).split(os.pathsep) if name]
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    candidates = [folder / f"python{version}" for folder in folders]
    candidates += [folder / "bin" / f"python{version}" for folder in sorted(pyenv.glob(f"versions/{version}.*"))]
    question = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    for candidate in [pathlib.Path(sys.executable), *candidates]:
        # A file alone proves nothing: pyenv's shims exist for versions that are not switched on.
        if candidate.exists():
            answer = subprocess.run([candidate, "-c", question], capture_output=True, text=True, check=False)
            if answer.returncode == 0 and answer.stdout.strip() == version:
                return str(candidate)
    return None


def requirement_texts(file: pathlib.Path) -> list[str]:
    """Return the contents of a requirements file and of those it includes."""
    text = file.read_text(encoding="utf-8")
    texts = [text]
    for line in text.splitlines():
        if line.startswith("-r "):
            texts += requirement_texts(file.parent / line[3:].strip())
    return texts


def virtual_environment(name: str, python: str, requirements: pathlib.Path) -> pathlib.Path:
    """Return a virtual environment with these requirements; made once and kept as long as they are the same."""
    key = hashlib.sha256("\0".join([python, *requirement_texts(requirements)]).encode()).hexdigest()[:16]
    folder = CACHE / "venvs" / f"{name}-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    # All clones of this user share it.
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            make_environment(folder, python, requirements, ARTIFACTS / f"venv-{name}.log")
    return folder


def make_environment(folder: pathlib.Path, python: str, requirements: pathlib.Path, log: pathlib.Path) -> None:
    """Make a virtual environment; the file "complete" in it is written last."""
    shutil.rmtree(folder, ignore_errors=True)
    commands: list[list[str]] = [
        [python, "-m", "venv", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--progress-bar", "off", "-r", str(requirements)],
    ]
    for command in commands:
        outcome = run(command, log, environment(), CLONE, timeout=1200)
        if outcome.code:
            raise GateError(f"Cannot make the virtual environment {folder}:\n{tail(outcome)}\nSee {log}.")
    (folder / "complete").touch()


def environment(venv: pathlib.Path | None = None, **more: str) -> dict[str, str]:
    """Return the environment for a program: the host's, less what would change Ansible's or Python's ways."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANSIBLE_", "MOLECULE_", "PYTEST_")) and name not in ("PYTHONPATH", "PYTHONHOME")
    }
    kept |= {"HOME": str(pathlib.Path.home()), "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1"}
    kept |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    if venv:
        kept |= {"VIRTUAL_ENV": str(venv), "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    return kept | more


def run(
    command: t.Sequence[str], log: pathlib.Path, env: dict[str, str], cwd: pathlib.Path, timeout: float = 600
) -> Outcome:
    """Run a program, its output added to a log; a long one tells the console each minute what it does."""
    started = time.monotonic()
    lines: list[tuple[float, str]] = []
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as record:
        print("$", *command, file=record, flush=True)
        process = subprocess.Popen(
            command,
            cwd=cwd,
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
            watch(process, lines, started, timeout)
        finally:
            if process.poll() is None:
                stop(process)
            # A daemon that the program left behind may keep the pipe open: what it says is not waited for.
            reader.join(5)
    return Outcome(process.returncode, list(lines))


def watch(process: subprocess.Popen[str], lines: list[tuple[float, str]], started: float, timeout: float) -> None:
    """Wait for a program's end or its time limit; tell the console each minute what it does."""
    while (spent := time.monotonic() - started) < timeout:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(HEARTBEAT, timeout - spent))
            return
        last = next((line for dummy, line in reversed(lines) if line.strip()), "")
        print(f"    {(time.monotonic() - started) / 60:.0f} min: {last[:140]}", flush=True)
    lines.append((spent, f"Stopped: the limit for this program is {timeout:.0f} s."))


def stop(process: subprocess.Popen[str]) -> None:
    """End a program and all it started, first kindly."""
    for number, patience in ((signal.SIGTERM, 20.0), (signal.SIGKILL, 20.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return


def tail(outcome: Outcome, count: int = 40) -> str:
    """Return the last lines of a program's output, indented."""
    return "\n".join(f"    {line}" for dummy, line in outcome.lines[-count:])


def copy_collection(name: str) -> pathlib.Path:
    """Bring a copy of the clone's files up to date, below an ansible_collections folder, and return its root.

    Only what git tracks or would track is copied: the tools see what a fresh clone with these changes would have,
    and leave nothing behind in the clone.
    """
    command = ["git", "-c", f"safe.directory={CLONE}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=CLONE, capture_output=True, check=False)
    if listing.returncode:
        raise GateError(f"{CLONE} is no git clone: {listing.stderr.decode(errors='replace').strip()}")
    names = {pathlib.PurePath(os.fsdecode(entry)) for entry in listing.stdout.split(b"\0") if entry}
    root = WORK / name
    copy = root / COLLECTION
    copy.mkdir(parents=True, exist_ok=True)
    for entry in sorted(names):
        source, target = CLONE / entry, copy / entry
        if not source.is_symlink() and not source.is_file():
            continue  # tracked, but deleted
        if target.is_symlink() or source.is_symlink() or not target.is_file() or not filecmp.cmp(source, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
        elif source.stat().st_mode != target.stat().st_mode:
            shutil.copymode(source, target)
    remove_strangers(copy, {entry for entry in names if os.path.lexists(CLONE / entry)})
    if not (copy / ".git").exists():
        subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    return root


def remove_strangers(copy: pathlib.Path, names: t.AbstractSet[pathlib.PurePath]) -> None:
    """Remove from a copy what the clone no longer has, and the folders that this empties."""
    for folder, folders, files in os.walk(copy):
        here = pathlib.Path(folder)
        if here == copy:
            folders[:] = [name for name in folders if name not in KEPT]
        for name in files:
            if (here / name).relative_to(copy) not in names:
                (here / name).unlink()
    for folder, dummy, dummy in os.walk(copy, topdown=False):
        here = pathlib.Path(folder)
        if here.relative_to(copy).parts[:1] and here.relative_to(copy).parts[0] not in KEPT and not os.listdir(here):
            here.rmdir()
