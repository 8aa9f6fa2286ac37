# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that backs the platform up, with a real restic, and a kubectl of the test's that only gives data."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import check_files, read_manifest
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.repository import Repository
from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

FOLDER = Path(__file__).resolve().parents[3] / "images/backup"
TAR = "printf 'data of %s' \"$path\"; head -c 10240 /dev/zero"
SQL = "echo 'INSERT'; echo; echo '-- Dump completed'"
# kubectl exec --quiet deploy/NAME -- backup PATH, and kubectl patch.
KUBECTL = """#!/bin/sh
path=$6
case $1 in patch) for word; do patch=$word; done; echo "$patch" >"$TIMES"; exit ;; esac
case $3 in deploy/mysql) {sql} ;; deploy/ftps) {tar} ;; esac
"""

pytestmark = pytest.mark.skipif(not shutil.which("restic"), reason="needs restic")


def command(words, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    return done.returncode, done.stdout, done.stderr


class Job:
    """Runs the scripts, in folders of the test's."""

    def __init__(self, tmp_path: Path) -> None:
        self.config, self.programs, self.root = (tmp_path / name for name in ("config", "bin", "data"))
        self.scratch = tmp_path / "tmp"
        for folder in (self.config, self.programs, self.root, self.scratch):
            folder.mkdir()
        (self.config / "services").write_text("mysql sql /data\nftps tar /files\n")
        (self.config / "namespace").write_text("n")
        (self.config / "repository_key").write_text("a key of the test's\n")
        self.repository = Repository(command, str(self.root / "repository"), self.config / "repository_key")

    def program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def start(self, keep=("7", "0", "0", "0"), tar=TAR, sql=SQL):
        self.program("kubectl", KUBECTL.format(tar=tar, sql=sql))
        self.program("stream", (FOLDER / "stream.sh").read_text())
        script = (FOLDER / "entrypoint.sh").read_text()
        for place in ("/etc/service/config", "/etc/service/secrets", "/var/run/secrets/kubernetes.io/serviceaccount"):
            script = script.replace(place, str(self.config))
        self.program("entrypoint", script)
        environment = {
            **os.environ,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "TMPDIR": str(self.scratch),
            "TIMES": str(self.config / "times"),
        }
        words = [str(self.programs / "entrypoint"), str(self.root), *keep]
        return subprocess.Popen(
            words,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *arguments, **options):
        with self.start(*arguments, **options) as process:
            out, errors = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess([], process.returncode, out, errors)

    def times(self):
        return json.loads((self.config / "times").read_text())["data"]

    def parts(self):
        """The parts of all backups, by the names of the backups."""
        found: dict[str, set[str]] = {}
        for each in self.repository._all():
            found.setdefault(each["name"], set()).add(each["part"])
        return found


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


def test_the_host_takes_what_the_job_makes(job, tmp_path):
    done = job()
    assert done.returncode == 0, done.stderr
    ((name, snapshot),) = job.repository.snapshots().items()
    (tmp_path / "host").mkdir()
    job.repository.fetch(snapshot, tmp_path / "host", name)
    folder = tmp_path / "host" / name
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    assert manifest["namespace"] == "n"
    assert {key: each["form"] for key, each in manifest["services"].items()} == {"mysql": "sql", "ftps": "tar"}
    assert gzip.decompress((folder / "ftps.tar.gz").read_bytes()) == b"data of /files" + bytes(10240)
    assert job.times() == {"mysql": manifest["created"], "ftps": manifest["created"]}
    assert not any(b"data of" in path.read_bytes() for path in job.root.rglob("*") if path.is_file())


BROKEN = [
    ({"tar": "echo short"}, "ftps", "what came of ftps is no whole tar"),
    ({"sql": "echo INSERT"}, "mysql", "what came of mysql is no whole sql"),
    ({"sql": f"{SQL}; exit 3"}, "mysql", "the container of mysql gave no backup"),
]


@pytest.mark.parametrize(("broken", "lacking", "told"), BROKEN)
def test_what_is_wrong_with_one_service_is_named_and_the_others_are_kept(job, tmp_path, broken, lacking, told):
    done = job(**broken)
    assert done.returncode != 0
    assert told in done.stderr
    other = {"ftps": "mysql", "mysql": "ftps"}[lacking]
    ((name, parts),) = job.parts().items()
    assert parts == {other, "manifest"}
    assert list(job.times()) == [other]
    (tmp_path / "host").mkdir()
    manifest = job.repository.fetch(job.repository.snapshots()[name], tmp_path / "host", name)
    assert list(manifest["services"]) == [other]
    assert told in manifest["missing"][lacking]
    assert command(["restic", "-r", job.repository.location, "-p", str(job.config / "repository_key"), "check"])[0] == 0


def test_without_any_data_there_is_no_backup(job):
    done = job(sql="exit 1", tar="exit 1")
    assert done.returncode != 0
    assert "no service gave a backup" in done.stderr
    assert job.parts() == {}


def test_old_ones_go_with_their_parts_and_the_newest_that_lacks_nothing_stays(job):
    keep = ("1", "0", "0", "0")
    assert job(keep).returncode == 0
    ((whole, _parts),) = job.parts().items()
    for _round in range(2):
        assert job(keep, sql="exit 1").returncode == 1
    found = job.parts()
    assert len(found) == 2
    assert found.pop(whole) == {"mysql", "ftps", "manifest"}
    assert list(found.values()) == [{"ftps", "manifest"}]


def test_a_killed_run_leaves_no_backup_and_the_next_one_goes_well(job):
    with job.start(tar="head -c 2000000 /dev/zero; sleep 5") as process:
        while not (job.root / "repository/config").exists() or job.parts() == {}:
            assert process.poll() is None
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGKILL)
    assert job.repository.snapshots() == {}
    done = job()
    assert done.returncode == 0, done.stderr
    assert list(job.parts().values()) == [{"mysql", "ftps", "manifest"}]


def test_no_two_write_at_once(job):
    with (job.root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = job()
    assert done.returncode == 1
    assert "another run is writing" in done.stderr


def test_another_key_is_told(job):
    assert job().returncode == 0
    (job.config / "repository_key").write_text("another\n")
    done = job()
    assert done.returncode == 1
    assert "was made with another one" in done.stderr
