# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks for a page once a second until a file is there: ask.py URL CA_FILE STOP_FILE.

Prints, in JSON, how often it asked, and what went wrong at which second.
"""

from __future__ import annotations

import json
import pathlib
import ssl
import sys
import time
import urllib.request

LONGEST = 600  # seconds


def main() -> None:
    """Ask; a new connection each time."""
    url, authority, stop = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    started, asked, failed = time.monotonic(), 0, []
    while not pathlib.Path(stop).exists() and time.monotonic() - started < LONGEST:
        asked += 1
        try:
            with urllib.request.urlopen(url, timeout=5, context=context) as answer:
                answer.read()
        except OSError as error:
            failed.append(f"{time.monotonic() - started:.0f} s: {error}")
        time.sleep(1)
    print(json.dumps({"asked": asked, "failed": failed}))


if __name__ == "__main__":
    main()
