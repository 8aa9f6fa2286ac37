# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OCI image layout: which images an index holds, and which of them is for a platform.

This module util is private to the collection fortytwo.ft_services. Nothing here reads files.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of_bytes

MARK, INDEX = "oci-layout", "index.json"
# Both are the full name in what docker and BuildKit write; others put it into the second.
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# What BuildKit puts beside an image: how it was made. It is for no platform.
_ATTESTATION = "vnd.docker.reference.type"
# An index may hold another one; no tool writes more than one within another.
_DEEPEST = 4

Content = t.Callable[[str], bytes]


class LayoutError(Exception):
    """The layout cannot be used; the text goes on after the name of the archive."""


@dataclass(frozen=True)
class OciImage:
    """An image for one platform; ``name`` None where the layout gives no more than a tag."""

    name: str | None
    id: str
    config: str
    layers: tuple[str, ...]


def images(content: Content, platform: t.Callable[[], str]) -> list[OciImage]:
    """The images of a layout, for each name the one of the platform. Raises LayoutError."""
    found: dict[tuple[str | None, int], list[dict[str, t.Any]]] = {}
    nameless: dict[str, int] = {}
    for entry in _entries(_json(content, INDEX)):
        name = name_of(entry.get("annotations") or {})
        # Without a name, entries for different platforms are one image; of one platform each is an image of its own.
        platform_of = "" if name else _platform(entry)
        nameless[platform_of] = nameless.get(platform_of, 0) + 1
        key = (name, 0 if name else nameless[platform_of])
        found.setdefault(key, []).extend(_leaves(content, entry))
    if not any(found.values()):
        raise LayoutError(f"has an {INDEX} without images.")
    return [_image(content, name, _for(platform, leaves, name)) for (name, dummy), leaves in found.items() if leaves]


def name_of(annotations: t.Mapping[str, t.Any]) -> str | None:
    """The full name among an entry's annotations; None for no name, or a tag alone."""
    for key in _NAMES:
        name = str(annotations.get(key) or "")
        if "/" in name or ":" in name:
            return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    return None


def blob(digest: t.Any) -> str:
    """The file of a digest."""
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise LayoutError(f"names {digest!r}, which is no SHA-256 digest.")
    return "blobs/" + digest.replace(":", "/")


def _json(content: Content, name: str) -> dict[str, t.Any]:
    try:
        found = json.loads(content(name))
    except ValueError as error:
        raise LayoutError(f"has a {name} that is not JSON.") from error
    if not isinstance(found, dict):
        raise LayoutError(f"has a {name} that is no mapping.")
    return found


def _checked(content: Content, digest: t.Any) -> dict[str, t.Any]:
    """A manifest or an index, its content compared with its digest."""
    name = blob(digest)
    if f"sha256:{sha256_of_bytes(content(name))}" != digest:
        raise LayoutError(f"is damaged: the content of {name} does not fit its digest.")
    return _json(content, name)


def _entries(index: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    entries = index.get("manifests")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LayoutError(f"has an {INDEX} without a list of manifests.")
    return [entry for entry in entries if _ATTESTATION not in (entry.get("annotations") or {})]


def _leaves(content: Content, entry: dict[str, t.Any], depth: int = 0) -> list[dict[str, t.Any]]:
    """The manifests that an entry leads to: one, or for an index one for each platform."""
    document = _checked(content, entry.get("digest"))
    if "manifests" not in document:
        return [{"manifest": document, "platform": entry.get("platform")}]
    if depth > _DEEPEST:
        raise LayoutError("has lists within lists without an end.")
    return [leaf for inner in _entries(document) for leaf in _leaves(content, inner, depth + 1)]


def _platform(leaf: dict[str, t.Any]) -> str:
    known = leaf.get("platform") or {}
    return "/".join(filter(None, (known.get("os"), known.get("architecture"), known.get("variant"))))


def _for(platform: t.Callable[[], str], leaves: list[dict[str, t.Any]], name: str | None) -> dict[str, t.Any]:
    """The manifest for the platform. A single one is taken whatever it is for, as docker does."""
    if len(leaves) == 1:
        return leaves[0]["manifest"]
    wanted = platform()
    fitting = [leaf for leaf in leaves if _platform(leaf) == wanted]
    # The variant of a processor (arm/v7, arm64/v8) is often not said.
    fitting = fitting or [leaf for leaf in leaves if _platform(leaf).split("/")[:2] == wanted.split("/")[:2]]
    if not fitting:
        there = ", ".join(sorted({_platform(leaf) for leaf in leaves}))
        raise LayoutError(f"holds {name or 'an image'} for {there}, and not for {wanted}, which is needed here.")
    return fitting[0]["manifest"]


def _image(content: Content, name: str | None, manifest: dict[str, t.Any]) -> OciImage:
    try:
        config = manifest["config"]["digest"]
        layers = tuple(blob(layer["digest"]) for layer in manifest["layers"])
    except (KeyError, TypeError) as error:
        raise LayoutError(f"has a manifest without config or layers ({error}).") from error
    return OciImage(name, str(config), blob(config), layers)
