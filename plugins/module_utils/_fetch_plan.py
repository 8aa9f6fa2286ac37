# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fetched bundle holds and where each file comes from.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle import Bundle, BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._debian import Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._fetch_alpine import FetchedAlpine
from ansible_collections.fortytwo.ft_services.plugins.module_utils._fetch_files import (
    Downloader,
    Patience,
    check_site,
    parse_checksum,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._fetch_images import (
    Location,
    Registries,
    check_registries,
    locate,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._forge import Step, recipe_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._forge_plan import one_program_images

LANE = "download"


class File(t.NamedTuple):
    """A file of a vendor: its name here, which pins and records go by; and its URL."""

    name: str
    url: str
    published: bool  # the vendor offers its SHA-256 beside it
    mode: int = 0o644


def files(versions: dict[str, str], sites: dict[str, t.Any]) -> dict[str, File]:
    """Return the files by their place in the bundle (the Alpine root: in the work folder)."""
    minikube, kubernetes = f"v{versions['minikube']}", f"v{versions['kubernetes']}"
    metallb, alpine = f"v{versions['metallb']}", f"v{versions['alpine']}"
    site = {name: str(url).rstrip("/") for name, url in sites.items() if name != "registries"}
    found = {
        "bin/minikube": File(
            f"minikube/{minikube}/minikube-linux-amd64",
            f"{site['minikube']}/{minikube}/minikube-linux-amd64",
            True,
            0o755,
        )
    }
    for name in ("kubelet", "kubeadm", "kubectl"):
        found[f"kubernetes/{kubernetes}/{name}"] = File(
            f"kubernetes/{kubernetes}/{name}", f"{site['kubernetes']}/{kubernetes}/bin/linux/amd64/{name}", True, 0o755
        )
    found["metallb/metallb-native.yaml"] = File(
        f"metallb/{metallb}/metallb-native.yaml",
        f"{site['metallb']}/{metallb}/config/manifests/metallb-native.yaml",
        False,
    )
    root = f"alpine-minirootfs-{versions['alpine_release']}-x86_64.tar.gz"
    found[root] = File(f"alpine/{alpine}/{root}", f"{site['alpine']}/{alpine}/releases/x86_64/{root}", True)
    return found


class Image(t.NamedTuple):
    """An image: where it is published, and the reference under which the cluster knows it."""

    source: str
    reference: str


def images(versions: dict[str, str]) -> dict[str, Image]:
    """Return the images by their place in the bundle; the largest first, so that it does not come last."""
    found = {"images/host/node.tar": Image(f"gcr.io/k8s-minikube/kicbase:{versions['node']}", versions["node_image"])}
    rows = [(row[0], row[3]) for row in one_program_images(versions)]
    rows.append(("images/host/kube-proxy.tar", f"registry.k8s.io/kube-proxy:v{versions['kubernetes']}"))
    return found | {path: Image(reference, reference) for path, reference in rows}


class Ledger:
    """Which content each source has to have: pinned, or what it was when it was first fetched."""

    def __init__(self, bundle: Bundle, pins: dict[str, str], names: t.Container[str], accept_changed: bool) -> None:
        """Take pins by name; a pin for something that is never fetched is a mistake."""
        self._bundle, self._accept = bundle, accept_changed
        self._pins: dict[str, str] = {}
        for name, text in pins.items():
            match = re.fullmatch(r"(?:sha256:)?([0-9a-fA-F]{64})", str(text).strip())
            if name not in names:
                raise BundleError(
                    f"bundle_checksums: nothing that is fetched is called {name}. The names hold the version, like "
                    "kubernetes/v1.34.4/kubelet or registry.k8s.io/pause:3.10.1; see the README of the role."
                )
            if not match:
                raise BundleError(f"bundle_checksums: the value for {name} is no SHA-256 of 64 hexadecimal digits.")
            self._pins[name] = match.group(1).lower()

    def pin(self, name: str) -> str | None:
        """Return the SHA-256 that the user or this release pins."""
        return self._pins.get(name)

    def recorded(self, name: str) -> str | None:
        """Return the SHA-256 that this bundle was fetched with."""
        return self._bundle.sources.get(name, {}).get("sha256")

    def agree(self, name: str, published: str | None, where: str) -> str:
        """Return the SHA-256 to expect where nothing is pinned; a change since the first time is refused."""
        recorded = self.recorded(name)
        if published is None and recorded is None:
            raise BundleError(
                f"{where}: there is no published checksum, so nobody can say what {name} has to be. "
                f"Pin its SHA-256: bundle_checksums: {{{name}: ...}}"
            )
        if published and recorded and published != recorded and not self._accept:
            raise BundleError(
                f"{where}: {name} is not what it was when this bundle was first fetched (SHA-256 {recorded}, now "
                f"{published}). Vendors do not change what they released: find out why. To take the new one, pin it "
                "in bundle_checksums, or run once with bundle_accept_changed=true."
            )
        return published or t.cast(str, recorded)

    def outdated(self, name: str, path: str) -> bool:
        """Say whether what lies in the bundle was fetched before something else was pinned."""
        pin, recorded = self.pin(name), self.recorded(name)
        fetched = any(self._bundle.artifacts[below]["source"] != "forge" for below in self._bundle.below(path))
        return fetched and pin is not None and recorded not in (None, pin)

    def record(self, name: str, sha256: str, url: str) -> None:
        """Write down what came, for the next time."""
        self._bundle.remember(name, {"sha256": sha256, "url": url})


class Fetcher:
    """Puts the steps together; their results lie where the forge's would."""

    def __init__(
        self, run: Runner, bundle: Bundle, work: pathlib.Path, request: dict[str, t.Any], say: t.Callable[[str], None]
    ) -> None:
        """Take ``versions``, ``packages``, ``mirrors``, ``checksums``, ``accept_changed`` and ``timeout`` (seconds)."""
        self._bundle, self._work = bundle, work
        versions, sites = request["versions"], request["mirrors"]
        registries = {str(host): str(mirror) for host, mirror in (sites["registries"] or {}).items()}
        self._images = images(versions)
        known = {image.source.partition("/")[0] for image in self._images.values()}
        self.plain = [name for name, url in sites.items() if name != "registries" and check_site(name, str(url))]
        self.plain += check_registries(registries, known)
        self._files = files(versions, sites)
        self._locations: dict[str, Location] = {p: locate(i.source, registries) for p, i in self._images.items()}
        names = [file.name for file in self._files.values()] + [image.source for image in self._images.values()]
        self._ledger = Ledger(bundle, request["checksums"], names, request["accept_changed"])
        timeout: int = request["timeout"]
        self._downloader = Downloader(work / "parts", say, Patience(silence=timeout, window=2 * timeout))
        # Between two bytes on the disk a registry may have to send a whole packed block.
        self._registries = Registries(run, say, 4 * timeout)
        self._kubernetes = f"kubernetes/v{versions['kubernetes']}"
        site = str(sites["alpine"]).rstrip("/")
        self._alpine = FetchedAlpine(run, work, versions, request["packages"], site, say, 2 * timeout)

    def steps(self) -> list[Step]:
        """Return all steps in an order in which every step comes after its needs."""
        root = next(path for path in self._files if path.startswith("alpine-"))
        download = {path: self._download(path, file) for path, file in self._files.items()}
        pull = [self._pull(path) for path in self._images]
        kubectl = f"{self._kubernetes}/kubectl"

        def copy(target: pathlib.Path, scratch: pathlib.Path) -> str:
            shutil.copy2(self._bundle.root / kubectl, target)
            return self._files[kubectl].url

        return [
            # The node image alone takes as long as the rest.
            pull[0],
            download[root],
            *self._alpine.steps(download[root], self._files[root].url, LANE),
            *(step for path, step in download.items() if path != root),
            *pull[1:],
            Step("bin/kubectl", recipe_of("fetched copy", download[kubectl].recipe), copy, needs=(kubectl,)),
        ]

    def addresses(self, paths: t.Iterable[str]) -> dict[str, str]:
        """Return what to ask whether these files can be had: an address for each site, by the site's name."""
        wanted = set(paths)
        if wanted & {"apk", "images/node/alpine.tar"}:
            wanted |= {path for path in self._files if path.startswith("alpine-")}
        if "bin/kubectl" in wanted:
            wanted.add(f"{self._kubernetes}/kubectl")
        found: dict[str, str] = {}
        for path, file in self._files.items():
            if path in wanted:
                found.setdefault(file.name.partition("/")[0], f"{file.url}.sha256" if file.published else file.url)
        for path, location in self._locations.items():
            if path in wanted:
                found.setdefault(location.registry, location.api)
        return found

    def _download(self, path: str, file: File) -> Step:
        # Of the Alpine root the bundle holds only what was made of it.
        intermediate = path.startswith("alpine-")
        stale = self._ledger.outdated(file.name, "images/node/alpine.tar" if intermediate else path)

        def make(target: pathlib.Path, scratch: pathlib.Path) -> str:
            sha256 = self._ledger.pin(file.name) or self._ledger.agree(file.name, self._published(file), file.url)
            self._downloader.file(file.url, sha256, target, pathlib.PurePath(path).name, file.mode)
            self._ledger.record(file.name, sha256, file.url)
            return file.url

        return Step(path, recipe_of("fetch", file.name), make, LANE, (), intermediate, stale=stale)

    def _published(self, file: File) -> str | None:
        if not file.published:
            return None
        text = self._downloader.text(f"{file.url}.sha256")
        if text is None:
            return None
        try:
            return parse_checksum(text, file.url.rpartition("/")[2])
        except BundleError as error:
            raise BundleError(f"{file.url}.sha256: {error}") from error

    def _pull(self, path: str) -> Step:
        image, location = self._images[path], self._locations[path]

        def make(target: pathlib.Path, scratch: pathlib.Path) -> str:
            where = f"{location.repository}:{location.tag}"
            pin = self._ledger.pin(image.source)
            digest = pin or self._ledger.agree(image.source, self._registries.digest(location), where)
            source = self._registries.copy(location, digest, image.reference, target, scratch)
            self._ledger.record(image.source, digest, source)
            return source

        return Step(path, recipe_of("fetch", image), make, LANE, stale=self._ledger.outdated(image.source, path))
