# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that the cluster made by itself, copied to this host. Private to the collection fortytwo.ft_services."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import (
    CHUNK,
    MANIFEST,
    NAME,
    UNFINISHED,
    BackupError,
    check_files,
    finished,
    read_manifest,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.streams import Container


def missing(container: Container, folder: str, root: Path, keep: int) -> list[str]:
    """Of the newest ``keep`` backups in a container's folder, those that the host lacks, the oldest first."""
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch) / "list"
        container.read(["find", folder, "-mindepth", "2", "-maxdepth", "2", "-name", MANIFEST], listed)
        names = [Path(line).parent.name for line in listed.read_text(encoding="utf-8").splitlines()]
    known = finished(root)
    # They are named by their time. The name of what is still being made has an end that no backup's has.
    return [name for name in sorted(filter(NAME.fullmatch, names))[-keep:] if name not in known]


def fetch(container: Container, folder: str, root: Path, name: str) -> dict[str, t.Any]:
    """Copy one backup, verify it, and return its manifest."""
    with tempfile.TemporaryDirectory(dir=root, suffix=UNFINISHED) as scratch:
        stream, aside = Path(scratch) / "stream", Path(scratch) / name
        container.read(["tar", "-C", folder, "-cf", "-", name], stream)
        unpack(stream, aside, name)
        manifest = read_manifest(aside)
        check_files(aside, manifest)
        os.sync()
        aside.rename(root / name)
    return manifest


def unpack(stream: Path, target: Path, name: str) -> None:
    """Write what a tar has of the folder ``name`` to a new folder. BackupError for anything but plain files in it."""
    target.mkdir(mode=0o700)
    try:
        with tarfile.open(stream) as archive:
            for member in archive:
                parts = Path(member.name).parts
                if member.isdir() and parts == (name,):
                    continue
                source = archive.extractfile(member) if member.isfile() else None
                if source is None or len(parts) != 2 or parts[0] != name or parts[1] == "..":
                    raise BackupError(f"{member.name} has no place in a backup")
                with source, (target / parts[1]).open("xb") as file:
                    os.fchmod(file.fileno(), 0o600)
                    shutil.copyfileobj(source, file, CHUNK)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"what came of {name} is no whole tar: {error}") from error


def extract(stream: Path, target: Path) -> None:
    """Write what a tar has to a new folder. BackupError for anything but plain files and folders below it."""
    target.mkdir(mode=0o700)
    try:
        with tarfile.open(stream) as archive:
            for member in archive:
                parts = Path(member.name).parts
                source = archive.extractfile(member) if member.isfile() else None
                if Path(member.name).is_absolute() or ".." in parts or not (source or member.isdir()):
                    raise BackupError(f"{member.name} has no place in a repository")
                if source is None:
                    target.joinpath(*parts).mkdir(mode=0o700, exist_ok=True)
                    continue
                with source, target.joinpath(*parts).open("xb") as file:
                    shutil.copyfileobj(source, file, CHUNK)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"what came of the repository is no whole tar: {error}") from error
