# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A build context: which files, their hash, their tar.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import os
import stat
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of, sha256_of_bytes
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import ignore

DEFAULT_DOCKERFILE = "Dockerfile"
_NAMELESS = ("dockerfile ", "target ", "packages ", "option ")


class ContextError(Exception):
    """A context cannot be used; the text names the file and says what to do."""


def shown(path: str) -> str:
    """A path as one printable word, whatever bytes its name has; different paths give different words."""
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace(" ", "\\x20")
    return os.fsencode(escaped).decode(errors="backslashreplace")


@dataclass(frozen=True)
class Entry:
    """One file, folder, link, pipe or device of a context.

    ``mode`` is what git keeps of it, whatever the umask was.
    """

    path: str
    full_path: str
    kind: str
    mode: int
    digest: str

    def line(self) -> str:
        """The entry as one line of a hashed list."""
        return f"{self.kind} {shown(self.path)} {self.mode:04o} {self.digest}"


@dataclass(frozen=True)
class Context:
    """What is sent: all entries, the path of the Dockerfile among them, and what COPY does not see of them.

    ``unlisted`` are those of the latter that the .dockerignore file does not name.
    """

    entries: list[Entry]
    dockerfile: str
    hidden: frozenset[str] = frozenset()
    unlisted: tuple[str, ...] = ()


def clean_path(path: str) -> str:
    """A sub-path in its shortest form; refuses one that leaves the context."""
    cleaned = os.path.normpath(path)
    if os.path.isabs(cleaned) or cleaned.split(os.sep)[0] == os.pardir:
        raise ContextError(f"The path {path} leaves the context: give paths relative to it and inside it.")
    return cleaned


def _parents(path: str) -> list[str]:
    parts = path.split(os.sep)[:-1]
    return [os.sep.join(parts[: count + 1]) for count in range(len(parts))]


def _below(path: str, top: str) -> bool:
    return top in (os.curdir, path) or path.startswith(top + os.sep)


def _walk(root: str, decide: ignore.Ignore, wanted: t.Sequence[str]) -> t.Iterator[str]:
    """All paths that are not ignored and at or below one of the wanted, ignored folders unread."""
    pending: list[tuple[str, ignore.Verdict]] = [("", ignore.Verdict())]
    while pending:
        folder, above = pending.pop()
        with os.scandir(os.path.join(root, folder)) as listed:
            found = [(os.path.join(folder, item.name), item.is_dir(follow_symlinks=False)) for item in listed]
        for path, is_folder in found:
            inside = any(_below(path, top) for top in wanted)
            if not inside and not any(_below(each, path) for each in wanted):
                continue
            verdict = decide.verdict(path, above)
            if inside and not verdict.ignored:
                yield path
            if is_folder and (not verdict.ignored or decide.searched(path)):
                pending.append((path, verdict))


def read_entry(path: str, full: str) -> Entry | None:
    """The entry of a path; None for a socket, which docker leaves out too."""
    seen = os.lstat(full)
    if stat.S_ISDIR(seen.st_mode):
        return Entry(path, full, "folder", 0o755, "-")
    if stat.S_ISLNK(seen.st_mode):
        return Entry(path, full, "link", 0o777, sha256_of_bytes(os.fsencode(os.readlink(full))))
    mode = 0o755 if seen.st_mode & 0o100 else 0o644
    if stat.S_ISREG(seen.st_mode):
        return Entry(path, full, "file", mode, sha256_of(Path(full)))
    if stat.S_ISFIFO(seen.st_mode):
        return Entry(path, full, "pipe", mode, "-")
    if stat.S_ISSOCK(seen.st_mode):
        return None
    return Entry(path, full, "device", mode, f"{stat.S_IFMT(seen.st_mode):o}:{seen.st_rdev}")


def find_dockerfile(root: str, dockerfile: str) -> tuple[str, str]:
    """The Dockerfile's path in what is sent and on this host; links are followed, as docker does.

    One outside of the context is sent under a name of its own, which depends on its content only.
    """
    full = os.path.join(root, dockerfile)
    if dockerfile == DEFAULT_DOCKERFILE and not os.path.lexists(full):
        full = os.path.join(root, DEFAULT_DOCKERFILE.lower())
    full = os.path.realpath(full)
    if not os.path.isfile(full):
        raise ContextError(
            f"The context {root} has no {dockerfile}: correct dockerfile, which is relative to the context."
        )
    path = os.path.relpath(full, os.path.realpath(root))
    if path.split(os.sep, maxsplit=1)[0] == os.pardir:
        path = f".dockerfile.{sha256_of(Path(full))[:20]}"
    return path, full


def own_ignore_file(dockerfile: str) -> bool:
    """Whether this Dockerfile (its path on this host) has a file NAME.dockerignore beside it."""
    return os.path.isfile(f"{dockerfile}.dockerignore")


def read_context(root: str, dockerfile: str, paths: t.Sequence[str] = (), buildkit: bool = False) -> Context:
    """Everything a build gets, sorted: the sub-paths (without any, all) less what is ignored, and the Dockerfile.

    With ``buildkit`` it is what BuildKit would read, which differs in few points from the classic builder.
    """
    if not os.path.isdir(root):
        raise ContextError(f"The context {root} is no folder: correct context.")
    wanted = [clean_path(path) for path in paths] or [os.curdir]
    for path in wanted:
        if not os.path.lexists(os.path.join(root, path)):
            raise ContextError(f"The context {root} has no {path}: correct paths.")
    try:
        return _read_context(root, dockerfile, wanted, buildkit)
    except ignore.PatternError as error:
        raise ContextError(str(error)) from error
    except OSError as error:
        raise ContextError(
            f"{shown(str(error.filename))} cannot be read: {error.strerror}. Make it readable, or list it in "
            f"{os.path.join(root, ignore.IGNORE_FILE)} when the image does not need it."
        ) from error


def _read_context(root: str, dockerfile: str, wanted: t.Sequence[str], buildkit: bool) -> Context:
    path, full = find_dockerfile(root, dockerfile)
    # BuildKit prefers NAME.dockerignore beside the Dockerfile; the classic builder does not know it.
    own = buildkit and own_ignore_file(full)
    ignore_file = os.path.join(root, ignore.IGNORE_FILE)
    decide = ignore.Ignore(ignore.read(f"{full}.dockerignore" if own else ignore_file), deep=buildkit)
    found = {name: os.path.join(root, name) for name in _walk(root, decide, wanted)}
    visible = {parent for name in found for parent in (*_parents(name), name)}
    # The builder needs the Dockerfile and the list of what is ignored even where COPY must not see them.
    hidden = set()
    if path not in found and (decide.ignores(path) or full != os.path.realpath(os.path.join(root, path))):
        hidden.add(path)
    found[path] = full
    listed = any(_below(ignore.IGNORE_FILE, top) for top in wanted)
    if ignore.IGNORE_FILE not in found and os.path.lexists(ignore_file) and not own and (listed or hidden):
        found[ignore.IGNORE_FILE] = ignore_file
        hidden.add(ignore.IGNORE_FILE)
    # Folders above a chosen file belong to it; without them the tar would leave their modes to the daemon.
    for parent in {parent for name in found for parent in _parents(name)}:
        found.setdefault(parent, os.path.join(root, parent))
    if path not in hidden:
        visible |= {*_parents(path), path}
    hidden |= found.keys() - visible
    entries = [read_entry(name, found[name]) for name in sorted(found)]
    unlisted = [name for name in sorted(hidden & {path, ignore.IGNORE_FILE}) if not decide.ignores(name)]
    return Context([entry for entry in entries if entry], path, frozenset(hidden), tuple(unlisted))


def _sha256(text: str) -> str:
    return sha256_of_bytes(text.encode(errors="surrogatepass"))


def input_lines(entries: t.Sequence[Entry], build: t.Mapping[str, t.Any]) -> list[str]:
    """One line for everything that decides what the image is.

    Beside the files these are ``dockerfile, args, labels, bases, target, packages`` of the build.
    """
    lines = [entry.line() for entry in entries]
    lines.append(f"dockerfile {build['dockerfile']}")
    for kind in ("arg", "label"):
        # Values are hashed: the lines end up in a label, where nobody expects a password.
        lines += [f"{kind} {key} {_sha256(str(value))}" for key, value in sorted(build[f"{kind}s"].items())]
    lines += [f"base {reference} {identity}" for reference, identity in sorted(build["bases"].items())]
    for kind in ("target", "packages"):
        if build[kind]:
            lines.append(f"{kind} {build[kind]}")
    return lines


def content_hash(lines: t.Sequence[str]) -> str:
    """The content hash: 64 hex digits over all input lines."""
    return _sha256("\n".join(["format 1", *lines]))


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
