# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import http.server
import threading

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.sources import read_sources
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.texts import ManifestError

TEXT = b"kind: Pod\n"
SHA = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture(scope="module")
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path.startswith("/pod.yaml")
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(TEXT if found else b"")

        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_a_url_with_its_checksum(server):
    url = f"{server}/pod.yaml?token=hunter22"
    assert list(read_sources([url], {url: f"sha256:{SHA}"})) == [(TEXT.decode(), f"{server}/pod.yaml")]


@pytest.mark.parametrize(
    ("path", "checksum", "words"),
    [
        ("/pod.yaml?hunter22", None, "is not protected on its way"),
        ("/pod.yaml?hunter22", "0" * 64, f"has the SHA-256 {SHA}, not 000"),
        ("/pod.yaml?hunter22", "1234", "64 hexadecimal digits"),
        ("/other?hunter22", SHA, "the server answers 404"),
    ],
)
def test_urls_that_are_refused(server, path, checksum, words):
    url = server + path
    with pytest.raises(ManifestError) as caught:
        list(read_sources([url], {url: checksum} if checksum else None))
    assert words in str(caught.value)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://me:hunter22@127.0.0.1/a.yaml", "holds a user or password"),
        ("file:///etc/passwd", "file:// cannot be read"),
        ("https://127.0.0.1:1/a.yaml?hunter22", "cannot read https://127.0.0.1:1/a.yaml from the target"),
    ],
)
def test_urls_that_cannot_be_read(url, words):
    with pytest.raises(ManifestError) as caught:
        list(read_sources([url]))
    assert words in str(caught.value)
    assert "hunter22" not in str(caught.value)


def test_files_with_checksums(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes(TEXT)
    assert list(read_sources([str(file)], {str(file): SHA.upper()}))
    with pytest.raises(ManifestError, match="not 000"):
        list(read_sources([str(file)], {str(file): "0" * 64}))
    with pytest.raises(ManifestError, match="is a folder"):
        list(read_sources([str(tmp_path)], {str(tmp_path): SHA}))
    with pytest.raises(ManifestError, match="is not in src"):
        list(read_sources([str(file)], {"other": SHA}))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("kustomization.yaml", b"resources: []", "`kubectl kustomize"),
        ("Kustomization", b"resources: []", "`kubectl kustomize"),
        ("._a.yaml", b"\x00\x05\x16\x07", "is a binary file; it is a hidden file"),
        (".a.yaml", b"a: \xff", "is not UTF-8 text; it is a hidden file"),
        ("a.yaml", b"\x7fELF\0\xff", "is a binary file"),
        ("a.json", b"caf\xe9", "is not UTF-8 text"),
    ],
)
def test_folders_name_the_cause(tmp_path, name, data, words):
    (tmp_path / "pod.yaml").write_bytes(TEXT)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ManifestError) as caught:
        list(read_sources([str(tmp_path)]))
    assert words in str(caught.value)


def test_subfolders_are_passed_over_whatever_their_name(tmp_path):
    (tmp_path / "sub.yaml").mkdir()
    (tmp_path / "pod.yaml").write_bytes(TEXT)
    assert list(read_sources([str(tmp_path)])) == [(TEXT.decode(), f"{tmp_path}/pod.yaml")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(tmp_path, encoding):
    (tmp_path / "pod.yaml").write_bytes("a: ä".encode(encoding))
    assert [text for text, _name in read_sources([str(tmp_path)])] == ["a: ä"]
