# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of its own for mode fetch: a site, an Alpine mirror and a registry with the files of the forged bundle."""

from __future__ import annotations

import collections.abc
import concurrent.futures
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import typing as t

import pytest
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from alpine_mirror import ForeignMirror, Mirror
from local_registry import Registry
from public_registry import PublicRegistry
from vendor_site import Site

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

CLONE = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ft_services"
FORGED = pathlib.Path(os.environ.get("FT_SERVICES_BUNDLE") or CACHE / "bundle")
VARIABLES: dict[str, t.Any] = yaml.safe_load((CLONE / "roles/bundle/vars/main.yml").read_text(encoding="utf-8"))
VERSIONS: dict[str, str] = VARIABLES["bundle_versions"]
# What Alpine has and the forged bundle has not.
ABSENT = [entry["package"] for entry in VARIABLES["bundle_missing_when_forged"] if "package" in entry]
KUBERNETES = f"v{VERSIONS['kubernetes']}"
# The program, and wheels of compiled libraries.
FEW_WHEELS = ("kube-web-view==", "frozenlist==", "markupsafe==")


@dataclasses.dataclass
class Network:
    """The servers, and the folder for all bundles of the tests. What ``vendor`` pushes ``registry`` serves."""

    site: Site
    vendor: Registry
    registry: PublicRegistry
    folder: pathlib.Path
    pins: dict[str, str]
    variables: dict[str, str] = dataclasses.field(default_factory=dict)  # of the environment, beside the host's own

    @property
    def mirrors(self) -> dict[str, t.Any]:
        """What a user would set as bundle_mirrors."""
        hosts = ("registry.k8s.io", "gcr.io", "quay.io")
        found: dict[str, t.Any] = {
            name: f"{self.site.address}/{name}"
            for name in ("minikube", "kubernetes", "metallb", "alpine", "wordpress", "influxdata")
        }
        return found | {"registries": {host: f"{self.registry.host}/{host}" for host in hosts}}

    def arguments(self, name: str = "bundle", **options: t.Any) -> dict[str, t.Any]:
        """Return the arguments of the module bundle for a bundle of this name."""
        return {
            "path": str(self.folder / name),
            "work_path": str(self.folder / "work"),
            "recipes": str(CLONE / "roles/bundle/files/forge"),
            "versions": VERSIONS,
            "packages": VARIABLES["bundle_packages"],
            "missing": VARIABLES["bundle_missing_when_forged"],
            "mirrors": self.mirrors,
            "checksums": self.pins,
            # Long enough for a busy machine; what is about silence asks for less.
            "timeout": 5,
            "mode": "fetch",
            **options,
        }

    def bundle(self, name: str = "bundle", **options: t.Any) -> dict[str, t.Any]:
        """Run the module bundle and return its result."""
        return self.module("bundle", self.arguments(name, **options))

    def module(self, name: str, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run a module of the collection, without ansible-playbook around it."""
        out, err = self.start(name, arguments).communicate(timeout=PATIENCE)
        assert out, err
        return t.cast("dict[str, t.Any]", json.loads(out))

    def start(self, name: str, arguments: dict[str, t.Any]) -> subprocess.Popen[str]:
        """Start a module."""
        module = CLONE / "plugins/modules" / f"{name}.py"
        return subprocess.Popen(
            [sys.executable, str(module), json.dumps({"ANSIBLE_MODULE_ARGS": arguments})],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
        )

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment in which the collection is found."""
        found = {**os.environ, "ANSIBLE_NOCOLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", "no_proxy": "127.0.0.1"}
        root = str(self.folder / "collections")
        return found | {"PYTHONPATH": root, "ANSIBLE_COLLECTIONS_PATH": root, **self.variables, **more}

    def path(self, *parts: str) -> pathlib.Path:
        """Return a path below the folder of the tests."""
        return self.folder.joinpath(*parts)


def _offer(site: Site, mirror: Mirror) -> None:
    """Put every file under the path that it has at its vendor."""
    minikube = f"v{VERSIONS['minikube']}"
    site.offer(f"/minikube/{minikube}/minikube-linux-amd64", FORGED / "bin/minikube")
    for name in ("kubelet", "kubeadm", "kubectl"):
        site.offer(f"/kubernetes/{KUBERNETES}/bin/linux/amd64/{name}", FORGED / "kubernetes" / KUBERNETES / name)
    manifest = f"/metallb/v{VERSIONS['metallb']}/config/manifests/metallb-native.yaml"
    site.files[manifest] = FORGED / "metallb/metallb-native.yaml"
    _offer_alpine(site, mirror)


def _offer_alpine(site: Site, mirror: Mirror) -> None:
    alpine, machine = f"/alpine/v{VERSIONS['alpine']}", mirror.machine
    root = f"{alpine}/releases/{machine}/alpine-minirootfs-{VERSIONS['alpine_release']}-{machine}.tar.gz"
    site.offer(root, mirror.root_archive, name_in_checksum=True)
    for name in ("main", "community"):
        for file in (mirror.folder / name / machine).iterdir():
            site.files[f"{alpine}/{name}/{machine}/{file.name}"] = file


def offer_arm64(network: Network) -> dict[str, bytes]:
    """Put the same files for arm64, small ones, beside the others; return them by their place in the bundle."""
    site, folder = network.site, network.path("arm64-vendor")
    folder.mkdir()
    base = f"/kubernetes/{KUBERNETES}/bin/linux/arm64"
    places = {f"kubernetes/{KUBERNETES}/{name}": f"{base}/{name}" for name in ("kubelet", "kubeadm", "kubectl")}
    places["bin/minikube"] = f"/minikube/v{VERSIONS['minikube']}/minikube-linux-arm64"
    contents = {}
    for place, address in places.items():
        file = folder / pathlib.PurePath(place).name
        file.write_text(f"{file.name} for arm64", encoding="utf-8")
        contents[place] = file.read_bytes()
        site.offer(address, file)
    names = set(VARIABLES["bundle_packages"]) - {"influxdb", "kube-web-view", "wordpress"}
    mirror = ForeignMirror(network.path("mirror/root"), folder / "mirror", sorted(names))
    _offer_alpine(site, mirror)
    return contents


def arm64_arguments(network: Network) -> dict[str, t.Any]:
    """Return arguments for a small bundle: few of the wheels, and a WordPress of one file."""
    folder = network.path("arm64-vendor")
    wheels = folder / "recipes/python/arm64/kube-web-view.txt"
    wheels.parent.mkdir(parents=True)
    text = (CLONE / "roles/bundle/files/forge/python/arm64" / wheels.name).read_text(encoding="utf-8")
    pins = [pin for pin in text.replace("\\\n", "").splitlines() if pin.startswith(FEW_WHEELS)]
    assert len(pins) == len(FEW_WHEELS)
    wheels.write_text("\n".join(pins), encoding="utf-8")
    wordpress = folder / f"wordpress-{VERSIONS['wordpress']}.tar.gz"
    (folder / "version.php").touch()
    with tarfile.open(wordpress, "w:gz") as tar:
        tar.add(folder / "version.php", "wordpress/wp-includes/version.php")
    network.site.offer(f"/small/{wordpress.name}", wordpress, kind="sha1")
    return {
        "architecture": "arm64",
        "checksums": network.pins | _offer_influxdb(network, folder),
        "mirrors": network.mirrors | {"wordpress": f"{network.site.address}/small"},
        "recipes": str(folder / "recipes"),
        "work_path": str(network.path("arm64-work")),
    }


def _offer_influxdb(network: Network, folder: pathlib.Path) -> dict[str, str]:
    """Offer InfluxDB's archive for arm64, and return the pin without which it is not taken."""
    version = VERSIONS["influxdb"]
    archive = folder / f"influxdb-{version}_linux_arm64.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("influx", "influxd"):
            program = folder / name
            program.write_text(f"{name} for arm64", encoding="utf-8")
            program.chmod(0o755)
            tar.add(program, f"influxdb-{version}-1/usr/bin/{name}")
    network.site.files[f"/influxdata/influxdb/releases/v{version}/{archive.name}"] = archive
    return {f"influxdata/v{version}/{archive.name}": hashlib.sha256(archive.read_bytes()).hexdigest()}


def _offer_archives(site: Site, mirror: Mirror, folder: pathlib.Path) -> dict[str, str]:
    """Offer archives laid out as the vendors of programs that Alpine lacks do; return the pins, which fit them."""
    folder.mkdir()
    wordpress = folder / f"wordpress-{VERSIONS['wordpress']}.tar.gz"
    with tarfile.open(wordpress, "w:gz", compresslevel=1) as tar:
        tar.add(mirror.files_of("deb-wordpress") / "usr/share/wordpress", "wordpress")
    site.offer(f"/wordpress/{wordpress.name}", wordpress, kind="sha1")
    version = VERSIONS["influxdb"]
    influxdb = folder / f"influxdb-{version}_linux_amd64.tar.gz"
    with tarfile.open(influxdb, "w:gz", compresslevel=1) as tar:
        for package in ("deb-influxdb", "deb-influxdb-client"):
            tar.add(mirror.files_of(package) / "usr/bin", f"influxdb-{version}-1/usr/bin")
    site.files[f"/influxdata/influxdb/releases/v{version}/{influxdb.name}"] = influxdb
    name = f"influxdata/v{version}/{influxdb.name}"
    pins: dict[str, str] = VARIABLES["bundle_pins"]
    assert name in pins, "this archive has no published checksum, so it has to be pinned"
    # The others are of the vendors' own files, for which they publish checksums too; here stand forged ones.
    pins = {each: digest for each, digest in pins.items() if each.startswith("metallb/")}
    return pins | {name: hashlib.sha256(influxdb.read_bytes()).hexdigest()}


def image_of(archive: pathlib.Path) -> tuple[str, str]:
    """Return the reference and the ID of the image in an archive."""
    command = ["tar", "-xOf", str(archive), "manifest.json"]
    (entry,) = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return entry["RepoTags"][0], entry["Config"].removesuffix(".json")


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> collections.abc.Iterator[Network]:
    """Serve the forged bundle as the vendors serve theirs."""
    if not (FORGED / "manifest.json").exists():
        pytest.fail(f"There is no bundle in {FORGED}: run the step forge first.")
    if not shutil.which("skopeo"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "skopeo"], check=True)
    folder = tmp_path_factory.mktemp("fetch")
    (folder / "collections/ansible_collections/fortytwo").mkdir(parents=True)
    (folder / "collections/ansible_collections/fortytwo/ft_services").symlink_to(CLONE)
    # Not the user's, and not the clone's.
    (folder / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
    with contextlib.ExitStack() as stack:
        # Gigabytes that pytest would keep for three runs.
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        site, registry = Site(), Registry(folder / "registry")
        stack.callback(site.close)
        stack.callback(registry.close)
        pins = _fill(site, registry, folder)
        public = PublicRegistry(registry.host)
        stack.callback(public.close)
        yield Network(site, registry, public, folder, pins)


def _fill(site: Site, registry: Registry, folder: pathlib.Path) -> dict[str, str]:
    """Put everything where its vendor has it; return the pins for it."""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        mirror = pool.submit(Mirror, FORGED, folder / "mirror", ABSENT)
        node = f"gcr.io/k8s-minikube/kicbase:{VERSIONS['node']}"
        pushed = [pool.submit(registry.push, FORGED / "images/host/node.tar", node)]
        for archive in sorted(FORGED.glob("images/*/*.tar")):
            if archive.name not in ("node.tar", "alpine.tar"):
                pushed.append(pool.submit(registry.push, archive, image_of(archive)[0]))
        _offer(site, mirror.result())
        pins = _offer_archives(site, mirror.result(), folder / "archives")
        for push in pushed:
            push.result()
    return pins
