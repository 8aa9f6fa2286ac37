# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module with a kubectl of the test's, which gives and takes data."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

CLONE = pathlib.Path(__file__).resolve().parents[4]
# kubectl is told: --namespace=n exec [--stdin] deploy/NAME -- backup|restore PATH
KUBECTL = """#!/bin/sh
for word; do
    case $word in
    deploy/*) name=${word#deploy/} ;;
    backup | restore) verb=$word ;;
    esac
done
exec "$(dirname "$0")/$verb" "$name"
"""
SQL = "printf 'INSERT;\\n-- Dump completed\\n'"
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
        command = [sys.executable, "-m", "ansible_collections.fortytwo.ft_services.plugins.modules.service_backup"]
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        done = subprocess.run(
            command,
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=120,
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
