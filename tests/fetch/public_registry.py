# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry as the public ones are: tokens of another host, lists of platforms, layers on a third host, and limits.

It stands before a plain registry, from which it takes what it serves.
"""

from __future__ import annotations

import collections.abc
import contextlib
import hashlib
import http.client
import http.server
import io
import json
import re
import secrets
import tarfile
import threading
import typing as t
import urllib.parse

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
FOREIGN = b"a program for arm64"
CHUNK = 1 << 20
_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")


class PublicRegistry:
    """Serves on three ports of this machine: ``host`` is the one that clients are told of."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.tokens: dict[str, str] = {}  # by token, the repository that may be read with it
        self.links: dict[str, str] = {}  # by key, the path of a layer in the plain registry
        self.indexes: dict[str, bytes] = {}  # by digest
        self.foreign: dict[str, bytes] = {}  # by digest, the parts of the image that every name means on arm64
        self._foreign_manifest = self._make_foreign()
        self.limited: set[str] = set()  # repositories whose first request was answered with 429
        self.seen: collections.abc.MutableMapping[str, int] = {}
        self._lock = threading.Lock()
        self._servers = [_serve(self, handler) for handler in (_Front, _Tokens, _Layers)]
        self.host, self.token_host, self.layer_host = (f"127.0.0.1:{server.server_port}" for server in self._servers)

    def count(self, what: str) -> None:
        """Remember that something happened."""
        with self._lock:
            self.seen[what] = self.seen.get(what, 0) + 1

    def limits(self, repository: str) -> bool:
        """Whether a request comes too early: the first one of each repository does."""
        with self._lock:
            first = repository not in self.limited
            self.limited.add(repository)
        return first

    def index(self, manifest: bytes, media_type: str) -> tuple[str, bytes]:
        """Return a list of two platforms, of which amd64's is the given manifest, and its digest."""
        entries: list[tuple[dict[str, str], str, bytes]] = [
            ({"architecture": "arm64", "variant": "v8"}, MANIFEST, self._foreign_manifest),
            ({"architecture": "amd64"}, media_type, manifest),
        ]
        content = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": INDEX,
                "manifests": [
                    {
                        "mediaType": kind,
                        "digest": _digest(each),
                        "size": len(each),
                        "platform": {**platform, "os": "linux"},
                    }
                    for platform, kind, each in entries
                ],
            }
        ).encode()
        self.indexes[_digest(content)] = content
        return _digest(content), content

    def _make_foreign(self) -> bytes:
        """Keep a small image for arm64, and return its manifest."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            info = tarfile.TarInfo("program")
            info.size = len(FOREIGN)
            tar.addfile(info, io.BytesIO(FOREIGN))
        layer = out.getvalue()
        rootfs = {"type": "layers", "diff_ids": [_digest(layer)]}
        config = json.dumps(
            {"architecture": "arm64", "variant": "v8", "os": "linux", "config": {}, "rootfs": rootfs}
        ).encode()
        base = "application/vnd.oci.image"
        parts = [(f"{base}.config.v1+json", config), (f"{base}.layer.v1.tar", layer)]
        first, second = (
            {"mediaType": kind, "digest": _digest(content), "size": len(content)} for kind, content in parts
        )
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": first, "layers": [second]}).encode()
        self.foreign = {_digest(content): content for content in (config, layer, manifest)}
        return manifest

    def close(self) -> None:
        """End all servers."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *words: t.Any) -> None:
        """Stay silent: clients that are ended leave without a word."""


def _serve(registry: PublicRegistry, handler: type[_Handler]) -> _Server:
    server = _Server(("127.0.0.1", 0), type(handler.__name__, (handler,), {"registry": registry}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: t.ClassVar[PublicRegistry]

    def log_message(self, *words: t.Any) -> None:
        """Stay silent."""

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer."""
        raise NotImplementedError

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        """Send an answer; ``_`` stands for ``-`` in the names of headers."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    @contextlib.contextmanager
    def ask(self, path: str) -> collections.abc.Iterator[http.client.HTTPResponse]:
        """Ask the plain registry."""
        connection = http.client.HTTPConnection(self.registry.upstream, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Accept": ", ".join(self.headers.get_all("Accept") or ["*/*"])})
            yield connection.getresponse()


class _Front(_Handler):
    def do_GET(self) -> None:
        """Answer as a registry."""
        found = _PATH.fullmatch(self.path)
        name = found["name"] if found else ""
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if not token or self.registry.tokens.get(token) != name:
            self.registry.count("refused without a token")
            scope = f',scope="repository:{name}:pull"' if name else ""
            self.answer(
                401,
                b'{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}',
                WWW_Authenticate=f'Bearer realm="http://{self.registry.token_host}/token",service="public"{scope}',
            )
        elif self.registry.limits(name):
            self.registry.count("limited")
            self.answer(429, b'{"errors": [{"code": "TOOMANYREQUESTS"}]}', Retry_After="1")
        elif found and found["kind"] == "blobs":
            key = secrets.token_hex(8)
            self.registry.links[key] = self.path
            self.answer(307, Location=f"http://{self.registry.layer_host}/data?key={key}")
        else:
            self._manifest(found["reference"] if found else "")

    def _manifest(self, reference: str) -> None:
        if reference in self.registry.indexes:
            self.registry.count("lists")
            self.answer(200, self.registry.indexes[reference], Content_Type=INDEX, Docker_Content_Digest=reference)
            return
        if reference in self.registry.foreign:
            content = self.registry.foreign[reference]
            self.answer(200, content, Content_Type=MANIFEST, Docker_Content_Digest=reference)
            return
        with self.ask(self.path) as answer:
            content, kind = answer.read(), answer.getheader("Content-Type") or ""
        if answer.status != 200:
            self.answer(answer.status, content, Content_Type=kind)
        elif reference.startswith("sha256:"):
            self.answer(200, content, Content_Type=kind, Docker_Content_Digest=reference)
        else:
            digest, content = self.registry.index(content, kind)
            self.registry.count("lists")
            self.answer(200, content, Content_Type=INDEX, Docker_Content_Digest=digest)


class _Tokens(_Handler):
    def do_GET(self) -> None:
        """Give everybody a token for one repository."""
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        scope = asked.get("scope", [""])[0].split(":")
        token = secrets.token_hex(16)
        self.registry.tokens[token] = scope[1] if len(scope) == 3 else ""
        self.registry.count("tokens")
        self.answer(200, json.dumps({"token": token, "expires_in": 300}).encode(), Content_Type="application/json")


class _Layers(_Handler):
    def do_GET(self) -> None:
        """Serve a layer; who sends the registry's token here, where another right counts, is refused."""
        key = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("key", [""])[0]
        path = self.registry.links.get(key)
        if self.headers.get("Authorization") or not path:
            self.registry.count("token at the wrong host")
            self.answer(400, b"Only one auth mechanism allowed")
            return
        self.registry.count("layers")
        if own := self.registry.foreign.get(path.rpartition("/")[2]):
            self.answer(200, own)
            return
        with self.ask(path) as answer:
            self.send_response(answer.status)
            self.send_header("Content-Length", answer.getheader("Content-Length") or "0")
            self.end_headers()
            while chunk := answer.read(CHUNK):
                self.wfile.write(chunk)
