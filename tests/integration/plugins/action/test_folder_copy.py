# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action with its module: on this machine, and by ssh where a server can be started."""

from __future__ import annotations

import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import zipfile

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import until_listening

CLONE = pathlib.Path(__file__).resolve().parents[4]
SSHD = os.environ.get("SSHD") or shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - fortytwo.ft_services.folder_copy:
        sources: "{{ sources }}"
        additions: "{{ additions | default([]) }}"
        dest: "{{ dest }}"
      register: copied
    - ansible.builtin.copy:
        content: "{{ copied | to_json }}"
        dest: "{{ result }}"
        mode: "0600"
      delegate_to: localhost
      check_mode: false
      vars: {ansible_connection: local}
"""


class Host:
    """Where the playbook runs, and what it is told of the connection."""

    def __init__(self, folder, variables):
        self.folder = folder
        self.variables = {"ansible_python_interpreter": sys.executable, **variables}
        link = folder / "ansible_collections/fortytwo/ft_services"
        link.parent.mkdir(parents=True)
        link.symlink_to(CLONE)
        (folder / "play.yml").write_text(PLAY)
        (folder / "ansible.cfg").touch()

    def run(self, sources, dest, *options):
        """The result of the task, or what was said when it failed."""
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        values = {**self.variables, "sources": list(map(str, sources)), "dest": str(dest), "result": str(result)}
        command = [pathlib.Path(sys.executable).with_name("ansible-playbook"), "-i", "target,", "play.yml"]
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.folder / "home"),
        }
        done = subprocess.run(
            [*command, "-e", json.dumps(values), *options],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if not result.exists():
            return {"failed": True, "msg": done.stdout + done.stderr}
        return json.loads(result.read_text())


@pytest.fixture(params=["local", "ssh"])
def host(request, tmp_path):
    if request.param == "local":
        yield Host(tmp_path / "play", {"ansible_connection": "local"})
        return
    if not SSHD or "sshd" not in [entry.pw_name for entry in pwd.getpwall()]:
        pytest.skip("sshd, with the user of its name, is not installed")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / name], check=True)
    os.makedirs("/run/sshd", exist_ok=True)
    options = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": keys / "host",
        "AuthorizedKeysFile": keys / "user.pub",
        "StrictModes": "no",
        "PidFile": "none",
        "UsePAM": "no",
    }
    command = [SSHD, "-D", "-e", "-f", "/dev/null", *(f"-o{name}={value}" for name, value in options.items())]
    with (tmp_path / "sshd.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    until_listening(port)
    known = "-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o ControlMaster=no"
    yield Host(
        tmp_path / "play",
        {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": port,
            "ansible_ssh_private_key_file": str(keys / "user"),
            "ansible_ssh_common_args": known,
        },
    )
    server.terminate()
    server.wait()


def tree(folder):
    return {str(path.relative_to(folder)): path.is_dir() or path.read_bytes() for path in folder.rglob("*")}


def test_travels_once_and_again_when_it_changed(host, tmp_path):
    source, dest = tmp_path / "source", tmp_path / "target" / "copy"
    (source / "web").mkdir(parents=True)
    for number in range(150):
        (source / "web" / f"file {number}").write_text(str(number))
    (source / ".dockerignore").write_text("x")
    sources = [source / "web", source / ".dockerignore"]

    predicted = host.run(sources, dest, "--check")
    assert predicted["changed"], predicted
    assert not dest.exists()

    first = host.run(sources, dest)
    assert (first["changed"], first["files"]) == (True, 151), first
    assert tree(dest) == tree(source)
    assert not host.run(sources, dest)["changed"]

    # What somebody changed there, and what is gone here.
    (dest / "web/file 7").write_text("another")
    (source / "web/file 8").unlink()
    third = host.run(sources, dest, "--diff")
    assert third["changed"]
    assert "web/file 8\n" in third["diff"]["before"]
    assert "web/file 8\n" not in third["diff"]["after"]
    assert tree(dest) == tree(source)


def test_refuses_what_it_cannot_copy_before_it_changes_anything(host, tmp_path):
    failed = host.run([tmp_path / "none"], tmp_path / "copy")
    assert "Nothing was copied" in failed["msg"]
    assert "does not exist" in failed["msg"]
    assert not (tmp_path / "copy").exists()


def test_folders_and_zip_files_go_to_places_of_their_own(host, tmp_path):
    source, dest = tmp_path / "source/web", tmp_path / "target/copy"
    source.mkdir(parents=True)
    (source / "page").write_text("page")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as made:
        made.writestr("more/deep/a", "first")
    host.variables["additions"] = [{"source": str(tmp_path / "more.zip"), "path": "web/extra/more"}]
    assert host.run([source], dest)["changed"]
    assert tree(dest)["web/extra/more/deep/a"] == b"first"
    # The same content in another file.
    with zipfile.ZipFile(tmp_path / "more.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("more/deep/", "")
        made.writestr("more/deep/a", "first")
    assert not host.run([source], dest)["changed"]
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as made:
        made.writestr("more/../../a", "out")
    refused = host.run([source], dest)
    assert refused["failed"]
    assert "leads out of it" in refused["msg"]
    assert tree(dest)["web/extra/more/deep/a"] == b"first"
