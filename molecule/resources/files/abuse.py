# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how long people wait while one client abuses a service.

Reads from standard input, in JSON: `address` and `ca_file` of the platform; `services`, a list of name, port and
protocol (http, https, ssh or ftp), for https also path and optionally login (path and body of a login that fails);
`only`, the names of those to attack (all); `attacker` and `observer`, two local addresses, the first for the one
client; `connections` and `seconds` for each attacked service; `limits`, the longest 99th percentile in seconds for
the attacked service and for the others.

Only private addresses are taken. Prints, in JSON, a row for each attacked service and what was too slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import multiprocessing
import socket
import ssl
import sys
import time
import typing as t

GIVE_UP = 15.0  # seconds that a person waits
ASK_EVERY = 0.5  # seconds
AGAIN = 0.5  # seconds until an ended connection is opened again
BODY = 40 << 20  # bytes


class Service(t.NamedTuple):
    """A port, what is spoken there, and how one asks or annoys it."""

    name: str
    port: int
    protocol: str
    path: str = "/"
    login: dict[str, str] | None = None


class Client:
    """Opens connections from one local address."""

    def __init__(self, address: str, ca_file: str, local: str) -> None:
        """Take the platform's address, the file of its CA, and the local address."""
        self._address, self._local = address, local
        self._tls = ssl.create_default_context(cafile=ca_file)

    async def open(self, service: Service, tls: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; with a small buffer, so that a slow reader is one."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        sock.bind((self._local, 0))
        try:
            await asyncio.get_running_loop().sock_connect(sock, (self._address, service.port))
            return await asyncio.open_connection(
                sock=sock, ssl=self._tls if tls else None, server_hostname=self._address if tls else None, limit=4096
            )
        except BaseException:
            sock.close()
            raise

    def head(self, method: str, path: str, *more: str) -> bytes:
        """The head of a request."""
        return "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: {self._address}", *more, "", "")).encode()

    async def ask(self, service: Service) -> None:
        """Connect, ask, and read the first line, as a person's program does. Raise OSError when it is no answer."""
        reader, writer = await self.open(service, service.protocol == "https")
        with contextlib.closing(writer):
            if service.protocol in ("http", "https"):
                writer.write(self.head("GET", service.path, "Connection: close"))
            line = await reader.readline()
            expected = {"ssh": b"SSH-2.0", "ftp": b"220"}.get(service.protocol, b"HTTP/1.")
            if not line.startswith(expected) or line[9:10] == b"5" or line[9:12] == b"429":
                raise OSError(f"answer {line[:40]!r}")


async def observe(client: Client, service: Service, until: float, waits: list[float], errors: list[str]) -> None:
    """Ask again and again, and note how long each answer took."""
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            await asyncio.wait_for(client.ask(service), GIVE_UP)
            waits.append(time.monotonic() - began)
        except (OSError, ValueError) as error:
            waits.append(GIVE_UP)
            errors.append(str(error) or "no answer")
        await asyncio.sleep(max(0.0, ASK_EVERY - (time.monotonic() - began)))


def observe_all(asked: dict[str, t.Any], seconds: float, answer: t.Any) -> None:
    """Watch all services at the same time, in a process of its own, which the attack does not slow down."""

    async def run() -> dict[str, tuple[list[float], list[str]]]:
        client = Client(asked["address"], asked["ca_file"], asked["observer"])
        found: dict[str, tuple[list[float], list[str]]] = {row["name"]: ([], []) for row in asked["services"]}
        until = time.monotonic() + seconds
        await asyncio.gather(
            *(observe(client, Service(**row), until, *found[row["name"]]) for row in asked["services"])
        )
        return found

    answer.send(asyncio.run(run()))


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, piece: bytes, pause: float) -> None:
    """Send a piece from time to time, until the other side ends the connection."""
    ended = asyncio.ensure_future(reader.read())
    try:
        while not ended.done():
            writer.write(piece)
            await writer.drain()
            await asyncio.wait([ended], timeout=pause)
    finally:
        ended.cancel()


async def annoy(client: Client, service: Service, kind: str) -> None:
    """One connection that behaves badly."""
    web = service.protocol in ("http", "https")
    reader, writer = await client.open(service, service.protocol == "https" and kind != "idle")
    with contextlib.closing(writer):
        if kind == "half":
            writer.write(client.head("GET", service.path)[:-2] + b"X-Slow: " if web else b"")
            await trickle(reader, writer, b"a", 3)
        elif kind == "reader" and web:
            writer.write(client.head("GET", service.path))
            while await reader.read(1):
                await asyncio.sleep(1)
        elif kind == "body" and web:
            writer.write(
                client.head("POST", "/index.php", "Content-Type: application/octet-stream", f"Content-Length: {BODY}")
            )
            await trickle(reader, writer, bytes(16384), 0.2)
        elif kind == "login" and service.login:
            body = service.login["body"].encode()
            form = "Content-Type: application/x-www-form-urlencoded"
            writer.write(
                client.head("POST", service.login["path"], form, f"Content-Length: {len(body)}", "Connection: close")
                + body
            )
            await reader.read()
        elif kind == "login" and service.protocol == "ftp":
            await trickle(reader, writer, b"USER ft\r\nPASS wrong\r\n", 1)
        else:
            await reader.read()


async def attack(asked: dict[str, t.Any], service: Service, seconds: float) -> int:
    """Abuse a service with all connections at once, a fifth of each kind; return how many were opened."""
    client, opened = Client(asked["address"], asked["ca_file"], asked["attacker"]), 0

    async def again(kind: str) -> None:
        nonlocal opened
        while True:
            opened += 1
            # Each fault is what the attack is for.
            with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
                await annoy(client, service, kind)
            await asyncio.sleep(AGAIN)

    kinds = ("idle", "half", "reader", "body", "login")
    tasks = [asyncio.ensure_future(again(kinds[number % len(kinds)])) for number in range(asked["connections"])]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return opened


def percentile(waits: list[float], share: float) -> float:
    """The wait that this share of all does not exceed; what was never measured is as long as can be."""
    return sorted(waits)[min(len(waits) - 1, int(len(waits) * share))] if waits else GIVE_UP


def measure(asked: dict[str, t.Any], service: Service) -> tuple[dict[str, t.Any], list[str]]:
    """Attack one service; return its row, and what was too slow."""
    here, there = multiprocessing.Pipe(duplex=False)
    watcher = multiprocessing.Process(target=observe_all, args=(asked, float(asked["seconds"]), there))
    watcher.start()
    opened = asyncio.run(attack(asked, service, float(asked["seconds"])))
    if not here.poll(GIVE_UP + 5):
        watcher.terminate()
        raise SystemExit(f"the measurements of the attack on {service.name} did not come")
    found = here.recv()
    watcher.join()
    row: dict[str, t.Any] = {"attacked": service.name, "opened": opened, "p99": {}, "errors": {}}
    slow = []
    for name, (waits, errors) in found.items():
        limit = asked["limits"]["attacked" if name == service.name else "others"]
        wait = row["p99"][name] = round(percentile(waits, 0.99), 2)
        if errors:
            row["errors"][name] = f"{len(errors)} of {len(waits)}: {errors[0]}"
        if wait > limit:
            slow.append(f"attack on {service.name}: 99 % of the answers of {name} within {wait} s, more than {limit} s")
    return row, slow


def main() -> int:
    """Attack each service in turn; return 1 when somebody had to wait for too long."""
    asked = json.load(sys.stdin)
    if not ipaddress.ip_address(asked["address"]).is_private:
        raise SystemExit(f"{asked['address']} is no private address: this is for a platform of one's own")
    rows, slow = [], []
    for one in asked["services"]:
        if asked.get("only") and one["name"] not in asked["only"]:
            continue
        row, found = measure(asked, Service(**one))
        rows.append(row)
        slow += found
    print(json.dumps({"rows": rows, "slow": slow}, indent=1))
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
