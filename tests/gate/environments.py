# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environments of the gate, a clean copy of the collection, and what ansible-test wants to find.

It needs nothing but Python's own library: with it a bare ``python3`` makes the environment that nox comes from.
"""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "artifacts"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ft_services"
# One working folder per clone, so that clones do not disturb each other and warm caches stay warm.
WORK = CACHE / "gate" / hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
COLLECTION = pathlib.PurePath("ansible_collections", "fortytwo", "ft_services")
# Ansible finds a collection only below ansible_collections: this folder holds a link to the clone.
IN_PLACE = ROOT / ".venv" / "collections"
# Each Python with the ansible-core that requirements.txt pins for it.
OLDEST, NEWEST = "3.11", "3.13"
REQUIREMENTS = ROOT / "requirements-dev.txt"
IMPORTER = ROOT / "tests" / "gate" / "requirements-importer.txt"
# Debian's Python may come without ensurepip, and makes no virtual environments then.
QUESTION = (
    "import sys; from importlib.util import find_spec as f; f('ensurepip') and print('%d.%d' % sys.version_info[:2])"
)
# What tools leave in a copy; it stays there for the next run.
KEPT = frozenset({".git", ".ansible"})


class GateError(Exception):
    """The gate itself cannot go on; the message says why and what to do."""


def find_python(version: str) -> str | None:
    """Return an interpreter of this version (``3.13``) that can make virtual environments, or None."""
    folders = [pathlib.Path(name) for name in os.environ.get("PATH", os.defpath).split(os.pathsep) if name]
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    # pyenv's shims exist also for versions that are not switched on.
    candidates = [folder / f"python{version}" for folder in folders if folder != pyenv / "shims"]
    candidates += [folder / "bin" / f"python{version}" for folder in sorted(pyenv.glob(f"versions/{version}.*"))]
    candidates.insert(0, pathlib.Path(sys.executable))
    for candidate in dict.fromkeys(map(pathlib.Path.resolve, candidates)):  # less the links of virtual environments
        if candidate.exists():
            answer = subprocess.run([candidate, "-SIc", QUESTION], capture_output=True, text=True, check=False)
            if answer.returncode == 0 and answer.stdout.strip() == version:
                return str(candidate)
    return None


def first_python() -> tuple[str, str]:
    """Return the version and the path of the Python that most of the gate runs with: the oldest supported one."""
    found = find_python(OLDEST)
    return (OLDEST, found) if found else (f"{sys.version_info[0]}.{sys.version_info[1]}", sys.executable)


def requirement_texts(file: pathlib.Path) -> list[str]:
    """Return the contents of a requirements file and of those it includes."""
    text = file.read_text(encoding="utf-8")
    texts = [text]
    for line in text.splitlines():
        if line.startswith("-r "):
            texts += requirement_texts(file.parent / line[3:].strip())
    return texts


def virtual_environment(name: str, python: str, requirements: pathlib.Path = REQUIREMENTS) -> pathlib.Path:
    """Return a virtual environment with these requirements; made once and kept as long as they are the same."""
    key = hashlib.sha256("\0".join([python, *requirement_texts(requirements)]).encode()).hexdigest()[:16]
    folder = CACHE / "venvs" / f"{name}-{key}"
    if (folder / "complete").exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # All clones of this user share it.
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _make_environment(folder, python, requirements)
    return folder


def _make_environment(folder: pathlib.Path, python: str, requirements: pathlib.Path) -> None:
    """Make a virtual environment; the file "complete" in it is written last."""
    print(f"Preparing {folder}, once: this takes a minute or two", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [python, "-m", "venv", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--progress-bar", "off", "-r", str(requirements)],
    ):
        try:
            subprocess.run(
                command,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=1200,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = str(getattr(error, "output", None) or "").splitlines()[-20:]
            raise GateError("\n".join([f"Cannot make the virtual environment {folder}: {error}", *said])) from error
    (folder / "complete").touch()


def environment(venv: pathlib.Path | None = None, **more: str) -> dict[str, str]:
    """Return the environment for a program: the host's, less what would change Ansible's or Python's ways."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANSIBLE_", "MOLECULE_", "PYTEST_", "NOX")) and name not in ("PYTHONPATH", "PYTHONHOME")
    }
    kept |= {"HOME": str(pathlib.Path.home()), "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1"}
    kept |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    # Compiled files make the next start fast, and stay out of the clone.
    kept |= {"PYTHONPYCACHEPREFIX": str(CACHE / "pycache")}
    if venv:
        kept |= {"VIRTUAL_ENV": str(venv), "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    return kept | more


def link_in_place() -> pathlib.Path:
    """Return a folder for Ansible's collection path below which the collection is the clone itself."""
    link = IN_PLACE / COLLECTION
    if not link.exists() or not link.samefile(ROOT):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError):  # a step beside this one was faster
            link.symlink_to(os.path.relpath(ROOT, link.parent))
    return IN_PLACE


def tracked_files() -> list[pathlib.PurePath]:
    """Return what git tracks or would track in the clone, relative to it."""
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listing.returncode:
        raise GateError(f"{ROOT} is no git clone: {listing.stderr.decode(errors='replace').strip()}")
    names = {pathlib.PurePath(os.fsdecode(entry)) for entry in listing.stdout.split(b"\0") if entry}
    return sorted(name for name in names if (ROOT / name).is_symlink() or (ROOT / name).is_file())


def copy_collection(name: str) -> pathlib.Path:
    """Bring a copy of the clone's files up to date, below an ansible_collections folder, and return its root.

    For tools that refuse a collection elsewhere (ansible-test), or that shall see what a fresh clone would have.
    """
    names = tracked_files()
    root = WORK / name
    copy = root / COLLECTION
    copy.mkdir(parents=True, exist_ok=True)
    for entry in names:
        source, target = ROOT / entry, copy / entry
        if target.is_symlink() or source.is_symlink() or not target.is_file() or not filecmp.cmp(source, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
        elif source.stat().st_mode != target.stat().st_mode:
            shutil.copymode(source, target)
    _remove_strangers(copy, set(names))
    if not (copy / ".git").exists():
        subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    return root


def _remove_strangers(copy: pathlib.Path, names: t.AbstractSet[pathlib.PurePath]) -> None:
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


def place_pip_bootstrap(venv: pathlib.Path) -> None:
    """Put a script where ansible-test looks for its download of pip, which only open networks allow.

    The script installs the pip that comes with Python; the requirements of the tests are pinned either way.
    """
    source = next(venv.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py"))
    versions = re.findall(r"pip='([\d.]+)'", source.read_text(encoding="utf-8"))
    folder = pathlib.Path.home() / ".ansible" / "test" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    for version in versions:
        script = folder / f"get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            script.write_text("import ensurepip\n\nensurepip.bootstrap()\n", encoding="utf-8")
