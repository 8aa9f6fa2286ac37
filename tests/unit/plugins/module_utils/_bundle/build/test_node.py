# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node image is put together out of what programs made: here they only leave the files that they would."""

from __future__ import annotations

import json
import os
import pathlib
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build import node
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.node import MASKED, NodeImage

RECIPES = pathlib.Path(__file__).resolve().parents[6] / "roles" / "bundle" / "files" / "forge"
VERSIONS = {"minikube": "1.38.0", "node": "v0.0.50"}
# What Debian's packages leave: units with and without a place in a container, and things that no image may have.
LEFT = (
    "etc/apt/sources.list",
    "etc/systemd/system/multi-user.target.wants/cron.service",
    "etc/systemd/system/sysinit.target.wants/systemd-udevd.service",
    "etc/ssh/ssh_host_rsa_key",
    "lib/systemd/system/ssh.service",
    "sbin/init",
    "usr/bin/env",
    "usr/lib/cni/bridge",
    "usr/share/doc/bash/copyright",
    "var/cache/apt/archives/bash.deb",
    "var/log/dpkg.log",
    "version",
)


def debootstrap(words, options):
    root = pathlib.Path(words[-2])
    for name in (*LEFT, "usr/local/sbin/x", "usr/local/bin/x"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def pack(words, options):
    folder, archive = words[words.index("-C") + 1], words[words.index("-cf") + 1]
    with tarfile.open(archive, "w") as layer:
        layer.add(folder, ".")


@pytest.fixture
def image(run, tmp_path, monkeypatch):
    monkeypatch.setattr(node, "host_archive_uri", lambda: "http://mirror.example/debian")
    run.answers = {"debootstrap": debootstrap, "tar": pack}
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    for folder in (out, scratch):
        folder.mkdir()
    for name in ("runc-shim", "cri-dockerd"):
        (out / name).write_text(name)
    step = NodeImage(run, RECIPES, out, VERSIONS).step("node.tar", "fortytwo/kicbase:v1", {"runc-shim": "a"})
    step.make(tmp_path / "node.tar", scratch)
    return tmp_path, scratch / "root"


def test_what_is_the_hosts_or_another_machines_is_not_in_the_image(image):
    root = image[1]
    gone = ("etc/apt/sources.list", "etc/ssh/ssh_host_rsa_key", "usr/share/doc", "var/log/dpkg.log")
    gone += ("var/cache/apt/archives/bash.deb", "usr/sbin/policy-rc.d", "etc/apt/apt.conf.d/99-forge")
    assert [name for name in gone if os.path.lexists(root / name)] == []
    assert (root / "etc/resolv.conf").read_text() == ""


def test_units_without_a_place_in_a_container_are_off(image):
    root = image[1]
    assert not os.path.lexists(root / "etc/systemd/system/sysinit.target.wants/systemd-udevd.service")
    assert (root / "etc/systemd/system/multi-user.target.wants/cron.service").is_file()
    for name in MASKED:
        assert os.readlink(root / f"etc/systemd/system/{name}.service") == "/dev/null"


def test_our_units_have_the_names_that_systemd_asks_for(image):
    units = {file.name for file in (image[1] / "lib/systemd/system").iterdir()}
    assert {"cri-docker.service", "tmp-hostpath\\x2dprovisioner.mount"} <= units
    assert "tmp-hostpath-provisioner.mount" not in units


def test_programs_lie_where_minikube_calls_them(image):
    root = image[1]
    assert (root / "usr/local/sbin/runc").read_text() == "runc-shim"
    assert os.access(root / "usr/bin/cri-dockerd", os.X_OK)
    assert (root / "opt/cni/bin/bridge").is_file()
    assert os.readlink(root / "sbin/init") == "/lib/systemd/systemd"
    assert json.loads((root / "version.json").read_text())["minikube_version"] == "v1.38.0"
    assert (root / "etc/sudoers.d/docker").stat().st_mode & 0o777 == 0o440


def test_commands_run_in_the_root_end_with_it(image, run):
    inside = [words for words in run.commands if any(word.startswith("--root=") for word in words)]
    assert inside
    assert all("--kill-child" in words for words in inside + run.having("debootstrap"))


def test_the_archive_is_an_image_with_its_start(image):
    with tarfile.open(image[0] / "node.tar") as archive:
        (manifest,) = json.load(archive.extractfile("manifest.json"))
        config = json.load(archive.extractfile(manifest["Config"]))["config"]
    assert manifest["RepoTags"] == ["fortytwo/kicbase:v1"]
    assert config["Entrypoint"] == ["/usr/local/bin/entrypoint", "/sbin/init"]
