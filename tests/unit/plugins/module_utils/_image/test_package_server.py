# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import http.client

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import package_server as server


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret").write_text("s")
    apk = tmp_path / "bundle-apk"
    (apk / "x86_64").mkdir(parents=True)
    (apk / "x86_64/APKINDEX.adb").write_text("index")
    (apk / "x86_64/a b-1.apk").write_text("package")
    (apk / "x86_64/out").symlink_to(tmp_path / "secret")
    return apk


@pytest.mark.parametrize(
    ("target", "file"),
    [
        ("http://bundle.invalid/apk/x86_64/APKINDEX.adb", "x86_64/APKINDEX.adb"),
        ("http://BUNDLE.invalid:80/apk/x86_64/APKINDEX.adb?x=1", "x86_64/APKINDEX.adb"),
        ("/apk/x86_64/APKINDEX.adb", "x86_64/APKINDEX.adb"),
        ("/x86_64/a%20b-1.apk", "x86_64/a b-1.apk"),
    ],
)
def test_files_are_found_by_uri_and_path(folder, target, file):
    assert server.resolve(str(folder), target) == str(folder / file)


@pytest.mark.parametrize(
    "target",
    [
        "http://example.com/apk/x86_64/APKINDEX.adb",
        "https://bundle.invalid/apk/x86_64/APKINDEX.adb",
        "ftp://bundle.invalid/x86_64/APKINDEX.adb",
        "/../secret",
        "/%2e%2e/secret",
        "/x86_64/..%2f..%2fsecret",
        "/apk/../../secret",
        "/x86_64/out",
        "/x86_64",
        "/",
        "/none",
        "/x86_64/APKINDEX.adb%00",
    ],
)
def test_nothing_else_is_served(folder, target):
    assert server.resolve(str(folder), target) is None


def test_the_server_answers_as_a_proxy_and_frees_its_port(folder):
    with server.PackageServer(str(folder), "127.0.0.1") as running:
        connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=5)
        for method, target, status, body in (
            ("GET", "http://bundle.invalid/apk/x86_64/APKINDEX.adb", 200, b"index"),
            ("HEAD", "/x86_64/APKINDEX.adb", 200, b""),
            ("GET", "/../secret", 404, None),
            ("POST", "/x86_64/APKINDEX.adb", 501, None),
        ):
            connection.request(method, target)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == status
            assert body is None or content == body
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        connection.connect()


def test_an_address_that_is_not_ours_is_refused(folder):
    with pytest.raises(server.RepositoryError, match="Set serve_address"):
        server.PackageServer(str(folder), "192.0.2.1")


def test_the_index_hash_follows_the_index_alone(folder):
    before = server.index_hash(str(folder))
    (folder / "x86_64/more.apk").touch()
    assert server.index_hash(str(folder)) == before
    (folder / "x86_64/APKINDEX.adb").write_text("other")
    assert server.index_hash(str(folder)) != before


def test_a_folder_without_index_is_refused(tmp_path):
    with pytest.raises(server.RepositoryError, match="give the folder above x86_64 or aarch64"):
        server.index_hash(str(tmp_path))


@pytest.mark.parametrize("host", ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2376", "tcp://", "ssh://x"])
def test_local_daemons_have_no_route(host):
    assert server.local_address(host) is None
