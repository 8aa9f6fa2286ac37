# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The FTP server on a volume without room for bytes or for files."""

from __future__ import annotations

import contextlib
import ftplib
import io
import shutil

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.ftps_server import Ftps
from ansible_collections.fortytwo.ft_services.tests.integration.images.volumes import (
    NEEDS_MOUNT,
    mounted,
    served,
)
from ansible_collections.fortytwo.ft_services.tests.patience import until

pytestmark = [pytest.mark.skipif(not shutil.which("proftpd"), reason="needs proftpd"), NEEDS_MOUNT]


@pytest.fixture
def volume():
    with mounted("size=30m,nr_inodes=400") as volume:
        yield volume


@pytest.fixture
def server(volume):
    with served(Ftps, volume) as server:
        yield server


def put(session, name, content):
    """What the server answers to an upload."""
    session.voidcmd("TYPE I")
    try:
        # It closes this channel before all was sent when it has no room, and says why on the other.
        with session.transfercmd(f"STOR {name}") as channel, contextlib.suppress(OSError):
            channel.sendall(content)
            channel.unwrap()
        return session.voidresp()
    except ftplib.Error as error:
        return str(error)


def take(session, name):
    content = io.BytesIO()
    session.retrbinary(f"RETR {name}", content.write)
    return content.getvalue()


def test_an_upload_without_room_is_refused_and_all_else_is_served(server, volume, tmp_path):
    session = server.login()
    kept = {"a": b"a" * 3_000_000, "b": b"b" * 10}
    for name, content in kept.items():
        assert put(session, name, content).startswith("226")
    assert put(session, "big", b"x" * 40_000_000)[:2] == "45"
    assert "No space left on device" in put(session, "new", b"n" * 3000)
    until(lambda: "is nearly full" in server.log())
    # New sessions, downloads and a restart of the container go on; users can make room themselves.
    server.stop()
    server.start()
    session = server.login()
    assert {name: take(session, name) for name in kept} == kept
    # It looks anew after a start.
    until(lambda: server.log().count("is nearly full") == 2)
    assert server.backup(tmp_path / "tar").returncode == 0
    session.delete("big")
    assert put(session, "new", b"n" * 3000).startswith("226")
    until(lambda: "has room again" in server.log())
    assert {name: take(session, name) for name in kept} == kept
    assert take(session, "new") == b"n" * 3000


def test_no_room_for_files_is_the_same(server, volume, tmp_path):
    session = server.login()
    assert put(session, "a", b"a").startswith("226")
    volume.fill_files()
    assert "No space left on device" in put(session, "new", b"n")
    with pytest.raises(ftplib.error_perm, match="No space left on device"):
        session.mkd("folder")
    # What is there can be written to.
    assert put(session, "a", b"b").startswith("226")
    assert server.backup(tmp_path / "tar").returncode == 0
    server.stop()
    server.start()
    session = server.login()
    assert take(session, "a") == b"b"
    volume.empty()
    assert put(session, "new", b"n").startswith("226")


@pytest.mark.parametrize("what", ["bytes", "files"])
def test_a_restore_without_room_changes_nothing_and_says_so(server, volume, tmp_path, what):
    session = server.login()
    for number in range(20):
        assert put(session, f"{number}", bytes([number]) * 500_000).startswith("226")
    assert server.backup(tmp_path / "tar").returncode == 0
    assert put(session, "later", b"later").startswith("226")
    (volume.fill if what == "bytes" else volume.fill_files)(left=5)
    done = server.restore(tmp_path / "tar")
    assert done.returncode == 1
    assert b"nothing was changed" in done.stderr
    assert b"make room" in done.stderr
    assert take(session, "later") == b"later"
    assert take(session, "7") == b"\x07" * 500_000
    volume.empty()
    done = server.restore(tmp_path / "tar")
    assert done.returncode == 0, done.stderr
    names = server.login().nlst()
    assert sorted(names, key=int) == [str(number) for number in range(20)]
