# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How images of archives get into a daemon.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import (
    SavedImage,
    check_archive,
    choose,
    familiar,
    read_archive,
    read_config,
    refuse_ambiguous,
    stream,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    SDK_ERRORS,
    APIClient,
    Connection,
    DaemonError,
    connect,
    explain,
    inspect_image,
    platform_of,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress


@dataclass
class Loaded:
    """What became of one image."""

    image: SavedImage
    before: str | None
    changed: bool
    node: str | None = None

    def result(self) -> dict[str, t.Any]:
        """The entry for the module's result."""
        return {
            "reference": self.image.reference,
            "id": self.image.id,
            "archive": self.image.archive,
            "changed": self.changed,
            "node": self.node,
        }


def is_same(
    image: SavedImage, known: dict[str, t.Any], config: t.Callable[[SavedImage], dict[str, t.Any]] = read_config
) -> bool:
    """Whether the daemon's image is the archive's."""
    if known.get("Id") == image.id or not known.get("Descriptor"):
        return known.get("Id") == image.id
    # A daemon with containerd's image store, told by the descriptor, has IDs of its own: compare what makes the image.
    wanted = config(image)
    layers = wanted.get("rootfs", {}).get("diff_ids")
    return (
        bool(layers)
        and known.get("RootFS", {}).get("Layers") == layers
        and known.get("Created") == wanted.get("created")
    )


class Loader:
    """Compares archives with a daemon and loads what is missing."""

    def __init__(
        self, connection: Connection, archives: t.Sequence[str], parallel: int, only: t.Collection[str] | None = None
    ) -> None:
        """Read the archives; ``parallel`` of them are loaded at a time, and with ``only`` those of these references."""
        self._connection, self._parallel = connection, parallel
        self._client = connect(connection)
        found = [image for archive in archives for image in read_archive(archive, lambda: platform_of(self._client))]
        self._images = found if only is None else choose(found, {familiar(name) for name in only})
        refuse_ambiguous(self._images)

    def plan(self) -> list[Loaded]:
        """Every image with the ID it has in the daemon now."""
        plan = []
        for image in self._images:
            known = inspect_image(self._client, image.name)
            before = str(known["Id"]) if known else None
            plan.append(Loaded(image, before, not known or not is_same(image, known)))
        for archive in sorted({x.image.archive for x in plan if x.changed}):
            check_archive(archive, [x.image for x in plan if x.image.archive == archive])
        return plan

    def load(self, plan: t.Sequence[Loaded]) -> None:
        """Load the archives of all images that are missing, and verify each."""
        missing: dict[str, list[SavedImage]] = {}
        for entry in plan:
            if entry.changed:
                missing.setdefault(entry.image.archive, []).append(entry.image)
        progress = Progress(len(missing))
        with ThreadPoolExecutor(max_workers=max(1, self._parallel)) as pool:
            for error in list(pool.map(lambda x: self._try(x[0], x[1], progress), missing.items())):
                if error:
                    raise error

    def _try(self, archive: str, images: t.Sequence[SavedImage], progress: Progress) -> DaemonError | None:
        # All loads run to their end before the first error is raised: what is loaded stays loaded.
        try:
            self._load(archive, images)
        except DaemonError as error:
            return error
        progress.step(", ".join(image.name for image in images))
        return None

    def _load(self, archive: str, images: t.Sequence[SavedImage]) -> None:
        client = connect(self._connection, self._client.api_version)
        try:
            for line in client.load_image(stream(archive, images), quiet=True):
                if "error" in line:
                    raise DaemonError(f"The docker daemon refused {archive}: {line['error']}")
        except SDK_ERRORS as error:
            raise DaemonError(
                f"Loading {archive} failed: {explain(error)}. Check the free space of the daemon at "
                f"{self._connection.host}."
            ) from error
        for image in images:
            if image.loaded_as:
                self._tag(client, image)
            known = inspect_image(client, image.name)
            if known is None or not is_same(image, known):
                raise DaemonError(
                    f"The docker daemon took {archive}, but {image.name} is {known['Id'] if known else 'not there'} "
                    f"afterwards instead of {image.id}. Does something else load an image of that name?"
                )

    def _tag(self, client: APIClient, image: SavedImage) -> None:
        repository, dummy, tag = image.name.rpartition(":")
        try:
            client.tag(image.loaded_as, repository, tag)
        except SDK_ERRORS as error:
            raise DaemonError(f"{image.loaded_as} could not be named {image.name}: {explain(error)}") from error
