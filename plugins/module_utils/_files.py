# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole, private, known by hash. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path

# A file is written in moments: one that is unfinished for so many seconds is what a run left that was killed.
ABANDONED = 60


def private_folder(path: Path, dry: bool) -> bool:
    """Make the folder, and missing ones above it, with mode 0700. One that is there may be others' too and stays.

    Returns whether something had to be done; with ``dry`` it is not done.
    """
    if path.is_dir():
        return False
    if not dry:
        for folder in [*reversed(path.parents), path]:
            if not folder.is_dir():
                folder.mkdir(mode=0o700)
    return True


def fix_mode(path: Path, mode: int, dry: bool) -> bool:
    """Give the file or folder exactly this mode. Returns whether it had another; with ``dry`` it keeps that."""
    if path.stat().st_mode & 0o7777 == mode:
        return False
    if not dry:
        path.chmod(mode)
    return True


def _unfinished(path: Path) -> str:
    """What the names of files begin with that are to become this one. No user's file is called so."""
    return f".{path.name}.unfinished-"


def remove_abandoned(path: Path) -> None:
    """Remove what runs left that were killed while they wrote this file."""
    if not path.parent.is_dir():
        return
    for left in path.parent.iterdir():
        if left.name.startswith(_unfinished(path)):
            # Another run may be faster, or still at work.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime >= ABANDONED:
                    left.unlink()


def write_private(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all, so that a kill leaves the old or the new one.

    Nobody but the owner can read it at any moment before it has its mode.
    """
    remove_abandoned(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_unfinished(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    return digest_of(path, "sha256")


def sha256_of_bytes(content: bytes) -> str:
    """Return the SHA-256 of some bytes as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path, kind: str) -> str:
    """Return the digest of a file as hexadecimal text; ``kind`` is a name that hashlib knows."""
    digest = hashlib.new(kind)
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
