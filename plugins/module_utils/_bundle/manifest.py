# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of files with a manifest of sizes and hashes.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import json
import os
import pathlib
import threading
import time
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import AMD64
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of, write_private

MANIFEST = "manifest.json"
STAMPS = ".verified.json"
FORMAT = 1


class BundleError(Exception):
    """Something that the user can act on: the message says what failed, on what, and what to do."""


def free_bytes(path: pathlib.Path) -> int:
    """Return the free space, in bytes, of the disk that holds a path which may not exist yet."""
    while not path.exists():
        path = path.parent
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def _stamp(path: pathlib.Path) -> list[int]:
    """Identify a file's state on this disk; a copy elsewhere has another inode and is hashed anew."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


class Bundle:
    """The files below one folder, each known by size, SHA-256 and the recipe that made it."""

    def __init__(self, root: pathlib.Path) -> None:
        """Open the folder; a missing manifest is an empty bundle, an unreadable one an error."""
        self.root = root
        self._lock = threading.Lock()
        self.manifest = self._read(MANIFEST) or {"format": FORMAT, "versions": {}, "missing": [], "artifacts": {}}
        if self.manifest.get("format") != FORMAT or not isinstance(self.manifest.get("artifacts"), dict):
            raise BundleError(
                f"{root / MANIFEST} is not a manifest of format {FORMAT}: it was made by another release. "
                f"Choose another folder (bundle_path) or remove this one."
            )
        self._stamps: dict[str, t.Any] = {}
        try:
            self._stamps = self._read(STAMPS) or {}
        except BundleError:
            # Only a memory of what was verified: without it every file is hashed again.
            self._stamps = {}

    def _read(self, name: str) -> dict[str, t.Any] | None:
        path = self.root / name
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise BundleError(
                f"Cannot read {path}: {error}. Remove this file to have the bundle made again."
            ) from error
        if not isinstance(content, dict):
            raise BundleError(f"{path} does not hold a JSON object. Remove this file to have the bundle made again.")
        return content

    @property
    def artifacts(self) -> dict[str, dict[str, t.Any]]:
        """Return the recorded files: path below the root to size, sha256, recipe, source, made."""
        return t.cast("dict[str, dict[str, t.Any]]", self.manifest["artifacts"])

    @property
    def architecture(self) -> str:
        """Return whose programs these are; the first bundles, all of one kind, did not say so."""
        return str(self.manifest.get("architecture", AMD64.name))

    @property
    def sources(self) -> dict[str, dict[str, str]]:
        """Return what was downloaded, by the vendor's name: the SHA-256 and the address it came from."""
        return t.cast("dict[str, dict[str, str]]", self.manifest.setdefault("sources", {}))

    def remember(self, name: str, source: dict[str, str]) -> None:
        """Write down what was downloaded."""
        with self._lock:
            self.sources[name] = source
            self.save()

    def problem(self, path: str, thorough: bool = False) -> str | None:
        """Say what is wrong with one recorded file, or None; hashes it when it was not seen in this state before."""
        entry, file = self.artifacts.get(path), self.root / path
        if entry is None:
            return "not in the manifest"
        try:
            stamp = _stamp(file)
        except OSError:
            return "missing"
        if stamp[0] != entry["size"]:
            return f"{stamp[0]} bytes instead of {entry['size']}: truncated or changed"
        known = self._stamps.get(path)
        if not thorough and known == [*stamp, entry["sha256"]]:
            return None
        if sha256_of(file) != entry["sha256"]:
            with self._lock:
                self._stamps.pop(path, None)
            return "content changed: its SHA-256 is not the recorded one"
        with self._lock:
            self._stamps[path] = [*stamp, entry["sha256"]]
        return None

    def problems(self, thorough: bool = False) -> dict[str, str]:
        """Return what is wrong, by path, with all recorded files."""
        found = {path: self.problem(path, thorough) for path in sorted(self.artifacts)}
        return {path: text for path, text in found.items() if text}

    def record(self, path: str, recipe: str, source: str) -> None:
        """Write down a file that is now complete at its place."""
        file = self.root / path
        digest = sha256_of(file)
        stamp = _stamp(file)
        with self._lock:
            self.artifacts[path] = {
                "sha256": digest,
                "size": stamp[0],
                "recipe": recipe,
                "source": source,
                # The day (UTC): how old what it was made from may be.
                "made": time.strftime("%Y-%m-%d", time.gmtime()),
            }
            self._stamps[path] = [*stamp, digest]
            self.save()

    def record_tree(self, path: str, recipe: str, source: str) -> None:
        """Write down all files below a folder, or one file."""
        place = self.root / path
        files = sorted(file for file in place.rglob("*") if file.is_file()) if place.is_dir() else [place]
        for file in files:
            self.record(str(file.relative_to(self.root)), recipe, source)

    def below(self, path: str) -> list[str]:
        """Return the recorded files at or below a path."""
        return sorted(name for name in self.artifacts if name == path or name.startswith(f"{path}/"))

    def current(self, path: str, recipes: t.Container[str] | None = None, thorough: bool = False) -> bool:
        """Say whether a file, or all of a folder, is there, unchanged and made by one of the recipes (None: by any)."""
        names = self.below(path)
        return bool(names) and all(
            (recipes is None or self.artifacts[name]["recipe"] in recipes) and self.problem(name, thorough) is None
            for name in names
        )

    def forget(self, path: str) -> None:
        """Take a file or folder out of the manifest; what lies on the disk stays."""
        with self._lock:
            for name in self.below(path):
                del self.artifacts[name]
                self._stamps.pop(name, None)

    def save(self) -> None:
        """Write the manifest, then the memory of what was verified."""
        self._write(MANIFEST, json.dumps(self.manifest, indent=1, sort_keys=True) + "\n")
        self.save_stamps()

    def save_stamps(self) -> None:
        """Remember what was verified; a read-only bundle (a mounted medium) is just verified again next time."""
        if os.access(self.root, os.W_OK):
            self._write(STAMPS, json.dumps(self._stamps))

    def _write(self, name: str, text: str) -> None:
        """Replace a file of the bundle in one step; everybody may read it."""
        self.root.mkdir(parents=True, exist_ok=True)
        write_private(self.root / name, text.encode(), mode=0o644)
