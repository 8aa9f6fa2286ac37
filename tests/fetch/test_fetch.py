# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode fetch from servers with the vendors' paths: first what goes wrong, then a whole bundle and its life.

Each test goes on where the one before ended, as a user's runs do.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import typing as t

import pytest
from company_proxy import CompanyProxy
from conftest import (
    CLONE,
    FORGED,
    KUBERNETES,
    VARIABLES,
    VERSIONS,
    Network,
    arm64_arguments,
    image_of,
    offer_arm64,
)
from vendor_site import Site

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE, until

MINIKUBE = f"/minikube/v{VERSIONS['minikube']}/minikube-linux-amd64"
BINARIES = f"/kubernetes/{KUBERNETES}/bin/linux/amd64"
PAUSE = f"registry.k8s.io/pause:{VERSIONS['pause']}"
NO_NETWORK = ("unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


def manifest(folder: pathlib.Path) -> dict[str, t.Any]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def forget(folder: pathlib.Path, place: str) -> None:
    """Take an artifact out of a bundle, if it is there."""
    if folder.exists():
        left = manifest(folder)
        left["artifacts"].pop(place, None)
        (folder / "manifest.json").write_text(json.dumps(left), encoding="utf-8")
        (folder / place).unlink(missing_ok=True)


def refused(result: dict[str, t.Any], *words: str) -> None:
    assert result.get("failed"), result
    for word in words:
        assert word in result["msg"]


def playbook(network: Network, bundle: str, mode: str, before: tuple[str, ...] = ()) -> tuple[str, dict[str, int]]:
    """Run the role and return its output and the counts of the recap."""
    settings = {
        "bundle_mode": mode,
        "bundle_path": str(network.path(bundle)),
        "bundle_work_path": str(network.path("work")),
        "bundle_mirrors": network.mirrors,
        "bundle_pins": network.pins,
        "ansible_python_interpreter": sys.executable,
    }
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-e", json.dumps(settings)]
    run = subprocess.run(
        [*before, *command, str(CLONE / "tests/fetch/playbook.yml")],
        capture_output=True,
        check=False,
        text=True,
        env=network.environment(ANSIBLE_CONFIG=str(network.path("ansible.cfg"))),
        timeout=PATIENCE,
    )
    counts = re.findall(r"(ok|changed|failed)=(\d+)", run.stdout)
    assert counts, run.stdout + run.stderr
    return run.stdout + run.stderr, {name: int(count) for name, count in counts}


@pytest.mark.parametrize(
    ("fault", "address", "place", "words"),
    [
        ("gone", MINIKUBE, "bin/minikube", ["HTTP 404", "bundle_mirrors"]),
        ("changed", f"{BINARIES}/kubelet", f"kubernetes/{KUBERNETES}/kubelet", ["has the SHA-256", "expected is"]),
        ("short", f"{BINARIES}/kubeadm", f"kubernetes/{KUBERNETES}/kubeadm", ["has the SHA-256", "expected is"]),
        ("silent", f"{BINARIES}/kubectl", f"kubernetes/{KUBERNETES}/kubectl", ["nothing came for 1 s", "4 tries"]),
    ],
)
def test_a_failing_server_is_named_and_leaves_nothing(
    network: Network, fault: str, address: str, place: str, words: list[str]
) -> None:
    # Nothing else fails, so it is tried for certain: after a failure only what is under way ends.
    folder = network.path("bundle")
    forget(folder, place)
    network.site.faults = {address: fault}
    refused(network.bundle(timeout=1 if fault == "silent" else 5), f"{network.site.address}{address}", *words)
    assert place not in manifest(folder)["artifacts"]
    assert not (folder / place).exists()
    assert not list(folder.rglob("*.partial"))


def test_a_killed_download_leaves_nothing(network: Network) -> None:
    forget(network.path("bundle"), f"kubernetes/{KUBERNETES}/kubectl")
    network.site.faults = {f"{BINARIES}/kubectl": "slow"}
    running = network.start("bundle", network.arguments())
    parts = network.path("work/parts")
    until(lambda: any(part.stat().st_size > 1 << 20 for part in parts.glob("*.part")), pause=0.02)
    running.kill()
    running.communicate()
    assert not network.path("bundle/kubernetes", KUBERNETES, "kubectl").exists()


def test_a_killed_download_goes_on_where_it_was(network: Network) -> None:
    network.site.faults = {}
    network.site.requests.clear()
    result = network.bundle()
    assert f"kubernetes/{KUBERNETES}/kubectl" in result["todo"]
    (request,) = network.site.asked(f"{BINARIES}/kubectl")
    assert (request.status, request.start > 1 << 20) == (206, True)
    assert not network.path("work/parts").exists()


def test_a_download_from_another_host_goes_on_where_it_was(network: Network) -> None:
    """As dl.k8s.io and GitHub send their clients on, to an address that counts for a while."""
    forget(network.path("bundle"), f"kubernetes/{KUBERNETES}/kubectl")
    store, address = Site(), f"{BINARIES}/kubectl"
    store.files["/release?signature=1"] = network.site.files[address]
    store.faults = {"/release?signature=1": "cut"}
    network.site.moved = {address: f"{store.address}/release?signature=1"}
    network.site.requests.clear()
    try:
        assert f"kubernetes/{KUBERNETES}/kubectl" in network.bundle()["todo"]
    finally:
        network.site.moved = {}
        store.close()
    assert [request.status for request in store.requests] == [200] + [206] * (len(store.requests) - 1)
    assert len(store.requests) > 2
    assert len(network.site.asked(address)) == len(store.requests)


@pytest.mark.parametrize(
    ("mirror", "words"), [("127.0.0.1:1", "connection refused"), ("{host}/nowhere", "manifest unknown")]
)
def test_a_failing_registry_is_named_and_leaves_nothing(network: Network, mirror: str, words: str) -> None:
    image = network.path("bundle/images/node/metallb-speaker.tar")
    image.unlink(missing_ok=True)
    mirrors = network.mirrors
    mirrors["registries"]["quay.io"] = mirror.format(host=network.registry.host)
    refused(network.bundle(mirrors=mirrors), "metallb/speaker", words, "bundle_mirrors.registries")
    assert [path.name for path in image.parent.iterdir() if "speaker" in path.name] == []


def test_auto_fetches_where_all_sites_answer(network: Network) -> None:
    # What the runs before brought is kept, as nothing of it is half-written: what is missing comes now.
    whole = network.path("bundle").rename(network.path("whole"))
    for place in ("bin/minikube", "images/node/alpine.tar", "images/host/etcd.tar"):
        forget(whole, place)
    # Each answer ends in the middle: the download goes on by ranges.
    network.site.faults = {MINIKUBE: "cut"}
    out, counts = playbook(network, "whole", "auto")
    assert counts["failed"] == 0, out
    assert "by mode fetch: all download sites answer" in out
    assert network.path("whole/images/node/metallb-speaker.tar").exists()
    asked = network.site.asked(MINIKUBE)
    assert [request.status for request in asked] == [200] + [206] * (len(asked) - 1)
    assert len(asked) > 2
    network.site.faults = {}


def test_the_fetched_bundle_has_what_the_forged_has(network: Network) -> None:
    folder, forged = network.path("whole"), manifest(FORGED)["artifacts"]
    fetched = manifest(folder)
    assert fetched["missing"] == []
    for path, entry in fetched["artifacts"].items():
        if path.startswith("images/") and not path.endswith("alpine.tar"):
            # Packed in another way, but the same image: the ID is the digest of its settings and layers.
            assert image_of(folder / path) == image_of(FORGED / path)
            assert entry["source"].startswith(f"docker://{network.registry.host}/")
        elif not path.startswith(("apk/", "images/")):
            assert entry["sha256"] == forged[path]["sha256"]
            assert os.access(folder / path, os.X_OK) == path.startswith(("bin/", "kubernetes/"))
    assert {path for path in forged if not path.startswith("apk/")} <= set(fetched["artifacts"])
    source = fetched["sources"][f"minikube/v{VERSIONS['minikube']}/minikube-linux-amd64"]
    assert source == {"sha256": forged["bin/minikube"]["sha256"], "url": f"{network.site.address}{MINIKUBE}"}


def test_the_registry_was_asked_as_public_ones_want_it(network: Network) -> None:
    seen, sources = network.registry.seen, manifest(network.path("whole"))["sources"]
    pulled = [name for name in sources if name.partition("/")[0] in network.mirrors["registries"]]
    assert len(pulled) > 5
    for name in pulled:
        # What is remembered of a tag is the list of all platforms.
        assert f"sha256:{sources[name]['sha256']}" in network.registry.indexes
    assert seen["tokens"] >= len(pulled)
    assert seen["limited"] >= len(pulled)
    assert seen["layers"] >= len(pulled)
    assert "token at the wrong host" not in seen


def test_the_base_image_installs_from_the_fetched_repository(network: Network) -> None:
    folder, root = network.path("whole"), network.path("root")
    root.mkdir()
    layer = subprocess.run(
        ["tar", "-xOf", folder / "images/node/alpine.tar", "layer.tar"], capture_output=True, check=True
    ).stdout
    subprocess.run(["tar", "-C", root, "-xf", "-"], input=layer, check=True)
    repositories = root / "etc/apk/repositories"
    assert repositories.read_text(encoding="utf-8") == "http://bundle.invalid/apk/x86_64/APKINDEX.adb\n"
    # What image_build serves under that address while it builds.
    repositories.write_text("/repository/APKINDEX.adb\n", encoding="utf-8")
    shutil.copytree(folder / "apk/x86_64", root / "repository")
    inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={root}", "--mount-proc"]
    # The signature is checked: nothing here allows untrusted packages.
    subprocess.run(
        [*inside, "/sbin/apk", "add", "--quiet", "--no-network", "--cache=no", *VARIABLES["bundle_packages"]],
        check=True,
    )
    subprocess.run([*inside, "nginx", "-v"], check=True)


def test_a_bundle_for_arm64_holds_nothing_of_this_machine_s(network: Network) -> None:
    """The vendors' files for arm64 are small here, so this takes seconds; the wheels are those of the Python index."""
    offered, wanted = offer_arm64(network), arm64_arguments(network)
    network.site.requests.clear()
    result = network.bundle("arm64", **wanted)
    assert (result.get("msg"), result.get("architecture"), result.get("native")) == (None, "arm64", False)
    # The program that reads Alpine's packages has to run here; all the rest is the other's.
    root = f"/alpine-minirootfs-{VERSIONS['alpine_release']}-x86_64.tar.gz"
    assert [path for path in {request.path for request in network.site.requests} if re.search("amd64|x86_64", path)
            if root not in path] == []  # fmt: skip
    folder = network.path("arm64")
    assert {place: (folder / place).read_bytes() for place in offered} == offered
    images = sorted(folder.glob("images/*/*.tar"))
    assert [image.name for image in images] == [image.name for image in sorted(FORGED.glob("images/*/*.tar"))]
    assert {_settings_of(image)["architecture"] for image in images} == {"arm64"}
    names = {package.name.rpartition("-")[0].rpartition("-")[0] for package in (folder / "apk").glob("aarch64/*.apk")}
    assert set(VARIABLES["bundle_packages"]) <= names
    with tarfile.open(network.path("arm64-work/out/kube-web-view.tar")) as tar:
        # Two bytes of each library name the processor: 183 is AArch64's.
        libraries = [tar.extractfile(member).read(20) for member in tar if member.name.endswith(".so")]
    assert len(libraries) > 1
    assert {int.from_bytes(library[18:20], "little") for library in libraries} == {183}
    assert network.bundle("arm64", **wanted | {"mode": "offline"})["changed"] is False


def _settings_of(archive: pathlib.Path) -> dict[str, t.Any]:
    with tarfile.open(archive) as tar:
        (entry,) = json.load(tar.extractfile("manifest.json"))
        return json.load(tar.extractfile(entry["Config"]))


def test_a_second_run_asks_nothing_and_changes_nothing(network: Network) -> None:
    network.site.requests.clear()
    out, counts = playbook(network, "whole", "auto")
    assert (counts["changed"], counts["failed"]) == (0, 0), out
    assert network.site.requests == []


@pytest.mark.parametrize("mode", ["auto", "fetch", "forge"])
@pytest.mark.parametrize("bundle", ["whole", "forged"])
def test_what_either_way_made_is_current_for_the_other(network: Network, mode: str, bundle: str) -> None:
    if not network.path("forged").exists():
        # Links, so that nothing is copied and nothing hashed again; the manifest is replaced, never written into.
        shutil.copytree(FORGED, network.path("forged"), copy_function=os.link)
    result = network.bundle(bundle, mode=mode)
    assert (result.get("todo"), result.get("changed")) == ([], False)
    lacking = [
        {key: text for key, text in entry.items() if key != "package"}
        for entry in VARIABLES["bundle_missing_when_forged"]
    ]
    assert result["missing"] == (lacking if bundle == "forged" else [])


def test_a_vendor_that_changes_a_release_is_refused_until_the_user_accepts(network: Network) -> None:
    place = network.path("whole/bin/minikube")
    place.write_bytes(b"damaged")
    other = network.path("other")
    other.write_bytes(b"another minikube")
    network.site.offer(MINIKUBE, other)
    refused(network.bundle("whole"), "is not what it was", "bundle_accept_changed")
    name = f"minikube/v{VERSIONS['minikube']}/minikube-linux-amd64"
    pins = network.pins
    # The pin wins over what is published: what comes is not it.
    refused(network.bundle("whole", checksums={**pins, name: "0" * 64}), "expected is 0000")
    assert network.bundle("whole", accept_changed=True)["todo"] == ["bin/minikube"]
    assert place.read_bytes() == other.read_bytes()
    # Once accepted, it is what this bundle holds; the pin of the first one brings that back.
    network.site.offer(MINIKUBE, FORGED / "bin/minikube")
    first = manifest(FORGED)["artifacts"]["bin/minikube"]["sha256"]
    assert network.bundle("whole", checksums={**pins, name: first})["todo"] == ["bin/minikube"]
    assert manifest(network.path("whole"))["artifacts"]["bin/minikube"]["sha256"] == first
    place.unlink()
    assert network.bundle("whole")["todo"] == ["bin/minikube"]


def test_a_tag_that_moves_is_refused_until_the_user_accepts(network: Network) -> None:
    place = network.path("whole/images/host/pause.tar")
    before, digest = image_of(place), manifest(network.path("whole"))["sources"][PAUSE]["sha256"]
    network.vendor.push(FORGED / "images/host/etcd.tar", PAUSE)
    place.unlink()
    refused(network.bundle("whole"), PAUSE, "is not what it was")
    # By its digest the first image can still be had.
    pins = {**network.pins, PAUSE: f"sha256:{digest}"}
    assert network.bundle("whole", checksums=pins)["todo"] == ["images/host/pause.tar"]
    assert image_of(place) == before
    place.unlink()
    assert network.bundle("whole", accept_changed=True)["todo"] == ["images/host/pause.tar"]
    assert image_of(place)[1] == image_of(FORGED / "images/host/etcd.tar")[1]
    network.vendor.push(FORGED / "images/host/pause.tar", PAUSE)


def test_a_company_s_proxy_is_the_only_way_out(network: Network) -> None:
    """Files and images come through a proxy that looks into TLS; who does not trust its CA is told so."""
    hosts = {
        "vendor.example": network.site.address.removeprefix("http://"),
        "registry.example": network.vendor.host,
    }
    binary, pause = f"kubernetes/{KUBERNETES}/kubectl", "images/host/pause.tar"
    mirrors = network.mirrors | {"kubernetes": "https://vendor.example/kubernetes"}
    mirrors["registries"] = {**mirrors["registries"], "registry.k8s.io": "registry.example/registry.k8s.io"}
    proxy = CompanyProxy(network.path("proxy"), hosts)
    try:
        forget(network.path("whole"), binary)
        network.variables = proxy.variables | {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}
        refused(network.bundle("whole", mirrors=mirrors), "vendor.example", "certificate")
        network.variables = proxy.variables
        forget(network.path("whole"), pause)
        todo = network.bundle("whole", mirrors=mirrors, checksums=network.pins, accept_changed=True)["todo"]
        assert set(todo) >= {binary, pause}
        assert set(proxy.asked) == {"vendor.example:443", "registry.example:443"}
    finally:
        network.variables = {}
        proxy.close()


@pytest.mark.parametrize("mode", ["offline", "auto"])
def test_a_copy_needs_no_network(network: Network, mode: str) -> None:
    copy = network.path("media/usb")
    if not copy.exists():
        shutil.copytree(network.path("whole"), copy)
    out, counts = playbook(network, "media/usb", mode, NO_NETWORK)
    assert (counts["changed"], counts["failed"]) == (0, 0), out


def test_the_copy_describes_itself(network: Network) -> None:
    result = network.module(
        "bundle_info", {"path": str(network.path("media/usb")), "query": "artifacts[?path=='bin/minikube'].size"}
    )
    assert (result["complete"], result["problems"], result["missing"]) == (True, [], [])
    assert result["versions"]["kubernetes"] == VERSIONS["kubernetes"]
    assert result["result"] == [(FORGED / "bin/minikube").stat().st_size]


def test_a_damaged_copy_is_refused_offline(network: Network) -> None:
    os.truncate(network.path("media/usb/images/host/node.tar"), 1000)
    refused(network.bundle("media/usb", mode="offline"), "images/host/node.tar: 1000 bytes instead of", "Copy it here")
