# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import AMD64, ARCHITECTURES, ARM64
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.alpine import layer_of_root
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.plan import Fetcher, Ledger, files
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import Bundle, BundleError

OLD, NEW, PIN = "a" * 64, "b" * 64, "c" * 64
NAME = "kubernetes/v1.2.3/kubelet"
VERSIONS = {
    "kubernetes": "1.2.3",
    "minikube": "4.5.6",
    "metallb": "7.8.9",
    "kube_network_policies": "0.7.0",
    "alpine": "3.1",
    "alpine_release": "3.1.4",
    "etcd_tag": "3.5-0",
    "pause": "3.9",
    "coredns": "1.1",
    "storage_provisioner": "v5",
    "node": "v0.1",
    "node_image": "fortytwo/kicbase:v0.1",
    "kube_web_view": "21.2.0",
    "python_of_alpine": "3.12",
    "wordpress": "7.1.2",
    "influxdb": "1.13.2",
}
WORDPRESS = "wordpress/v7.1.2/wordpress-7.1.2.tar.gz"
SITES = ("minikube", "kubernetes", "metallb", "alpine", "wordpress", "influxdata")
MIRRORS = {name: f"https://{name}.example" for name in SITES}


@pytest.fixture
def bundle(tmp_path):
    return Bundle(tmp_path / "bundle")


def fetcher(bundle, **changes):
    request = {"versions": VERSIONS, "packages": {"nginx": []}, "checksums": {}, "accept_changed": False, "timeout": 30}
    mirrors = {**MIRRORS, "registries": changes.pop("registries", None), **changes.pop("mirrors", {})}

    def run(*words):
        return ""

    work = bundle.root / "work"
    kinds = changes.pop("architecture", AMD64), changes.pop("host", AMD64)
    return Fetcher(run, bundle.root, bundle, work, {**request, "mirrors": mirrors, **changes}, print, *kinds)


def ledger(bundle, accept=False, pin=None):
    return Ledger(bundle, {NAME: pin} if pin else {}, {NAME}, accept)


def test_the_first_published_checksum_is_kept_and_a_change_refused(bundle):
    assert ledger(bundle).agree(NAME, OLD, "url") == OLD
    ledger(bundle).record(NAME, OLD, "url")
    later = Bundle(bundle.root)
    assert ledger(later).agree(NAME, OLD, "url") == OLD
    with pytest.raises(BundleError, match=f"{OLD}, now {NEW}"):
        ledger(later).agree(NAME, NEW, "url")
    assert ledger(later, accept=True).agree(NAME, NEW, "url") == NEW


def test_a_checksum_that_is_no_longer_published_is_the_recorded_one(bundle):
    with pytest.raises(BundleError, match=r"no published checksum.*bundle_checksums"):
        ledger(bundle).agree(NAME, None, "url")
    ledger(bundle).record(NAME, OLD, "url")
    assert ledger(bundle).agree(NAME, None, "url") == OLD


def test_a_published_sha1_decides_once_and_the_recorded_sha256_from_then_on(bundle):
    weak, other = "d" * 40, "e" * 40
    assert ledger(bundle).agree(NAME, weak, "url") == weak
    ledger(bundle).record(NAME, OLD, "url", sha1=weak)
    later = Bundle(bundle.root)
    assert ledger(later).agree(NAME, weak, "url") == OLD
    assert ledger(later).agree(NAME, None, "url") == OLD
    with pytest.raises(BundleError, match=f"sha1 {weak}, now {other}"):
        ledger(later).agree(NAME, other, "url")
    assert ledger(later, accept=True).agree(NAME, other, "url") == other


@pytest.mark.parametrize("version", ["7.1", "7.1.1"])
def test_a_wordpress_with_a_known_hole_is_refused(bundle, version):
    with pytest.raises(BundleError, match=f"wordpress {version} is refused"):
        fetcher(bundle, versions={**VERSIONS, "wordpress": version})


def test_another_pin_of_an_archive_makes_the_packages_stale(bundle):
    fill(bundle, "apk/x86_64/APKINDEX.adb", "r", "https://alpine.example")
    bundle.remember(WORDPRESS, {"sha256": OLD, "url": ""})
    for pin, stale in ((OLD, False), (NEW, True)):
        steps = {step.path: step for step in fetcher(bundle, checksums={WORDPRESS: pin}).steps()}
        assert [steps[path].stale for path in ("apk", "wordpress-7.1.2.tar.gz")] == [stale, stale]
        assert not steps["images/node/alpine.tar"].stale


@pytest.mark.parametrize("text", [PIN, f"sha256:{PIN}", PIN.upper(), f" {PIN}\n"])
def test_a_pin_may_be_written_as_a_digest(bundle, text):
    assert ledger(bundle, pin=text).pin(NAME) == PIN


def test_a_pin_that_cannot_be_meant_is_refused(bundle):
    with pytest.raises(BundleError, match="no SHA-256"):
        ledger(bundle, pin="abc")
    with pytest.raises(BundleError, match="nothing that is fetched is called kubelet"):
        Ledger(bundle, {"kubelet": PIN}, {NAME}, False)


def fill(bundle, path, recipe, source):
    file = bundle.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    bundle.record(path, recipe, source)


@pytest.mark.parametrize(
    ("source", "recorded", "pin", "stale"),
    [
        ("https://kubernetes.example", OLD, None, False),
        ("https://kubernetes.example", OLD, OLD, False),
        ("https://kubernetes.example", OLD, NEW, True),
        # What was forged is no download, whatever was downloaded before it.
        ("forge", OLD, NEW, False),
        ("forge", None, NEW, False),
    ],
)
def test_another_pin_makes_a_download_stale(bundle, source, recorded, pin, stale):
    fill(bundle, NAME, "r", source)
    if recorded:
        bundle.remember(NAME, {"sha256": recorded, "url": ""})
    steps = fetcher(bundle, checksums={NAME: pin} if pin else {}).steps()
    assert [step.stale for step in steps if step.path == NAME] == [stale]
    # A pin alone is no other recipe: what is right already is not fetched again.
    assert {step.path: step.recipe for step in steps} == {step.path: step.recipe for step in fetcher(bundle).steps()}


def test_a_mirror_is_no_other_recipe_but_a_version_is(bundle):
    def recipes(**changes):
        return {step.path.rpartition("/")[2]: step.recipe for step in fetcher(bundle, **changes).steps()}

    assert recipes() == recipes(mirrors={"kubernetes": "http://localhost/k"}, registries={"quay.io": "localhost:5000"})
    other, same = recipes(versions={**VERSIONS, "metallb": "8.0.0"}), recipes()
    changed = {name for name, recipe in other.items() if recipe != same[name]}
    assert changed == {"metallb-native.yaml", "metallb-controller.tar", "metallb-speaker.tar"}


def test_a_bundle_for_other_processors_asks_for_nothing_of_these(bundle):
    made = {each: files(VERSIONS, MIRRORS, ARCHITECTURES[each]) for each in ARCHITECTURES}
    for each, other in (("arm64", AMD64), ("amd64", ARM64)):
        told = " ".join(" ".join((path, file.name, file.url)) for path, file in made[each].items())
        assert other.name not in told
        assert other.machine not in told
    urls = {file.url for file in made["arm64"].values()}
    assert {
        "https://minikube.example/v4.5.6/minikube-linux-arm64",
        "https://kubernetes.example/v1.2.3/bin/linux/arm64/kubelet",
        "https://alpine.example/v3.1/releases/aarch64/alpine-minirootfs-3.1.4-aarch64.tar.gz",
        "https://influxdata.example/influxdb/releases/v1.13.2/influxdb-1.13.2_linux_arm64.tar.gz",
    } <= urls
    # By its name each file is pinned and recorded: what differs has another one.
    names = [{file.name: file.url for file in found.values()} for found in made.values()]
    same = names[0].keys() & names[1].keys()
    assert {names[0][name] for name in same} == {names[1][name] for name in same}


def test_every_program_is_made_anew_for_other_processors(bundle):
    first, second = (
        {(step.path.replace(each.machine, "")).replace(each.name, ""): step.recipe for step in made.steps()}
        for each in (AMD64, ARM64)
        for made in [fetcher(bundle, architecture=each, host=each)]
    )
    assert first.keys() == second.keys()
    kept = {path for path, recipe in first.items() if recipe == second[path]}
    assert kept == {"ft_services.rsa", "metallb/metallb-native.yaml", "wordpress-7.1.2.tar.gz"}


def test_a_bundle_for_another_host_needs_programs_that_run_on_this_one(bundle):
    steps = {step.path: step for step in fetcher(bundle, architecture=ARM64, host=AMD64).steps()}
    native = {step.path: step for step in fetcher(bundle, architecture=ARM64, host=ARM64).steps()}
    own = "alpine-minirootfs-3.1.4-x86_64.tar.gz"
    assert steps.keys() - native.keys() == {own}
    assert own in steps["apk"].needs
    assert own not in steps["images/node/alpine.tar"].needs
    # Where it was fetched is nothing to who uses it.
    assert {path: steps[path].recipe for path in native} == {path: step.recipe for path, step in native.items()}


def test_pins_of_both_kinds_of_processors_stand_side_by_side(bundle):
    pins = {NAME: OLD, "kubernetes/v1.2.3/arm64/kubelet": NEW}
    for each in (AMD64, ARM64):
        fetcher(bundle, checksums=pins, architecture=each)


@pytest.mark.parametrize("host", [AMD64, ARM64])
@pytest.mark.parametrize("architecture", [AMD64, ARM64])
def test_every_step_comes_after_its_needs(bundle, architecture, host):
    seen = set()
    for step in fetcher(bundle, architecture=architecture, host=host).steps():
        assert seen.issuperset(step.needs)
        seen.add(step.path)


def test_only_the_sites_of_what_is_missing_are_asked(bundle):
    made = fetcher(bundle, registries={"gcr.io": "127.0.0.1:5000/gcr"})
    assert made.addresses(["images/host/node.tar", "images/host/pause.tar"]) == {
        "127.0.0.1:5000": "http://127.0.0.1:5000/v2/",
        "registry.k8s.io": "https://registry.k8s.io/v2/",
    }
    root = "https://alpine.example/v3.1/releases/x86_64/alpine-minirootfs-3.1.4-x86_64.tar.gz.sha256"
    assert made.addresses(["images/node/alpine.tar"]) == {"alpine": root}
    assert made.addresses(["apk"]) == {
        "alpine": root,
        "wordpress": "https://wordpress.example/wordpress-7.1.2.tar.gz.sha1",
        "influxdata": "https://influxdata.example/influxdb/releases/v1.13.2/influxdb-1.13.2_linux_amd64.tar.gz",
    }
    assert list(made.addresses(["bin/kubectl"])) == ["kubernetes"]
    assert list(made.addresses(["metallb/metallb-native.yaml"])) == ["metallb"]
    every = made.addresses(step.path for step in made.steps())
    assert sorted(every) == [
        "127.0.0.1:5000", "alpine", "influxdata", "kubernetes", "metallb", "minikube", "quay.io", "registry.k8s.io",
        "wordpress",
    ]  # fmt: skip


def test_plain_mirrors_are_known_by_name(bundle):
    made = fetcher(bundle, mirrors={"alpine": "http://far.example"}, registries={"quay.io": "http://far.example"})
    assert made.plain == ["alpine", "quay.io"]


def test_a_root_keeps_owners_and_modes_when_files_are_replaced(tmp_path):
    source, target = tmp_path / "root.tar.gz", tmp_path / "layer.tar"
    with tarfile.open(source, "w:gz") as tar:
        for name, mode, owner in (("./etc/shadow", 0o640, 42), ("./etc/apk/repositories", 0o644, 0)):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.gid = 3, mode, owner
            tar.addfile(info, io.BytesIO(b"old"))
        info = tarfile.TarInfo("./bin/sh")
        info.type, info.linkname = tarfile.SYMTYPE, "/bin/busybox"
        tar.addfile(info)
    layer_of_root(source, target, {"etc/apk/repositories": b"new", "etc/apk/keys/key.pub": b"key"})
    with tarfile.open(target) as tar:
        names = [name.removeprefix("./") for name in tar.getnames()]
        assert len(names) == len(set(names))
        found = {member.name.removeprefix("./"): member for member in tar}
        content = {name: tar.extractfile(member).read() for name, member in found.items() if member.isreg()}
    assert content == {"etc/shadow": b"old", "etc/apk/repositories": b"new", "etc/apk/keys/key.pub": b"key"}
    assert (found["etc/shadow"].mode, found["etc/shadow"].gid) == (0o640, 42)
    assert found["bin/sh"].linkname == "/bin/busybox"
    assert gzip.decompress(source.read_bytes())
