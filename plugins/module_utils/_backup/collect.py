# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that the cluster made by itself, copied to this host. Private to the collection fortytwo.ft_services."""

from __future__ import annotations

import os
import tarfile
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import (
    MANIFEST,
    NAME,
    UNFINISHED,
    check_files,
    finished,
    read_manifest,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.streams import Container
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.tars import write_members


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

    def place(member: tarfile.TarInfo) -> Path | None:
        parts = Path(member.name).parts
        if member.isdir():
            return target if parts == (name,) else None
        return target / parts[1] if len(parts) == 2 and parts[0] == name and parts[1] != ".." else None

    target.mkdir(mode=0o700)
    write_members(stream, place, f"what came of {name}")


def extract(stream: Path, target: Path) -> None:
    """Write what a tar has to a new folder. BackupError for anything but plain files and folders below it."""

    def place(member: tarfile.TarInfo) -> Path | None:
        path = Path(member.name)
        return None if path.is_absolute() or ".." in path.parts else target / path

    target.mkdir(mode=0o700)
    write_members(stream, place, "what came of the repository", "a repository")
