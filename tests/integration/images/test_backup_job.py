# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that backs the platform up, with a kubectl of the test's that runs nothing but gives data."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import (
    check_files,
    finished,
    read_manifest,
)

SCRIPT = Path(__file__).resolve().parents[3] / "images/backup/entrypoint.sh"
TAR = "printf 'data of %s' \"$path\"; head -c 10240 /dev/zero"
SQL = "echo 'INSERT'; echo; echo '-- Dump completed'"


@pytest.fixture
def job(tmp_path):
    """Runs the script, in folders of the test's. kubectl is told ``exec --quiet deploy/NAME -- backup PATH``."""
    config, programs, root = tmp_path / "config", tmp_path / "bin", tmp_path / "data"
    for folder in (config, programs, root):
        folder.mkdir()
    (config / "services").write_text("mysql sql /data\nftps tar /files\n")
    (config / "namespace").write_text("n")
    script = SCRIPT.read_text().replace("/etc/service/config", str(config))
    script = script.replace("/var/run/secrets/kubernetes.io/serviceaccount", str(config))

    def run(keep, tar=TAR, sql=SQL):
        kubectl = programs / "kubectl"
        kubectl.write_text(f"#!/bin/sh\npath=$6\ncase $3 in\ndeploy/mysql) {sql} ;;\ndeploy/ftps) {tar} ;;\nesac\n")
        kubectl.chmod(0o755)
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        arguments = ["sh", "-c", script, "entrypoint", str(root), str(keep)]
        return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60, check=False)

    run.root = root
    return run


def test_the_host_takes_what_the_job_makes(job):
    done = job(7)
    assert done.returncode == 0, done.stderr
    (name,) = finished(job.root)
    manifest = read_manifest(job.root / name)
    check_files(job.root / name, manifest)
    assert manifest["namespace"] == "n"
    assert {key: each["form"] for key, each in manifest["services"].items()} == {"mysql": "sql", "ftps": "tar"}
    assert manifest["services"]["ftps"]["bytes"] == 10240 + len("data of /files")
    assert sorted(path.name for path in (job.root / name).iterdir()) == [
        "ftps.tar.gz",
        "manifest.json",
        "mysql.sql.gz",
    ]
    assert (job.root / name / "mysql.sql.gz").stat().st_mode & 0o077 == 0


def test_the_oldest_go_and_what_was_interrupted_too(job):
    for name in ("20250101T000000Z", "20250102T000000Z", "20250103T000000Z"):
        (job.root / name).mkdir()
        (job.root / name / "manifest.json").write_text('{"format": 1, "created": "2025"}')
    (job.root / "20250104T000000Z.unfinished").mkdir()
    assert job(2).returncode == 0
    left = sorted(path.name for path in job.root.iterdir())
    assert left[0] == "20250103T000000Z"
    assert len(left) == 2


BROKEN = [
    ({"tar": "echo short"}, "ftps", "what came of ftps is no whole tar"),
    ({"sql": "echo INSERT"}, "mysql", "what came of mysql is no whole sql"),
    ({"sql": f"{SQL}; exit 3"}, "mysql", "the container of mysql gave no backup"),
]


@pytest.mark.parametrize(("broken", "lacking", "told"), BROKEN)
def test_what_is_wrong_with_one_service_is_named_and_the_others_are_kept(job, broken, lacking, told):
    done = job(7, **broken)
    assert done.returncode != 0
    assert told in done.stderr
    (name,) = finished(job.root)
    manifest = read_manifest(job.root / name)
    check_files(job.root / name, manifest)
    assert list(manifest["services"]) == [{"ftps": "mysql", "mysql": "ftps"}[lacking]]
    assert told in manifest["missing"][lacking]
    assert len(list((job.root / name).iterdir())) == 2


def test_the_newest_that_lacks_nothing_stays(job):
    for number in range(1, 5):
        (job.root / f"2025010{number}T000000Z").mkdir()
        lacking = {} if number == 2 else {"mysql": "why"}
        text = json.dumps({"format": 1, "created": "2025", "missing": lacking})
        (job.root / f"2025010{number}T000000Z" / "manifest.json").write_text(text)
    assert job(2, sql="exit 1").returncode == 1
    left = sorted(path.name for path in job.root.iterdir())
    assert left[0] == "20250102T000000Z"
    assert len(left) == 2


def test_without_any_data_there_is_no_backup(job):
    done = job(7, sql="exit 1", tar="exit 1")
    assert done.returncode != 0
    assert "no service gave a backup" in done.stderr
    assert finished(job.root) == []
