# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bills of materials have to be written, and how an image gets read for one.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import private_folder, write_private
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import (
    ArchiveError,
    SavedImage,
    read_archive,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.databases import distribution, packages_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    SDK_ERRORS,
    APIClient,
    Connection,
    DaemonError,
    connect,
    explain,
    inspect_image,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.layers import files_of, only_image
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.sbom import (
    SUFFIX,
    document,
    serial_in,
    serial_of,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

UNKNOWN = "of an image that is not there yet"


@dataclass
class Bill:
    """The file about one image; ``archive`` where the image is not the daemon's."""

    name: str
    path: Path
    reference: str | None
    id: str | None
    before: str | None
    archive: SavedImage | None = None
    packages: int | None = None

    @property
    def serial(self) -> str:
        """The serial number that the file has to have."""
        return serial_of(self.id, self.reference) if self.id else UNKNOWN

    @property
    def changed(self) -> bool:
        """Whether it has another one, or is missing."""
        return self.before != self.serial

    def result(self) -> dict[str, t.Any]:
        """The entry for the module's result."""
        return {
            "name": self.name,
            "reference": self.reference,
            "id": self.id,
            "path": str(self.path),
            "changed": self.changed,
            "packages": self.packages,
        }


class Bills:
    """The files of one folder."""

    def __init__(self, folder: str, connection: Connection | None, dry: bool) -> None:
        """Without a connection there are archives only; with ``dry`` an image may be missing yet."""
        self._folder, self._dry = Path(folder), dry
        self._client: APIClient | None = connect(connection) if connection else None

    def plan(self, images: t.Mapping[str, t.Any], archives: t.Mapping[str, t.Any]) -> list[Bill]:
        """What there has to be, sorted by name."""
        twice = sorted(set(images) & set(archives))
        if twice:
            raise ArchiveError(f"{', '.join(twice)}: an image and an archive cannot have the same file.")
        found = [self._of_image(str(name), str(reference)) for name, reference in images.items()]
        found += [self._of_archive(str(name), str(archive)) for name, archive in archives.items()]
        return sorted(found, key=lambda bill: bill.name)

    def _path(self, name: str) -> Path:
        if not name or os.path.basename(name) != name or name.startswith("."):
            raise ArchiveError(f"{name!r} is no name of a file: give one without folders.")
        return self._folder / f"{name}{SUFFIX}"

    def _of_image(self, name: str, reference: str) -> Bill:
        path = self._path(name)
        known = inspect_image(t.cast(APIClient, self._client), reference)
        if known is None and not self._dry:
            raise DaemonError(f"The docker daemon has no image {reference} for {path.name}: build or pull it first.")
        return Bill(name, path, reference, known["Id"] if known else None, serial_in(path))

    def _of_archive(self, name: str, archive: str) -> Bill:
        path = self._path(name)
        # Ansible does so with paths, but not with those in a dictionary.
        archive = os.path.expanduser(archive)
        image = only_image(archive, read_archive(archive))
        return Bill(name, path, image.reference, image.id, serial_in(path), image)

    def strangers(self, bills: t.Sequence[Bill]) -> list[Path]:
        """Files of the folder that are about other images."""
        return sorted(set(self._folder.glob(f"*{SUFFIX}")) - {bill.path for bill in bills})

    def write(self, bills: t.Sequence[Bill]) -> None:
        """Write what has changed."""
        changed = [bill for bill in bills if bill.changed]
        progress = Progress(len(changed))
        if changed:
            # It may be the first in a folder that is nobody else's.
            private_folder(self._folder, dry=False)
        for bill in changed:
            with self._saved(bill) as image:
                files = files_of(image)
            packages = packages_of(files)
            content = document(t.cast(str, bill.id), bill.reference, distribution(files), packages)
            write_private(bill.path, content, 0o644)
            bill.packages = len(packages)
            progress.step(f"{bill.name}: {len(packages)} packages")

    @contextlib.contextmanager
    def _saved(self, bill: Bill) -> t.Iterator[SavedImage]:
        """The image as an archive; the daemon's is one for as long as it is read."""
        if bill.archive:
            yield bill.archive
            return
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=f".{bill.name}.", suffix=".tar") as file:
            try:
                for chunk in t.cast(APIClient, self._client).get_image(bill.reference):
                    file.write(chunk)
            except SDK_ERRORS as error:
                # The disk may be full as well.
                raise DaemonError(f"Reading the image {bill.reference} failed: {explain(error)}.") from error
            file.flush()
            yield only_image(file.name, read_archive(file.name))

    def remove(self, paths: t.Iterable[Path]) -> None:
        """Remove files that are about images no longer used."""
        for path in paths:
            path.unlink(missing_ok=True)
