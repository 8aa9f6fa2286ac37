# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups in a restic repository: encrypted, authenticated, and without what is there already.

This module util is private to the collection fortytwo.ft_services. One backup is one snapshot: it is there as a whole
or not at all.
"""

from __future__ import annotations

import calendar
import json
import os
import secrets
import shutil
import time
import typing as t
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import (
    MANIFEST,
    UNFINISHED,
    BackupError,
    check_files,
    measured,
    packed,
    read_manifest,
    unpacked,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import write_private
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

RunCommand = t.Callable[..., tuple[int, str, str]]
SHOWN = 500
# Snapshots of other programs in the same repository are left alone.
HOST = "ft-services"
# The folder that restic reads: always the same path, so that it knows what has not changed.
STREAMS = f"streams{UNFINISHED}"
# What restic says where there is no repository, over its versions and kinds of places.
NO_REPOSITORY = (
    "Is there a repository at the following location",
    "repository does not exist",
    "unable to open config file",
)


class Repository:
    """A restic repository, wherever it lies."""

    def __init__(self, run: RunCommand, location: str, key_file: Path, executable: str = "restic") -> None:
        """Take what runs a command, restic's name of the place, the file of the repository's key, and the program."""
        self._run, self.location, self._key_file = run, location, key_file
        self._words = [executable, "--repo", location, "--password-file", str(key_file)]

    def _call(self, *words: str, cwd: Path | None = None) -> tuple[int, str, str]:
        options = {"cwd": str(cwd)} if cwd else {}
        return self._run([*self._words, *words], **options)

    def _asked(self, *words: str, cwd: Path | None = None) -> str:
        code, out, errors = self._call(*words, cwd=cwd)
        if code:
            raise BackupError(f"restic {words[0]} in {self.location} ended with {code}: {said_by(errors or out)}")
        return out

    def is_there(self) -> bool:
        """Whether there is a repository. BackupError when it cannot be opened, by a wrong key for example."""
        if not self._key_file.is_file():
            return False
        code, dummy, errors = self._call("cat", "config")
        if code and not any(text in errors for text in NO_REPOSITORY):
            raise BackupError(f"The repository {self.location} cannot be opened: {said_by(errors)}")
        return code == 0

    def ensure(self) -> bool:
        """Make the repository, and a key, where there is none. Returns whether it was made."""
        if not self._key_file.exists():
            write_private(self._key_file, secrets.token_urlsafe(32).encode() + b"\n")
        if self.is_there():
            # What a run that was killed left; the locks of one that is at work stay.
            self._asked("unlock")
            return False
        self._asked("init")
        return True

    def snapshots(self) -> dict[str, Json]:
        """The newest snapshot of each backup by the backup's name, the oldest backup first."""
        found = json.loads(self._asked("snapshots", "--json", "--host", HOST) or "[]") or []
        named = {}
        for snapshot in sorted(found, key=lambda each: str(each["time"])):
            tag = next((tag for tag in snapshot.get("tags") or [] if tag.startswith("name=")), None)
            if tag:
                named[tag.partition("=")[2]] = snapshot
        return named

    def store(self, folder: Path) -> Json:
        """Store a finished backup of :mod:`folders`, and return what restic tells of it."""
        manifest = read_manifest(folder)
        check_files(folder, manifest)
        streams = folder.parent / STREAMS
        shutil.rmtree(streams, ignore_errors=True)
        streams.mkdir(mode=0o700)
        try:
            # What is compressed would look new to restic as a whole after each change.
            for name, entry in manifest["services"].items():
                unpacked(folder / entry["file"], streams / f"{name}.{entry['form']}")
            for entry in manifest["files"].values():
                write_private(streams / entry["file"], (folder / entry["file"]).read_bytes())
            write_private(streams / MANIFEST, (folder / MANIFEST).read_bytes())
            created = str(manifest["created"]).replace("T", " ").removesuffix("Z")
            whole = "partial" if manifest.get("missing") else "complete"
            tags = ["--tag", f"name={folder.name}", "--tag", whole]
            # restic takes the time to be of the own zone.
            words = ["--host", HOST, *tags, "--time", local_time(created), "--json", "."]
            out = self._asked("backup", *words, cwd=streams)
        finally:
            shutil.rmtree(streams)
        lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        summary: Json = next((line for line in lines if line.get("message_type") == "summary"), {})
        return {"id": summary.get("snapshot_id", ""), "bytes_added": summary.get("data_added", 0)}

    def forget(self, hourly: int, daily: int, weekly: int) -> list[str]:
        """Remove what is not to be kept, complete and partial backups each by themselves. Returns the ids."""
        removed = []
        counts = {"hourly": hourly, "daily": daily, "weekly": weekly}
        keep = [f"--keep-{unit}={count}" for unit, count in counts.items() if count]
        for whole in ("complete", "partial"):
            out = self._asked("forget", "--json", "--host", HOST, "--group-by", "host", "--tag", whole, *keep)
            groups = json.loads(next((line for line in out.splitlines() if line.startswith("[")), "[]"))
            removed += [snapshot["short_id"] for group in groups for snapshot in group.get("remove") or []]
        if removed:
            self._asked("prune")
        return removed

    def fetch(self, snapshot: Json, root: Path, name: str) -> Json:
        """Make a folder of backups' own form of a snapshot, verify it, and return its manifest."""
        scratch, aside = root / f"fetched{UNFINISHED}", root / f"{name}{UNFINISHED}"
        for folder in (scratch, aside):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
        try:
            self._asked("restore", snapshot["id"], "--target", str(scratch), "--verify")
            streams = next(scratch.rglob(MANIFEST), scratch / MANIFEST).parent
            manifest = read_manifest(streams)
            for service, entry in manifest["services"].items():
                again = packed(streams / f"{service}.{entry['form']}", aside / entry["file"], entry["form"])
                if again["content_sha256"] != entry["content_sha256"]:
                    raise BackupError(
                        f"the data of {service} in {self.location} are not what they were. Take another backup"
                    )
                # Another program may have compressed it.
                entry.update(again)
            for entry in manifest["files"].values():
                write_private(aside / entry["file"], (streams / entry["file"]).read_bytes())
                if measured(aside / entry["file"])["sha256"] != entry["sha256"]:
                    raise BackupError(f"{entry['file']} in {self.location} is not what it was. Take another backup")
            write_private(aside / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
            os.sync()
            aside.rename(root / name)
        finally:
            shutil.rmtree(scratch)
            shutil.rmtree(aside, ignore_errors=True)
        return manifest


def local_time(utc: str) -> str:
    """``2026-11-27 10:15:00`` of UTC, in this host's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(calendar.timegm(time.strptime(utc, "%Y-%m-%d %H:%M:%S"))))


def said_by(text: str) -> str:
    """The end of what a program said, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-3:])[-SHOWN:] or "it said nothing"
