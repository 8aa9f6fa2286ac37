# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes something out of a backup's folder so that all hashes still fit: a table out of mysql's, a header out of ftps'.

Usage: bad_backup.py FOLDER TABLE FILE. Only who restores it can see that it is not what was backed up.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import pathlib
import sys
import typing as t


def without_table(dump: bytes, table: bytes) -> bytes:
    """The SQL without what makes a table and fills it; another one has to follow it."""
    mark = b"DROP TABLE IF EXISTS "
    start = dump.index(mark + b"`" + table + b"`")
    return dump[:start] + dump[dump.index(mark, start + 1) :]


def with_wrong_header(archive: bytes, name: bytes) -> bytes:
    """The tar with another checksum in the header of a file."""
    checksum = archive.index(name + b"\0") + 148
    return archive[:checksum] + b"7777" + archive[checksum + 4 :]


def main() -> None:
    """Change both, and the manifest."""
    folder, table, file = pathlib.Path(sys.argv[1]), *map(str.encode, sys.argv[2:])
    manifest = json.loads((folder / "manifest.json").read_text())
    changes: dict[str, t.Callable[[bytes], bytes]] = {
        "mysql": lambda data: without_table(data, table),
        "ftps": lambda data: with_wrong_header(data, file),
    }
    for service, change in changes.items():
        entry = manifest["services"][service]
        path = folder / entry["file"]
        content = change(gzip.decompress(path.read_bytes()))
        packed = gzip.compress(content, 1)
        path.write_bytes(packed)
        entry["bytes"], entry["content_sha256"] = len(content), hashlib.sha256(content).hexdigest()
        entry["file_bytes"], entry["sha256"] = len(packed), hashlib.sha256(packed).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


if __name__ == "__main__":
    main()
