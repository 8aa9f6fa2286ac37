# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container images as docker-save archives, written without a daemon.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pathlib
import tarfile
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import AMD64, Architecture
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of

# One fixed time for all images: the same files give the same image ID on every machine.
CREATED = "2026-01-01T00:00:00Z"
_EPOCH = 1767225600


def _member(name: str, size: int, mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, mode, _EPOCH
    return info


def layer_of_files(target: pathlib.Path, files: dict[str, pathlib.Path], links: dict[str, str] | None = None) -> None:
    """Write a layer, an uncompressed tar, of files (path in the image to file on disk) and symbolic links."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as layer:
        folders: set[str] = set()
        for name in sorted([*files, *(links or {})]):
            for parent in reversed(pathlib.PurePosixPath(name).parents):
                if str(parent) not in (".", *folders) and str(parent) not in (links or {}):
                    info = _member(str(parent), 0, 0o755)
                    info.type = tarfile.DIRTYPE
                    layer.addfile(info)
                    folders.add(str(parent))
            if name in files:
                executable = os.access(files[name], os.X_OK)
                with files[name].open("rb") as content:
                    layer.addfile(_member(name, files[name].stat().st_size, 0o755 if executable else 0o644), content)
            else:
                info = _member(name, 0, 0o777)
                info.type, info.linkname = tarfile.SYMTYPE, (links or {})[name]
                layer.addfile(info)


def write_archive(
    target: pathlib.Path,
    reference: str,
    layer: pathlib.Path,
    config: dict[str, t.Any],
    architecture: Architecture = AMD64,
) -> str:
    """Write a one-layer image as `docker load` takes it and return its ID; readers find manifest.json first."""
    image = {
        "architecture": architecture.name,
        "os": "linux",
        "created": CREATED,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256_of(layer)}"]},
        "history": [{"created": CREATED, "created_by": "fortytwo.ft_services"}],
    }
    body = json.dumps(image, sort_keys=True).encode()
    name = hashlib.sha256(body).hexdigest()
    manifest = json.dumps([{"Config": f"{name}.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(target, "w") as archive:
        archive.addfile(_member("manifest.json", len(manifest)), io.BytesIO(manifest))
        archive.addfile(_member(f"{name}.json", len(body)), io.BytesIO(body))
        with layer.open("rb") as content:
            archive.addfile(_member("layer.tar", layer.stat().st_size), content)
    return f"sha256:{name}"
