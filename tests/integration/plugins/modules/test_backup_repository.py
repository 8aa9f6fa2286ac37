# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module with a real restic and repositories in folders, and behind an S3 server where moto is installed."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import check_files, read_manifest
from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE, until_listening

CLONE = pathlib.Path(__file__).resolve().parents[4]
MOTO = os.environ.get("MOTO_SERVER") or shutil.which("moto_server")
PORT = 31978

pytestmark = pytest.mark.skipif(not shutil.which("restic"), reason="needs restic")


def digest(content):
    return hashlib.sha256(content).hexdigest()


def backup(root, name, hour, data=b"files", **more):
    """A finished backup as service_backup leaves it."""
    folder = root / name
    folder.mkdir(parents=True)
    streams = {"mysql": ("sql", b"INSERT;\n-- Dump completed\n"), "ftps": ("tar", data + bytes(1024))}
    services = {}
    for service, (form, content) in streams.items():
        file = folder / f"{service}.{form}.gz"
        file.write_bytes(gzip.compress(content, mtime=0))
        sizes = {"bytes": len(content), "content_sha256": digest(content), "file_bytes": file.stat().st_size}
        services[service] = {"file": file.name, "form": form, **sizes, "sha256": digest(file.read_bytes())}
    (folder / "ca.key").write_bytes(b"secret")
    files = {"ca.key": {"file": "ca.key", "file_bytes": 6, "sha256": digest(b"secret")}}
    created = time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(1790000000 + 3600 * hour))
    manifest = {"format": 1, "created": created, "namespace": "n", "services": services, "files": files, **more}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return streams


@pytest.fixture
def run(tmp_path):
    """Runs the module in folders of the test's."""
    collection = tmp_path / "ansible_collections" / "fortytwo" / "ft_services"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(CLONE)

    def run(check=False, **options):
        arguments = {
            "path": str(tmp_path / "backups"),
            "repository": str(tmp_path / "repository"),
            "key_file": str(tmp_path / "key"),
            "_ansible_check_mode": check,
            **options,
        }
        command = [sys.executable, "-m", "ansible_collections.fortytwo.ft_services.plugins.modules.backup_repository"]
        environment = {
            **os.environ,
            "PYTHONPATH": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        done = subprocess.run(
            command,
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=PATIENCE,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return json.loads(done.stdout)

    run.root = tmp_path
    return run


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_backup_comes_back_on_an_empty_host_with_nothing_but_repository_and_key(run):
    streams = backup(run.root / "backups", "one", 0)
    assert run(check=True)["changed"]
    assert not (run.root / "repository").exists()
    assert not (run.root / "key").exists()
    assert run()["changed"]
    assert not run()["changed"]
    assert (run.root / "key").stat().st_mode & 0o077 == 0
    shutil.rmtree(run.root / "backups")
    assert run(state="fetched", check=True)["changed"]
    fetched = run(state="fetched")
    assert fetched["changed"]
    assert fetched["name"] == "one"
    folder = run.root / "backups/one"
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    for service, (_form, content) in streams.items():
        assert gzip.decompress((folder / manifest["services"][service]["file"]).read_bytes()) == content
    assert (folder / "ca.key").read_bytes() == b"secret"
    assert [path.name for path in (run.root / "backups").iterdir()] == ["one"]
    assert not run(state="fetched")["changed"]


def test_nothing_in_the_repository_can_be_read_and_the_same_data_are_in_it_once(run):
    data = random.Random(42).randbytes(20_000_000) + b"find me"
    backup(run.root / "backups", "one", 0, data)
    run()
    first = size(run.root / "repository")
    assert not any(b"find me" in path.read_bytes() for path in (run.root / "repository").rglob("*") if path.is_file())
    backup(run.root / "backups", "two", 1, data + b"more")
    second = run()
    assert second["name"] == "two"
    assert size(run.root / "repository") - first < 0.2 * first


def test_old_ones_go_and_a_partial_one_takes_nobodys_place(run):
    for hour in range(4):
        backup(run.root / "backups", f"b{hour}", hour, missing={"mysql": "why"} if hour == 3 else {})
        made = run(keep_hourly=2, keep_daily=0, keep_weekly=0)
    assert made["forgotten"] == []
    shutil.rmtree(run.root / "backups")
    assert "b1, b2, b3" in run(state="fetched", name="b0")["msg"]
    assert run(state="fetched", name="b1")["changed"]
    assert run(state="fetched")["name"] == "b3"


def test_a_killed_run_leaves_no_backup_and_the_next_one_goes_well(run):
    backup(run.root / "backups", "one", 0)
    run()
    backup(run.root / "backups", "two", 1, random.Random(1).randbytes(30_000_000))
    words = ["restic", "--repo", str(run.root / "repository"), "--password-file", str(run.root / "key"), "--no-cache"]
    killed = subprocess.Popen([*words, "backup", "--host", "ft-services", str(run.root / "backups")])
    time.sleep(1.5)
    killed.kill()
    killed.wait()
    assert run()["changed"]
    assert subprocess.run([*words, "check", "--read-data"], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda root: (root / "key").write_text("another"), "wrong password or no key found"),
        (lambda root: (root / "key").unlink(), "without its key nobody can read"),
        (lambda root: shutil.rmtree(root / "repository"), "There is no repository at"),
        (lambda root: shutil.rmtree(root / "repository/data"), "ended with 1"),
    ],
    ids=["key", "no key", "no repository", "no data"],
)
def test_what_is_wrong_is_told_and_nothing_is_fetched(run, damage, told):
    backup(run.root / "backups", "one", 0)
    run()
    shutil.rmtree(run.root / "backups")
    damage(run.root)
    done = run(state="fetched")
    assert done["failed"]
    assert told in done["msg"]
    assert not list((run.root / "backups").glob("*")) if (run.root / "backups").exists() else True


@pytest.mark.skipif(not MOTO, reason="needs moto's server")
def test_a_repository_behind_s3(run):
    with subprocess.Popen([MOTO, "-H", "127.0.0.1", "-p", str(PORT)], stderr=subprocess.DEVNULL) as server:
        try:
            until_listening(PORT)
            place = f"s3:http://127.0.0.1:{PORT}/backups"
            backup(run.root / "backups", "one", 0)
            assert run(repository=place)["changed"]
            shutil.rmtree(run.root / "backups")
            assert run(repository=place, state="fetched")["name"] == "one"
            folder = run.root / "backups/one"
            check_files(folder, read_manifest(folder))
        finally:
            server.terminate()
