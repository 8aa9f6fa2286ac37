# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The downloader against a real server on this machine that fails as networks do."""

from __future__ import annotations

import email.utils
import hashlib
import http.server
import threading
import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch import files
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.files import (
    Downloader,
    Patience,
    check_site,
    loopback,
    parse_checksum,
    retry_after,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError

BODY = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(BODY).hexdigest()
QUICK = Patience(silence=0.3, window=0.4, trickle=50, tries=3, pause=0.01)


class Server(http.server.ThreadingHTTPServer):
    """Answers with the next of ``plan``, the last for ever; ``ranges`` are the Range headers that came."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.plan, self.ranges, self.over = ["good"], [], threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/file"

    def handle_error(self, *words):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        kind = self.server.plan.pop(0) if len(self.server.plan) > 1 else self.server.plan[0]
        self.server.ranges.append(self.headers.get("Range"))
        self.close_connection = True
        if kind == "silent":
            self.server.over.wait(10)
        elif isinstance(kind, int):
            self.send_error(kind)
        elif kind.startswith("to "):
            self.send_response(302)
            self.send_header("Location", kind[3:])
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.answer(kind)

    def answer(self, kind):
        body = {"changed": b"X" + BODY[1:], "short": BODY[:-7]}.get(kind, BODY)
        wanted = self.headers.get("Range")
        start = int(wanted[6:-1]) if wanted and kind != "no ranges" else 0
        if start >= len(body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.flush()
        if kind == "trickle":
            for at in range(start, len(body)):
                self.wfile.write(body[at : at + 1])
                if self.server.over.wait(0.05):
                    return
        end = start + (len(body) - start) // 2 if kind == "cut" else len(body)
        self.wfile.write(body[start:end])


@pytest.fixture
def server():
    found = Server()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.over.set()
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture
def fetch(server, tmp_path):
    """Return a function that downloads the file to ``target``, with what it says in ``said``."""

    def run(sha256=SHA256):
        Downloader(tmp_path / "parts", run.said.append, QUICK).file(server.url, sha256, run.target, "tool", 0o755)

    run.said, run.target, run.parts = [], tmp_path / "target", tmp_path / "parts"
    return run


def test_a_file_arrives_whole_with_its_mode_and_leaves_no_part(fetch):
    fetch()
    assert fetch.target.read_bytes() == BODY
    assert fetch.target.stat().st_mode & 0o777 == 0o755
    assert list(fetch.parts.iterdir()) == []


@pytest.mark.parametrize("kind", ["changed", "short"])
def test_a_wrong_file_is_refused_with_both_hashes_and_thrown_away(server, fetch, kind):
    server.plan = [kind]
    came = hashlib.sha256(b"X" + BODY[1:] if kind == "changed" else BODY[:-7]).hexdigest()
    with pytest.raises(BundleError) as caught:
        fetch()
    for word in (server.url, came, SHA256, "bundle_mirrors"):
        assert word in str(caught.value)
    assert not fetch.target.exists()
    assert list(fetch.parts.iterdir()) == []
    assert len(server.ranges) == 1


def test_a_sha1_is_told_by_its_length_and_checked_as_one(server, fetch):
    fetch(hashlib.sha1(BODY, usedforsecurity=False).hexdigest())
    assert fetch.target.read_bytes() == BODY
    server.plan = ["changed"]
    with pytest.raises(BundleError, match="has the SHA-1"):
        fetch("0" * 40)


def test_a_cut_connection_goes_on_by_range(server, fetch):
    server.plan = ["cut", "cut", "good"]
    fetch()
    half = len(BODY) // 2
    assert server.ranges == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]
    assert fetch.target.read_bytes() == BODY
    assert any(f"ended after {half} of {len(BODY)} bytes" in text for text in fetch.said)


def test_a_server_without_ranges_sends_it_all_again(server, fetch):
    server.plan = ["cut", "no ranges"]
    fetch()
    assert fetch.target.read_bytes() == BODY


def test_a_part_of_an_earlier_run_is_gone_on_with(server, fetch):
    fetch.parts.mkdir()
    (fetch.parts / f"{SHA256}.part").write_bytes(BODY[:1000])
    fetch()
    assert server.ranges == ["bytes=1000-"]
    assert fetch.target.read_bytes() == BODY


@pytest.mark.parametrize("part", [b"Y" * 1000, BODY + b"too long", b"Y" * len(BODY)])
def test_a_damaged_part_of_an_earlier_run_is_started_anew(server, fetch, part):
    fetch.parts.mkdir()
    (fetch.parts / f"{SHA256}.part").write_bytes(part)
    fetch()
    assert server.ranges == [f"bytes={len(part)}-", None]
    assert fetch.target.read_bytes() == BODY


def test_a_part_that_was_whole_is_only_checked(server, fetch):
    fetch.parts.mkdir()
    (fetch.parts / f"{SHA256}.part").write_bytes(BODY)
    fetch()
    assert server.ranges == [f"bytes={len(BODY)}-"]
    assert fetch.target.read_bytes() == BODY


@pytest.mark.parametrize(("status", "advice"), [(404, "no such file"), (403, "proxy"), (451, "another mirror")])
def test_an_answer_that_stands_is_not_asked_for_twice(server, fetch, status, advice):
    server.plan = [status]
    with pytest.raises(BundleError, match=f"HTTP {status}.*{advice}"):
        fetch()
    assert len(server.ranges) == 1
    assert not fetch.target.exists()


def test_what_may_pass_is_tried_again(server, fetch):
    server.plan = [503, 429, "good"]
    fetch()
    assert len(server.ranges) == 3
    server.plan = [503]
    with pytest.raises(BundleError, match="HTTP 503; given up after 3 tries"):
        fetch()


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        (None, 0, 0),
        ("7", 7, 7),
        ("soon", 0, 0),
        ("-3", 0, 0),
        ("86400", 300, 300),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ],
)
def test_a_server_that_asks_for_patience_gets_it(value, least, most):
    assert least <= retry_after(value) <= most
    assert 50 <= retry_after(email.utils.formatdate(time.time() + 60, usegmt=True)) <= 60


def test_the_second_try_waits_as_long_as_the_server_asked(server, fetch, monkeypatch):
    waited = []
    monkeypatch.setattr(files.time, "sleep", waited.append)
    monkeypatch.setattr(files, "retry_after", lambda value: 17.0)
    server.plan = [429, "good"]
    fetch()
    assert waited == [17.0]


def test_a_silent_server_ends_the_wait(server, fetch):
    server.plan = ["silent"]
    started = time.monotonic()
    with pytest.raises(BundleError, match="nothing came for 0 s; given up after 3 tries"):
        fetch()
    assert time.monotonic() - started < 3
    assert not fetch.target.exists()


def test_a_trickle_ends_the_wait_but_is_kept(server, fetch):
    server.plan = ["trickle"]
    with pytest.raises(BundleError, match=r"only \d+ bytes came in 0 s"):
        fetch()
    (part,) = fetch.parts.iterdir()
    begun = part.read_bytes()
    assert begun
    assert BODY.startswith(begun)
    server.plan = ["good"]
    fetch()
    assert server.ranges[-1] == f"bytes={len(begun)}-"
    assert fetch.target.read_bytes() == BODY


def test_progress_by_the_megabyte_resets_the_patience(server, fetch, monkeypatch):
    monkeypatch.setattr(files, "MEGABYTE", 1000)
    # Seven cuts, each with more than that gained: more than the three tries without.
    server.plan = ["cut"] * 7 + ["good"]
    fetch()
    assert fetch.target.read_bytes() == BODY


def test_a_refused_connection_is_told(tmp_path):
    with pytest.raises(BundleError, match=r"http://127\.0\.0\.1:1/x: Connection refused; given up"):
        Downloader(tmp_path, print, QUICK).file("http://127.0.0.1:1/x", SHA256, tmp_path / "x", "x")


def test_redirects_are_followed_but_not_out_of_the_web(server, fetch):
    server.plan = [f"to {server.url}", "good"]
    fetch()
    assert fetch.target.read_bytes() == BODY
    server.plan = ["to ftp://127.0.0.1/file"]
    with pytest.raises(BundleError, match=r"ftp://.*refused"):
        fetch()


def test_a_redirect_from_https_to_http_is_refused():
    request = files.urllib.request.Request("https://vendor.example/file")
    follow = files._Redirects().redirect_request
    with pytest.raises(BundleError, match="no HTTPS"):
        follow(request, None, 302, "", {}, "http://vendor.example/file")
    assert follow(request, None, 302, "", {}, "https://other.example/file").full_url == "https://other.example/file"


def test_a_text_is_none_only_where_the_server_has_none(server, tmp_path):
    downloader = Downloader(tmp_path, print, QUICK)
    assert downloader.text(server.url).startswith("\x00\x01")
    server.plan = [404]
    assert downloader.text(server.url) is None
    server.plan = [403]
    with pytest.raises(BundleError, match="HTTP 403"):
        downloader.text(server.url)


@pytest.mark.parametrize("text", [SHA256, f"{SHA256.upper()}\n", f"{SHA256}  tool\n", f"{SHA256} *dir/tool"])
def test_published_checksums_are_read(text):
    assert parse_checksum(text, "tool") == SHA256


def test_a_published_sha1_is_no_sha256():
    assert parse_checksum("A" * 40, "tool", "sha1") == "a" * 40
    for text, kind in (("a" * 40, "sha256"), (SHA256, "sha1")):
        with pytest.raises(BundleError, match=rf"own \.{kind} file"):
            parse_checksum(text, "tool", kind)


@pytest.mark.parametrize("text", ["", "<html>login</html>", f"{SHA256}  other", SHA256[:-1], f"{SHA256}\n{SHA256}"])
def test_what_is_no_checksum_is_refused(text):
    with pytest.raises(BundleError, match="checksum of tool is none"):
        parse_checksum(text, "tool")


@pytest.mark.parametrize("url", ["vendor.example", "ftp://vendor.example", "https://", "https://v.example/?x=1"])
def test_what_is_no_site_is_refused(url):
    with pytest.raises(BundleError, match="minikube is no address"):
        check_site("minikube", url)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(BundleError) as caught:
        check_site("minikube", "https://me:secret@vendor.example/x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://vendor.example/x", False),
        ("http://vendor.example/x", True),
        ("http://127.0.0.1:8080/x", False),
        ("http://[::1]:8080/x", False),
        ("http://localhost/x", False),
    ],
)
def test_plain_http_is_told_unless_it_stays_here(url, plain):
    assert check_site("minikube", url) is plain


def test_loopback():
    assert [
        host for host in ("127.3.2.1", "::1", "[::1]", "localhost", "10.0.0.1", "localhost.example") if loopback(host)
    ] == [
        "127.3.2.1",
        "::1",
        "[::1]",
        "localhost",
    ]
