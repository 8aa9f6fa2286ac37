# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup and restore of Grafana's database, a real SQLite one that is open and being written."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import subprocess
import sys
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.containers import IMAGES
from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

# The program sqlite3, as far as the scripts use it, with the library that it is made of.
SQLITE3 = f"""#!{sys.executable} -SE
import sqlite3, sys
database, statement = sys.argv[-2:]
for row in sqlite3.connect(database, timeout=30, isolation_level=None).execute(statement):
    print(*row)
"""


@pytest.fixture
def volume(tmp_path):
    """A volume with the database of a running Grafana, and what runs a script of the image on it."""
    programs, root = tmp_path / "bin", tmp_path / "data"
    for folder in (programs, root / "grafana"):
        folder.mkdir(parents=True)
    (programs / "sqlite3").write_text(SQLITE3)
    (programs / "sqlite3").chmod(0o755)
    # The image of panels has these two; the scripts of folders call each other by their names.
    (tmp_path / "version").write_text("Grafana 12.1.0\n")
    for name, source in (
        ("restore", "common/folder/restore.sh"),
        ("untar", "common/untar.sh"),
        ("room", "common/room.sh"),
        ("written_by", "common/written_by.sh"),
    ):
        text = (IMAGES / source).read_text()
        # panels has no version: its data are those of a Grafana, or none.
        text = text.replace("/etc/service", str(tmp_path)) if name == "written_by" else text
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    # Stands for the container's first process.
    first = subprocess.Popen(["sleep", "60"])

    def run(script, given=b"", folder=root):
        text = (IMAGES / script).read_text().replace("kill -TERM 1", f"kill -TERM {first.pid}")
        command = ["sh", "-c", text, script, str(folder)]
        environment = {"PATH": f"{programs}:/usr/bin:/bin"}
        return subprocess.run(command, env=environment, input=given, capture_output=True, timeout=PATIENCE, check=False)

    run.root, run.first, run.version = root, first, tmp_path / "version"
    run.database = sqlite3.connect(root / "grafana" / "grafana.db", isolation_level=None)
    run.database.execute("PRAGMA journal_mode=WAL")
    run.database.execute("CREATE TABLE star (user TEXT)")
    run.database.execute("INSERT INTO star VALUES ('before')")
    yield run
    run.database.close()
    first.kill()
    first.wait()


def stars(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT user FROM star")]


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return sorted(archive.getnames())


def test_a_database_that_is_being_written_comes_back_as_it_was(volume):
    volume.database.execute("BEGIN IMMEDIATE")
    volume.database.execute("INSERT INTO star VALUES ('unfinished')")
    made = volume("grafana/backup.sh")
    volume.database.execute("COMMIT")
    assert made.returncode == 0, made.stderr
    assert members(made.stdout) == ["grafana", "grafana/.written_by", "grafana/complete", "grafana/grafana.db"]
    assert sorted(path.name for path in volume.root.iterdir()) == ["grafana"]

    done = volume("grafana/restore.sh", made.stdout)
    assert done.returncode == 0, done.stderr
    # Only then the container ends, and its next start takes the database.
    assert volume.first.wait(10) != 0
    assert sorted(path.name for path in volume.root.iterdir()) == ["grafana", "restored"]
    assert stars(volume.root / "grafana" / "grafana.db") == ["before", "unfinished"]
    assert stars(volume.root / "restored" / "grafana.db") == ["before"]
    assert (volume.root / "restored" / "complete").exists()


def test_a_backup_that_was_cut_short_or_damaged_changes_nothing(volume):
    made = volume("grafana/backup.sh").stdout
    damaged = bytearray(made)
    # The tables are in the second page.
    page = made.index(b"SQLite format 3\0") + 4096
    damaged[page : page + 4096] = b"\xff" * 4096
    for given in (made[:3000], bytes(damaged)):
        assert volume("grafana/restore.sh", given).returncode != 0
        assert sorted(path.name for path in volume.root.iterdir()) == ["grafana"]
    assert volume.first.poll() is None


def test_what_panels_kept_brings_nothing_and_what_grafana_kept_outlives_panels(volume):
    empty = volume.root.parent / "empty"
    empty.mkdir()
    made = volume("common/folder/backup.sh", folder=empty)
    assert (made.returncode, members(made.stdout)) == (0, ["."]), made.stderr
    done = volume("grafana/restore.sh", made.stdout)
    assert (done.returncode, b"panels" in done.stderr) == (0, True)
    assert volume.first.poll() is None

    made = volume("grafana/backup.sh").stdout
    done = volume("common/folder/restore.sh", made)
    assert done.returncode == 0, done.stderr
    assert stars(volume.root / "grafana" / "grafana.db") == ["before"]
    kept = volume("common/folder/backup.sh").stdout
    assert members(kept) == [".", "./grafana", "./grafana/.written_by", "./grafana/complete", "./grafana/grafana.db"]


def test_the_database_of_a_newer_one_changes_nothing(volume):
    volume.version.write_text("Grafana 13.0.0\n")
    made = volume("grafana/backup.sh")
    assert made.returncode == 0, made.stderr
    volume.version.write_text("Grafana 12.1.0\n")
    done = volume("grafana/restore.sh", made.stdout)
    assert done.returncode == 1
    assert b"written by Grafana 13.0.0, and this is Grafana 12.1.0" in done.stderr
    assert sorted(path.name for path in volume.root.iterdir()) == ["grafana"]
    assert volume.first.poll() is None


def test_without_a_database_there_is_no_backup(volume):
    (volume.root / "grafana" / "grafana.db").unlink()
    assert volume("grafana/backup.sh").returncode != 0
