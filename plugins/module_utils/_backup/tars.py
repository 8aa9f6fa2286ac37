# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tars that came from elsewhere, of which only plain files are taken. Private to fortytwo.ft_services."""

from __future__ import annotations

import os
import shutil
import tarfile
import typing as t
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import CHUNK, BackupError


def write_members(
    archive: Path, place: t.Callable[[tarfile.TarInfo], Path | None], whose: str, what: str = "a backup"
) -> None:
    """Write the files and folders of a tar for the owner's eyes only, each to where ``place`` says.

    BackupError for what has no place (None), for anything but files and folders, and for a tar that is not whole.
    ``whose`` and ``what`` stand in its text: the tar came of ``whose``, and is to hold ``what``.
    """
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                path = place(member) if member.isfile() or member.isdir() else None
                if path is None:
                    raise BackupError(f"{member.name} has no place in {what}")
                source = opened.extractfile(member)
                if source is None:
                    path.mkdir(mode=0o700, exist_ok=True)
                    continue
                with source, path.open("xb") as file:
                    os.fchmod(file.fileno(), 0o600)
                    shutil.copyfileobj(source, file, CHUNK)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{whose} is no whole tar: {error}") from error
