# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module with a kubectl of the test's, which gives and takes data."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE, until

CLONE = pathlib.Path(__file__).resolve().parents[4]
# kubectl is told: --namespace=n exec [--stdin] deploy/NAME|statefulset/NAME -- backup|restore PATH
KUBECTL = """#!/bin/sh
for word; do
    case $word in
    deploy/* | statefulset/*) name=${word#*/} ;;
    backup | restore | fingerprint) verb=$word ;;
    written_by) verb=judge ;;
    esac
done
exec "$(dirname "$0")/$verb" "$name"
"""
MYSQL, FTPS = "printf 'INSERT;\\n-- Dump completed\\n'", "printf files; head -c 2048 /dev/zero"
SERVICES = [
    {"name": name, "form": form, "dump": ["backup", "/data"], "load": ["restore", "/data"]}
    for name, form in (("mysql", "sql"), ("ftps", "tar"))
]


class Run:
    """Runs the module in folders of the test's."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        collection = root / "ansible_collections" / "fortytwo" / "ft_services"
        collection.parent.mkdir(parents=True)
        collection.symlink_to(CLONE)
        (root / "bin").mkdir()
        self.program("kubectl", KUBECTL)
        self.program("restore", f'cat >"{root}/given-$1"')
        self.program("judge", "exit 0")
        self.gives()

    def program(self, name: str, text: str) -> None:
        (self.root / "bin" / name).write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        (self.root / "bin" / name).chmod(0o755)

    def gives(
        self, mysql="printf 'INSERT;\\n-- Dump completed\\n'", ftps="printf files; head -c 2048 /dev/zero"
    ) -> None:
        self.program("backup", f"case $1 in mysql) {mysql} ;; ftps) {ftps} ;; esac")

    def __call__(self, **options):
        arguments = {"path": str(self.root / "backups"), "namespace": "n", "services": SERVICES, **options}
        arguments["executable"] = str(self.root / "bin" / "kubectl")
        return self.module("service_backup", {key: value for key, value in arguments.items() if value is not None})

    def stream(self, **options):
        """Make a backup in a repository."""
        options = {"repository": str(self.root / "repository"), **options}
        return self(path=None, key_file=str(self.root / "key"), **options)

    def keep(self, **options):
        """Run backup_repository for it."""
        arguments = {"repository": str(self.root / "repository"), "key_file": str(self.root / "key"), **options}
        return self.module("backup_repository", arguments)

    def restic(self, *words):
        """What restic says of the repository."""
        command = ["restic", "--repo", str(self.root / "repository"), "--password-file", str(self.root / "key"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def module(self, name, arguments):
        command = [sys.executable, "-m", f"ansible_collections.fortytwo.ft_services.plugins.modules.{name}"]
        environment = {**os.environ, "PYTHONPATH": str(self.root), "XDG_CACHE_HOME": str(self.root / "cache")}
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


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def test_what_was_backed_up_is_put_back(run):
    made = run(name="one")
    assert made["manifest"]["missing"] == {}
    assert run(state="restored")["name"] == "one"
    assert (run.root / "given-mysql").read_text() == "INSERT;\n-- Dump completed\n"
    assert (run.root / "given-ftps").read_bytes() == b"files" + bytes(2048)


def test_data_of_any_workload_and_any_program_are_put_back(run):
    services = [{**SERVICES[0], "name": "shop", "workload": "statefulset/mysql", "form": "any"}]
    run.gives(mysql="printf '\\0data'")
    made = run(name="one", services=services)
    assert made["manifest"]["services"]["shop"]["file"] == "shop.any.gz"
    run(state="restored", services=services)
    assert (run.root / "given-mysql").read_bytes() == b"\0data"
    refused = run(services=[{**SERVICES[0], "name": "statefulset/mysql"}])
    assert "Give it as workload" in refused["msg"]


@pytest.mark.parametrize("broken", ["exit 3", "echo half", "echo 'tar: x: Cannot open' >&2; exit 2"])
def test_what_is_wrong_with_one_service_is_named_and_the_others_are_kept(run, broken):
    run.gives(ftps=broken)
    made = run(name="one")
    assert list(made["manifest"]["services"]) == ["mysql"]
    assert list(made["manifest"]["missing"]) == ["ftps"]
    assert sorted(path.name for path in (run.root / "backups/one").iterdir()) == ["manifest.json", "mysql.sql.gz"]
    assert run(state="restored")["name"] == "one"
    assert not (run.root / "given-ftps").exists()


def test_what_a_service_leaves_out_is_a_warning(run):
    run.gives(
        mysql="echo 'backup: wordpress.v cannot be read' >&2; echo 'chatter' >&2; printf 'I;\\n-- Dump completed\\n'"
    )
    made = run(name="one")
    assert made["manifest"]["services"]["mysql"]["notes"] == ["backup: wordpress.v cannot be read"]
    assert "mysql: backup: wordpress.v cannot be read" in json.dumps(made["warnings"])


def test_without_any_data_there_is_no_backup(run):
    run.gives(mysql="exit 1", ftps="exit 1")
    made = run(name="one")
    assert made["failed"]
    assert "No backup was made" in made["msg"]
    assert list((run.root / "backups").iterdir()) == []


def test_the_newest_that_lacks_nothing_stays(run):
    run(name="whole")
    run.gives(mysql="exit 1")
    for name in ("a", "b", "c"):
        run(name=name, keep=1)
    assert sorted(path.name for path in (run.root / "backups").iterdir()) == ["c", "whole"]


RESTIC = pytest.mark.skipif(not shutil.which("restic"), reason="needs restic")


def brought_back(run, **options):
    """Fetch a backup and put it back; what the services were given."""
    fetched = run.keep(state="fetched", path=str(run.root / "restoring"), **options)
    assert not fetched.get("failed"), fetched["msg"]
    restored = run(state="restored", path=str(run.root / "restoring"), name=fetched["name"])
    assert not restored.get("failed"), restored["msg"]
    given = {path.name: path.read_bytes() for path in run.root.glob("given-*")}
    shutil.rmtree(run.root / "restoring")
    return fetched["name"], given


@RESTIC
def test_a_backup_streams_into_a_repository_and_comes_back_with_the_hosts_files(run):
    (run.root / "ca.key").write_text("a key")
    made = run.stream(name="one", files=[str(run.root / "ca.key")])
    assert made["changed"]
    assert made["folder"] == str(run.root / "repository")
    assert made["manifest"]["missing"] == {}
    assert not (run.root / "backups").exists()
    run.keep(state="fetched", path=str(run.root / "looked"))
    assert (run.root / "looked/one/ca.key").read_text() == "a key"
    (run.root / "ca.key").unlink()
    name, given = brought_back(run)
    assert name == "one"
    assert given == {"given-mysql": b"INSERT;\n-- Dump completed\n", "given-ftps": b"files" + bytes(2048)}
    assert "holds a backup one already" in run.stream(name="one")["msg"]


@RESTIC
def test_no_plain_copy_is_on_the_disk_at_any_moment_of_a_stream(run):
    run.gives(
        ftps=f"printf 'find me'; head -c 2048 /dev/zero; grep -rl 'find me' {run.root} --exclude-dir=bin >&2; true"
    )
    made = run.stream(name="one")
    assert list(made["manifest"]["services"]) == ["mysql", "ftps"]
    assert "notes" not in made["manifest"]["services"]["ftps"]


@RESTIC
@pytest.mark.parametrize("broken", ["exit 3", "echo half", "head -c 3000000 /dev/zero; exit 2"])
def test_a_stream_that_fails_leaves_no_snapshot_and_the_others_are_kept(run, broken):
    run.gives(ftps=broken)
    made = run.stream(name="one")
    assert list(made["manifest"]["missing"]) == ["ftps"]
    assert "part=ftps" not in run.restic("snapshots", "--json")
    assert not run.keep(state="trimmed").get("failed")
    assert run.restic("list", "locks") == ""
    assert brought_back(run)[1].keys() == {"given-mysql"}


@RESTIC
def test_without_any_data_nothing_is_in_the_repository(run):
    run.gives(mysql="exit 1", ftps="exit 1")
    assert "No backup was made" in run.stream(name="one")["msg"]
    assert json.loads(run.restic("snapshots", "--json")) in (None, [])


@RESTIC
def test_a_run_that_is_killed_leaves_no_backup_and_the_next_one_goes_well(run):
    run.stream(name="one")
    run.gives(ftps="head -c 3000000 /dev/zero; sleep 60")
    arguments = {
        "repository": str(run.root / "repository"),
        "key_file": str(run.root / "key"),
        "name": "two",
        "namespace": "n",
        "services": SERVICES,
        "executable": str(run.root / "bin/kubectl"),
    }
    command = [sys.executable, "-m", "ansible_collections.fortytwo.ft_services.plugins.modules.service_backup"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(run.root)},
        start_new_session=True,
    ) as killed:
        killed.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        killed.stdin.close()
        until(lambda: "part=mysql" in run.restic("snapshots", "--json", "--no-lock", "--tag", "name=two"))
        time.sleep(1)
        # All of it at once, as by a power cut: restic cannot remove its lock.
        os.killpg(killed.pid, signal.SIGKILL)
    assert brought_back(run)[0] == "one"
    run.gives()
    assert not run.stream(name="two").get("failed")
    assert run.restic("list", "locks") == ""
    assert not run.keep(state="trimmed").get("failed")
    assert brought_back(run)[0] == "two"
    run.restic("check", "--read-data")


@RESTIC
def test_old_backups_go_with_their_parts_and_the_newest_that_lacks_nothing_stays(run):
    run.stream(name="whole")
    run.gives(mysql="exit 1")
    for name in ("a", "b"):
        time.sleep(1)
        run.stream(name=name)
    assert not run.keep(state="trimmed", _ansible_check_mode=True)["changed"]
    trimmed = run.keep(state="trimmed", keep_hourly=1, keep_daily=0, keep_weekly=0)
    assert trimmed["changed"]
    names = {tag for each in json.loads(run.restic("snapshots", "--json")) for tag in each["tags"] if "name=" in tag}
    assert names == {"name=whole", "name=b"}
    assert not run.keep(state="trimmed", keep_hourly=1, keep_daily=0, keep_weekly=0)["changed"]


@RESTIC
def test_a_backup_is_copied_to_another_repository_and_comes_back_from_there(run):
    run.stream(name="one")
    other = {"repository": str(run.root / "other"), "source": str(run.root / "repository")}
    assert run.keep(state="copied", _ansible_check_mode=True, **other)["changed"]
    assert not (run.root / "other").exists()
    assert run.keep(state="copied", **other)["changed"]
    assert not run.keep(state="copied", **other)["changed"]
    shutil.rmtree(run.root / "repository")
    name, given = brought_back(run, repository=other["repository"])
    assert name == "one"
    assert given.keys() == {"given-mysql", "given-ftps"}


# The files' programs, of which one tells what changes with them.
FILES = [{**SERVICES[1], "fingerprint": ["fingerprint", "/data"]}]
MIBS = "head -c 6000000 /dev/urandom; head -c 2048 /dev/zero"


@RESTIC
def test_data_with_the_same_fingerprint_are_not_read_again_and_outlive_the_backup_that_read_them(run):
    run.program("fingerprint", "echo first")
    run.gives(ftps=FTPS)
    entry = run.stream(name="one", services=FILES)["manifest"]["services"]["ftps"]
    assert entry["fingerprint"] == "first"
    run.gives(ftps="exit 1")
    again = run.stream(name="two", services=FILES)
    assert again["manifest"]["missing"] == {}
    assert again["manifest"]["services"]["ftps"] == entry
    assert run.stream(name="three", services=FILES)["manifest"]["services"]["ftps"] == entry
    run.restic("forget", "--tag", "name=one", "--tag", "name=two", "--keep-tag", "none", "--prune")
    run.restic("check", "--read-data")
    assert brought_back(run) == ("three", {"given-ftps": b"files" + bytes(2048)})


@RESTIC
@pytest.mark.parametrize("says", ["echo second", "true"])
def test_data_are_read_again_where_the_fingerprint_is_another_one_or_nobody_knows(run, says):
    run.program("fingerprint", "echo first")
    run.stream(name="one", services=FILES)
    run.gives(ftps="printf later; head -c 2048 /dev/zero")
    run.program("fingerprint", says)
    run.stream(name="two", services=FILES)
    assert brought_back(run) == ("two", {"given-ftps": b"later" + bytes(2048)})


@RESTIC
def test_what_a_service_leaves_out_is_named_again_by_the_next_backup(run):
    run.program("fingerprint", "echo first")
    run.gives(ftps=f"echo 'backup: a socket' >&2; {FTPS}")
    for name in ("one", "two"):
        entry = run.stream(name=name, services=FILES)["manifest"]["services"]["ftps"]
        assert entry["notes"] == ["backup: a socket"]
        assert "fingerprint" not in entry


@RESTIC
def test_what_the_repository_has_lost_is_read_again_though_the_fingerprint_is_the_same(run):
    run.program("fingerprint", "echo first")
    run.gives(ftps=MIBS)
    lost = run.stream(name="one", services=FILES)["manifest"]["services"]["ftps"]["content_sha256"]
    max((run.root / "repository/data").rglob("*"), key=lambda path: path.stat().st_size * path.is_file()).unlink()
    run.restic("rebuild-index")
    found = run.stream(name="two", services=FILES)["manifest"]["services"]["ftps"]["content_sha256"]
    assert found != lost
    parts = json.loads(run.restic("snapshots", "--json", "--tag", "name=two,part=ftps"))
    assert len(parts) == 1
    given = brought_back(run)[1]["given-ftps"]
    assert hashlib.sha256(given).hexdigest() == found


@RESTIC
def test_check_mode_makes_no_repository_and_no_key(run):
    assert run.stream(name="one", _ansible_check_mode=True)["changed"]
    assert not (run.root / "repository").exists()
    assert not (run.root / "key").exists()


@RESTIC
def test_a_lost_key_is_told_before_anything_is_changed(run):
    run.stream(name="one")
    (run.root / "key").unlink()
    assert "nobody can read the repository" in run.stream(name="two")["msg"]
    assert not (run.root / "key").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="needs the right to mount")
@pytest.mark.parametrize("options", ["size=3m", "size=20m,nr_inodes=14"], ids=["bytes", "files"])
def test_a_full_host_leaves_no_part_of_a_backup_and_keeps_the_older_ones(run, options):
    root = run.root / "backups"
    root.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0700,{options}", "none", str(root)], check=True)
    try:
        run(name="older")
        run.gives(mysql="head -c 700000 /dev/urandom | base64; printf '\\n-- Dump completed\\n'", ftps="exit 1")
        for number in range(20):
            made = run(name=f"n{number}", keep=50, files=[__file__])
            if "failed" in made:
                break
        names = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
        assert made["failed"]
        assert "No backup was made" in made["msg"]
        assert names == sorted(["older", *(f"n{done}" for done in range(number))])
        # To put one back takes room for its data.
        shutil.rmtree(root / "n0")
        assert run(name="older", state="restored")["name"] == "older"
        run.gives()
        assert "failed" not in run(name="again", keep=50)
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True)


NEWER = "printf -- '-- Written by MariaDB 99.1.0\\nINSERT;\\n-- Dump completed\\n'"


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_backup_of_a_newer_program_is_refused_before_any_service_changes(run, check_mode):
    run.gives(mysql=NEWER)
    run(name="one")
    run.program("judge", "echo 'written_by: these data were written by MariaDB 99.1.0' >&2; exit 1")
    # Files come before the database here: they are not touched either.
    done = run(state="restored", services=SERVICES[::-1], _ansible_check_mode=check_mode)
    assert "was not put back, and nothing was changed: mysql" in done["msg"]
    assert "MariaDB 99.1.0" in done["msg"]
    assert not list(run.root.glob("given-*"))


def test_who_cannot_be_asked_is_a_warning_as_long_as_nothing_is_put_back(run):
    run.gives(mysql=NEWER)
    run(name="one")
    run.program("judge", "echo 'no such pod' >&2; exit 1")
    assert "no such pod" in json.dumps(run(state="restored", _ansible_check_mode=True)["warnings"])
    assert "nothing was changed" in run(state="restored")["msg"]
    assert not list(run.root.glob("given-*"))


def killed_at(run, moment, **options):
    """Run the module until a program of a service is at a moment, and end all of it there, as a power cut does."""
    arguments = {"path": str(run.root / "backups"), "namespace": "n", "services": SERVICES, **options}
    arguments = {key: value for key, value in arguments.items() if value is not None}
    arguments["executable"] = str(run.root / "bin" / "kubectl")
    command = [sys.executable, "-m", "ansible_collections.fortytwo.ft_services.plugins.modules.service_backup"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(run.root), "XDG_CACHE_HOME": str(run.root / "cache")},
        start_new_session=True,
    ) as killed:
        killed.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        killed.stdin.close()
        until(lambda: (run.root / moment).exists() or killed.poll() is not None, pause=0.02)
        assert killed.poll() is None, "it ended before that moment"
        os.killpg(killed.pid, signal.SIGKILL)


def stops_at(run, moment):
    """The shell words that wait at a moment to be killed."""
    return f"touch {run.root}/{moment}; sleep 100;"


BEFORE_HALF_AFTER = {
    "before": lambda stop, whole: f"{stop} {whole}",
    "half": lambda stop, whole: f"printf INSERT; {stop} {whole}",
    "after": lambda stop, whole: f"{whole}; {stop}",
}


@pytest.mark.parametrize(
    ("kind", "service", "where"),
    [
        *(("folder", service, where) for service in ("mysql", "ftps") for where in BEFORE_HALF_AFTER),
        pytest.param("repository", "mysql", "half", marks=RESTIC),
        pytest.param("repository", "ftps", "before", marks=RESTIC),
    ],
)
def test_a_backup_that_is_killed_at_any_moment_is_none_and_the_next_one_goes_well(run, kind, service, where):
    whole = {"mysql": MYSQL, "ftps": FTPS}
    make = run if kind == "folder" else run.stream
    assert not make(name="old").get("failed")
    run.gives(**{service: BEFORE_HALF_AFTER[where](stops_at(run, "there"), whole[service])})
    target = {"repository": str(run.root / "repository"), "key_file": str(run.root / "key"), "path": None}
    killed_at(run, "there", name="new", **(target if kind == "repository" else {}))
    run.gives()
    if kind == "folder":
        assert run(state="restored")["name"] == "old"
    else:
        assert brought_back(run)[0] == "old"
    assert not make(name="next").get("failed")
    if kind == "folder":
        assert sorted(path.name for path in (run.root / "backups").iterdir() if path.name[0] != ".") == ["next", "old"]
    else:
        assert brought_back(run)[0] == "next"


@pytest.mark.parametrize("where", ["before", "half", "after"])
@pytest.mark.parametrize("service", ["mysql", "ftps"])
def test_a_restore_that_is_killed_at_any_moment_leaves_its_backup_and_the_next_one_ends_it(run, service, where):
    run(name="one")
    stop = stops_at(run, "there")
    take = f'cat >"{run.root}/given-$1"'
    slow = {"before": f"{stop} {take}", "half": f"head -c 3 >/dev/null; {stop} true", "after": f"{take}; {stop} true"}[
        where
    ]
    run.program("restore", f"if [ $1 = {service} ]; then {slow}; else {take}; fi")
    killed_at(run, "there", state="restored")
    # The services are asked one after the other: the second one has its old data when the first one is not ready.
    assert (run.root / "given-ftps").exists() == (service == "ftps" and where == "after")
    run.program("restore", take)
    assert run(state="restored")["name"] == "one"
    assert (run.root / "given-mysql").read_text() == "INSERT;\n-- Dump completed\n"
    assert (run.root / "given-ftps").read_bytes() == b"files" + bytes(2048)
    # Nothing of the killed one is left beside the data.
    assert sorted(path.name for path in (run.root / "backups/one").iterdir()) == [
        "ftps.tar.gz",
        "manifest.json",
        "mysql.sql.gz",
    ]
