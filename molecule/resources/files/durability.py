# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write rows from several clients at the same time, kill the server in the middle, and tell what it had acknowledged.

Reads from standard input, in JSON: `client`, a command that takes statements on its input; `statement`, which writes
the row `{row}` of the client `{client}` and then has the client say the row's number; `kill`, the command that kills
the server; `clients`, how many write; `rows`, how many each of them must have written before the kill.
Prints, in JSON, the number of rows that each client was told to be written.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

PATIENCE = 60.0  # seconds


class Writer(threading.Thread):
    """A client that writes row after row, each when the one before is acknowledged, until the server is gone."""

    def __init__(self, number: int, command: list[str], statement: str) -> None:
        """Start the client; its number goes into its rows."""
        super().__init__(daemon=True)
        self.number = number
        self.statement = statement
        self.acknowledged = 0
        self._client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self) -> None:
        """Write."""
        source, answers = self._client.stdin, self._client.stdout
        assert source
        assert answers
        row = 1
        while True:
            try:
                source.write(self.statement.format(client=self.number, row=row) + "\n")
                source.flush()
            except BrokenPipeError:
                return
            if answers.readline() != f"{row}\n":
                return
            self.acknowledged = row
            row += 1


def main() -> int:
    """Write, kill, tell."""
    wanted = json.load(sys.stdin)
    writers = [Writer(number, wanted["client"], wanted["statement"]) for number in range(wanted["clients"])]
    for writer in writers:
        writer.start()
    deadline = time.monotonic() + PATIENCE
    while any(writer.acknowledged < wanted["rows"] for writer in writers):
        if time.monotonic() > deadline or not all(writer.is_alive() for writer in writers):
            print(f"before the kill only: {[writer.acknowledged for writer in writers]}", file=sys.stderr)
            return 1
        time.sleep(0.01)
    # The container may be gone before the command can report.
    try:
        subprocess.run(wanted["kill"], check=False, stdout=subprocess.DEVNULL, timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        print(f"the kill did not end: {error}", file=sys.stderr)
        return 1
    for writer in writers:
        writer.join(timeout=PATIENCE)
        if writer.is_alive():
            print("the server goes on after the kill", file=sys.stderr)
            return 1
    print(json.dumps([writer.acknowledged for writer in writers]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
