# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of images as docker, podman, skopeo and BuildKit write them, and folders in the OCI layout.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a daemon.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import tarfile
import typing as t
from dataclasses import dataclass

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of_bytes
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import layout

SUFFIXES = (".tar", ".tar.gz", ".tgz")
_SAVE_AGAIN = "Save it again with docker save, or fetch the bundle again."
# What podman writes in front of names that docker shows without it.
_PUBLIC = ("docker.io/library/", "index.docker.io/library/", "docker.io/", "index.docker.io/")
# podman's registry of images that have none.
_LOCAL = "localhost/"
_CHUNK = 1 << 20


class ArchiveError(Exception):
    """A file is no complete image archive; the text names it."""


@dataclass(frozen=True)
class SavedImage:
    """One image of an archive; without a reference it is known by its ID only.

    ``loaded_as`` is the name it has after loading where that is another one; ``oci`` says that the archive is in the
    OCI layout and has no list of docker's own.
    """

    archive: str
    reference: str | None
    id: str
    config: str
    layers: tuple[str, ...]
    loaded_as: str | None = None
    oci: bool = False

    @property
    def name(self) -> str:
        """What the daemon is asked for."""
        return self.reference or self.id


class Parts:
    """The files of an archive or of a folder, by their names."""

    def __init__(self, path: str, tar: tarfile.TarFile | None) -> None:
        """Without ``tar`` the path is a folder."""
        self.path, self._tar = path, tar

    def _member(self, name: str) -> tarfile.TarInfo | None:
        # Reads no further than to this member, so it costs nothing where that comes first.
        return next((each for each in self._tar or () if os.path.normpath(each.name) == name), None)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        name = os.path.normpath(name)
        return self._member(name) is not None if self._tar else os.path.isfile(os.path.join(self.path, name))

    def open(self, name: str) -> t.IO[bytes]:
        """A file for reading."""
        member, wanted = None, os.path.normpath(name)
        if self._tar is None and os.path.isfile(os.path.join(self.path, wanted)):
            return open(os.path.join(self.path, wanted), "rb")
        if self._tar is not None and (member := self._member(wanted)) is not None:
            handle = self._tar.extractfile(member)
            if handle is not None:
                return handle
        raise ArchiveError(f"{self.path} lacks {name}, which its own list names. {_SAVE_AGAIN}")

    def size(self, name: str) -> int:
        """Bytes of a file that is there."""
        member = self._member(os.path.normpath(name))
        return member.size if member else os.path.getsize(os.path.join(self.path, os.path.normpath(name)))

    def content(self, name: str) -> bytes:
        """The content of a file."""
        with self.open(name) as handle:
            return handle.read()

    def verify_end(self) -> None:
        """Refuse a tar that is cut off: headers alone do not tell whether the last file is whole."""
        members = list(self._tar or ())
        last = max(members, key=lambda each: each.offset_data) if members else None
        if last is None or not last.isreg() or not last.size:
            return
        handle = t.cast(t.IO[bytes], t.cast(tarfile.TarFile, self._tar).extractfile(last))
        handle.seek(last.size - 1)
        if len(handle.read(1)) != 1:
            raise tarfile.ReadError("unexpected end of data")


@contextlib.contextmanager
def opened(archive: str, what: str = "cannot be read as an image archive") -> t.Iterator[Parts]:
    """The parts of an archive. Whatever goes wrong with it is an ArchiveError that says ``what``."""
    try:
        if os.path.isdir(archive):
            yield Parts(archive, None)
        else:
            with tarfile.open(archive) as tar:
                yield Parts(archive, tar)
    except (tarfile.TarError, EOFError, OSError, ValueError, TypeError) as error:
        raise ArchiveError(f"{archive} {what}: {_reason(error)}. {_SAVE_AGAIN}") from error


def _reason(error: Exception) -> str:
    # tarfile lists what each decompressor said: too much for people.
    return "it is no tar file" if "could not be opened" in str(error) else str(error)


def archives_of(path: str) -> list[str]:
    """All archives, and folders in the OCI layout, directly in a folder, sorted."""
    if not os.path.isdir(path):
        raise ArchiveError(f"The folder {path} does not exist: give the folder that holds the image archives.")
    entries = [os.path.join(path, name) for name in os.listdir(path)]
    found = [entry for entry in entries if entry.endswith(SUFFIXES) or os.path.isfile(os.path.join(entry, layout.MARK))]
    if not found:
        raise ArchiveError(f"The folder {path} holds no image archive ({', '.join('*' + x for x in SUFFIXES)}).")
    return sorted(found)


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
        digest = named.group(1) if named else sha256_of_bytes(config_content(config))
        names: list[str | None] = [familiar(name) for name in references] or [None]
        images += [SavedImage(archive, name, f"sha256:{digest}", config, layers) for name in names]
    return images


def read_archive(archive: str, platform: t.Callable[[], str] = lambda: "") -> list[SavedImage]:
    """Images of an archive. One of docker save is read no further than its manifest.json.

    ``platform`` is asked for, as in linux/amd64, when an image is there for several.
    """
    with opened(archive) as parts:
        if not os.path.isdir(archive) and parts.has("manifest.json"):
            return parse_manifest(archive, parts.content("manifest.json"), parts.content)
        if not parts.has(layout.INDEX):
            raise ArchiveError(
                f"{archive} is no image archive, it has neither a manifest.json (docker save) nor an {layout.INDEX} "
                f"(OCI layout). {_SAVE_AGAIN}"
            )
        try:
            found = layout.images(parts.content, platform)
        except layout.LayoutError as error:
            raise ArchiveError(f"{archive} {error}") from error
        return [
            SavedImage(archive, familiar(each.name) if each.name else None, each.id, each.config, each.layers, oci=True)
            for each in found
        ]


def read_config(image: SavedImage) -> dict[str, t.Any]:
    """The image's configuration out of its archive."""
    with opened(image.archive, f"has no readable {image.config}") as parts:
        return dict(json.loads(parts.content(image.config)))


def check_archive(archive: str, images: t.Sequence[SavedImage]) -> None:
    """Refuse an archive that is cut off or whose parts are missing, before anything gets any of it."""
    with opened(archive, "is cut off or damaged") as parts:
        parts.verify_end()
        for image in images:
            absent = [name for name in (image.config, *image.layers) if not parts.has(name)]
            if absent:
                raise ArchiveError(f"{archive} lacks {', '.join(absent)}, which its own list names. {_SAVE_AGAIN}")
            if f"sha256:{sha256_of_bytes(parts.content(image.config))}" != image.id:
                raise ArchiveError(
                    f"{archive} is damaged: the content of {image.config} does not fit its digest. {_SAVE_AGAIN}"
                )


def refuse_ambiguous(images: t.Sequence[SavedImage]) -> None:
    """Refuse two archives that claim one reference for different images: the result would depend on the order."""
    seen: dict[str, SavedImage] = {}
    for image in images:
        other = seen.setdefault(image.name, image)
        if other.id != image.id:
            raise ArchiveError(
                f"{other.archive} and {image.archive} hold different images as {image.name}: remove one of them."
            )


def stream(archive: str, images: t.Sequence[SavedImage]) -> t.Iterator[bytes]:
    """An archive as ``docker load`` takes it: as it is, or put together anew from the images in the OCI layout."""
    if not any(image.oci for image in images):
        with open(archive, "rb") as handle:
            while chunk := handle.read(_CHUNK):
                yield chunk
        return
    with contextlib.ExitStack() as stack:
        parts = stack.enter_context(opened(archive))
        entries: dict[str, dict[str, t.Any]] = {}
        for image in images:
            entry = {"Config": image.config, "RepoTags": [], "Layers": list(image.layers)}
            entries.setdefault(image.id, entry)["RepoTags"] += [image.reference] if image.reference else []
        text = json.dumps(list(entries.values())).encode()
        yield _header("manifest.json", len(text)) + text + _padding(len(text))
        for name in sorted({name for image in images for name in (image.config, *image.layers)}):
            size = parts.size(name)
            yield _header(name, size)
            with parts.open(name) as handle:
                while chunk := handle.read(_CHUNK):
                    yield chunk
            yield _padding(size)
        yield b"\0" * (2 * tarfile.BLOCKSIZE)


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return b"\0" * (-size % tarfile.BLOCKSIZE)
