# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a bundle that is built: complete, in order, and new exactly where something they are made of is new."""

from __future__ import annotations

import json
import os
import pathlib
import tarfile

import pytest
import yaml

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.plan import Forger
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.contents import paths

ROLE = pathlib.Path(__file__).resolve().parents[6] / "roles" / "bundle"
VARIABLES = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
VERSIONS = VARIABLES["bundle_versions"]


def refuse(command, **options):
    raise AssertionError(f"planning starts no program: {command}")


def plan(folder, go="/usr/bin/go", packages=None, run=refuse, **versions):
    request = {
        "versions": VERSIONS | versions,
        "packages": packages or {"nginx": ["nginx-light"], "telegraf": []},
        "path": str(folder / "bundle"),
    }
    return Forger(run, ROLE / "files" / "forge", folder, go, request).steps()


def recipes(steps):
    return {step.path: step.recipe for step in steps}


def changed(before, after):
    return {path for path in before | after if before.get(path) != after.get(path)}


def test_every_step_comes_after_its_needs(tmp_path):
    for go in ("/usr/bin/go", None):
        done = set()
        for step in plan(tmp_path, go):
            assert set(step.needs) <= done, step.path
            assert step.path not in done
            done.add(step.path)


def test_the_steps_make_what_a_bundle_holds(tmp_path):
    made = {step.path for step in plan(tmp_path) if not step.intermediate}
    assert set(paths(VERSIONS)) <= made


def test_a_host_without_go_gets_one_first(tmp_path):
    assert plan(tmp_path, None)[0].path == "toolchain"
    assert "toolchain" not in recipes(plan(tmp_path))


def test_the_same_request_gives_the_same_recipes(tmp_path):
    assert recipes(plan(tmp_path)) == recipes(plan(tmp_path))


@pytest.mark.parametrize(
    ("version", "some", "untouched"),
    [
        ("pause", {"images/host/pause.tar"}, {"images/host/etcd.tar", "images/host/node.tar", "apk"}),
        ("alpine", {"images/node/alpine.tar"}, {"images/host/pause.tar", "images/host/node.tar"}),
        ("node_image", {"images/host/node.tar"}, {"apk", "images/node/alpine.tar"}),
    ],
)
def test_another_version_makes_anew_only_what_has_it(tmp_path, version, some, untouched):
    new = changed(recipes(plan(tmp_path)), recipes(plan(tmp_path, **{version: "9.9.9"})))
    assert some <= new
    assert not untouched & new


def test_another_package_makes_the_repository_anew_and_no_program(tmp_path):
    new = changed(recipes(plan(tmp_path)), recipes(plan(tmp_path, packages={"nginx": ["nginx"]})))
    assert new == {"apk"}


def test_an_image_of_one_program_is_that_program(tmp_path):
    (step,) = (step for step in plan(tmp_path) if step.path == "images/host/pause.tar")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "pause").write_bytes(b"program")
    target, scratch = tmp_path / "pause.tar", tmp_path / "scratch"
    scratch.mkdir()
    step.make(target, scratch)
    with tarfile.open(target) as archive:
        (manifest,) = json.load(archive.extractfile("manifest.json"))
        config = json.load(archive.extractfile(manifest["Config"]))["config"]
    assert manifest["RepoTags"] == [f"registry.k8s.io/pause:{VERSIONS['pause']}"]
    assert config["Entrypoint"] == ["/pause"]


def test_a_copy_is_the_program(tmp_path):
    (step,) = (step for step in plan(tmp_path) if step.path == "bin/kubectl")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kubectl").write_bytes(b"program")
    step.make(tmp_path / "target", tmp_path)
    assert (tmp_path / "target").read_bytes() == b"program"


def test_kube_proxy_brings_the_rules_programs_of_the_nodes_release(run, tmp_path):
    def unpack(words, options):
        root = pathlib.Path(words[-1])
        for name in ("sbin/ldconfig", "lib/x86_64-linux-gnu/libc.so.6", "usr/sbin/iptables", "usr/share/doc/x"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()

    def download(words, options):
        (pathlib.Path(options["cwd"]) / "iptables_1.8_amd64.deb").touch()

    def index(words, options):
        return "Package: iptables\nVersion: 1.8\n"

    def pack(words, options):
        with tarfile.open(words[words.index("-cf") + 1], "w") as layer:
            layer.add(words[words.index("-C") + 1], ".")

    run.answers = {"indextargets": lambda words, options: "/lists/x", "cat-file": index, "download": download}
    run.answers |= {"dpkg-deb": unpack, "tar": pack}
    (step,) = (step for step in plan(tmp_path, run=run) if step.path == "images/host/kube-proxy.tar")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kube-proxy").write_bytes(b"program")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    step.make(tmp_path / "target.tar", scratch)
    root = scratch / "root"
    assert os.readlink(root / "sbin") == "usr/sbin"
    assert (root / "usr/sbin/ldconfig").is_file()
    assert os.readlink(root / "usr/sbin/iptables-restore") == "xtables-nft-multi"
    assert (root / "lib/x86_64-linux-gnu/libc.so.6").is_file()
    assert (root / "usr/local/bin/kube-proxy").read_bytes() == b"program"
    assert not (root / "usr/share").exists()
    with tarfile.open(tmp_path / "target.tar") as archive:
        (manifest,) = json.load(archive.extractfile("manifest.json"))
    assert manifest["RepoTags"] == [f"registry.k8s.io/kube-proxy:v{VERSIONS['kubernetes']}"]
