# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file systems of a host that some folders are on. This module util is private to fortytwo.ft_services."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._host.facts import existing


def file_systems(paths: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """Each file system once, in the order of the paths, with what is free for whoever is not root."""
    found: dict[int, dict[str, t.Any]] = {}
    for path in dict.fromkeys(paths):
        nearest = existing(path)
        device = os.stat(nearest).st_dev
        if device in found:
            found[device]["paths"].append(path)
            continue
        space = os.statvfs(nearest)
        found[device] = {
            "paths": [path],
            "mount": mount_of(nearest),
            "size": space.f_blocks * space.f_frsize,
            "free": space.f_bavail * space.f_frsize,
            # Some file systems make room for files as they need it, and count none.
            "inodes": space.f_files or None,
            "inodes_free": space.f_favail if space.f_files else None,
        }
    return list(found.values())


def mount_of(path: str) -> str:
    """Where the file system of a path begins."""
    path = os.path.realpath(path)
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return path
