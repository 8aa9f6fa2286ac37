# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import http.server
import threading

import pytest

pytest.importorskip("idna")

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks import registry
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.address import (
    ascii_host,
    ascii_url,
    header_text,
)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("192.168.49.200", "192.168.49.200"),
        ("with_underscore.example", "with_underscore.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("Bücher.Example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("💩.example", "xn--ls8h.example"),
        ("日本。example", "xn--wgv71a.example"),
    ],
)
def test_names_are_those_that_browsers_ask_for(name, sent):
    assert ascii_host(name) == sent


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://h:5050/café/", "https://h:5050/caf%C3%A9/"),
        ("https://h/caf%C3%A9/", "https://h/caf%C3%A9/"),
        ("https://h/a b?q=ü d'e&x=1#teil", "https://h/a%20b?q=%C3%BC%20d%27e&x=1#teil"),
        ("http://bücher.example:8080/", "http://xn--bcher-kva.example:8080/"),
        ("http://[fd00::2]:80/é", "http://[fd00::2]:80/%C3%A9"),
        ("https://h/{x}/^|~;v=1,2", "https://h/%7Bx%7D/%5E|~;v=1,2"),
    ],
)
def test_addresses_are_sent_as_browsers_send_them(url, sent):
    assert ascii_url(url) == sent


def test_headers_are_read_as_utf_8_where_they_are():
    assert header_text("/caf\xc3\xa9/") == "/café/"
    assert header_text("/caf\xe9/") == "/café/"
    assert header_text("plain") == "plain"


class Site(http.server.BaseHTTPRequestHandler):
    """Leads from one address with an accent to another, by a header in UTF-8."""

    def do_GET(self):
        self.send_response(301 if self.path == "/caf%C3%A9/" else 200)
        if self.path == "/caf%C3%A9/":
            self.send_header("Location", "/th\u00e9/".encode().decode("latin-1"))
        self.send_header("X-Path", self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture
def port():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_one_address_that_cannot_be_asked_keeps_the_results_of_the_others(port):
    bad = "a" * 70
    checks = [
        {"id": "followed", "kind": "http", "url": f"http://127.0.0.1:{port}/café/", "redirects": 1},
        {
            "id": "told",
            "kind": "http",
            "url": f"http://127.0.0.1:{port}/café/",
            "status": [301],
            "headers": {"Location": "/thé/"},
        },
        {"id": "label", "kind": "tcp", "host": f"{bad}.example", "port": 1},
        {"id": "letters", "kind": "http", "url": f"http://{bad}ü.example/"},
        {"id": "mapped", "kind": "tls", "host": "a\u2488b.example", "port": 1},
    ]
    found = registry.run_checks(checks, lambda command: (1, "", ""), timeout=2, deadline=0, interval=0.01)
    assert [(result["id"], result["ok"]) for result in found] == [
        ("followed", True),
        ("told", True),
        ("label", False),
        ("letters", False),
        ("mapped", False),
    ]
    assert all(result["message"].startswith("expected an address that can be asked; seen: ") for result in found[2:])
