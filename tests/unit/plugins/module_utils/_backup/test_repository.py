# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import BackupError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.repository import (
    Repository,
    abandoned,
    index_of,
    labelled,
    moment_of,
    summary_of,
    unpack,
)

NOW = 1_800_000_000.0


def snapshot(name, part, time):
    return {"name": name, "part": part, "time": time, "id": f"{name}-{part}"}


def test_the_name_of_a_backup_and_its_part_are_tags():
    assert labelled({"tags": ["name=one", "part=mysql"]}) == {
        "tags": ["name=one", "part=mysql"],
        "name": "one",
        "part": "mysql",
    }
    assert labelled({"tags": None}) == {"tags": None, "name": "", "part": ""}


@pytest.mark.parametrize(
    "text", ["2027-01-15T08:00:00Z", "2027-01-15T09:00:00.123456789+01:00", "2027-01-15T08:00:00.5Z"]
)
def test_moments_are_read_as_restic_writes_them(text):
    assert moment_of(text) == NOW


def test_parts_without_a_backup_go_after_a_day_or_with_their_backup():
    old, new = "2027-01-13T08:00:00Z", "2027-01-15T07:00:00Z"
    held = [
        snapshot("kept", "mysql", old),
        snapshot("kept", "manifest", old),
        snapshot("killed", "mysql", old),
        snapshot("at-work", "mysql", new),
        snapshot("gone", "mysql", new),
        snapshot("whole", "", old),
        # Begun again under the name of one that was ended: the manifest is of the second run.
        snapshot("again", "mysql", old),
        snapshot("again", "manifest", new),
    ]
    found = [(each["name"], each["part"]) for each in abandoned(held, {("gone", new)}, NOW)]
    assert found == [("killed", "mysql"), ("gone", "mysql"), ("again", "mysql")]


def test_an_index_comes_out_as_it_went_in(tmp_path):
    (tmp_path / "index.tar").write_bytes(index_of({"format": 1}, {"ca.key": b"secret"}))
    unpack(tmp_path / "index.tar", tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text()) == {"format": 1}
    assert (tmp_path / "ca.key").read_bytes() == b"secret"
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/b", ".."])
def test_an_index_writes_nowhere_else(tmp_path, name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    (tmp_path / "index.tar").write_bytes(out.getvalue())
    with pytest.raises(BackupError, match="has no place in a backup"):
        unpack(tmp_path / "index.tar", tmp_path)


def test_what_is_no_tar_is_refused(tmp_path):
    (tmp_path / "index.tar").write_bytes(b"no tar at all" * 100)
    with pytest.raises(BackupError, match="no whole tar"):
        unpack(tmp_path / "index.tar", tmp_path)


def test_the_summary_of_a_snapshot_is_found_among_other_lines():
    lines = ['{"message_type":"status"}', "words", '{"message_type":"summary","snapshot_id":"ab","data_added":7}']
    assert summary_of("\n".join(lines)) == {"id": "ab", "bytes_added": 7}
    assert summary_of("") == {"id": "", "bytes_added": 0}


def test_a_repository_that_another_program_uses_is_named_with_what_to_do(tmp_path):
    repository = Repository(lambda *_words, **_options: (0, "", ""), "/r", tmp_path / "key")
    said = "unable to create lock: repository is already locked exclusively by PID 7 on host by root\ncreated 1s ago"
    with pytest.raises(BackupError, match=r"in use: repository is already locked exclusively by PID 7.*unlock"):
        repository.answer("forget", 1, "", said)


def test_no_second_key_is_made_for_a_repository_that_is_there(tmp_path):
    (tmp_path / "config").write_text("")
    repository = Repository(lambda *_words, **_options: (0, "", ""), str(tmp_path), tmp_path / "key")
    with pytest.raises(BackupError, match="nobody can read the repository"):
        repository.ensure()
    assert not (tmp_path / "key").exists()


def test_the_home_folder_is_known_in_names_of_places(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", "/home/me")
    assert (
        Repository(lambda *_words, **_options: (0, "", ""), "~/backups", tmp_path / "key").location
        == "/home/me/backups"
    )
    assert Repository(lambda *_words, **_options: (0, "", ""), "s3:a/~b", tmp_path / "key").location == "s3:a/~b"
