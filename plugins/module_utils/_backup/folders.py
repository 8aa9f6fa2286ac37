# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups on a disk: what they hold, whether they are whole, which ones are too many.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import re
import shutil
import typing as t
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import private_folder, sha256_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

FORMAT = 1
MANIFEST = "manifest.json"
# Until a backup is complete its folder has this end.
UNFINISHED = ".unfinished"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
# A service's name is part of the names of its files.
SERVICE = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?")
WORKLOAD = re.compile(r"(deployment|deploy|statefulset|sts|daemonset|ds|replicaset|rs|pod|po|job)/[a-z0-9][-a-z0-9.]*")
CHUNK = 1 << 20
# What a stream of each form ends with, if it is whole.
TAIL = 1024
# With the moment, if the program was not told to leave it out.
DUMP_END = re.compile(rb"\n-- Dump completed( on [\d: -]+)?\s*\Z")
# Newer programs end with the command that lifts a restriction on the client.
POSTGRES_END = re.compile(rb"\n-- PostgreSQL database (cluster )?dump complete\n--\s*(\\unrestrict \w+\s*)?\Z")
ENDS: dict[str, t.Callable[[bytes], bool]] = {
    "tar": lambda tail: tail == b"\0" * TAIL,
    "sql": lambda tail: bool(DUMP_END.search(tail)),
    "pgsql": lambda tail: bool(POSTGRES_END.search(tail)),
    # The program's own end is all that is known of others; nothing at all is no backup.
    "any": bool,
}


class BackupError(Exception):
    """A backup cannot be made or used; the message says which, why, and what to do."""


def check_name(name: str) -> None:
    """Refuse what is no name of a folder of its own."""
    if not NAME.fullmatch(name):
        raise BackupError(f"{name!r} is no name for a backup: use up to 63 letters, digits, '-' and '_'.")


def check_services(services: t.Sequence[Json]) -> None:
    """Refuse services that cannot be told from each other, or whose containers kubectl would not find."""
    names = [each["name"] for each in services]
    for each in services:
        name, workload = each["name"], each.get("workload")
        if not SERVICE.fullmatch(name):
            hint = f" Give it as workload, and a name of its own: workload: {name}." if "/" in name else ""
            raise BackupError(f"{name!r} is no name for a service: use small letters, digits, '-' and '.'.{hint}")
        if names.count(name) > 1:
            raise BackupError(f"{name} stands in services more than once. Give each a name of its own.")
        if workload and not WORKLOAD.fullmatch(workload):
            raise BackupError(f"the workload of {name} is {workload!r}: write KIND/NAME, such as statefulset/{name}.")


def packed(source: Path, target: Path, form: str) -> Json:
    """Compress a stream that came and return its entry in the manifest. BackupError when it ended too early."""
    with source.open("rb") as file:
        file.seek(max(0, source.stat().st_size - TAIL))
        if not ENDS[form](file.read()):
            raise BackupError(f"what came is no whole {form}: it ended after {source.stat().st_size} bytes")
        file.seek(0)
        # Without a time in it the same content is the same file.
        with target.open("xb") as out, gzip.GzipFile("", "wb", 1, out, 0) as gz:
            target.chmod(0o600)
            shutil.copyfileobj(file, gz, CHUNK)
    size = {"bytes": source.stat().st_size, "content_sha256": sha256_of(source)}
    return {"file": target.name, "form": form, **size, **measured(target)}


def unpacked(source: Path, target: Path) -> None:
    """Write the stream of a file again."""
    with gzip.open(source, "rb") as file, target.open("xb") as out:
        target.chmod(0o600)
        shutil.copyfileobj(file, out, CHUNK)


def measured(path: Path) -> Json:
    """Return a file's size and hash."""
    return {"file_bytes": path.stat().st_size, "sha256": sha256_of(path)}


def finished(root: Path, readable_only: bool = False) -> list[str]:
    """The names of the finished backups in a folder, the oldest first. BackupError when one cannot be read."""
    found = []
    for manifest in root.glob(f"*/{MANIFEST}"):
        if manifest.parent.name.endswith(UNFINISHED):
            continue
        try:
            found.append((str(read_manifest(manifest.parent).get("created", "")), manifest.parent.name))
        except BackupError:
            if not readable_only:
                raise
    return [name for dummy, name in sorted(found)]


def read_manifest(folder: Path) -> Json:
    """Return what a backup says of itself. BackupError when it is none that this version can use."""
    file = folder / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BackupError(f"{folder} is no finished backup: {MANIFEST} is not there.") from None
    except (OSError, ValueError) as error:
        raise BackupError(f"{file} cannot be read: {error}. Take another backup.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BackupError(f"{file} has another format than {FORMAT}: it is from another version of this collection.")
    return manifest


def check(folder: Path, manifest: Json, services: t.Container[str]) -> None:
    """Refuse a backup with a file that is not what it was, or of a service that is not there."""
    strangers = sorted(name for name in manifest["services"] if name not in services)
    if strangers:
        raise BackupError(f"{folder} has data of {', '.join(strangers)}, which the platform does not have.")
    check_files(folder, manifest)


def check_files(folder: Path, manifest: Json) -> None:
    """Refuse a backup with a file that is not what it was."""
    for entry in [*manifest["services"].values(), *manifest["files"].values()]:
        path = folder / entry["file"]
        if not path.is_file():
            raise BackupError(f"{path} is not there. Nothing was changed; take another backup.")
        if measured(path) != {key: entry[key] for key in ("file_bytes", "sha256")}:
            raise BackupError(f"{path} is not what it was when it was written. Nothing was changed; take another one.")


def surplus(root: Path, keep: int) -> list[Path]:
    """The folders to remove: all but the newest ``keep`` backups and the newest complete one, and unfinished ones.

    What this version cannot read neither counts nor is removed: it is no reason not to keep another backup.
    """
    names = finished(root, readable_only=True)
    complete = next((name for name in reversed(names) if not read_manifest(root / name).get("missing")), None)
    return [root / name for name in names[:-keep] if name != complete] + sorted(root.glob(f"*{UNFINISHED}"))


def remove(folders: t.Iterable[Path]) -> list[str]:
    """Remove backups; from the first moment on none of them looks finished. Returns their names."""
    names = []
    for folder in folders:
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder)
        names.append(folder.name)
    return names


def locked(root: Path) -> int:
    """Make the folder of all backups where it is missing, and return the handle of its lock."""
    private_folder(root, dry=False)
    lock = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupError(f"Nothing was done: another run is writing to {root}.") from None
    return lock
