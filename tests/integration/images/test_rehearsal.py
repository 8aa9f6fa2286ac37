# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of a rehearsal, with a real restic and a real tar; the services are stand-ins."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.containers import IMAGES
from ansible_collections.fortytwo.ft_services.tests.integration.images.test_backup_job import Job
from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE, until

pytestmark = pytest.mark.skipif(not shutil.which("restic"), reason="needs restic")


class Pod:
    """The folders of the pod, and what runs its first and its last container."""

    def __init__(self, tmp_path: Path) -> None:
        self.root, self.job = tmp_path / "rehearsal", Job(tmp_path)
        self.root.mkdir()
        text = (IMAGES / "backup/rehearsal.sh").read_text()
        for place in ("/etc/rehearsal", "/etc/service/secrets"):
            text = text.replace(place, str(self.job.config))
        self.job.program("room", (IMAGES / "common/room.sh").read_text())
        self.job.program("rehearsal", text.replace("/var/run/secrets", str(tmp_path / "none")))

    def __call__(self, *words):
        environment = {**os.environ, "PATH": f"{self.job.programs}:{os.environ['PATH']}"}
        command = [str(self.job.programs / "rehearsal"), words[0], str(self.root), *map(str, words[1:])]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def verdict(self, service, text=None):
        path = self.root / "results" / service / "verdict"
        if text:
            path.write_text(f"{text}\n")
        return path.read_text() if path.exists() else None

    def data(self, service):
        return (self.root / "streams" / service / "data").read_bytes()


@pytest.fixture
def pod(tmp_path):
    return Pod(tmp_path)


def test_each_service_gets_its_data_of_the_newest_backup_and_the_verdicts_are_told(pod):
    assert pod.job(sql="echo old; echo; echo '-- Dump completed'").returncode == 0
    time.sleep(1)
    assert pod.job().returncode == 0
    assert pod("fetch", pod.job.root).returncode == 0
    assert pod.data("mysql") == b"INSERT\n\n-- Dump completed\n"
    assert pod.data("ftps") == b"data of /files" + bytes(10240)
    assert (pod.verdict("mysql"), pod.verdict("ftps")) == (None, None)
    pod.verdict("mysql", "good 12 tables")
    pod.verdict("ftps", "good 3 files")
    done = pod("judge")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["good"] is True
    assert told["services"] == {"mysql": "good 12 tables", "ftps": "good 3 files"}
    assert told["backup"] in pod.job.parts()
    assert told["made"].startswith(told["backup"][:4])


def test_what_failed_is_told_as_text_that_json_can_hold(pod):
    assert pod.job().returncode == 0
    pod("fetch", pod.job.root)
    pod.verdict("mysql", 'bad it said "no" \\ and\tleft')
    done = pod("judge")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["good"] is False
    assert told["services"]["mysql"].startswith("bad it said")
    assert told["services"]["ftps"] == "bad it did not come to an end"


def test_a_service_that_the_backup_lacks_is_bad(pod):
    assert pod.job(tar="exit 1").returncode == 1
    assert pod("fetch", pod.job.root).returncode == 0
    assert "are not in the backup" in pod.verdict("ftps")
    assert pod.verdict("mysql") is None


def test_without_any_backup_nothing_is_told(pod):
    assert pod("fetch", pod.job.root).returncode == 0
    assert pod.verdict("mysql").startswith("none")
    done = pod("judge")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no backup was made yet" in done.stderr


def test_a_repository_that_does_not_open_is_bad_for_all(pod):
    assert pod.job().returncode == 0
    (pod.job.config / "repository_key").write_text("another\n")
    assert pod("fetch", pod.job.root).returncode == 0
    assert pod.verdict("mysql").startswith("bad")
    assert pod("judge").returncode == 1


@pytest.mark.parametrize("damaged", [False, True])
def test_what_the_host_brings_is_held_against_its_manifest(pod, damaged):
    assert pod.job().returncode == 0
    incoming = pod.root / "incoming"
    incoming.mkdir()
    ((name, snapshot),) = pod.job.repository.snapshots().items()
    pod.job.repository.fetch(snapshot, incoming, name)
    for path in list((incoming / name).iterdir()):
        path.rename(incoming / path.name)
    if damaged:
        (incoming / "mysql.sql.gz").write_bytes(gzip.compress(b"INSERT other\n\n-- Dump completed\n"))
    (incoming / "complete").write_text(f"{name}\n")
    assert pod("receive").returncode == 0
    assert not incoming.exists()
    assert ("are not what they were" in (pod.verdict("mysql") or "")) is damaged
    assert pod.verdict("ftps") is None


# What the programs of an image do, and the verdict.
SERVICES = [
    ({}, "good 3 files\n"),
    ({"restore": "echo 'the SQL cannot be loaded' >&2; exit 1"}, "bad the restore failed: the SQL cannot be loaded"),
    (
        {"compare_backup": "echo 'compare_backup: a table is lost' >&2; exit 1"},
        "bad what was restored is not what was backed up",
    ),
    ({"ready": "echo starting; exit 1"}, "bad the service did not get ready before the restore: starting"),
    ({"compare_backup": None}, "good restored, and can be backed up again"),
    ({"compare_backup": None, "backup": "exit 1"}, "bad the restored data cannot be backed up"),
]


@pytest.mark.parametrize(("programs", "verdict"), SERVICES)
def test_a_service_restores_and_compares(tmp_path, programs, verdict):
    all_programs = {
        "restore": "cat >/dev/null",
        "compare_backup": "echo 3 files",
        "ready": "",
        "backup": "echo",
        **programs,
    }
    for folder in ("bin", "result", "stream", "data"):
        (tmp_path / folder).mkdir()
    for name, text in all_programs.items():
        if text is not None:
            (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "stream/data").write_text("data")
    text = (IMAGES / "backup/rehearse.sh").read_text().replace("/rehearsal/", f"{tmp_path}/")
    (tmp_path / "rehearse").write_text(text)
    seconds = "1" if "ready" in programs else "60"
    command = ["sh", str(tmp_path / "rehearse"), str(tmp_path / "data"), seconds, str(tmp_path / "bin/ready")]
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    subprocess.run(command, env=environment, timeout=PATIENCE, check=True)
    until((tmp_path / "result/verdict").exists, (tmp_path / "result/log").read_text)
    assert (tmp_path / "result/verdict").read_text().startswith(verdict)


@pytest.fixture
def folder(tmp_path):
    """A folder of files, a tar of it, and what compares both."""
    data = tmp_path / "data"
    (data / "a b").mkdir(parents=True)
    (data / "a b/\u00e9.txt").write_text("one")
    (data / "second").write_text("two")
    os.symlink("second", data / "link")

    def compare():
        command = ["sh", str(IMAGES / "common/folder/compare.sh"), str(data), str(tmp_path / "tar")]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    compare.data = data
    subprocess.run(["tar", "-C", str(data), "-cf", str(tmp_path / "tar"), "--sort=name", "."], check=True)
    (data / "link").unlink()
    return compare


def test_a_folder_that_has_all_is_good_whatever_its_times_and_modes(folder):
    os.utime(folder.data / "second", (1, 1))
    (folder.data / "second").chmod(0o600)
    (folder.data / "more").write_text("of the service itself")
    done = folder()
    assert (done.returncode, done.stdout) == (0, "2 files\n"), done.stderr


@pytest.mark.parametrize("how", ["changed", "longer", "lost"])
def test_a_file_that_is_lost_or_other_is_named(folder, how):
    path = folder.data / "a b/\u00e9.txt"
    if how == "lost":
        path.unlink()
    else:
        path.write_text({"changed": "eno", "longer": "one more"}[how])
    done = folder()
    assert done.returncode == 1
    assert "1 differ from the backup: ./a b/" in done.stderr


def test_a_broken_tar_is_told(folder, tmp_path):
    (tmp_path / "tar").write_bytes(b"x" * 2048)
    done = folder()
    assert done.returncode == 1
    assert "cannot be read" in done.stderr
