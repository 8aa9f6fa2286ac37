# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try to connect from every service to every service, all at the same time.

Reads from standard input, in JSON: `kubectl`, the command with its namespace; `knock`, a script for sh that takes doors
(NAME:ADDRESS:PORT) and says the names of those that are open; `doors`; and `reach`, which says for each service by name
what it shall reach. Prints, in JSON, where it is otherwise.
"""

from __future__ import annotations

import concurrent.futures
import json
import subprocess
import sys
import time

PATIENCE = 20.0  # seconds
LONGEST = 120.0  # seconds for one look through all doors


def reached(command: list[str], expected: set[str]) -> set[str]:
    """Return what is open; a service that is not ready for a moment has no door, one that is open too much stays so."""
    end = time.monotonic() + PATIENCE
    while True:
        run = subprocess.run(command, capture_output=True, check=False, text=True, timeout=LONGEST)
        found = set(run.stdout.split())
        if time.monotonic() > end:
            run.check_returncode()
            return found
        if run.returncode == 0 and found >= expected:
            return found
        time.sleep(1)


def main() -> int:
    """Try from every service; return 1 when a connection passes that shall not, or the other way round."""
    asked = json.load(sys.stdin)
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(len(asked["reach"])) as pool:
        tries = {
            name: pool.submit(
                reached,
                [*asked["kubectl"], "exec", f"deploy/{name}", "--", "sh", "-c", asked["knock"], "sh", *asked["doors"]],
                set(expected),
            )
            for name, expected in asked["reach"].items()
        }
        for name, tried in tries.items():
            try:
                found = tried.result()
            except subprocess.CalledProcessError as error:
                wrong.append(f"{name}: {error.stderr.strip()}")
                continue
            except subprocess.TimeoutExpired:
                wrong.append(f"{name}: the look through its doors did not end within {LONGEST:.0f} s")
                continue
            if found != set(asked["reach"][name]):
                wrong.append(f"{name} reached {sorted(found)}, and shall reach {sorted(asked['reach'][name])}")
    print(json.dumps({"wrong": wrong}, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
