# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running platform: a run that changes nothing and `make status` beside an empty play, the front page kept and not.

`--check` writes nothing, and fails where a ratio is 1.5 times worse than the one in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import pathlib
import platform
import re
import resource
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from importlib import metadata

from paired import ROOT, TABLE, WORSE, add_check, replaced

BEGIN, END = "<!-- platform: begin -->\n", "<!-- platform: end -->"
EMPTY = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": "nothing"}}]}]
# What runs, and whether it is asked for each time: the first changes nothing only where nothing is to do.
PLAYS = {
    "make up, nothing to do": ["site.yml"],
    "make up, --tags services": ["site.yml", "--tags", "services"],
    "make status": ["playbooks/status.yml"],
}


class Cost(t.NamedTuple):
    """What a play took: seconds by the clock, and of the processors."""

    wall: float
    cpu: float


def play(words: list[str]) -> Cost:
    """Run a playbook; one that fails or changes something ends the benchmark."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    program = pathlib.Path(sys.executable).with_name("ansible-playbook")
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [str(program), *words], cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or "changed=0 failed=0" not in done.stdout:
        sys.exit(f"{' '.join(words)} failed or changed something:\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def answer(connection: ssl.SSLSocket, request: bytes) -> bytes:
    """Send a request, and read its whole answer."""
    connection.sendall(request)
    seen = b""
    while b"\r\n\r\n" not in seen:
        seen += received(connection)
    head, dummy, body = seen.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    while len(body) < int(length[1]) if length else not body.endswith(b"0\r\n\r\n"):
        body += received(connection)
    return head


def received(connection: ssl.SSLSocket) -> bytes:
    """The next bytes; an error where there are none."""
    got = connection.recv(1 << 18)
    if not got:
        raise ConnectionError("the server ended the connection")
    return got


def reader(address: str, ca_file: str, path: str, until: float) -> list[float]:
    """One connection that asks for a page over and over; the seconds of each answer."""
    context = ssl.create_default_context(cafile=ca_file)
    request = f"GET {path} HTTP/1.1\r\nHost: {address}:5050\r\n\r\n".encode()
    taken = []
    with (
        socket.create_connection((address, 5050), 30) as plain,
        context.wrap_socket(plain, server_hostname=address) as connection,
    ):
        while (begun := time.monotonic()) < until:
            head = answer(connection, request)
            if not head.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(head.partition(b"\r\n")[0].decode())
            taken.append(time.monotonic() - begun)
    return taken


def pages(address: str, ca_file: str, path: str, connections: int, seconds: float) -> tuple[float, float]:
    """Pages a second, and the time that 99 of 100 of them took at most."""
    until = time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        jobs = [pool.submit(reader, address, ca_file, path, until) for dummy in range(connections)]
    taken = sorted(one for job in jobs for one in job.result())
    return len(taken) / seconds, taken[int(len(taken) * 0.99)]


def measure(options: argparse.Namespace) -> tuple[list[str], dict[str, float]]:
    """The table, and the ratios in it by their names."""
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as folder:
        empty = pathlib.Path(folder) / "empty.yml"
        empty.write_text(json.dumps(EMPTY), encoding="utf-8")
        for dummy in range(options.rounds):
            for name, words in {"an empty play": [str(empty)], **PLAYS}.items():
                costs.setdefault(name, []).append(play(words))
    median = {
        name: Cost(*(statistics.median(column) for column in zip(*each, strict=True))) for name, each in costs.items()
    }
    base, ratios = median["an empty play"], {}
    lines = ["| what | seconds | CPU seconds | x an empty play | CPU |", "|---|---|---|---|---|"]
    for name, cost in median.items():
        ratios[name] = cost.cpu / base.cpu
        lines.append(
            f"| {name} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.wall / base.wall:.1f} | {ratios[name]:.1f} |"
        )
    # The first readers fill it.
    pages(options.address, options.ca_file, "/", 2, 1)
    kept = pages(options.address, options.ca_file, "/", 32, options.seconds)
    # What nobody keeps, as many as php-fpm has children.
    made = pages(options.address, options.ca_file, "/?uncached=1", 4, options.seconds)
    ratios["front page, made / kept"] = made[0] / kept[0]
    lines += ["", "| front page | a second | 99 of 100 within, ms |", "|---|---|---|"]
    lines.append(f"| kept by nginx, 32 connections | {kept[0]:.0f} | {kept[1] * 1000:.0f} |")
    lines.append(f"| made by WordPress, 4 connections | {made[0]:.0f} | {made[1] * 1000:.0f} |")
    lines.append(f"| front page, made / kept | {made[0] / kept[0]:.3f} | |")
    return lines, ratios


def written(page: str) -> dict[str, float]:
    """The ratios of the page, by the same names: the last figure of the line."""
    found = {}
    for line in page.partition(BEGIN)[2].partition(END)[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        figures = [cell for cell in cells[1:] if re.fullmatch(r"\d+(\.\d+)?", cell)]
        if figures:
            found[cells[0]] = float(figures[-1])
    return found


def main() -> None:
    """Measure, print, and write or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="192.168.49.200", help="of the platform")
    state = pathlib.Path(os.environ.get("XDG_STATE_HOME") or pathlib.Path.home() / ".local/state")
    parser.add_argument("--ca-file", default=str(state / "ft_services/ft-services/certificates/ca.crt"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="how long each page is asked for")
    add_check(parser)
    # The options of the other benchmarks are given to all of them.
    options = parser.parse_known_args()[0]
    lines, ratios = measure(options)
    print(*lines, sep="\n")
    page = TABLE.read_text(encoding="utf-8")
    if options.check:
        before = written(page)
        worse = [
            f"{name}: {ratio:.3f}, written is {before[name]}"
            for name, ratio in ratios.items()
            if name in before and ratio > before[name] * WORSE
        ]
        sys.exit("\n".join(["Worse than docs/benchmarks.md by more than half:", *worse]) if worse else 0)
    head = (
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"ansible-core {metadata.version('ansible-core')}. Medians of {options.rounds} rounds."
    )
    TABLE.write_text(replaced(page, "platform", "\n".join([head, "", *lines])), encoding="utf-8")


if __name__ == "__main__":
    main()
