# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in docker-save archives, and how they get into a daemon.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import tarfile
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    SDK_ERRORS,
    APIClient,
    Connection,
    DaemonError,
    connect,
    explain,
    inspect_image,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

SUFFIXES = (".tar", ".tar.gz", ".tgz")
_SAVE_AGAIN = "Save it again with docker save, or fetch the bundle again."
# What podman writes in front of names that docker shows without it.
_PUBLIC = ("docker.io/library/", "index.docker.io/library/", "docker.io/", "index.docker.io/")
# podman's registry of images that have none.
_LOCAL = "localhost/"


class ArchiveError(Exception):
    """A file is no complete image archive; the text names it."""


@dataclass(frozen=True)
class SavedImage:
    """One image of an archive; without a reference it is known by its ID only.

    ``loaded_as`` is the name it has after loading where that is another one.
    """

    archive: str
    reference: str | None
    id: str
    config: str
    layers: tuple[str, ...]
    loaded_as: str | None = None

    @property
    def name(self) -> str:
        """What the daemon is asked for."""
        return self.reference or self.id


@dataclass
class Loaded:
    """What became of one image."""

    image: SavedImage
    before: str | None
    changed: bool

    def result(self) -> dict[str, t.Any]:
        """The entry for the module's result."""
        return {
            "reference": self.image.reference,
            "id": self.image.id,
            "archive": self.image.archive,
            "changed": self.changed,
        }


def archives_of(path: str) -> list[str]:
    """All archives directly in a folder, sorted."""
    if not os.path.isdir(path):
        raise ArchiveError(f"The folder {path} does not exist: give the folder that holds the image archives.")
    found = sorted(os.path.join(path, name) for name in os.listdir(path) if name.endswith(SUFFIXES))
    if not found:
        raise ArchiveError(f"The folder {path} holds no image archive ({', '.join('*' + x for x in SUFFIXES)}).")
    return found


def familiar(reference: str) -> str:
    """A reference as docker shows it."""
    prefix = next((x for x in _PUBLIC if reference.startswith(x)), "")
    return reference.removeprefix(prefix)


def choose(found: t.Sequence[SavedImage], wanted: t.Collection[str]) -> list[SavedImage]:
    """The images of these references; podman's ``localhost/NAME`` stands in where no archive has NAME itself."""
    chosen = [image for image in found if image.reference in wanted]
    named = {image.reference for image in chosen}
    for image in found:
        name = str(image.reference).removeprefix(_LOCAL)
        if name in wanted and name not in named:
            chosen.append(dataclasses.replace(image, reference=name, loaded_as=image.reference))
    return chosen


def _manifest_entry(archive: str, entry: t.Any) -> tuple[str, list[str], tuple[str, ...]]:
    try:
        config, layers = str(entry["Config"]), tuple(str(x) for x in entry["Layers"] or [])
        return config, [str(x) for x in entry.get("RepoTags") or []], layers
    except (TypeError, KeyError, AttributeError) as error:
        raise ArchiveError(f"{archive} has a manifest.json that is not one of docker save. {_SAVE_AGAIN}") from error


def parse_manifest(archive: str, text: bytes, config_content: t.Callable[[str], bytes]) -> list[SavedImage]:
    """Images of a manifest.json; a config's content is asked for only where its name does not hold its digest."""
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise ArchiveError(f"{archive} has a manifest.json that is not JSON. {_SAVE_AGAIN}") from error
    if not isinstance(manifest, list) or not manifest:
        raise ArchiveError(f"{archive} has a manifest.json without images. {_SAVE_AGAIN}")
    images: list[SavedImage] = []
    for entry in manifest:
        config, references, layers = _manifest_entry(archive, entry)
        named = re.search(r"(?:^|/)([0-9a-f]{64})(?:\.json)?$", config)
        digest = named.group(1) if named else hashlib.sha256(config_content(config)).hexdigest()
        names: list[str | None] = [familiar(name) for name in references] or [None]
        images += [SavedImage(archive, name, f"sha256:{digest}", config, layers) for name in names]
    return images


def _member_content(tar: tarfile.TarFile, member: str | tarfile.TarInfo) -> bytes:
    try:
        handle = tar.extractfile(member)
    except KeyError:
        handle = None
    if handle is None:
        raise ArchiveError(f"{tar.name!s} lacks {member}, which its manifest.json names. {_SAVE_AGAIN}")
    return handle.read()


def _reason(error: Exception) -> str:
    # tarfile lists what each decompressor said: too much for people.
    return "it is no tar file" if "could not be opened" in str(error) else str(error)


def read_archive(archive: str) -> list[SavedImage]:
    """Images of an archive. Reads no further than its manifest.json, so it costs nothing where that comes first."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.name in ("manifest.json", "./manifest.json"):
                    text = _member_content(tar, member)
                    return parse_manifest(archive, text, lambda name: _member_content(tar, name))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArchiveError(f"{archive} cannot be read as an image archive: {_reason(error)}. {_SAVE_AGAIN}") from error
    raise ArchiveError(f"{archive} is no image archive, it has no manifest.json. {_SAVE_AGAIN}")


def read_config(image: SavedImage) -> dict[str, t.Any]:
    """The image's configuration out of its archive."""
    try:
        with tarfile.open(image.archive) as tar:
            return dict(json.loads(_member_content(tar, image.config)))
    except (tarfile.TarError, EOFError, OSError, ValueError, TypeError) as error:
        raise ArchiveError(
            f"{image.archive} has no readable {image.config}: {_reason(error)}. {_SAVE_AGAIN}"
        ) from error


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


def check_archive(archive: str, images: t.Sequence[SavedImage]) -> None:
    """Refuse an archive that is cut off or whose parts are missing, before the daemon gets any of it."""
    try:
        with tarfile.open(archive) as tar:
            members = {os.path.normpath(member.name): member for member in tar}
            last = max(members.values(), key=lambda x: x.offset_data)
            if last.isreg() and last.size:
                # Headers alone do not tell whether the last file is whole: ask for its last byte.
                handle = t.cast(t.IO[bytes], tar.extractfile(last))
                handle.seek(last.size - 1)
                if len(handle.read(1)) != 1:
                    raise tarfile.ReadError("unexpected end of data")
            for image in images:
                absent = [x for x in (image.config, *image.layers) if os.path.normpath(x) not in members]
                if absent:
                    raise ArchiveError(
                        f"{archive} lacks {', '.join(absent)}, which its manifest.json names. {_SAVE_AGAIN}"
                    )
                content = _member_content(tar, members[os.path.normpath(image.config)])
                if f"sha256:{hashlib.sha256(content).hexdigest()}" != image.id:
                    raise ArchiveError(
                        f"{archive} is damaged: the content of {image.config} does not fit its digest. {_SAVE_AGAIN}"
                    )
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ArchiveError(f"{archive} is cut off or damaged: {_reason(error)}. {_SAVE_AGAIN}") from error


def refuse_ambiguous(images: t.Sequence[SavedImage]) -> None:
    """Refuse two archives that claim one reference for different images: the result would depend on the order."""
    seen: dict[str, SavedImage] = {}
    for image in images:
        other = seen.setdefault(image.name, image)
        if other.id != image.id:
            raise ArchiveError(
                f"{other.archive} and {image.archive} hold different images as {image.name}: remove one of them."
            )


class Loader:
    """Compares archives with a daemon and loads what is missing."""

    def __init__(
        self, connection: Connection, archives: t.Sequence[str], parallel: int, only: t.Collection[str] | None = None
    ) -> None:
        """Read the archives; ``parallel`` of them are loaded at a time, and with ``only`` those of these references."""
        self._connection, self._parallel = connection, parallel
        found = [image for archive in archives for image in read_archive(archive)]
        self._images = found if only is None else choose(found, {familiar(name) for name in only})
        refuse_ambiguous(self._images)
        self._client = connect(connection)

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
            with open(archive, "rb") as handle:
                for line in client.load_image(handle, quiet=True):
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
