# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import (
    FORMAT,
    BackupError,
    check,
    check_name,
    check_services,
    finished,
    measured,
    packed,
    read_manifest,
    remove,
    surplus,
    unpacked,
)


def tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("file")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"hello"))
    return out.getvalue()


SQL = b"CREATE TABLE a (b INT);\n-- Dump completed\n"


@pytest.fixture
def stream(tmp_path):
    def write(content):
        file = tmp_path / "stream"
        file.write_bytes(content)
        return file

    return write


def backup(root, name, created, **more):
    folder = root / name
    folder.mkdir()
    (folder / "mysql.sql.gz").write_bytes(b"data")
    entry = {"file": "mysql.sql.gz", **measured(folder / "mysql.sql.gz")}
    manifest = {"format": FORMAT, "created": created, "services": {"mysql": entry}, "files": {}, **more}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


# As pg_dump 15 and 15.14 end.
PGSQL = b"SELECT 1;\n\n--\n-- PostgreSQL database dump complete\n--\n\n"


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("sql", SQL),
        ("sql", b"SELECT 1;\n\n-- Dump completed on 2026-11-30  7:57:46\n"),
        ("pgsql", PGSQL),
        ("pgsql", PGSQL + b"\\unrestrict 8Qbz\n\n"),
        ("pgsql", PGSQL.replace(b"database", b"database cluster")),
        ("tar", tar()),
        ("any", b"\0"),
    ],
)
def test_what_is_packed_comes_out_the_same_and_is_the_owners(stream, tmp_path, form, content):
    entry = packed(stream(content), tmp_path / "packed", form)
    assert (entry["file"], entry["form"], entry["bytes"]) == ("packed", form, len(content))
    assert (tmp_path / "packed").stat().st_mode & 0o777 == 0o600
    again = packed(tmp_path / "stream", tmp_path / "again", form)
    assert again["sha256"] == entry["sha256"]
    unpacked(tmp_path / "packed", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == content


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("sql", SQL[:-3]),
        ("sql", b""),
        ("sql", b"'\n-- Dump completed on me'\n"),
        ("pgsql", PGSQL[:-9]),
        ("pgsql", SQL),
        ("tar", tar()[:700]),
        ("tar", b""),
        ("tar", b"\0" * 100),
        ("any", b""),
    ],
)
def test_a_stream_that_ended_early_is_refused(stream, tmp_path, form, content):
    with pytest.raises(BackupError, match="no whole " + form):
        packed(stream(content), tmp_path / "packed", form)


@pytest.mark.parametrize(
    ("services", "words"),
    [
        ([{"name": "statefulset/db"}], "workload: statefulset/db"),
        ([{"name": "../db"}], "no name for a service"),
        ([{"name": "db"}, {"name": "db"}], "more than once"),
        ([{"name": "db", "workload": "db"}], "such as statefulset/db"),
        ([{"name": "db", "workload": "statefulset/--all"}], "such as statefulset/db"),
    ],
)
def test_services_that_cannot_be_told_apart_or_found_are_refused(services, words):
    with pytest.raises(BackupError, match=words):
        check_services(services)


def test_backups_go_from_the_oldest_to_the_newest_and_unfinished_ones_do_not_count(tmp_path):
    backup(tmp_path, "b", "2026-01-01T00:00:00Z")
    backup(tmp_path, "a", "2026-02-01T00:00:00Z")
    backup(tmp_path, "c.unfinished", "2026-03-01T00:00:00Z")
    (tmp_path / "empty").mkdir()
    assert finished(tmp_path) == ["b", "a"]


def test_the_oldest_ones_are_too_many_and_what_was_left_unfinished(tmp_path):
    for month in range(1, 6):
        backup(tmp_path, f"m{month}", f"2026-0{month}-01T00:00:00Z")
    (tmp_path / "m6.unfinished").mkdir()
    assert remove(surplus(tmp_path, 2)) == ["m1", "m2", "m3", "m6.unfinished"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m4", "m5"]


@pytest.mark.parametrize("content", ["", "{", '{"format": 99}'])
def test_what_cannot_be_read_is_no_reason_to_keep_too_many_and_is_not_removed(tmp_path, content):
    for month in range(1, 4):
        backup(tmp_path, f"m{month}", f"2026-0{month}-01T00:00:00Z")
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "manifest.json").write_text(content)
    assert remove(surplus(tmp_path, 2)) == ["m1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m2", "m3", "strange"]
    # Whoever asks for the newest one learns that there is one that nobody can read.
    with pytest.raises(BackupError, match="strange"):
        finished(tmp_path)


def test_a_whole_backup_is_accepted(tmp_path):
    folder = backup(tmp_path, "a", "2026-01-01T00:00:00Z")
    check(folder, read_manifest(folder), ["mysql", "ftps"])


@pytest.mark.parametrize("damage", [b"Data", b"dat", b"data more", None])
def test_a_file_that_is_another_one_is_refused(tmp_path, damage):
    folder = backup(tmp_path, "a", "2026-01-01T00:00:00Z")
    if damage is None:
        (folder / "mysql.sql.gz").unlink()
    else:
        (folder / "mysql.sql.gz").write_bytes(damage)
    with pytest.raises(BackupError, match="Nothing was changed"):
        check(folder, read_manifest(folder), ["mysql"])


def test_a_service_that_is_not_there_is_refused(tmp_path):
    folder = backup(tmp_path, "a", "2026-01-01T00:00:00Z")
    with pytest.raises(BackupError, match="data of mysql, which the platform does not have"):
        check(folder, read_manifest(folder), ["ftps"])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', "nonsense"])
def test_a_manifest_of_another_kind_is_refused(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BackupError, match=r"manifest\.json"):
        read_manifest(tmp_path)


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(BackupError, match="no finished backup"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "-a", "a.unfinished", "x" * 64, "a b"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(BackupError):
        check_name(name)
