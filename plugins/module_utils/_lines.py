# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The output of a program line by line, while it runs. This module util is private to fortytwo.ft_services."""

from __future__ import annotations

import typing as t


class LineTee:
    """Stands for a process' output pipe and hands over each whole line as soon as the reader has taken it."""

    def __init__(self, stream: t.IO[bytes], on_line: t.Callable[[str], None]) -> None:
        """Wrap the pipe; ``on_line`` gets text without its line end."""
        self._stream = stream
        self._on_line = on_line
        self._rest = b""

    def fileno(self) -> int:
        """File descriptor for the reader's selector."""
        return self._stream.fileno()

    def read(self, size: int = -1) -> bytes | None:
        """Up to ``size`` bytes; None when nothing is there yet, as the pipe itself does."""
        chunk = self._stream.read(size)
        if chunk:
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                self._on_line(line.decode("utf-8", "replace"))
        return chunk

    def close(self) -> None:
        """Hand over a last line without an end and close the pipe."""
        if self._rest:
            self._on_line(self._rest.decode("utf-8", "replace"))
            self._rest = b""
        self._stream.close()
