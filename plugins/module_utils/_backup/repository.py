# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups in a restic repository: encrypted, authenticated, and without what is there already.

This module util is private to the collection fortytwo.ft_services. A backup is there as a whole or not at all:

- What comes as streams is a snapshot for each service, and last of all one of the manifest and the host's files, which
  makes it a backup. Parts without it are what a run left that was ended; nobody reads them, and they go after a day.
- What was a folder first is one snapshot.
"""

from __future__ import annotations

import calendar
import datetime
import io
import json
import os
import secrets
import shutil
import tarfile
import tempfile
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
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.said import said_by
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.tars import write_members
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import write_private
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

RunCommand = t.Callable[..., tuple[int, str, str]]
# Snapshots of other programs in the same repository are left alone.
HOST = "ft-services"
# The folder that restic reads: always the same path, so that it knows what has not changed.
STREAMS = f"streams{UNFINISHED}"
# The tag of a snapshot that is a part, and the part that holds the manifest and the host's files.
PART = "part="
INDEX = "manifest"
INDEX_FILE = "manifest.tar"
# How long parts without a manifest may belong to a run that is at work, in seconds.
ABANDONED = 24 * 3600
IN_USE = "repository is already locked"
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
        # restic knows no ~.
        location = os.path.expanduser(location)
        self._run, self.location, self._key_file, self._executable = run, location, key_file, executable
        self._words = [executable, "--repo", location, "--password-file", str(key_file)]

    def at(self, location: str) -> Repository:
        """Another repository with the same key."""
        return Repository(self._run, location, self._key_file, self._executable)

    def _call(self, *words: str, cwd: Path | None = None) -> tuple[int, str, str]:
        options = {"cwd": str(cwd)} if cwd else {}
        return self._run([*self._words, *words], **options)

    def _asked(self, *words: str, cwd: Path | None = None) -> str:
        return self.answer(words[0], *self._call(*words, cwd=cwd))

    def answer(self, verb: str, code: int, out: str, errors: str) -> str:
        """What restic wrote. BackupError that says what to do when it failed."""
        if code and IN_USE in errors:
            raise BackupError(
                f"The repository {self.location} is in use: {said_by(errors[errors.index(IN_USE) :])}. Wait for that "
                f"program. If it is no more, restic --repo {self.location} --password-file {self._key_file} unlock"
            )
        if code:
            raise BackupError(f"restic {verb} in {self.location} ended with {code}: {said_by(errors or out)}")
        return out

    def held(self) -> dict[str, Json] | None:
        """As :meth:`snapshots`; None where there is no repository.

        BackupError when it cannot be opened, by a wrong key for example.
        """
        found = self._found()
        return None if found is None else backups_of(found)

    def _found(self) -> list[Json] | None:
        """All snapshots of backups, the oldest first, each with its C(name) and C(part). None without a repository.

        Each call of restic takes half a second of a processor to open a repository, however little it does there.
        """
        if not self._key_file.is_file():
            return None
        # Nothing is read but the list, which no lock makes better; and one that was left must not hinder.
        code, out, errors = self._call("snapshots", "--json", "--no-lock", "--host", HOST)
        if code and any(text in errors for text in NO_REPOSITORY):
            return None
        if code:
            raise BackupError(f"The repository {self.location} cannot be opened: {said_by(errors)}")
        found = map(labelled, sorted(json.loads(out or "[]") or [], key=lambda each: str(each["time"])))
        return [each for each in found if each["name"]]

    def ensure(self, like: str = "") -> dict[str, Json]:
        """Make the repository, and a key, where there is none. Returns what :meth:`snapshots` does.

        ``like``: a repository whose pieces it is to share, so that copies from it are stored once.
        """
        if not self._key_file.exists():
            if (Path(self.location) / "config").exists():
                raise BackupError(
                    f"{self._key_file} is not there, and nobody can read the repository {self.location} without it. "
                    "Bring the key back, or move the repository away to begin another."
                )
            write_private(self._key_file, secrets.token_urlsafe(32).encode() + b"\n")
        held = self.held()
        if held is not None:
            self._unlock()
            return held
        self._asked("init", *(["--copy-chunker-params", *self._from(like)] if like else []))
        return {}

    def _unlock(self) -> None:
        """Remove the locks that a run left which was killed; those of one that is at work stay."""
        locks = Path(self.location) / "locks"
        # On this host it can be seen that there are none.
        if not locks.is_dir() or any(locks.iterdir()):
            self._asked("unlock")

    def _from(self, location: str) -> list[str]:
        return ["--from-repo", location, "--from-password-file", str(self._key_file)]

    def _all(self) -> list[Json]:
        """As :meth:`_found`. BackupError where there is no repository."""
        found = self._found()
        if found is None:
            raise BackupError(f"There is no repository at {self.location}. Look whether the place is spelt right.")
        return found

    def snapshots(self) -> dict[str, Json]:
        """The newest snapshot of each backup by the backup's name, the oldest backup first."""
        return backups_of(self._all())

    def stream_words(self, name: str, created: str, part: str, file: str, *tags: str) -> list[str]:
        """The command that stores its input as a part of the backup ``name``, begun at ``created``."""
        target = ["--stdin", "--stdin-filename", file]
        return [*self._words, *backup_words(name, created, part, *tags), *target]

    def put_again(self, name: str, created: str, part: Json, entry: Json) -> bool:
        """Store what ``part`` of an older backup holds as that of the backup ``name`` too, without its data.

        ``entry``: what the older backup's manifest says of it. restic gets a file of the size and time that it has
        stored, takes it for unchanged by these, and does not read it. False where it is not the same to restic: then
        nothing was stored.
        """
        words = backup_words(name, created, part["part"])
        unread = ["--parent", part["id"], "--ignore-inode", "--ignore-ctime"]
        with tempfile.TemporaryDirectory() as folder:
            # It has no content, and takes no room.
            stand_in = Path(folder) / f"{part['part']}.{entry['form']}"
            try:
                stand_in.touch(0o600)
                os.truncate(stand_in, entry["bytes"])
                os.utime(stand_in, (seconds_of(entry["since"]),) * 2)
            except OSError:
                return False
            code, out, dummy = self._call(*words, *unread, stand_in.name, cwd=Path(folder))
        done = summary_line(out)
        # It also looks whether all pieces of the older one are still there, and else reads the file: those zeros go.
        if code == 0 and done.get("files_unmodified") == 1 and done.get("total_bytes_processed") == entry["bytes"]:
            return True
        if done.get("snapshot_id"):
            self._asked("forget", done["snapshot_id"])
        return False

    def manifest(self, index: Json) -> Json:
        """The manifest of a backup that came as streams."""
        with tempfile.TemporaryDirectory() as scratch:
            return self._manifest(index, Path(scratch))

    def _manifest(self, index: Json, scratch: Path) -> Json:
        """Write the manifest and the host's files of a backup to ``scratch``, and return the manifest."""
        packed_index = scratch / INDEX_FILE
        self._dump(index, INDEX_FILE, packed_index)
        unpack(packed_index, scratch)
        return read_manifest(scratch)

    def put_index(self, name: str, manifest: Json, files: dict[str, bytes]) -> Json:
        """Store the manifest and the host's files, which makes the parts a backup. Returns what restic tells of it."""
        content = index_of(manifest, files)
        words = self.stream_words(name, manifest["created"], INDEX, INDEX_FILE, wholeness(manifest))
        return summary_of(self.answer("backup", *self._run(words, data=content, binary_data=True)))

    def copy(self, name: str, source: Repository) -> None:
        """Bring a backup from another repository with the same key into this one, its manifest last."""
        index = source.snapshots()[name]
        for ids in filter(None, ([each["id"] for each in index["parts"].values()], [index["id"]])):
            self._asked("copy", *self._from(source.location), *ids)

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
            tags = ["--tag", f"name={folder.name}", "--tag", wholeness(manifest)]
            words = ["--host", HOST, *tags, "--time", local_time(str(manifest["created"])), "--json", "."]
            out = self._asked("backup", *words, cwd=streams)
        finally:
            shutil.rmtree(streams)
        return summary_of(out)

    def forget(self, hourly: int, daily: int, weekly: int, last: int = 0) -> list[str]:
        """Remove what is not to be kept, complete and partial backups each by themselves. Returns the ids.

        With a backup go its parts, and those that no backup has after a day.
        """
        # Nothing can be removed beside a lock.
        self._unlock()
        removed, before = [], self._all()
        counts = {"last": last, "hourly": hourly, "daily": daily, "weekly": weekly}
        keep = [f"--keep-{unit}={count}" for unit, count in counts.items() if count]
        for whole in ("complete", "partial"):
            if not any(whole in each["tags"] for each in before):
                continue
            out = self._asked("forget", "--json", "--host", HOST, "--group-by", "host", "--tag", whole, *keep)
            groups = json.loads(next((line for line in out.splitlines() if line.startswith("[")), "[]"))
            removed += [snapshot["short_id"] for group in groups for snapshot in group.get("remove") or []]
        gone = {of_one(each) for each in before if each["short_id"] in removed}
        parts = abandoned([each for each in before if each["short_id"] not in removed], gone, time.time())
        if parts:
            # One of them may have become a backup meanwhile.
            parts = abandoned(self._all(), gone, time.time())
            self._asked("forget", *(each["id"] for each in parts))
        if removed or parts:
            self._asked("prune")
        return removed

    def fetch(self, snapshot: Json, root: Path, name: str) -> Json:
        """Make a folder of backups' own form of a snapshot, verify it, and return its manifest."""
        scratch, aside = root / f"fetched{UNFINISHED}", root / f"{name}{UNFINISHED}"
        for folder in (scratch, aside):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
        try:
            streams = (self._dumped if snapshot["part"] else self._restored)(snapshot, scratch)
            manifest = read_manifest(streams)
            for service, entry in manifest["services"].items():
                again = packed(streams / f"{service}.{entry['form']}", aside / entry["file"], entry["form"])
                if again["content_sha256"] != entry["content_sha256"]:
                    raise BackupError(
                        f"the data of {service} in {self.location} are not what they were. Take another backup"
                    )
                # Another program may have compressed it.
                entry.update(again)
                (streams / f"{service}.{entry['form']}").unlink()
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

    def _restored(self, snapshot: Json, scratch: Path) -> Path:
        """Write what was a folder to ``scratch``, and return where it lies there."""
        self._asked("restore", snapshot["id"], "--target", str(scratch), "--verify")
        return next(scratch.rglob(MANIFEST), scratch / MANIFEST).parent

    def _dumped(self, index: Json, scratch: Path) -> Path:
        """Write all parts of a backup to ``scratch``, which it returns."""
        for service, entry in self._manifest(index, scratch)["services"].items():
            if service not in index["parts"]:
                raise BackupError(f"{self.location} lacks the data of {service}. Take another backup")
            file = f"{service}.{entry['form']}"
            self._dump(index["parts"][service], file, scratch / file)
        return scratch

    def _dump(self, snapshot: Json, file: str, target: Path) -> None:
        words = ["sh", "-c", 'exec "$@" >"$0"', str(target), *self._words, "dump", snapshot["id"], f"/{file}"]
        self.answer("dump", *self._run(words))


def labelled(snapshot: Json) -> Json:
    """A snapshot with the name of its backup and the part that it is; each empty where it has none."""
    tags = [tag.partition("=") for tag in snapshot.get("tags") or []]
    found = {key: value for key, dummy, value in tags}
    return {**snapshot, "name": found.get("name", ""), "part": found.get("part", "")}


def backups_of(snapshots: t.Sequence[Json]) -> dict[str, Json]:
    """Of snapshots, the newest of each backup by the backup's name, in their order; each with its C(parts)."""
    found = {each["name"]: each for each in snapshots if each["part"] in ("", INDEX)}
    return {name: {**each, "parts": parts_of(each, snapshots) if each["part"] else {}} for name, each in found.items()}


def parts_of(index: Json, snapshots: t.Iterable[Json]) -> dict[str, Json]:
    """Of snapshots, the parts of a backup by the names of their services: those of the same name and moment."""
    return {each["part"]: each for each in snapshots if of_one(each) == of_one(index) and each["part"] != INDEX}


def of_one(snapshot: Json) -> tuple[str, str]:
    """What snapshots of one backup have in common."""
    return snapshot["name"], str(snapshot["time"])


def abandoned(snapshots: t.Sequence[Json], gone: t.Container[tuple[str, str]], now: float) -> list[Json]:
    """Parts that belong to no backup: to one that is gone, or for a day already. Later ones may still become one."""
    whole = {of_one(each) for each in snapshots if each["part"] in ("", INDEX)}
    lone = [each for each in snapshots if each["part"] and of_one(each) not in whole]
    return [each for each in lone if of_one(each) in gone or now - moment_of(str(each["time"])) > ABANDONED]


def moment_of(text: str) -> float:
    """A time as restic writes it, in seconds since the epoch. Fractions of a second may have any length."""
    whole, dot, rest = text.partition(".")
    zone = rest.lstrip("0123456789") if dot else ""
    return datetime.datetime.fromisoformat((whole + zone).replace("Z", "+00:00")).timestamp()


def index_of(manifest: Json, files: dict[str, bytes]) -> bytes:
    """A tar of a manifest and the host's files; the same for the same content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in {MANIFEST: (json.dumps(manifest, indent=1) + "\n").encode(), **files}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o600
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of :func:`index_of` to a folder. BackupError for anything but plain files in it."""

    def place(member: tarfile.TarInfo) -> Path | None:
        name = member.name.removeprefix("./")
        return folder / name if member.isfile() and Path(name).name == name and name not in ("", "..") else None

    write_members(archive, place, "the manifest in the repository")


def summary_of(output: str) -> Json:
    """What restic tells of a snapshot that it made: its id, and how many bytes were new."""
    summary = summary_line(output)
    return {"id": summary.get("snapshot_id", ""), "bytes_added": summary.get("data_added", 0)}


def summary_line(output: str) -> Json:
    """All that restic tells of a snapshot that it made; empty where it made none."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return next((line for line in lines if line.get("message_type") == "summary"), {})


def wholeness(manifest: Json) -> str:
    """The tag of a backup that lacks nothing, or something."""
    return "partial" if manifest.get("missing") else "complete"


def backup_words(name: str, created: str, part: str, *tags: str) -> list[str]:
    """The words after those of every call that store a part of the backup ``name``, begun at ``created``."""
    labels = [word for tag in (f"name={name}", f"{PART}{part}", *tags) for word in ("--tag", tag)]
    return ["backup", "--host", HOST, *labels, "--time", local_time(created), "--json"]


def seconds_of(created: str) -> int:
    """The moment of a manifest, ``2026-11-27T10:15:00Z``, in seconds since the epoch."""
    return calendar.timegm(time.strptime(created, "%Y-%m-%dT%H:%M:%SZ"))


def local_time(created: str) -> str:
    """The moment of a manifest as restic takes it: in this host's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds_of(created)))
