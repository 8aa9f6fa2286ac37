# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes without room for bytes or for files: in a write, a start, a backup, a restore. They are small, in memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.mysql_server import Server

pytestmark = [
    pytest.mark.skipif(not shutil.which("mariadbd"), reason="needs MariaDB's server"),
    pytest.mark.skipif(os.getuid() != 0, reason="needs the right to mount"),
]


class Volume:
    """A small file system."""

    def __init__(self, path: Path, options: str) -> None:
        self.path, self.fillers = path, path / "fillers"
        path.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0777,{options}", "none", str(path)], check=True)

    def room(self) -> tuple[int, int]:
        """How many MiB and files are left."""
        stat = os.statvfs(self.path)
        return stat.f_bavail * stat.f_frsize >> 20, stat.f_favail

    def fill(self, left=0) -> None:
        """Leave so many MiB."""
        self.fillers.mkdir(exist_ok=True)
        with contextlib.suppress(OSError), (self.fillers / "bytes").open("ab", buffering=0) as file:
            while self.room()[0] > left or not left:
                file.write(bytes(1 << (20 if left else 12)))

    def fill_files(self, left=0) -> None:
        """Leave room for so many files."""
        self.fillers.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):
            for number in range(max(0, self.room()[1] - left)):
                (self.fillers / str(number)).touch()

    def empty(self) -> None:
        shutil.rmtree(self.fillers, ignore_errors=True)


@pytest.fixture
def volume(request):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        volume = Volume(Path(folder) / "root/data", getattr(request, "param", "size=330m"))
        yield volume
        subprocess.run(["umount", "--lazy", str(volume.path)], check=True)


@pytest.fixture
def server(volume):
    server = Server(volume.path.parent)
    server.start()
    server.sql("CREATE TABLE wordpress.posts (id INT PRIMARY KEY AUTO_INCREMENT, text LONGTEXT)")
    server.login("writer")
    yield server
    if server.process.poll() is None:
        server.stop(signal.SIGKILL)


def write(server, size=2_000_000):
    return server.sql(f"INSERT INTO wordpress.posts (text) VALUES (REPEAT('x', {size}))", check=False, login="writer")


def until(true, seconds=40):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def log(server):
    return (server.root / "log").read_text()


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
        until(lambda: "is nearly full" in log(server))
    for _attempt in range(60):
        said = write(server)
        if said:
            break
        rows += 1
    assert "read-only" in said
    assert volume.room()[0] > 5
    assert "is nearly full" in log(server)
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
    assert "has room again" in log(server)


def test_a_start_waits_for_room(server, volume):
    assert write(server) == ""
    server.stop(signal.SIGKILL)
    volume.fill()
    with (server.root / "log").open("ab") as file:
        server.process = server.popen("entrypoint", stdout=file, stderr=file)
    until(lambda: "The server starts by itself when there is room" in log(server))
    time.sleep(3)
    assert server.process.poll() is None
    volume.empty()
    until(lambda: server.run("ready").returncode == 0)
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
    assert what == "files" or b"make room" in done.stderr
    volume.empty()
    until(lambda: server.sql("SELECT @@read_only") == "0")
    assert server.process.poll() is None
    is_whole(server, 2)
    assert server.folders() == ["mysql"]
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
    for name, source in (("backup", "folder/backup.sh"), ("restore", "folder/restore.sh"), ("untar", "untar.sh")):
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
        assert what == "files" or b"make room" in done.stderr
        assert not (volume.path / ".restore").exists()
    volume.empty()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
