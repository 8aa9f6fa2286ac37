# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A package repository served to builds for as long as they run.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import hashlib
import http.server
import ipaddress
import os
import shutil
import socket
import stat
import threading
import types
import typing as t
import urllib.parse

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import APIClient, DaemonError

# What the bundle's base image has in its list of repositories. The name never resolves: only builds with this proxy
# reach it.
HOST = "bundle.invalid"
FOLDER = "apk"
INDEXES = ("APKINDEX.adb", "APKINDEX.tar.gz")


class RepositoryError(Exception):
    """The repository cannot be served; the text says what to do."""


def index_hash(folder: str) -> str:
    """Hash of all index files below a folder (64 hex digits): it changes whenever a package does."""
    found = [os.path.join(top, name) for top, dummy, names in os.walk(folder) for name in names if name in INDEXES]
    if not found:
        raise RepositoryError(
            f"The package repository {folder} has no {' or '.join(INDEXES)}: give the folder above x86_64 or aarch64."
        )
    digest = hashlib.sha256()
    for path in sorted(found):
        with open(path, "rb") as handle:
            digest.update(os.path.relpath(path, folder).encode() + b"\0" + hashlib.sha256(handle.read()).digest())
    return digest.hexdigest()


def resolve(folder: str, target: str) -> str | None:
    """The file that a request target means; None for other hosts, what is outside of the folder, and what is no file.

    The target is an absolute URI or a plain path, with or without the bundle's folder name in front.
    """
    parts = urllib.parse.urlsplit(target)
    if parts.scheme and (parts.scheme != "http" or parts.hostname != HOST):
        return None
    root = os.path.realpath(folder)
    names = [name for name in urllib.parse.unquote(parts.path).split("/") if name]
    if names and names[0] == FOLDER:
        names = names[1:]
    try:
        path = os.path.realpath(os.path.join(root, *names))
        inside = os.path.commonpath([root, path]) == root
        return path if inside and stat.S_ISREG(os.stat(path).st_mode) else None
    except (OSError, ValueError):
        return None


def _handler(folder: str) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers GET and HEAD from one folder."""

        protocol_version = "HTTP/1.1"
        timeout = 60

        def log_message(self, *args: t.Any, **kwargs: t.Any) -> None:
            """Stay silent: a module's output belongs to Ansible."""

        def _answer(self, with_body: bool) -> None:
            path = resolve(folder, self.path)
            if path is None:
                self.send_error(404, f"Only files of the package repository are served, as http://{HOST}/")
                return
            with open(path, "rb") as handle:
                self.send_response(200)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(os.fstat(handle.fileno()).st_size))
                self.end_headers()
                if with_body:
                    shutil.copyfileobj(handle, self.wfile)

        def do_GET(self) -> None:
            """Send a file."""
            self._answer(True)

        def do_HEAD(self) -> None:
            """Send a file's size."""
            self._answer(False)

    return Handler


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """Stay silent about clients that hang up: the build says what it missed."""


class PackageServer:
    """Serves a folder on a random port of one address, within a with block."""

    def __init__(self, folder: str, address: str) -> None:
        """Bind to the address, which must be one of this host."""
        try:
            self._server = _Server((address, 0), _handler(folder))
        except OSError as error:
            raise RepositoryError(
                f"The package repository cannot be served on {address}: {error.strerror or error}. Set "
                "serve_address to an address of this host that build containers can reach."
            ) from error
        self.url = f"http://{address}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> PackageServer:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Stop and free the port."""
        self._server.shutdown()
        self._server.server_close()


def local_address(docker_host: str) -> str | None:
    """The address this host uses to reach a daemon over TCP; None for a socket file or a daemon on the loopback."""
    parts = urllib.parse.urlsplit(docker_host)
    if parts.scheme not in ("tcp", "http", "https") or not parts.hostname:
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing, it only looks up the route.
            probe.connect((parts.hostname, parts.port or 2376))
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if ipaddress.ip_address(address).is_loopback else address


def bridge_address(client: APIClient) -> str:
    """The host's address on the daemon's own bridge, where build containers reach it."""
    configs = client.inspect_network("bridge").get("IPAM", {}).get("Config") or []
    for config in configs:
        if config.get("Gateway"):
            return str(config["Gateway"])
    raise DaemonError("The docker daemon names no gateway of its bridge network: set serve_address.")
