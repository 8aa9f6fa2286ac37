# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes without room for bytes or for files: in a write, a start, a backup, a restore. Here MariaDB's, and files."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.mysql_server import Server
from ansible_collections.fortytwo.ft_services.tests.integration.images.volumes import (
    NEEDS_MOUNT,
    a_start_waits_for_room,
    mounted,
    served,
)
from ansible_collections.fortytwo.ft_services.tests.patience import until

pytestmark = [
    pytest.mark.skipif(not shutil.which("mariadbd"), reason="needs MariaDB's server"),
    NEEDS_MOUNT,
]


@pytest.fixture
def volume(request):
    with mounted(getattr(request, "param", "size=330m")) as volume:
        yield volume


@pytest.fixture
def server(volume):
    with served(Server, volume) as server:
        server.sql("CREATE TABLE wordpress.posts (id INT PRIMARY KEY AUTO_INCREMENT, text LONGTEXT)")
        server.login("writer")
        yield server


def write(server, size=2_000_000):
    return server.sql(f"INSERT INTO wordpress.posts (text) VALUES (REPEAT('x', {size}))", check=False, login="writer")


def has(server, rows):
    found = server.sql("SELECT COUNT(*), MIN(LENGTH(text)) FROM wordpress.posts WHERE text LIKE 'xx%'")
    assert found == f"{rows}\t2000000"


def is_whole(server, rows):
    has(server, rows)
    done = server.run(
        "mariadb-check", f"--defaults-file={server.root}/run/root.cnf", "--all-databases", "--check", "--silent"
    )
    assert (done.returncode, done.stdout) == (0, b""), done.stdout


@pytest.mark.parametrize("what", ["bytes", "files"])
@pytest.mark.parametrize("volume", ["size=330m,nr_inodes=3000"], indirect=True)
def test_writes_are_refused_in_time_and_taken_again_by_themselves(server, volume, what):
    assert write(server) == ""
    first, rows, said = server.process, 1, ""
    if what == "bytes":
        # The rest is the writes' own, quicker than anybody looks.
        volume.fill(left=60)
    else:
        volume.fill_files(left=50)
        until(lambda: "is nearly full" in server.log())
    for _attempt in range(60):
        said = write(server)
        if said:
            break
        rows += 1
        # A quick writer, but not one that has the whole machine.
        time.sleep(0.1)
    assert "read-only" in said
    assert volume.room()[0] > 5
    assert "is nearly full" in server.log()
    # Nothing at all is left: who reads is served all the same, and nobody is thrown out.
    volume.fill()
    has(server, rows)
    assert "read-only" in write(server)
    assert first.poll() is None
    volume.empty()
    until(lambda: not write(server))
    is_whole(server, rows + 1)
    assert server.process is first
    assert first.poll() is None
    assert "has room again" in server.log()


def test_a_start_waits_for_room(server, volume):
    assert write(server) == ""
    a_start_waits_for_room(server, volume)
    is_whole(server, 1)


@pytest.mark.parametrize("what", ["bytes", "files"])
@pytest.mark.parametrize("volume", ["size=330m,nr_inodes=3000"], indirect=True)
def test_a_restore_without_room_changes_nothing_and_says_so(server, volume, tmp_path, what):
    assert write(server) == ""
    assert server.backup(tmp_path / "sql").returncode == 0
    assert write(server) == ""
    if what == "bytes":
        volume.fill(left=55)
    else:
        volume.fill_files(left=150)
    done = server.restore(tmp_path / "sql")
    assert done.returncode == 1
    assert b"nothing was changed" in done.stderr
    assert b"make room" in done.stderr
    volume.empty()
    until(lambda: server.sql("SELECT @@read_only") == "0")
    assert server.process.poll() is None
    is_whole(server, 2)
    assert server.kept() == ["mysql"]
    done = server.restore(tmp_path / "sql")
    assert done.returncode == 0, done.stderr
    server.started_anew()
    is_whole(server, 1)


def test_a_backup_of_a_full_volume_is_whole_or_none(server, volume, tmp_path):
    assert write(server) == ""
    volume.fill()
    done = server.backup(tmp_path / "sql")
    assert done.returncode != 0
    assert b"make room (df, du) and try again" in done.stderr
    assert b"is not kept" not in done.stderr
    volume.empty()
    assert server.backup(tmp_path / "sql").returncode == 0
    assert (tmp_path / "sql").read_text().endswith("\n-- Dump completed\n")


@pytest.mark.parametrize("volume", ["size=20m,nr_inodes=500"], indirect=True)
@pytest.mark.parametrize("what", ["bytes", "files"])
def test_files_are_kept_and_stay_where_a_restore_finds_no_room(volume, what):
    common = Path(__file__).resolve().parents[3] / "images/common"
    programs = volume.path.parent / "bin"
    programs.mkdir()
    for name, source in (
        ("backup", "folder/backup.sh"),
        ("restore", "folder/restore.sh"),
        ("untar", "untar.sh"),
        ("room", "room.sh"),
    ):
        (programs / name).write_text((common / source).read_text().replace("/tmp/", f"{programs}/"))
        (programs / name).chmod(0o755)
    folder = volume.path / "ft"
    folder.mkdir()
    for number in range(100):
        (folder / f"{number}").write_bytes(bytes([number]) * 80_000)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    environment = {"PATH": f"{programs}:/usr/bin:/bin"}

    def run(*words, **options):
        return subprocess.run([*words, str(volume.path)], env=environment, capture_output=True, check=False, **options)

    if what == "bytes":
        volume.fill()
    else:
        volume.fill_files()
    kept = run("backup")
    assert kept.returncode == 0, kept.stderr
    volume.fillers.rename(volume.path / "ft/fillers")
    volume.fillers = volume.path / "ft/fillers"
    for left in (0, 4 if what == "bytes" else 60):
        volume.empty()
        (volume.fill if what == "bytes" else volume.fill_files)(left=left)
        done = run("restore", input=kept.stdout)
        assert done.returncode == 1
        assert b"nothing was changed" in done.stderr
        assert b"make room" in done.stderr
        assert not (volume.path / ".restore").exists()
    volume.empty()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
