# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of backups: the commands run here, in the place of the container."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.collect import (
    extract,
    fetch,
    missing,
    unpack,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import FORMAT, BackupError, measured
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.streams import Container


def run(argv, environ_update):
    environment = {**os.environ, **environ_update}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def pod(tmp_path):
    """A pod whose commands run on this machine: what kubectl is told before ``--`` is passed over."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    kubectl.chmod(0o755)
    return Container(run, [str(kubectl)], "pod/collector")


@pytest.fixture
def cluster(tmp_path):
    """The volume with four backups, the last of which is not finished."""
    root = tmp_path / "volume"
    for day in (1, 2, 3, 4):
        folder = root / f"2026112{day}T031700Z{'.unfinished' if day == 4 else ''}"
        folder.mkdir(parents=True)
        (folder / "mysql.sql.gz").write_bytes(b"data of day %d" % day)
        entry = {"file": "mysql.sql.gz", **measured(folder / "mysql.sql.gz")}
        manifest = {"format": FORMAT, "created": f"2026-11-2{day}", "services": {"mysql": entry}, "files": {}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    return root


def test_what_the_host_lacks_of_the_newest_is_copied_as_it_is(pod, cluster, tmp_path):
    host = tmp_path / "host"
    host.mkdir()
    assert missing(pod, str(cluster), host, 2) == ["20261122T031700Z", "20261123T031700Z"]
    manifest = fetch(pod, str(cluster), host, "20261123T031700Z")
    assert manifest["created"] == "2026-11-23"
    (copy,) = host.iterdir()
    assert copy.name == "20261123T031700Z"
    assert (copy / "mysql.sql.gz").read_bytes() == b"data of day 3"
    assert (copy / "mysql.sql.gz").stat().st_mode & 0o777 == 0o600
    assert missing(pod, str(cluster), host, 2) == ["20261122T031700Z"]


def test_a_host_without_any_backup_lacks_all(pod, cluster, tmp_path):
    assert len(missing(pod, str(cluster), tmp_path / "none", 7)) == 3


def test_a_damaged_file_is_not_taken_and_leaves_nothing(pod, cluster, tmp_path):
    host = tmp_path / "host"
    host.mkdir()
    (cluster / "20261123T031700Z" / "mysql.sql.gz").write_bytes(b"other data 3")
    with pytest.raises(BackupError, match="not what it was"):
        fetch(pod, str(cluster), host, "20261123T031700Z")
    assert list(host.iterdir()) == []


def test_a_pod_that_is_gone_is_told(cluster, tmp_path):
    with pytest.raises(BackupError, match="in the container of pod/collector ended with 1"):
        missing(Container(run, ["false"], "pod/collector"), str(cluster), tmp_path, 7)


@pytest.mark.parametrize("name", ["x/../../etc/passwd", "x/..", "y/file", "/x/file", "x/deeper/file", "x/link"])
def test_a_tar_with_anything_but_the_files_of_the_backup_is_refused(tmp_path, name):
    stream = tmp_path / "stream"
    with tarfile.open(stream, "w") as archive:
        entry = tarfile.TarInfo(name)
        if name.endswith("link"):
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(entry)
        else:
            entry.size = 1
            archive.addfile(entry, io.BytesIO(b"x"))
    with pytest.raises(BackupError, match="no place in a backup"):
        unpack(stream, tmp_path / "target", "x")


def test_a_tar_that_ended_early_is_refused(tmp_path):
    stream = tmp_path / "stream"
    with tarfile.open(stream, "w") as archive:
        entry = tarfile.TarInfo("x/file")
        entry.size = 4096
        archive.addfile(entry, io.BytesIO(b"x" * 4096))
    stream.write_bytes(stream.read_bytes()[:2000])
    with pytest.raises(BackupError, match="no whole tar"):
        unpack(stream, tmp_path / "target", "x")


def archive_of(path, *members):
    with tarfile.open(path, "w") as archive:
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, 4 if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(b"data") if kind == tarfile.REGTYPE else None)


def test_a_repository_comes_out_of_a_tar_as_it_was(tmp_path):
    archive_of(tmp_path / "tar", (".", tarfile.DIRTYPE), ("./data", tarfile.DIRTYPE), ("./data/ab", tarfile.REGTYPE))
    extract(tmp_path / "tar", tmp_path / "repository")
    assert (tmp_path / "repository/data/ab").read_bytes() == b"data"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../x", tarfile.REGTYPE), ("/x", tarfile.REGTYPE), ("x", tarfile.SYMTYPE), ("x", tarfile.FIFOTYPE)],
)
def test_a_repository_has_nothing_but_files_below_it(tmp_path, name, kind):
    archive_of(tmp_path / "tar", (name, kind))
    with pytest.raises(BackupError, match="has no place in a repository"):
        extract(tmp_path / "tar", tmp_path / "repository")
