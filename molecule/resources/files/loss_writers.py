# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four writers of a database, and what of theirs is there after a loss and a restore.

    loss_writers.py write LOG COMMAND...
        writes until the database goes away, and each commit that was confirmed to the log
    loss_writers.py check LOG BACKUP LOST COMMAND...
        BACKUP is when the last backup began, 2026-11-30T12:00:00Z; LOST when the volume was, in seconds since the epoch

COMMAND takes SQL on its input. A transaction writes two rows: one without the other would be half of it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

WRITERS = 4
# Bounded, should nobody remove the volume.
SECONDS = 400
TABLE = "molecule_loss.entries"
CREATE = f"""CREATE DATABASE IF NOT EXISTS molecule_loss; DROP TABLE IF EXISTS {TABLE};
CREATE TABLE {TABLE} (writer INT, number INT, half INT, body VARCHAR(512), digest CHAR(64),
PRIMARY KEY (writer, number, half));
"""


def body_of(writer: int, number: int, half: int) -> str:
    """What a row holds, from which its digest is made."""
    return f"{writer}-{number}-{half}-" + "x" * (number % 400)


def transaction(writer: int, number: int) -> str:
    """The SQL of one transaction, which answers with its number when it is committed."""
    rows = []
    for half in (0, 1):
        body = body_of(writer, number, half)
        rows.append(f"({writer}, {number}, {half}, '{body}', '{hashlib.sha256(body.encode()).hexdigest()}')")
    inserts = " ".join(f"INSERT INTO {TABLE} VALUES {row};" for row in rows)
    return f"BEGIN; {inserts} COMMIT; SELECT {number};\n"


def write(log: Path, command: list[str]) -> None:
    """Write until the database goes away."""
    subprocess.run(command, input=CREATE, text=True, check=True, timeout=60)
    lock, until = threading.Lock(), time.time() + SECONDS
    with log.open("w", encoding="utf-8") as file:

        def run(writer: int) -> None:
            with subprocess.Popen(
                [*command, "--unbuffered"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as client:
                assert client.stdin
                assert client.stdout
                number = 0
                while time.time() < until:
                    try:
                        client.stdin.write(transaction(writer, number))
                        client.stdin.flush()
                    except OSError:
                        break
                    if client.stdout.readline().strip() != str(number):
                        break
                    with lock:
                        file.write(json.dumps([writer, number, time.time()]) + "\n")
                        file.flush()
                    number += 1
                    time.sleep(0.05)
                client.kill()

        threads = [threading.Thread(target=run, args=(writer,)) for writer in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def problems(log: Path, rows: str, backup: float) -> list[str]:
    """What is lost though it was confirmed before the backup began, is half, or is not what was written."""
    found = []
    held: dict[tuple[int, int], set[int]] = {}
    for line in rows.splitlines():
        writer, number, half, body, digest = line.split("\t")
        held.setdefault((int(writer), int(number)), set()).add(int(half))
        if hashlib.sha256(body.encode()).hexdigest() != digest or body != body_of(int(writer), int(number), int(half)):
            found.append(f"writer {writer}, transaction {number}: its row {half} is not what was written")
    found += [f"writer {key[0]}, transaction {key[1]}: half" for key, halves in held.items() if halves != {0, 1}]
    for line in log.read_text(encoding="utf-8").splitlines():
        writer, number, moment = json.loads(line)
        if moment < backup and (writer, number) not in held:
            found.append(
                f"writer {writer}, transaction {number}: lost, though {backup - moment:.1f} s older than the backup"
            )
    return found


def seconds_of(text: str) -> float:
    """A time as manifests write it, in seconds since the epoch."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def check(log: Path, backup: float, lost: float, command: list[str]) -> int:
    """Compare what was confirmed with what is there, and print the figure."""
    query = f"SELECT * FROM {TABLE};"
    rows = subprocess.run(command, input=query, text=True, check=True, capture_output=True, timeout=120).stdout
    confirmed = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    found = problems(log, rows, backup)
    if not any(moment < backup for _writer, _number, moment in confirmed):
        found.append("nothing was written before the backup: this shows nothing")
    back = len(rows.splitlines()) // 2
    print(
        f"{len(confirmed)} transactions of {WRITERS} writers were confirmed, {back} are back; the volume was lost "
        f"{lost - backup:.1f} s after the backup began, and {len(confirmed) - back} transactions of that time with it"
    )
    print("\n".join(found[:10]))
    return 1 if found else 0


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]), sys.argv[3:])
    else:
        sys.exit(check(Path(sys.argv[2]), seconds_of(sys.argv[3]), float(sys.argv[4]), sys.argv[5:]))
