# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A build context: which files, their hash, their tar.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
import typing as t
from dataclasses import dataclass

try:
    from docker.utils.build import PatternMatcher
except ImportError:
    # The modules refuse a missing SDK before any context is read.
    PatternMatcher = None

IGNORE_FILE = ".dockerignore"
_NAMELESS = ("dockerfile ", "target ", "packages ")


class ContextError(Exception):
    """A context cannot be used; the text names the file and says what to do."""


@dataclass(frozen=True)
class Entry:
    """One file, folder or link of a context; ``mode`` is what git keeps of it, whatever the umask was."""

    path: str
    full_path: str
    kind: str
    mode: int
    digest: str

    def line(self) -> str:
        """The entry as one line of a hashed list."""
        return f"{self.kind} {self.path} {self.mode:04o} {self.digest}"


def read_ignore(root: str) -> list[str]:
    """Patterns of the .dockerignore file of a context."""
    try:
        with open(os.path.join(root, IGNORE_FILE), encoding="utf-8-sig") as handle:
            lines = [line.strip() for line in handle]
    except FileNotFoundError:
        return []
    return [line for line in lines if line and not line.startswith("#")]


def clean_path(path: str) -> str:
    """A sub-path in its shortest form; refuses one that leaves the context."""
    cleaned = os.path.normpath(path)
    if os.path.isabs(cleaned) or cleaned.split(os.sep)[0] == os.pardir:
        raise ContextError(f"The path {path} leaves the context: give paths relative to it and inside it.")
    return cleaned


def _walk(root: str, path: str) -> t.Iterator[str]:
    full = os.path.join(root, path)
    if path != os.curdir:
        yield path
    if os.path.isdir(full) and not os.path.islink(full):
        for name in sorted(os.listdir(full)):
            yield from _walk(root, name if path == os.curdir else os.path.join(path, name))


def _parents(path: str) -> list[str]:
    parts = path.split(os.sep)[:-1]
    return [os.sep.join(parts[: count + 1]) for count in range(len(parts))]


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _entry(root: str, path: str) -> Entry:
    full = os.path.join(root, path)
    seen = os.lstat(full)
    if stat.S_ISDIR(seen.st_mode):
        return Entry(path, full, "folder", 0o755, "-")
    if stat.S_ISLNK(seen.st_mode):
        return Entry(path, full, "link", 0o777, hashlib.sha256(os.readlink(full).encode()).hexdigest())
    if stat.S_ISREG(seen.st_mode):
        return Entry(path, full, "file", 0o755 if seen.st_mode & 0o100 else 0o644, _digest(full))
    raise ContextError(
        f"{full} is neither a file, a folder nor a link: remove it, or list it in {os.path.join(root, IGNORE_FILE)}."
    )


def read_context(root: str, dockerfile: str, paths: t.Sequence[str] = ()) -> list[Entry]:
    """Everything a build gets, sorted: the sub-paths (without any, all) less what is ignored, and the Dockerfile."""
    if not os.path.isdir(root):
        raise ContextError(f"The context {root} is no folder: correct context.")
    wanted = [clean_path(path) for path in paths] or [os.curdir]
    for path in wanted:
        if not os.path.lexists(os.path.join(root, path)):
            raise ContextError(f"The context {root} has no {path}: correct paths.")
    dockerfile = clean_path(dockerfile)
    if not os.path.isfile(os.path.join(root, dockerfile)):
        raise ContextError(
            f"The context {root} has no {dockerfile}: correct dockerfile, which is relative to the context."
        )
    matcher = PatternMatcher([*read_ignore(root), f"!{dockerfile}"])
    found = {path for top in wanted for path in _walk(root, top) if not matcher.matches(path)} | {dockerfile}
    # Folders above a chosen file belong to it; without them the tar would leave their modes to the daemon.
    found |= {parent for path in found for parent in _parents(path)}
    try:
        return [_entry(root, path) for path in sorted(found)]
    except OSError as error:
        raise ContextError(f"{error.filename} cannot be read: {error.strerror}.") from error


def write_tar(entries: t.Sequence[Entry], target: t.IO[bytes]) -> None:
    """Write the context as a tar that belongs to root; times are kept, as web servers derive cache tags from them."""
    with tarfile.open(fileobj=target, mode="w") as tar:
        for entry in entries:
            info = tar.gettarinfo(entry.full_path, arcname=entry.path)
            info.uid = info.gid = 0
            info.uname = info.gname = "root"
            info.mode, info.mtime = entry.mode, int(info.mtime)
            if info.islnk():
                # A second name of the same file: send the content again, the first name may be outside.
                info.type, info.size = tarfile.REGTYPE, os.path.getsize(entry.full_path)
            if info.isreg():
                with open(entry.full_path, "rb") as handle:
                    tar.addfile(info, handle)
            else:
                tar.addfile(info)


def input_lines(entries: t.Sequence[Entry], build: t.Mapping[str, t.Any]) -> list[str]:
    """One line for everything that decides what the image is.

    Beside the files these are ``dockerfile, args, labels, bases, target, packages`` of the build.
    """
    lines = [entry.line() for entry in entries]
    lines.append(f"dockerfile {build['dockerfile']}")
    for kind in ("arg", "label"):
        # Values are hashed: the lines end up in a label, where nobody expects a password.
        lines += [
            f"{kind} {key} {hashlib.sha256(str(value).encode()).hexdigest()}"
            for key, value in sorted(build[f"{kind}s"].items())
        ]
    lines += [f"base {reference} {identity}" for reference, identity in sorted(build["bases"].items())]
    for kind in ("target", "packages"):
        if build[kind]:
            lines.append(f"{kind} {build[kind]}")
    return lines


def content_hash(lines: t.Sequence[str]) -> str:
    """The content hash: 64 hex digits over all input lines."""
    return hashlib.sha256("\n".join(["format 1", *lines]).encode()).hexdigest()


def short_lines(lines: t.Sequence[str]) -> str:
    """Input lines with digests cut to 12 digits, as kept in a label for the next run's diff."""
    return "\n".join(
        " ".join(word[:12] if len(word) == 64 else word for word in line.replace("sha256:", "").split(" "))
        for line in lines
    )


def changed_inputs(before: str, after: str) -> list[str]:
    """What differs between two short lists: kind and name, sorted; of what has no name, the kind."""
    different = set(before.splitlines()) ^ set(after.splitlines())
    return sorted(
        {line.split(" ")[0] if line.startswith(_NAMELESS) else " ".join(line.split(" ")[:2]) for line in different}
    )
