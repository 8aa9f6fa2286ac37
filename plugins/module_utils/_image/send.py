# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A build context on its way to a builder: as a tar for the daemon, as a folder for docker buildx.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.context import (
    Context,
    ContextError,
    Entry,
    read_entry,
    shown,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.ignore import IGNORE_FILE


def _changed(entry: Entry) -> ContextError:
    return ContextError(f"{shown(entry.full_path)} changed while it was read: run again when nothing writes to it.")


class _Hashed:
    """A file that is read once, and its digest."""

    def __init__(self, handle: t.IO[bytes]) -> None:
        self._handle, self._digest = handle, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._handle.read(size)
        self._digest.update(data)
        return data

    def digest(self) -> str:
        """The digest of all that is in the file, read or not."""
        while self.read(1 << 20):
            pass
        return self._digest.hexdigest()


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    info = tar.gettarinfo(entry.full_path, arcname=entry.path)
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    info.mode, info.mtime = entry.mode, int(info.mtime)
    if info.islnk():
        # A second name of the same file: send the content again, the first name may be outside.
        info.type, info.size = tarfile.REGTYPE, os.path.getsize(entry.full_path)
    if entry.kind != "file":
        if read_entry(entry.path, entry.full_path) != entry:
            raise _changed(entry)
        tar.addfile(info)
        return
    if not info.isreg():
        raise _changed(entry)
    with open(entry.full_path, "rb") as handle:
        hashed = _Hashed(handle)
        try:
            tar.addfile(info, t.cast(t.IO[bytes], hashed))
        except OSError as error:
            # The tar module says so when a file ends before its size.
            raise _changed(entry) from error
        if hashed.digest() != entry.digest:
            raise _changed(entry)


def write_tar(context: Context, target: t.IO[bytes]) -> None:
    """Write the context as a tar that belongs to root; times are kept, as web servers derive cache tags from them.

    Refuses files that are not the hashed ones any more. The GNU format takes names of any bytes.
    """
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for entry in context.entries:
            if not (context.unlisted and entry.path == IGNORE_FILE):
                try:
                    _add(tar, entry)
                except FileNotFoundError as error:
                    raise _changed(entry) from error
        if context.unlisted:
            _add_ignore_file(tar, context)


def _add_ignore_file(tar: tarfile.TarFile, context: Context) -> None:
    # The daemon reads the list to find out which of its two files COPY must not see.
    text = b""
    for entry in context.entries:
        if entry.path == IGNORE_FILE:
            with open(entry.full_path, "rb") as handle:
                text = handle.read() + b"\n"
    names = dict.fromkeys((*context.unlisted, *([] if text else [IGNORE_FILE])))
    text += os.fsencode("".join(f"{name}\n" for name in names))
    info = tarfile.TarInfo(IGNORE_FILE)
    info.size, info.mode = len(text), 0o644
    tar.addfile(info, io.BytesIO(text))


def _copy(entry: Entry, target: str) -> None:
    if entry.kind != "file":
        if read_entry(entry.path, entry.full_path) != entry:
            raise _changed(entry)
        if entry.kind == "folder":
            os.makedirs(target, exist_ok=True)
        elif entry.kind == "link":
            os.symlink(os.readlink(entry.full_path), target)
        elif entry.kind == "pipe":
            os.mkfifo(target)
        else:
            raise ContextError(f"{shown(entry.full_path)} is a device: BuildKit takes none, list it in {IGNORE_FILE}.")
        return
    with open(entry.full_path, "rb") as handle, open(target, "wb") as copy:
        hashed = _Hashed(handle)
        shutil.copyfileobj(t.cast(t.IO[bytes], hashed), copy, 1 << 20)
        if hashed.digest() != entry.digest:
            raise _changed(entry)


def write_folder(context: Context, folder: str) -> tuple[str, str]:
    """Write the context into a new folder; return its path and that of its Dockerfile, which COPY sees only if it may.

    Files have the modes of their entries and the times of the originals. Refuses files that are not the hashed ones.
    """
    root, dockerfile = os.path.join(folder, "context"), os.path.join(folder, "Dockerfile")
    os.mkdir(root)
    times = []
    try:
        for entry in context.entries:
            targets = [] if entry.path in context.hidden else [os.path.join(root, entry.path)]
            for target in [*targets, *([dockerfile] if entry.path == context.dockerfile else [])]:
                _copy(entry, target)
                if entry.kind in ("file", "folder", "pipe"):
                    os.chmod(target, entry.mode)
                    times.append((target, int(os.stat(entry.full_path).st_mtime)))
    except FileNotFoundError as error:
        raise ContextError(f"{shown(str(error.filename))} changed while it was read: run again.") from error
    # Last, as new files change the times of the folders that they are in.
    for target, seconds in times:
        os.utime(target, (seconds, seconds))
    # An empty list of its own: what is there was chosen already, with the rules of the original list.
    with open(f"{dockerfile}.dockerignore", "wb"):
        pass
    return root, dockerfile
