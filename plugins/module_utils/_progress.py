# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live progress of a long module run. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import json
import os
import threading
import time

ENVIRONMENT_VARIABLE = "FT_SERVICES_PROGRESS"


class Progress:
    """Appends JSON lines to the file that the progress callback plugin tails; without that file it does nothing."""

    def __init__(self, total: int | None = None) -> None:
        """Count up to ``total`` steps; None when the number is unknown."""
        self.total = total
        self._done = 0
        self._lock = threading.Lock()
        self._path = os.environ.get(ENVIRONMENT_VARIABLE)

    def step(self, text: str) -> None:
        """Report that one more step is done."""
        with self._lock:
            self._done += 1
        self.message(text)

    def message(self, text: str) -> None:
        """Report what goes on, without counting a step."""
        if not self._path:
            return
        line = json.dumps({"at": time.time(), "n": self._done, "total": self.total, "text": text}) + "\n"
        try:
            # One short write per line: the kernel appends it whole, also with several writers.
            with open(self._path, "a", encoding="utf-8") as handle:
                handle.write(line)
        except OSError:
            # The reader went away with its folder: progress is a courtesy, the work goes on.
            self._path = None
