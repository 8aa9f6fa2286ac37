# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup and restore of MySQL by the image's scripts, with a real server that is started as in the container."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.mysql_server import Server

pytestmark = pytest.mark.skipif(not shutil.which("mariadbd"), reason="needs MariaDB's server")


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = Path(folder) / "root"
        root.mkdir()
        server = Server(root)
        server.start()
        server.sql("CREATE TABLE wordpress.wp_options (id INT PRIMARY KEY, value TEXT)")
        yield server
        server.stop(signal.SIGKILL)


@pytest.fixture
def options(server):
    """Sets what WordPress would know, and reads it."""

    def options(value=None):
        if value:
            server.sql(f"REPLACE INTO wordpress.wp_options VALUES (1, '{value}')")
        return server.sql("SELECT value FROM wordpress.wp_options")

    return options


def test_a_large_row_comes_back(server, options, tmp_path):
    options("old")
    server.sql("CREATE TABLE wordpress.big (id INT PRIMARY KEY, content LONGBLOB)")
    server.sql("INSERT INTO wordpress.big VALUES (1, REPEAT('x', 64 * 1024 * 1024)), (2, REPEAT(0x00275C0A, 2359296))")
    before = server.sql("SELECT id, SHA2(content, 256) FROM wordpress.big")
    assert server.backup(tmp_path / "sql").returncode == 0
    server.sql("DROP TABLE wordpress.big")
    options("new")
    done = server.restore(tmp_path / "sql")
    assert done.returncode == 0, done.stderr
    server.started_anew()
    assert server.sql("SELECT id, SHA2(content, 256) FROM wordpress.big") == before
    assert options() == "old"
    server.sql("DROP TABLE wordpress.big")


def test_what_belongs_to_a_database_comes_back(server, tmp_path):
    server.sql(
        "CREATE OR REPLACE TABLE wordpress.t (a INT);"
        "CREATE OR REPLACE VIEW wordpress.v AS SELECT a + 1 AS b FROM wordpress.t;"
        "CREATE OR REPLACE FUNCTION wordpress.f() RETURNS INT RETURN 7;"
        "CREATE OR REPLACE TRIGGER wordpress.tr BEFORE INSERT ON wordpress.t FOR EACH ROW SET NEW.a = NEW.a * 2;"
        "CREATE OR REPLACE EVENT wordpress.e ON SCHEDULE EVERY 1 DAY DO DELETE FROM wordpress.t;"
        "CREATE OR REPLACE USER 'guest o''clock'@'%' IDENTIFIED BY 'p\\\\q';"
        "GRANT SELECT ON wordpress.t TO 'guest o''clock'@'%'; CREATE DATABASE IF NOT EXISTS `odd ``name`"
    )
    grants = server.sql("SHOW GRANTS FOR 'guest o''clock'@'%'")
    assert server.backup(tmp_path / "sql").returncode == 0
    server.sql("DROP USER 'guest o''clock'@'%'; DROP TABLE wordpress.t; DROP DATABASE `odd ``name`")
    done = server.restore(tmp_path / "sql")
    assert done.returncode == 0, done.stderr
    server.started_anew()
    server.sql("INSERT INTO wordpress.t VALUES (4)")
    assert server.sql("SELECT b, wordpress.f() FROM wordpress.v") == "9\t7"
    assert server.sql("SELECT event_name FROM information_schema.events") == "e"
    assert server.sql("SHOW GRANTS FOR 'guest o''clock'@'%'") == grants
    assert "odd `name" in server.sql("SHOW DATABASES")


def test_a_broken_view_is_named_and_the_rest_is_kept(server, options, tmp_path):
    options("kept")
    server.sql("CREATE TABLE wordpress.gone (a INT); CREATE VIEW wordpress.broken AS SELECT a FROM wordpress.gone")
    server.sql("DROP TABLE wordpress.gone")
    done = server.backup(tmp_path / "sql")
    server.sql("DROP VIEW wordpress.broken")
    assert done.returncode == 0, done.stderr
    assert b"wordpress.broken cannot be read and is not kept" in done.stderr
    text = (tmp_path / "sql").read_text()
    assert "'kept'" in text
    assert text.endswith("\n-- Dump completed\n")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text[: len(text) // 2], b"nothing was changed"),
        (lambda text: text.replace("-- Dump completed\n", ""), b"the SQL ended before its last line"),
        (lambda text: f"SELECT nonsense;\n{text}", b"the SQL cannot be loaded: ERROR 1054"),
    ],
    ids=["half", "without its end", "with an error"],
)
def test_what_cannot_be_loaded_changes_nothing(server, options, tmp_path, change, told):
    options("live")
    assert server.backup(tmp_path / "sql").returncode == 0
    (tmp_path / "sql").write_text(change((tmp_path / "sql").read_text()))
    done = server.restore(tmp_path / "sql")
    assert done.returncode == 1
    assert told in done.stderr
    # The client would repeat the statement, which is data.
    assert len(done.stderr) < 1000
    time.sleep(0.5)
    assert server.process.poll() is None
    assert options() == "live"
    assert server.kept() == ["mysql"]


def test_data_of_a_newer_one_are_refused_and_go_on_with_that(server, options):
    options("live")
    server.stop()
    mark = server.places["/data"] / "mysql/.written_by"
    assert mark.read_text() == f"{server.version}\n"
    mark.write_text("MariaDB 99.1.0\n")
    before = {path: path.stat().st_mtime_ns for path in mark.parent.rglob("*")}
    done = server.run("entrypoint")
    assert done.returncode == 1
    assert f"written by MariaDB 99.1.0, and this is {server.version}" in done.stderr.decode()
    assert {path: path.stat().st_mtime_ns for path in mark.parent.rglob("*")} == before
    # Data from before there was a mark: MariaDB's own note is what is known of them.
    mark.unlink()
    note = mark.with_name("mariadb_upgrade_info")
    old = note.read_bytes() if note.exists() else None
    note.write_text("99.2.1-MariaDB")
    assert b"written by MariaDB 99.2.1" in server.run("entrypoint").stderr
    note.unlink()
    if old:
        note.write_bytes(old)
    mark.write_text(f"{server.version}\n")
    server.start()
    assert options() == "live"


def test_an_upgrade_runs_once_and_a_kill_in_it_is_made_good(server, options):
    options("live")
    server.stop()
    mark = server.places["/data"] / "mysql/.written_by"
    mark.write_text("MariaDB 10.3.1\n")
    for name in ("mariadb_upgrade_info", "mysql_upgrade_info"):
        mark.with_name(name).unlink(missing_ok=True)
    program = server.popen("entrypoint", start_new_session=True, stderr=subprocess.DEVNULL)
    while "upgrading" not in mark.read_text():
        assert program.poll() is None
    time.sleep(0.3)
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    assert mark.read_text() == f"{server.version} upgrading\n"
    (server.root / "log").write_bytes(b"")
    server.start()
    assert mark.read_text() == f"{server.version}\n"
    assert "upgrade: OK" in (server.root / "log").read_text()
    assert options() == "live"
    server.stop()
    (server.root / "log").write_bytes(b"")
    server.start()
    assert "upgrade" not in (server.root / "log").read_text()


def test_the_backup_of_a_newer_one_changes_nothing(server, options, tmp_path):
    options("live")
    server.is_version("MariaDB 99.1.0")
    done = server.backup(tmp_path / "sql")
    server.is_version(server.version)
    assert done.returncode == 0, done.stderr
    done = server.restore(tmp_path / "sql")
    assert done.returncode == 1
    assert b"written by MariaDB 99.1.0" in done.stderr
    assert b"nothing was changed" in done.stderr
    assert server.kept() == ["mysql"]
    assert options() == "live"


@pytest.mark.parametrize("delay", [0.3, 1.5, 3.0, 5.0, 7.0, 9.0])
@pytest.mark.parametrize("victim", ["program", "container"])
def test_a_kill_leaves_the_old_or_the_new(server, options, tmp_path, delay, victim):
    options("restored")
    assert server.backup(tmp_path / "sql").returncode == 0
    options("live")
    with (tmp_path / "sql").open("rb") as file:
        program = server.popen("restore", str(server.places["/data"]), stdin=file, start_new_session=True)
    time.sleep(delay)
    program.kill()
    program.wait()
    if victim == "container":
        os.killpg(program.pid, signal.SIGKILL)
        server.stop(signal.SIGKILL)
        server.start()
    else:
        time.sleep(3)
        if server.process.poll() is not None:
            server.start()
    assert options() in ("live", "restored")
    # The next one goes well.
    done = server.restore(tmp_path / "sql")
    assert done.returncode == 0, done.stderr
    server.started_anew()
    assert options() == "restored"


def test_what_was_restored_is_held_against_the_backup(server, tmp_path):
    server.sql(
        "CREATE TABLE wordpress.kept (id INT PRIMARY KEY, value TEXT); INSERT INTO wordpress.kept VALUES (1, 'a')"
    )
    server.sql("CREATE TABLE wordpress.lost (id INT); CREATE VIEW wordpress.seen AS SELECT * FROM wordpress.kept")
    assert server.backup(tmp_path / "sql").returncode == 0
    assert server.restore(tmp_path / "sql").returncode == 0
    server.started_anew()
    done = server.compare(tmp_path / "sql")
    assert done.returncode == 0, done.stderr
    assert b"another backup is the same" in done.stdout
    server.sql("UPDATE wordpress.kept SET value = 'b'")
    done = server.compare(tmp_path / "sql")
    assert done.returncode == 1
    assert b"near the table kept" in done.stderr
    server.sql("DROP TABLE wordpress.lost")
    done = server.compare(tmp_path / "sql")
    assert done.returncode == 1
    assert b"names tables that it does not hold: wordpress.lost" in done.stderr
    server.sql("DROP VIEW wordpress.seen; DROP TABLE wordpress.kept")


def test_a_backup_of_another_version_is_held_against_its_tables(server, tmp_path):
    assert server.backup(tmp_path / "sql").returncode == 0
    text = (tmp_path / "sql").read_bytes()
    (tmp_path / "sql").write_bytes(b"-- Written by MariaDB 10.1.2\n" + text.partition(b"\n")[2])
    done = server.compare(tmp_path / "sql")
    assert done.returncode == 0, done.stderr
    assert b"another MariaDB wrote it" in done.stdout
