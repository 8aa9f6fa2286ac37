# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import nodes
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import SavedImage
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import Connection, DaemonError

ALPINE = SavedImage("alpine.tar", "alpine:3", "sha256:aa", "c", ())
SHOP = SavedImage("shop.tar", None, "sha256:bb", "c", ())


class Module:
    """Nodes that are tables: what ``docker exec NODE ...`` answers."""

    def __init__(self, runtime="containerd", programs=("ctr", "podman", "docker", "crictl"), takes=True):
        self.runtime, self.programs, self.takes = runtime, programs, takes
        self.images = {}
        self.loaded = []
        self.fault = None

    def get_bin_path(self, name):
        return "/usr/bin/docker"

    def run_command(self, words, **options):
        assert options["environ_update"]["DOCKER_HOST"] == "unix:///d.sock"
        if words[0] == "sh":
            self.loaded.append((words[3], words[7], words[8]))
            if self.fault:
                return self.fault
            if self.takes:
                self.images.setdefault(words[7], {})["docker.io/library/alpine:3"] = "aa"
            return 0, "", ""
        node, program, word = words[2:5]
        if node == "lost":
            return 1, "", "Error response from daemon: No such container: lost"
        if program not in self.programs:
            return 127, "", "not found"
        if (program, word) == ("crictl", "version"):
            return 0, f"Version:  0.1.0\nRuntimeName:  {self.runtime}\nRuntimeVersion:  1\n", ""
        if (program, word) == ("crictl", "images") and self.runtime == "docker":
            return 0, "REPOSITORY  TAG\n", ""
        if (program, word) == ("crictl", "images"):
            known = [{"id": digits, "repoTags": [tag]} for tag, digits in self.images.get(node, {}).items()]
            return 0, json.dumps({"images": known}), ""
        if (program, word) == ("docker", "images"):
            known = self.images.get(node, {})
            return 0, "".join(f"sha256:{digits[-2:]} {tag}\n" for tag, digits in known.items()), ""
        return 0, "", ""


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(nodes, "read_archive", lambda path, platform: [ALPINE] if path == "alpine.tar" else [SHOP])
    monkeypatch.setattr(nodes, "check_archive", lambda path, images: None)
    monkeypatch.setattr(nodes, "SETTLING", 0)

    def make(module, names=("one", "two"), archives=("alpine.tar",)):
        return nodes.NodeLoader(module, Connection("unix:///d.sock"), names, archives, 2)

    return make


@pytest.mark.parametrize("runtime", ["containerd", "cri-o", "docker"])
def test_each_node_gets_what_it_lacks_and_nothing_twice(made, runtime):
    module = Module(runtime)
    module.images["two"] = {"docker.io/library/alpine:3": "sha256:aa"}
    loader = made(module)
    plan = loader.plan()
    assert [(entry.node, entry.changed) for entry in plan] == [("one", True), ("two", False)]
    loader.load(plan)
    assert module.loaded == [("alpine.tar", "one", nodes.IMPORTERS[runtime][0])]
    assert not any(entry.changed for entry in loader.plan())


def test_docker_tells_its_images_with_and_without_names():
    found = nodes.docker_images("sha256:aa alpine:3\nsha256:bb <none>:<none>\nsha256:cc docker.io/x/y:1\n")
    assert found == {
        "alpine:3": "sha256:aa",
        "x/y:1": "sha256:cc",
        **{identity: identity for identity in ("sha256:aa", "sha256:bb", "sha256:cc")},
    }


def test_an_image_without_a_name_is_known_by_its_id(made):
    module = Module("cri-o")
    module.images["one"] = {"x:1": "bb"}
    assert [entry.changed for entry in made(module, ["one"], ["shop.tar"]).plan()] == [False]


def test_another_image_of_that_name_is_replaced_and_the_old_id_told(made):
    module = Module()
    module.images["one"] = {"docker.io/library/alpine:3": "cc"}
    (entry,) = made(module, ["one"]).plan()
    assert (entry.before, entry.changed) == ("sha256:cc", True)


@pytest.mark.parametrize(
    ("module", "names", "words"),
    [
        (Module("firecracker"), ["one"], "runs firecracker: images can be loaded into containerd, cri-o, docker"),
        (Module("cri-o", ("crictl",)), ["one"], "runs cri-o and has no working podman"),
        (Module(programs=()), ["one"], "has no crictl, so it is no node"),
        (Module(), ["one", "lost"], "No such container: lost"),
    ],
)
def test_what_is_no_node_is_refused_before_anything_is_loaded(made, module, names, words):
    with pytest.raises(DaemonError, match=words):
        made(module, names)
    assert module.loaded == []


def test_a_load_that_fails_says_why_and_the_others_go_on(made):
    module = Module()
    module.fault = (1, "", "ctr: no space left on device\n")
    loader = made(module)
    with pytest.raises(DaemonError, match="into the node one failed: ctr: no space left on device"):
        loader.load(loader.plan())
    assert len(module.loaded) == 2


def test_a_load_that_takes_too_long_says_so(made):
    module = Module()
    module.fault = (-15, "", "")
    loader = made(module, ["one"])
    with pytest.raises(DaemonError, match="longer than 60 seconds"):
        loader.load(loader.plan())


def test_an_image_that_is_not_there_afterwards_is_an_error(made):
    loader = made(Module(takes=False), ["one"])
    with pytest.raises(DaemonError, match=r"alpine:3 is not there afterwards instead of sha256:aa"):
        loader.load(loader.plan())


def test_without_the_docker_command_nothing_is_asked(made, monkeypatch):
    module = Module()
    monkeypatch.setattr(module, "get_bin_path", lambda name: None)
    with pytest.raises(DaemonError, match="needs the docker command"):
        made(module)
