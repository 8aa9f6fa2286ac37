# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import load
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import SavedImage
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import Connection, DaemonError


@pytest.mark.parametrize(
    ("known", "same"),
    [
        ({"Id": "sha256:1"}, True),
        ({"Id": "sha256:2"}, False),
        ({"Id": "sha256:2", "RootFS": {"Layers": ["l"]}, "Created": "now"}, False),
        ({"Id": "sha256:2", "RootFS": {"Layers": ["l"]}, "Created": "now", "Descriptor": {"digest": "x"}}, True),
        ({"Id": "sha256:2", "RootFS": {"Layers": ["m"]}, "Created": "now", "Descriptor": {"digest": "x"}}, False),
        ({"Id": "sha256:2", "RootFS": {"Layers": ["l"]}, "Created": "then", "Descriptor": {"digest": "x"}}, False),
    ],
)
def test_is_same(known, same):
    saved = SavedImage("a.tar", "x:1", "sha256:1", "c", ())
    assert load.is_same(saved, known, lambda dummy: {"rootfs": {"diff_ids": ["l"]}, "created": "now"}) is same


class Daemon:
    """As much of the SDK's client as loading uses."""

    api_version = "1.45"

    def __init__(self, gives="sha256:1", says=()):
        self.known, self.gives, self.says = {}, gives, says
        self.loads = []

    def version(self):
        return {"Os": "linux", "Arch": "amd64"}

    def load_image(self, data, quiet):
        content = b"".join(data)
        self.loads.append(content)
        if isinstance(self.says, Exception):
            raise self.says
        yield from self.says
        self.known[content.decode()] = {"Id": self.gives}

    def tag(self, old, repository, tag):
        self.known[f"{repository}:{tag}"] = self.known[old]


@pytest.fixture
def made(monkeypatch, tmp_path):
    """A loader for archives whose content is the name of their image."""

    def make(daemon, *names, only=None):
        monkeypatch.setattr(load, "connect", lambda connection, version=None: daemon)
        monkeypatch.setattr(load, "inspect_image", lambda client, name: client.known.get(name))
        monkeypatch.setattr(load, "check_archive", lambda archive, images: None)
        monkeypatch.setattr(
            load,
            "read_archive",
            lambda path, platform: [SavedImage(path, pathlib.Path(path).read_text(), "sha256:1", "c", ())],
        )
        for name in names:
            (tmp_path / name.replace("/", "_")).write_text(name)
        paths = [str(tmp_path / name.replace("/", "_")) for name in names]
        return load.Loader(Connection("unix:///d.sock"), paths, 2, only)

    return make


def test_only_what_is_missing_is_loaded(made):
    daemon = Daemon()
    daemon.known["a:1"] = {"Id": "sha256:1"}
    loader = made(daemon, "a:1", "b:1")
    plan = loader.plan()
    assert [(entry.image.name, entry.before, entry.changed) for entry in plan] == [
        ("a:1", "sha256:1", False),
        ("b:1", None, True),
    ]
    loader.load(plan)
    assert daemon.loads == [b"b:1"]
    assert not any(entry.changed for entry in loader.plan())


def test_an_image_of_podmans_registry_gets_the_name_that_is_asked_for(made):
    daemon = Daemon()
    loader = made(daemon, "localhost/a:1", only=["docker.io/library/a:1"])
    loader.load(loader.plan())
    assert daemon.known["a:1"] == daemon.known["localhost/a:1"]


@pytest.mark.parametrize(
    ("daemon", "words"),
    [
        (Daemon(says=[{"error": "no space"}]), r"refused .*a:1: no space"),
        (Daemon(says=OSError(28, "No space left on device")), "failed: No space left on device.*unix:///d.sock"),
        (Daemon(gives="sha256:2"), "is sha256:2 afterwards instead of sha256:1"),
    ],
)
def test_what_goes_wrong_is_said_after_the_others_are_loaded(made, daemon, words):
    loader = made(daemon, "a:1", "b:1")
    with pytest.raises(DaemonError, match=words):
        loader.load(loader.plan())
    assert len(daemon.loads) == 2
