# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import shutil
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _folders as subject


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    (folder / "web/deep").mkdir(parents=True)
    (folder / "web/Dockerfile").write_text("FROM scratch\n")
    (folder / "web/deep/é").write_bytes(b"\0\1")
    (folder / "web/empty").mkdir()
    (folder / ".dockerignore").write_text("x\n")
    program = folder / "web/run.sh"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return folder


def sent(source, tmp_path):
    found = subject.entries([source / "web", source / ".dockerignore"])
    subject.pack(found, tmp_path / "archive")
    return found


def test_both_sides_say_the_same(source, tmp_path):
    found = sent(source, tmp_path)
    umask = os.umask(0o077)
    try:
        subject.unpack(tmp_path / "archive", tmp_path / "deep/copy")
    finally:
        os.umask(umask)
    assert [entry.path for entry in found] == [
        ".dockerignore",
        "web",
        "web/Dockerfile",
        "web/deep",
        "web/deep/é",
        "web/empty",
        "web/run.sh",
    ]
    assert subject.digest(subject.held(tmp_path / "deep/copy")) == subject.digest(found)
    assert (tmp_path / "deep/copy/web/run.sh").stat().st_mode & 0o777 == 0o755
    assert [entry.name for entry in (tmp_path / "deep").iterdir()] == ["copy"]


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "web/Dockerfile").write_text("FROM other\n"),
        lambda folder: (folder / "web/run.sh").chmod(0o644),
        lambda folder: (folder / "web/Dockerfile").rename(folder / "web/dockerfile"),
        lambda folder: (folder / "web/empty").rmdir(),
        lambda folder: (folder / "web/more").write_text(""),
    ],
    ids=["content", "mode", "name", "gone", "more"],
)
def test_any_change_is_seen_and_replaced(source, tmp_path, change):
    copy = tmp_path / "copy"
    sent(source, tmp_path)
    subject.unpack(tmp_path / "archive", copy)
    change(copy)
    found = subject.entries([source / "web", source / ".dockerignore"])
    assert subject.digest(subject.held(copy)) != subject.digest(found)
    subject.unpack(tmp_path / "archive", copy)
    assert subject.digest(subject.held(copy)) == subject.digest(found)


def test_a_damaged_archive_leaves_the_old_copy(source, tmp_path):
    sent(source, tmp_path)
    subject.unpack(tmp_path / "archive", tmp_path / "copy")
    (tmp_path / "archive").write_bytes(b"nothing")
    with pytest.raises(Exception, match="could not be opened"):
        subject.unpack(tmp_path / "archive", tmp_path / "copy")
    assert (tmp_path / "copy/web/Dockerfile").is_file()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["archive", "copy", "source"]


def test_links_are_followed_and_circles_are_told(source, tmp_path):
    (source / "web/link").symlink_to(source / "web/deep")
    found = {entry.path for entry in subject.entries([source / "web"])}
    assert "web/link/é" in found
    (source / "web/deep/up").symlink_to(source / "web")
    with pytest.raises(subject.FoldersError, match="a link to a folder that it lies in"):
        subject.entries([source / "web"])


def test_what_cannot_be_copied_is_told(source, tmp_path):
    with pytest.raises(subject.FoldersError, match="does not exist"):
        subject.entries([source / "none"])
    (source / "web/gone").symlink_to("/nowhere/at/all")
    with pytest.raises(subject.FoldersError, match="neither a file nor a folder"):
        subject.entries([source / "web"])
    (source / "web/gone").unlink()
    shutil.copytree(source / "web", tmp_path / "other/web")
    (tmp_path / "other/web/Dockerfile").write_text("FROM another\n")
    with pytest.raises(subject.FoldersError, match="comes from"):
        subject.entries([source / "web", tmp_path / "other/web"])


def test_nothing_there(tmp_path):
    assert subject.held(tmp_path / "none") == []


@pytest.mark.parametrize(("name", "kind"), [("../x", tarfile.REGTYPE), ("/x", tarfile.REGTYPE), ("x", tarfile.SYMTYPE)])
def test_an_archive_of_another_kind_is_refused(tmp_path, name, kind):
    with tarfile.open(tmp_path / "archive", "w") as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(subject.FoldersError, match="not to be copied"):
        subject.unpack(tmp_path / "archive", tmp_path / "copy")
    assert [entry.name for entry in tmp_path.iterdir()] == ["archive"]


def test_more_is_placed_where_it_is_wanted(source, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more/a.php").write_text("a")
    found = subject.entries([source / "web"], {"web/extra/deep/more": tmp_path / "more", "alone": tmp_path / "more"})
    paths = [entry.path for entry in found]
    assert {"web/extra", "web/extra/deep", "web/extra/deep/more", "web/extra/deep/more/a.php", "alone/a.php"} <= {
        *paths
    }
    subject.pack(found, tmp_path / "archive")
    subject.unpack(tmp_path / "archive", tmp_path / "copy")
    assert (tmp_path / "copy/web/extra/deep/more/a.php").read_text() == "a"
    with pytest.raises(subject.FoldersError, match="web/Dockerfile comes from"):
        subject.entries([source / "web"], {"web/Dockerfile": tmp_path / "more/a.php"})
