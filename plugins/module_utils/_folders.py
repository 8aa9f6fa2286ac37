# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that travel as one archive. This module util is private to the collection fortytwo.ft_services.

It runs on both sides, so that both say in the same way what a folder holds.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
import typing as t
from pathlib import Path, PurePosixPath

DIRECTORY_MODE = 0o755


class FoldersError(Exception):
    """What cannot be copied, and why."""


class Entry(t.NamedTuple):
    """A file, or a folder where ``source`` is None; ``path`` is its place in the copy, with slashes."""

    path: str
    source: Path | None
    mode: int


def entries(sources: t.Iterable[Path], placed: t.Mapping[str, Path] | None = None) -> list[Entry]:
    """Return all that files and folders hold, each source under its own name, in the order of the paths.

    ``placed`` are more of them, each by its path in the copy. Links are followed, as the copy may not find what they
    lead to.
    """
    found: dict[str, Entry] = {}
    for path, source in [*((source.name, source) for source in sources), *(placed or {}).items()]:
        if not source.exists():
            raise FoldersError(f"{source} does not exist")
        for entry in walk(source, path, ()):
            if found.setdefault(entry.path, entry) != entry:
                raise FoldersError(f"{entry.path} comes from {found[entry.path].source} and from {entry.source}")
        for folder in list(PurePosixPath(path).parents)[:-1]:
            found.setdefault(str(folder), Entry(str(folder), None, DIRECTORY_MODE))
    return [found[path] for path in sorted(found)]


def walk(source: Path, path: str, above: tuple[Path, ...]) -> t.Iterator[Entry]:
    """Yield a file or folder, and what is in it; ``above`` are the folders that it lies in, to end circles of links."""
    if not source.is_dir():
        if not source.is_file():
            raise FoldersError(f"{source} is neither a file nor a folder: take it away, or put a file there")
        yield Entry(path, source, source.stat().st_mode & 0o777)
        return
    real = source.resolve()
    if real in above:
        raise FoldersError(f"{source} is a link to a folder that it lies in")
    yield Entry(path, None, DIRECTORY_MODE)
    for child in sorted(source.iterdir()):
        yield from walk(child, f"{path}/{child.name}", (*above, real))


def held(folder: Path) -> list[Entry]:
    """Return what a copy holds; nothing when it is not there."""
    if not folder.is_dir():
        return []
    return entries(sorted(folder.iterdir()))


def digest(found: t.Iterable[Entry]) -> str:
    """Return the SHA-256 over names, kinds, modes and contents."""
    total = hashlib.sha256()
    for entry in found:
        content = "" if entry.source is None else hashlib.sha256(entry.source.read_bytes()).hexdigest()
        total.update(f"{entry.path}\0{entry.mode:o}\0{content}\0".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def pack(found: t.Iterable[Entry], archive: Path) -> None:
    """Write an archive, the same bytes for the same content."""
    with tarfile.open(archive, "w:gz", format=tarfile.PAX_FORMAT, compresslevel=6) as tar:
        for entry in found:
            info = tarfile.TarInfo(entry.path)
            info.mode = entry.mode
            if entry.source is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
                continue
            with entry.source.open("rb") as content:
                info.size = entry.source.stat().st_size
                tar.addfile(info, content)


def unpack(archive: Path, folder: Path) -> None:
    """Put the content of an archive in the place of a folder, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        new, old = staging / "new", staging / "old"
        new.mkdir(mode=DIRECTORY_MODE)
        with tarfile.open(archive) as tar:
            for member in tar:
                extract(tar, member, new)
        new.chmod(DIRECTORY_MODE)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Make one file or folder of an archive. Nothing else is in an archive of ours, so nothing else is taken.

    tarfile's own filters came with Python 3.11.4, which is newer than what some hosts have.
    """
    path = folder / member.name
    content = tar.extractfile(member) if member.isreg() else None
    if ".." in path.parts or folder not in path.parents or not (content or member.isdir()):
        raise FoldersError(f"the archive has {member.name}, which is not to be copied")
    if content is None:
        path.mkdir()
    else:
        with content, path.open("wb") as file:
            shutil.copyfileobj(content, file)
    # The umask of who runs this does not count.
    path.chmod(member.mode)
