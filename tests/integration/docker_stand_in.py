# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the docker daemon that only takes what the docker command sends for a build."""

from __future__ import annotations

import contextlib
import http.server
import io
import os
import socketserver
import subprocess
import tarfile
import threading
import types
import urllib.parse

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *dummy: object) -> None:
        """Stay silent."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        for name, value in {"Api-Version": "1.50", "Ostype": "linux", "Builder-Version": "1"}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        """The greeting."""
        self._answer(b"")

    def do_GET(self) -> None:
        """The greeting, or what the command asks about the daemon."""
        self._answer(b"{}")

    def do_POST(self) -> None:
        """A build: keep its tar and the name of its Dockerfile."""
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        self.server.builds.append((b"".join(parts), query["dockerfile"][0]))
        self._answer(b'{"stream":"Successfully built 0123456789ab\\n"}\n')


class StandIn(socketserver.ThreadingUnixStreamServer):
    """Serves on a socket file within a with block."""

    daemon_threads = True

    def __init__(self, path: str) -> None:
        """Bind to the path."""
        self.builds: list[tuple[bytes, str]] = []
        super().__init__(path, _Handler)
        self.host = f"unix://{path}"

    def get_request(self) -> tuple[object, tuple[str, int]]:
        """A connection; the handler wants an address of two parts."""
        connection, dummy = super().get_request()
        return connection, ("local", 0)

    def __enter__(self) -> StandIn:
        """Start to serve."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Stop."""
        self.shutdown()
        self.server_close()

    def sent(self, context: str, dockerfile: str) -> tuple[dict[str, str], str]:
        """What ``docker build`` sends of a context: kind of each path, and the Dockerfile's path."""
        self.builds.clear()
        done = subprocess.run(
            ["docker", "--host", self.host, "build", "--quiet", *(["-f", dockerfile] if dockerfile else []), context],
            env={**os.environ, "DOCKER_BUILDKIT": "0"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode or not self.builds:
            raise RuntimeError(done.stderr)
        body, name = self.builds[-1]
        # The docker command does not finish the tar when it adds a Dockerfile from outside.
        return kinds(io.BytesIO(body + bytes(-len(body) % 512 + 1024))), name


def kinds(body: io.BytesIO) -> dict[str, str]:
    """Kind of each path of a tar; folders above a path that the tar does not list count as listed."""
    found: dict[str, str] = {}
    with contextlib.closing(tarfile.open(fileobj=body, errors="surrogateescape")) as tar:
        for member in tar:
            path = os.path.normpath(member.name)
            kind = "link" if member.issym() else "folder" if member.isdir() else "pipe" if member.isfifo() else "file"
            if path != os.curdir:
                found[path] = kind
    for path in list(found):
        parts = path.split("/")
        for count in range(1, len(parts)):
            found.setdefault("/".join(parts[:count]), "folder")
    return found
