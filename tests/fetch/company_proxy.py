# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only way out of a company's network: a proxy that looks into TLS, with certificates of the company's own CA."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import socketserver
import ssl
import subprocess
import threading
import typing as t

CHUNK = 1 << 16
NEW_KEY = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
COMMANDS = (
    f"{NEW_KEY} -x509 -days 2 -subj /CN=company -addext basicConstraints=critical,CA:TRUE -keyout ca.key -out ca.crt",
    f"{NEW_KEY} -subj /CN=proxy -keyout key -out request",
    "openssl x509 -req -in request -CA ca.crt -CAkey ca.key -days 2 -extfile names -out chain",
)


class CompanyProxy:
    """Knows names that nothing else knows: ``hosts`` has the plain server, as HOST:PORT, for each of them."""

    def __init__(self, folder: pathlib.Path, hosts: dict[str, str]) -> None:
        folder.mkdir()
        self.hosts, self.certificate = hosts, folder / "ca.crt"
        self.asked: list[str] = []
        names = ",".join(f"DNS:{name}" for name in hosts)
        (folder / "names").write_text(f"subjectAltName={names}\n", encoding="utf-8")
        for command in COMMANDS:
            subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(folder / "chain", folder / "key")
        self._server = _Server(("127.0.0.1", 0), type("_", (_Handler,), {"proxy": self}))
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def variables(self) -> dict[str, str]:
        """What the company's handbook tells everybody to set."""
        return {"HTTPS_PROXY": self.address, "https_proxy": self.address, "SSL_CERT_FILE": str(self.certificate)}

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *words: t.Any) -> None:
        """Stay silent: clients that do not trust the certificate leave in the middle."""


class _Handler(socketserver.StreamRequestHandler):
    proxy: t.ClassVar[CompanyProxy]

    def handle(self) -> None:
        """Answer CONNECT, and nothing else."""
        method, target = self.rfile.readline().decode().split()[:2]
        while self.rfile.readline().strip():
            pass
        self.proxy.asked.append(target)
        upstream = self.proxy.hosts.get(target.removesuffix(":443"))
        if method != "CONNECT" or not upstream:
            self.request.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        host, port = upstream.split(":")
        with (
            self.proxy.tls.wrap_socket(self.request, server_side=True) as client,
            socket.create_connection((host, int(port))) as server,
        ):
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            _copy(client, server)
            back.join(60)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
