# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at a path of this host.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import pathlib
import pwd
import stat
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}


def owner_of(number: int) -> str:
    """The name of a user, or the number of one without a name."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def look(given: str, checksum: bool) -> dict[str, t.Any]:
    """What is at a path. Raises OSError where that cannot be told."""
    path = pathlib.Path(given).expanduser()
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return {"exists": False, "path": str(path), **dict.fromkeys(("type", "owner", "size", "mtime", "sha256"))}
    kind = KINDS.get(stat.S_IFMT(found.st_mode), "other")
    return {
        "exists": True,
        "path": str(path),
        "type": kind,
        "owner": owner_of(found.st_uid),
        "size": found.st_size,
        "mtime": found.st_mtime,
        "sha256": sha256_of(path) if checksum and kind == "file" else None,
    }
