# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One file has all versions: the pinned Go modules and checksums have to agree with it."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import AMD64, ARM64
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.go import MINIMUM_GO, programs
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.contents import paths
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.plan import files, images

ROLE = pathlib.Path(__file__).resolve().parents[5] / "roles" / "bundle"
VARIABLES = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
VERSIONS = VARIABLES["bundle_versions"]
SITES = dict.fromkeys(
    ("minikube", "kubernetes", "metallb", "alpine", "wordpress", "influxdata"), "https://vendor.example"
)
# Folder of the wrapper module, the Go module in it, and the version that it has to be.
PINNED = [
    ("kubernetes", "k8s.io/kubernetes", VERSIONS["kubernetes"]),
    ("minikube", "k8s.io/minikube", VERSIONS["minikube"]),
    ("storage-provisioner", "k8s.io/minikube", VERSIONS["minikube"]),
    ("cri-dockerd", "github.com/Mirantis/cri-dockerd", VERSIONS["cri_dockerd"]),
    ("etcd", "go.etcd.io/etcd/server/v3", VERSIONS["etcd"]),
    ("coredns", "github.com/coredns/coredns", VERSIONS["coredns"]),
    ("metallb", "go.universe.tf/metallb", VERSIONS["metallb"]),
    ("kube-network-policies", "sigs.k8s.io/kube-network-policies", VERSIONS["kube_network_policies"]),
    ("telegraf", "github.com/influxdata/telegraf", VERSIONS["telegraf"]),
]


def required(folder):
    text = (ROLE / "files/forge/go" / folder / "go.mod").read_text(encoding="utf-8")
    return text, dict(re.findall(r"^(?:require )?\t?(\S+) (v\S+)", text, re.M))


@pytest.mark.parametrize(("folder", "module", "version"), PINNED)
def test_a_pinned_module_has_the_version(folder, module, version):
    text, modules = required(folder)
    assert modules[module] == f"v{version}"
    sums = (ROLE / "files/forge/go" / folder / "go.sum").read_text(encoding="utf-8")
    assert f"{module} v{version} h1:" in sums
    needed = tuple(int(part) for part in re.search(r"^go (\d+)\.(\d+)", text, re.M).groups())
    assert needed <= MINIMUM_GO
    assert needed <= tuple(int(part) for part in VERSIONS["go"].split("."))


def test_every_module_with_a_go_mod_is_checked_and_every_program_has_its_recipe():
    folders = {path.parent.name for path in (ROLE / "files/forge/go").glob("*/go.mod")}
    assert folders == {folder for folder, dummy, dummy in PINNED}
    for program in programs(VERSIONS).values():
        assert (ROLE / "files/forge/go" / program.module).is_dir()


def wheels(file):
    text = (ROLE / "files/forge/python" / file).read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", "").splitlines() if not line.startswith("#")]
    pins = {}
    for line in lines:
        name, version, hashes = re.fullmatch(
            r"([A-Za-z0-9._-]+)==(\S+)((?:\s+--hash=sha256:[0-9a-f]{64}){1,2})\s*", line
        ).groups()
        pins[name.lower()] = version, set(re.findall("[0-9a-f]{64}", hashes))
    assert len(pins) == len(lines)
    return pins


def test_every_wheel_is_pinned_by_version_and_hash_and_the_program_has_the_version():
    assert wheels("kube-web-view.txt")["kube-web-view"][0] == VERSIONS["kube_web_view"]


def test_the_wheels_for_arm64_are_of_the_same_versions_and_the_same_where_nothing_is_compiled():
    first, other = wheels("kube-web-view.txt"), wheels("arm64/kube-web-view.txt")
    assert {name: version for name, (version, dummy) in first.items()} == {name: pin[0] for name, pin in other.items()}
    for name, (dummy, hashes) in first.items():
        assert len(other[name][1]) == 1
        # Two: one for each of the C libraries.
        assert (hashes == other[name][1]) == (len(hashes) == 1), name


def test_both_ways_make_the_same_files():
    fetched = {path for path, file in files(VERSIONS, SITES).items() if not file.part_of} | set(images(VERSIONS))
    assert fetched | {"bin/kubectl", "apk", "images/node/alpine.tar"} == set(paths(VERSIONS))


def test_the_pins_name_what_is_fetched():
    fetched = [file for each in (AMD64, ARM64) for file in files(VERSIONS, SITES, each).values()]
    known = {file.name for file in fetched} | {image.source for image in images(VERSIONS).values()}
    assert set(VARIABLES["bundle_pins"]) <= known
    # What has no published checksum cannot do without.
    unpublished = {file.name for file in fetched if not file.checksum}
    assert unpublished <= set(VARIABLES["bundle_pins"])
    # What is pinned for one kind of processor is for the other too.
    pinned = [
        {path.replace(each.name, "").replace(each.machine, "") for path, file in files(VERSIONS, SITES, each).items()
         if file.name in VARIABLES["bundle_pins"]}
        for each in (AMD64, ARM64)
    ]  # fmt: skip
    assert pinned[0] == pinned[1]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in VARIABLES["bundle_pins"].values())


def test_the_official_paths():
    urls = {path: file.url for path, file in files(VERSIONS, SITES).items()}
    kubernetes = f"v{VERSIONS['kubernetes']}"
    assert urls["bin/minikube"] == f"https://vendor.example/v{VERSIONS['minikube']}/minikube-linux-amd64"
    assert urls[f"kubernetes/{kubernetes}/kubelet"] == f"https://vendor.example/{kubernetes}/bin/linux/amd64/kubelet"
    assert urls["wordpress-7.1.2.tar.gz"] == "https://vendor.example/wordpress-7.1.2.tar.gz"
    influxdb = "influxdb-1.13.2_linux_amd64.tar.gz"
    assert urls[influxdb] == f"https://vendor.example/influxdb/releases/v1.13.2/{influxdb}"
    assert {image.source.partition("/")[0] for image in images(VERSIONS).values()} == {
        "registry.k8s.io",
        "gcr.io",
        "quay.io",
    }
    node = images(VERSIONS)["images/host/node.tar"]
    assert (node.source, node.reference) == ("gcr.io/k8s-minikube/kicbase:v0.0.50", VERSIONS["node_image"])
