# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container of an image would see of the files that tell of packages.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a daemon.
"""

from __future__ import annotations

import os
import tarfile
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import (
    ArchiveError,
    SavedImage,
    opened,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.databases import go_modules, wanted

# Marks of a layer: a file that is gone, a folder whose earlier content is gone.
_GONE, _OPAQUE = ".wh.", ".wh..wh..opq"
# The smallest Go program that does anything has more than a megabyte.
_SMALLEST_PROGRAM = 1 << 19


def files_of(image: SavedImage) -> dict[str, bytes]:
    """The contents of the files that tell of packages, by their paths; Go programs by their lists of modules."""
    found: dict[str, bytes] = {}
    with opened(image.archive, "has a layer that cannot be read") as parts:
        for name in image.layers:
            with parts.open(name) as handle, tarfile.open(fileobj=handle, mode="r:*") as layer:
                _lay(layer, found)
    return found


def _lay(layer: tarfile.TarFile, found: dict[str, bytes]) -> None:
    """Add a layer to what the ones below it have."""
    below, links = set(found), []
    for member in layer:
        path = os.path.normpath(member.name).lstrip("/")
        folder, name = os.path.split(path)
        if name == _OPAQUE:
            _forget(found, folder, below)
        elif name.startswith(_GONE):
            _forget(found, os.path.join(folder, name.removeprefix(_GONE)), below)
        elif not member.isdir():
            # Whatever has this name now, what a lower layer had there is gone.
            _forget(found, path, below)
            if member.islnk():
                links.append((path, os.path.normpath(member.linkname).lstrip("/")))
            elif member.isreg() and (content := _content(layer, member, path)) is not None:
                found[path] = content
                below.discard(path)
    for path, target in links:
        if target in found:
            found[path] = found[target]


def _content(layer: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> bytes | None:
    program = member.size >= _SMALLEST_PROGRAM and member.mode & 0o111
    if not program and not wanted(path):
        return None
    with t.cast(t.IO[bytes], layer.extractfile(member)) as handle:
        return handle.read() if wanted(path) else go_modules(handle)


def _forget(found: dict[str, bytes], path: str, below: set[str]) -> None:
    for known in [each for each in below if not path or each == path or each.startswith(f"{path}/")]:
        found.pop(known, None)
        below.discard(known)


def only_image(archive: str, images: t.Sequence[SavedImage]) -> SavedImage:
    """The image of an archive that holds one, by however many names."""
    if len({image.id for image in images}) != 1:
        names = ", ".join(image.name for image in images)
        raise ArchiveError(f"{archive} holds several images ({names}): give one archive for each.")
    return images[0]
