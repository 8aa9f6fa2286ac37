# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program wrote a service's data, as they say themselves.

This module util is private to the collection fortytwo.ft_services. The images' program ``written_by`` says it, and
judges it.
"""

from __future__ import annotations

import gzip
import re
import tarfile
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import BackupError

MARK = ".written_by"
SQL_MARK = b"-- Written by "
LINE = 200
# An image without the program has data of no version; one that has it judges what is its last word.
JUDGE = ["sh", "-c", 'if command -v written_by >/dev/null; then exec written_by accepts "$1"; fi', "written_by"]

# What a refusal begins with.
REFUSED = "written_by:"


def writer_of(path: Path, form: str) -> str:
    """Return the program that wrote a compressed stream, such as ``MariaDB 11.8.9``; empty when it does not say.

    BackupError when the stream cannot be read.
    """
    try:
        with gzip.open(path, "rb") as stream:
            line = _first_line(stream) if form == "sql" else _member(stream) if form == "tar" else b""
    except tarfile.TarError:
        # Its bytes are those that the service gave, so the service is the one to judge them.
        return ""
    except (OSError, EOFError) as error:
        raise BackupError(f"{path} cannot be read: {error}. Nothing was changed; take another backup.") from error
    # A start that was not ended had upgraded the data in part; the version is the one that did it.
    text = line.decode("utf-8", "replace").strip().removesuffix(" upgrading")
    return text if re.fullmatch(r"\w[\w -]* \d[\w.]*", text, re.ASCII) else ""


def _first_line(stream: gzip.GzipFile) -> bytes:
    line = stream.readline(LINE)
    return line.removeprefix(SQL_MARK) if line.startswith(SQL_MARK) else b""


def _member(stream: gzip.GzipFile) -> bytes:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            # That of the volume, or of the one folder that is in it.
            parts = [part for part in member.name.split("/") if part != "."]
            if member.isfile() and parts[-1:] == [MARK] and len(parts) <= 2:
                found = archive.extractfile(member)
                return found.read(LINE) if found else b""
    return b""
