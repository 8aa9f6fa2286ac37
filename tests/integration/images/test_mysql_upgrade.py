# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data of one major version of MariaDB under the next, with real servers of both by the image's scripts."""

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
from ansible_collections.fortytwo.ft_services.tests.integration.images.systems import entered, system_of

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("apt-get") or not shutil.which("dpkg-deb"),
    reason="needs Debian's packages, and root to run programs of other releases",
)
PACKAGES = ("mariadb-server-core", "mariadb-client-core", "mariadb-client")
CONTENT = """
CREATE TABLE wordpress.rows (id INT PRIMARY KEY, name VARCHAR(200), price DECIMAL(20, 6), at DATETIME(6),
    content LONGBLOB, extra JSON, KEY (name), FULLTEXT KEY (name)) COMMENT 'kept';
INSERT INTO wordpress.rows SELECT seq, CONCAT('n\u00e4me \u2615 ', seq), seq / 7,
    TIMESTAMP'2026-01-01 00:00:00.123456' + INTERVAL seq SECOND, UNHEX(REPEAT(SHA2(seq, 256), seq % 50)),
    JSON_OBJECT('number', seq) FROM wordpress.numbers;
CREATE TABLE wordpress.aria (a INT, b TEXT) ENGINE = Aria;
INSERT INTO wordpress.aria SELECT seq, REPEAT('x', seq) FROM wordpress.numbers;
CREATE TABLE wordpress.parts (a INT PRIMARY KEY) PARTITION BY HASH (a) PARTITIONS 3;
INSERT INTO wordpress.parts SELECT seq FROM wordpress.numbers;
CREATE VIEW wordpress.seen AS SELECT name, price * 2 AS twice FROM wordpress.rows;
CREATE FUNCTION wordpress.seven() RETURNS INT RETURN 7;
CREATE TRIGGER wordpress.doubled BEFORE INSERT ON wordpress.parts FOR EACH ROW SET NEW.a = NEW.a * 2;
CREATE EVENT wordpress.later ON SCHEDULE EVERY 1 DAY DO DELETE FROM wordpress.parts;
CREATE DATABASE `odd ``name`; CREATE TABLE `odd ``name`.`a.b` (a INT); INSERT INTO `odd ``name`.`a.b` VALUES (1);
CREATE USER 'guest o''clock'@'%' IDENTIFIED BY 'p\\\\q';
GRANT SELECT (name), UPDATE (price) ON wordpress.rows TO 'guest o''clock'@'%';
GRANT EXECUTE ON FUNCTION wordpress.seven TO 'guest o''clock'@'%' WITH GRANT OPTION;
"""
QUERIES = (
    "CHECKSUM TABLE wordpress.rows, wordpress.aria, wordpress.parts, `odd ``name`.`a.b`",
    "SELECT COUNT(*), SUM(price), MAX(at), SUM(CRC32(content)), SUM(JSON_VALUE(extra, '$.number')) FROM wordpress.rows",
    "SELECT SUM(twice), wordpress.seven() FROM wordpress.seen",
    "SELECT COUNT(*) FROM wordpress.rows WHERE MATCH (name) AGAINST ('n\u00e4me')",
    "SHOW CREATE TABLE wordpress.rows",
    "SELECT table_schema, table_name, engine, table_collation, table_comment FROM information_schema.tables"
    " WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY 1, 2",
    "SELECT trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = 'wordpress'",
    "SELECT event_name, event_definition FROM information_schema.events",
    "SELECT user, host FROM mysql.global_priv ORDER BY user, host",
    *(
        f"SHOW GRANTS FOR {account}"
        for account in ("'guest o''clock'@'%'", "wordpress@'%'", "admin@'%'", "root@localhost")
    ),
)


class OfRelease(Server):
    """A server in the container that an image of a release would give."""

    def __init__(self, suite: str, root: Path, data: Path | None = None) -> None:
        """Take the volume of another server, which has stopped."""
        self.system = system_of(suite, *PACKAGES)
        root.mkdir()
        if data:
            data.rename(root / "data")
        super().__init__(root)

    def popen(self, *words, **options):
        environment = {"PATH": f"{self.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": str(self.root)}
        return subprocess.Popen(entered(self.system, self.root, *words), env=environment, **options)

    def state(self) -> list[str]:
        """All that a user would miss."""
        return [self.sql(query) for query in QUERIES]


@pytest.fixture(scope="module")
def servers():
    """Makes servers, of which none is left in the end."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)

        def servers(suite, data=None):
            server = OfRelease(suite, folder / str(len(list(folder.iterdir()))), data)
            stack.callback(server.end)
            return server

        yield servers


def filled(server):
    server.start()
    server.sql("CREATE TABLE wordpress.numbers (seq INT PRIMARY KEY)")
    server.sql(f"INSERT INTO wordpress.numbers VALUES {', '.join(f'({number})' for number in range(1, 2001))}")
    server.sql(CONTENT)
    return server.state()


def upgrades(server):
    """What the program "upgrade" said of each of its runs that went well."""
    return [line for line in server.log().splitlines() if line.startswith("upgrade: ")]


def test_data_go_on_under_the_next_major_version_and_not_under_the_one_before(servers, tmp_path):
    old = servers("bookworm")
    state = filled(old)
    assert old.backup(tmp_path / "old.sql").returncode == 0
    old.stop()
    new = servers("trixie", old.data)
    assert old.version.split(".")[0] < new.version.split(".")[0]
    # Power is lost while it upgrades.
    mark = new.data / "mysql/.written_by"
    assert mark.read_text() == f"{old.version}\n"
    new.begin()
    while not (new.root / "run/upgrade.sock").exists():
        assert new.process.poll() is None, new.log()[-3000:]
    time.sleep(0.2)
    os.killpg(new.process.pid, signal.SIGKILL)
    new.process.wait()
    assert mark.read_text() == f"{new.version} upgrading\n"
    new.start()
    assert upgrades(new) == ["upgrade: OK"]
    assert mark.read_text() == f"{new.version}\n"
    assert new.state() == state
    assert (new.data / "mysql/mariadb_upgrade_info").read_text().startswith(new.version.removeprefix("MariaDB "))
    new.stop()
    new.start()
    assert upgrades(new) == ["upgrade: OK"]
    new.sql("INSERT INTO wordpress.rows (id, name) VALUES (5000, 'written by the new one')")
    state = new.state()
    assert new.backup(tmp_path / "new.sql").returncode == 0
    new.stop()

    back = servers("bookworm", new.data)
    before = {path: path.stat().st_mtime_ns for path in back.data.rglob("*")}
    done = back.run("entrypoint")
    assert done.returncode == 1
    assert f"written by {new.version}, and this is {old.version}" in done.stderr.decode()
    assert "Use a bundle with MariaDB" in done.stderr.decode()
    after = {path: path.stat().st_mtime_ns for path in back.data.rglob("*")}
    assert {path.name for path in before.keys() ^ after.keys() if "tmp" not in path.parts} == set()
    assert {path: after[path] for path in before if "mysql" in path.parts} == {
        path: then for path, then in before.items() if "mysql" in path.parts
    }
    again = servers("trixie", back.data)
    again.start()
    assert upgrades(again) == []
    assert again.state() == state
    again.stop()


def test_a_backup_is_restored_into_the_next_major_version_and_not_into_the_one_before(servers, tmp_path):
    old, new = servers("bookworm"), servers("trixie")
    state = filled(old)
    assert old.backup(tmp_path / "old.sql").returncode == 0
    new.start()
    done = new.restore(tmp_path / "old.sql")
    assert done.returncode == 0, done.stderr
    new.started_anew()
    assert new.state() == state
    compared = new.compare(tmp_path / "old.sql")
    assert compared.returncode == 0, compared.stderr
    assert b"another MariaDB wrote it" in compared.stdout
    assert new.backup(tmp_path / "new.sql").returncode == 0
    done = old.restore(tmp_path / "new.sql")
    assert done.returncode == 1
    assert f"written by {new.version}, and this is {old.version}".encode() in done.stderr
    assert b"nothing was changed" in done.stderr
    assert old.state() == state
