# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that makes credentials, or makes them anew, is killed before each line that writes something."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("cryptography")
pytest.importorskip("kubernetes")

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _files
from ansible_collections.fortytwo.ft_services.plugins.module_utils._credentials import store
from ansible_collections.fortytwo.ft_services.plugins.modules import credentials as module_under_test

PASSWORD = {"name": "root", "kind": "password", "length": 32, "alphabet": "0123456789abcdef", "file": None}
SECRETS = [
    {"name": name, "namespace": "ft", "data": {"root": {"credential": "root"}, "key": key}}
    for name, key in (
        ("mysql", {"credential": "user", "part": "private"}),
        ("nginx", {"credential": "user", "part": "public"}),
    )
]


class Cluster:
    """Keeps Secrets in files, which outlive who wrote them, one after the other."""

    def __init__(self, root):
        self.root = root

    def parallel(self, work, items):
        return [work(item) for item in items]

    def get(self, path):
        file = self.root / path.replace("/", "_")
        return json.loads(file.read_text()) if file.exists() else None

    def apply(self, resource, body, manager, force=False, dry_run=False):
        path = resource.path(body["metadata"]["namespace"], body["metadata"]["name"])
        aside = self.root / ".aside"
        aside.write_text(json.dumps(body))
        aside.rename(self.root / path.replace("/", "_"))
        return SimpleNamespace(data=body)


WRITERS = {
    function.__code__
    for function in (
        _files.private_folder,
        _files.fix_mode,
        _files.write_private,
        store.Store.ensure,
        store.Store.ensure_file,
        store.Store.ensure_known_hosts,
        Cluster.apply,
    )
}


class Place:
    """A host's files and the cluster."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state, self.key = root / "host/state.json", root / "host/ssh/key"
        (root / "cluster").mkdir(parents=True, exist_ok=True)

    def run(self, rotate=()):
        key = {**PASSWORD, "name": "user", "kind": "ssh_key", "file": str(self.key)}
        key["known_hosts"] = {"file": str(self.root / "host/ssh/known_hosts"), "hosts": ["192.0.2.1"]}
        params = {"state_file": str(self.state), "credentials": [PASSWORD, key], "secrets": SECRETS}
        params |= {"rotate": list(rotate), "namespaces": [], "kubeconfig": None, "context": None, "request_timeout": 30}
        return module_under_test.run(SimpleNamespace(params=params, check_mode=False, _diff=False))

    def killed_at(self, moment: int, rotate=()) -> bool:
        """Run in a process of its own that is killed before its so many-th line that may write; was it?"""
        child = os.fork()
        if not child:
            left = moment

            def line(frame, event, argument):
                nonlocal left
                if event == "line":
                    left -= 1
                    if left < 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                return line

            try:
                sys.settrace(lambda frame, event, argument: line if frame.f_code in WRITERS else None)
                self.run(rotate)
            finally:
                os._exit(0)
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])

    def held(self) -> dict:
        """The credentials in the state file, which is whole or not there."""
        return json.loads(self.state.read_text())["credentials"] if self.state.exists() else {}

    def check(self) -> None:
        """All copies of the credentials are those in the state file, and nothing else is left of any run."""
        held = self.held()
        assert self.key.read_text() == held["user"]["private"]
        assert self.key.with_suffix(".pub").read_text() == held["user"]["public"]
        assert held["user"]["public"].split()[1] in self.key.with_name("known_hosts").read_text()
        for secret in SECRETS:
            found = json.loads((self.root / f"cluster/_api_v1_namespaces_ft_secrets_{secret['name']}").read_text())
            values = {name: base64.b64decode(value).decode() for name, value in found["data"].items()}
            part = secret["data"]["key"]["part"]
            assert values == {"root": held["root"]["value"], "key": held["user"][part]}
        host = self.root / "host"
        files = {str(path.relative_to(host)) for path in host.rglob("*") if path.is_file()}
        assert files == {"state.json", "ssh/key", "ssh/key.pub", "ssh/known_hosts"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Makes places, each as the first run leaves it, or with nothing in it."""
    monkeypatch.setattr(module_under_test, "Connection", SimpleNamespace(from_options=lambda params: None))
    # What a killed run left is removed when it is old enough; here it is at once.
    monkeypatch.setattr(_files, "ABANDONED", 0)
    old = Place(tmp_path / "old")

    def place(name, empty=False):
        root = tmp_path / name
        if not empty:
            shutil.copytree(old.root, root)
        found = Place(root)
        monkeypatch.setattr(module_under_test, "KubeClient", lambda connection: Cluster(root / "cluster"))
        return found

    monkeypatch.setattr(module_under_test, "KubeClient", lambda connection: Cluster(old.root / "cluster"))
    old.run()
    return place


@pytest.mark.parametrize("empty", [True, False], ids=["first", "rotation"])
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_and_the_next_run_ends_it(place, empty):
    # What comes after the kill: up, which makes nothing anew, or another rotation.
    for moment in range(1000):
        rotate = () if empty else ("root", "user")
        found = place(f"{moment}", empty)
        before = found.held()
        killed = found.killed_at(moment, rotate)
        left = found.held()
        # All of them are made anew, or none.
        assert len({left.get(name) == before.get(name) for name in ("root", "user")}) == 1
        again = ("root", "user") if moment % 2 else ()
        found.run(again)
        found.check()
        assert again or not left or found.held() == left
        shutil.rmtree(found.root)
        if not killed:
            break
    assert moment >= 20
