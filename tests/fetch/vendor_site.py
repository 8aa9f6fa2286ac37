# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server that offers files under given paths, and fails in the ways that networks do."""

from __future__ import annotations

import hashlib
import http.server
import pathlib
import threading
import typing as t

CHUNK = 1 << 16


class Request(t.NamedTuple):
    """What a client asked for and got."""

    path: str
    status: int
    start: int


class Site:
    """Serves ``files`` (path to file or bytes) on a port of its own; ``faults`` (path to kind) can change at any time.

    Kinds: gone (404), changed (one byte differs), short (half a file that says it is whole), cut (the connection ends
    in the middle of each answer), silent (no answer at all), slow (a trickle).
    """

    def __init__(self) -> None:
        self.files: dict[str, pathlib.Path | bytes] = {}
        self.faults: dict[str, str] = {}
        self.moved: dict[str, str] = {}  # by path, the address that has the file
        self.requests: list[Request] = []
        self.over = threading.Event()
        site = self

        class Handler(_Handler):
            pass

        Handler.site = site
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def offer(self, path: str, file: pathlib.Path, name_in_checksum: bool = False, kind: str = "sha256") -> None:
        """Offer a file, and its checksum beside it as vendors do."""
        self.files[path] = file
        digest = hashlib.new(kind, file.read_bytes()).hexdigest()
        name = f"  {path.rpartition('/')[2]}\n" if name_in_checksum else ""
        self.files[f"{path}.{kind}"] = f"{digest}{name}".encode()

    def asked(self, path: str) -> list[Request]:
        """Return the requests for a path so far."""
        return [request for request in self.requests if request.path == path]

    def close(self) -> None:
        """End the server and every answer under way."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *words: t.Any) -> None:
        """Stay silent: clients that are killed leave without a word."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: t.ClassVar[Site]

    def log_message(self, *words: t.Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Answer."""
        path, fault = self.path, self.site.faults.get(self.path)
        if fault == "silent":
            self.site.requests.append(Request(path, 0, 0))
            self.site.over.wait(60)
            self.close_connection = True
            return
        if path in self.site.moved:
            self.site.requests.append(Request(path, 302, 0))
            self.send_response(302)
            self.send_header("Location", self.site.moved[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = self.site.files.get(path)
        if content is None or fault == "gone":
            self.site.requests.append(Request(path, 404, 0))
            self.send_error(404)
            return
        body = content if isinstance(content, bytes) else content.read_bytes()
        if fault == "changed":
            body = bytes([body[0] ^ 1]) + body[1:]
        if fault == "short":
            body = body[: len(body) // 2]
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        status = 206 if start else 200
        if start and start >= len(body):
            status = 416
        self.site.requests.append(Request(path, status, start))
        if status == 416:
            self.send_error(416)
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        self._send(body[start:], fault)

    def _send(self, body: bytes, fault: str | None) -> None:
        if fault == "cut":
            body = body[: max(len(body) // 2, min(len(body), 3 << 20))]
        try:
            for at in range(0, len(body), CHUNK):
                self.wfile.write(body[at : at + CHUNK])
                if fault == "slow" and self.site.over.wait(0.1):
                    break
        except OSError:
            pass  # the client has enough
        self.close_connection = fault is not None
