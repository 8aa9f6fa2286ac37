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

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import (
    AMD64,
    ARCHITECTURES,
    Architecture,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.contents import one_program_images
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.alpine import FetchedAlpine
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.archives import archives
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.files import (
    Downloader,
    Patience,
    check_site,
    kind_of,
    parse_checksum,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.images import (
    Location,
    Registries,
    check_registries,
    locate,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import (
    Bundle,
    BundleError,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Step, recipe_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.wheels import (
    index_problem,
    kube_web_view,
    pins_of,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of

LANE = "download"


class File(t.NamedTuple):
    """A file of a vendor: its name here, which pins and records go by; and its URL."""

    name: str
    url: str
    checksum: str  # the kind of checksum that the vendor offers beside it, which is also the end of its name
    mode: int = 0o644
    part_of: tuple[str, ...] = ()  # what in the bundle is made of it, where it is not in the bundle itself


def root_of(versions: dict[str, str], architecture: Architecture) -> str:
    """Return the name of Alpine's root."""
    return f"alpine-minirootfs-{versions['alpine_release']}-{architecture.machine}.tar.gz"


def files(
    versions: dict[str, str],
    sites: dict[str, t.Any],
    architecture: Architecture = AMD64,
    host: Architecture | None = None,
) -> dict[str, File]:
    """Return the files by their place in the bundle (what only a part is made of: in the work folder).

    ``host`` is whose programs run here, where that is another architecture.
    """
    arch, mark = architecture.name, "".join(f"{word}/" for word in architecture.mark)
    minikube, kubernetes = f"v{versions['minikube']}", f"v{versions['kubernetes']}"
    metallb, alpine = f"v{versions['metallb']}", f"v{versions['alpine']}"
    site = {name: str(url).rstrip("/") for name, url in sites.items() if name != "registries"}
    found = {
        "bin/minikube": File(
            f"minikube/{minikube}/minikube-linux-{arch}",
            f"{site['minikube']}/{minikube}/minikube-linux-{arch}",
            "sha256",
            0o755,
        )
    }
    for name in ("kubelet", "kubeadm", "kubectl"):
        found[f"kubernetes/{kubernetes}/{name}"] = File(
            f"kubernetes/{kubernetes}/{mark}{name}",
            f"{site['kubernetes']}/{kubernetes}/bin/linux/{arch}/{name}",
            "sha256",
            0o755,
        )
    found["metallb/metallb-native.yaml"] = File(
        f"metallb/{metallb}/metallb-native.yaml",
        f"{site['metallb']}/{metallb}/config/manifests/metallb-native.yaml",
        "",
    )
    for each in dict.fromkeys((architecture, host or architecture)):
        root = root_of(versions, each)
        found[root] = File(
            f"alpine/{alpine}/{root}",
            f"{site['alpine']}/{alpine}/releases/{each.machine}/{root}",
            "sha256",
            part_of=("apk", "images/node/alpine.tar") if each == architecture else ("apk",),
        )
    for archive in archives(versions, architecture):
        found[archive.file] = File(
            archive.name, f"{site[archive.site]}/{archive.path}", archive.checksum, part_of=("apk",)
        )
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
        """Return the digest to expect where nothing is pinned; a change since the first time is refused."""
        known = self._bundle.sources.get(name, {})
        kind = kind_of(published) if published else "sha256"
        recorded = known.get(kind)
        if published is None and recorded is None:
            raise BundleError(
                f"{where}: there is no published checksum, so nobody can say what {name} has to be. "
                f"Pin its SHA-256: bundle_checksums: {{{name}: ...}}"
            )
        if published and recorded and published != recorded and not self._accept:
            raise BundleError(
                f"{where}: {name} is not what it was when this bundle was first fetched ({kind} {recorded}, now "
                f"{published}). Vendors do not change what they released: find out why. To take the new one, pin it "
                "in bundle_checksums, or run once with bundle_accept_changed=true."
            )
        if published is None or (published == recorded and "sha256" in known):
            # The SHA-256 of what was fetched says more than a vendor's SHA-1.
            return known["sha256"]
        return published

    def outdated(self, name: str, path: str) -> bool:
        """Say whether what lies in the bundle was fetched before something else was pinned."""
        pin, recorded = self.pin(name), self.recorded(name)
        fetched = any(self._bundle.artifacts[below]["source"] != "forge" for below in self._bundle.below(path))
        return fetched and pin is not None and recorded not in (None, pin)

    def record(self, name: str, sha256: str, url: str, **others: str) -> None:
        """Write down what came, for the next time; ``others`` are digests of other kinds that the vendor published."""
        self._bundle.remember(name, {"sha256": sha256, "url": url, **others})


class Fetcher:
    """Puts the steps together; their results lie where the forge's would."""

    def __init__(
        self,
        run: Runner,
        recipes: pathlib.Path,
        bundle: Bundle,
        work: pathlib.Path,
        request: dict[str, t.Any],
        say: t.Callable[[str], None],
        architecture: Architecture,
        host: Architecture,
    ) -> None:
        """Take ``versions``, ``packages``, ``mirrors``, ``checksums``, ``accept_changed`` and ``timeout`` (seconds).

        ``architecture`` is the bundle's; ``host`` is that of the programs that can be started here.
        """
        self._bundle, self._work, self._run, self._architecture = bundle, work, run, architecture
        self._requirements = pins_of(recipes, architecture)
        versions, sites = request["versions"], request["mirrors"]
        registries = {str(host): str(mirror) for host, mirror in (sites["registries"] or {}).items()}
        self._images = images(versions)
        known = {image.source.partition("/")[0] for image in self._images.values()}
        self.plain = [name for name, url in sites.items() if name != "registries" and check_site(name, str(url))]
        self.plain += check_registries(registries, known)
        self._files = files(versions, sites, architecture, host)
        self._roots = root_of(versions, architecture), root_of(versions, host)
        self._locations: dict[str, Location] = {p: locate(i.source, registries) for p, i in self._images.items()}
        # One table of pins may serve hosts of each kind.
        every = [files(versions, sites, each) for each in ARCHITECTURES.values()]
        names = {file.name for found in every for file in found.values()}
        names |= {image.source for image in self._images.values()}
        self._ledger = Ledger(bundle, request["checksums"], names, request["accept_changed"])
        timeout: int = request["timeout"]
        self._downloader = Downloader(work / "parts", say, Patience(silence=timeout, window=2 * timeout))
        # Between two bytes on the disk a registry may have to send a whole packed block.
        self._registries = Registries(run, say, 4 * timeout, architecture)
        self._kubernetes = f"kubernetes/v{versions['kubernetes']}"
        site = str(sites["alpine"]).rstrip("/")
        self._wheels, board = kube_web_view(
            run, recipes, work, versions["kube_web_view"], versions["python_of_alpine"], "musl", architecture
        )
        self._extras = [board, *(archive.package(run, work / "out") for archive in archives(versions, architecture))]
        self._alpine = FetchedAlpine(
            run, work, versions, request["packages"], self._extras, site, say, 2 * timeout, architecture
        )

    def steps(self) -> list[Step]:
        """Return all steps in an order in which every step comes after its needs."""
        parts = [path for path, file in self._files.items() if file.part_of]
        root, tools = self._roots
        download = {path: self._download(path, file) for path, file in self._files.items()}
        pull = [self._pull(path) for path in self._images]
        kubectl = f"{self._kubernetes}/kubectl"

        def copy(target: pathlib.Path, scratch: pathlib.Path) -> str:
            shutil.copy2(self._bundle.root / kubectl, target)
            return self._files[kubectl].url

        return [
            # The node image alone takes as long as the rest.
            pull[0],
            *(download[path] for path in parts),
            self._wheels,
            *self._alpine.steps(
                download[root],
                download[tools],
                self._files[root].url,
                LANE,
                stale=any(download[path].stale for path in parts if path not in self._roots),
            ),
            *(step for path, step in download.items() if path not in parts),
            *pull[1:],
            Step("bin/kubectl", recipe_of("fetched copy", download[kubectl].recipe), copy, needs=(kubectl,)),
        ]

    def addresses(self, paths: t.Iterable[str]) -> dict[str, str]:
        """Return what to ask whether these files can be had: an address for each site, by the site's name."""
        wanted = set(paths)
        wanted |= {path for path, file in self._files.items() if wanted.intersection(file.part_of)}
        if "bin/kubectl" in wanted:
            wanted.add(f"{self._kubernetes}/kubectl")
        found: dict[str, str] = {}
        for path, file in self._files.items():
            if path in wanted:
                found.setdefault(file.name.partition("/")[0], f"{file.url}.{file.checksum}".rstrip("."))
        for path, location in self._locations.items():
            if path in wanted:
                found.setdefault(location.registry, location.api)
        return found

    def questions(self, paths: t.Iterable[str]) -> dict[str, t.Callable[[], str | None]]:
        """Return what is asked by other programs than our own: each says why it cannot be used, or None."""
        if not {self._wheels.path, "apk"}.intersection(paths):
            return {}
        return {"Python packages": lambda: index_problem(self._run, self._requirements)}

    def _download(self, path: str, file: File) -> Step:
        stale = self._ledger.outdated(file.name, file.part_of[-1] if file.part_of else path)

        def make(target: pathlib.Path, scratch: pathlib.Path) -> str:
            pin = self._ledger.pin(file.name)
            published = None if pin else self._published(file)
            expected = pin or self._ledger.agree(file.name, published, file.url)
            self._downloader.file(file.url, expected, target, pathlib.PurePath(path).name, file.mode)
            others = {file.checksum: published} if published and file.checksum != "sha256" else {}
            self._ledger.record(file.name, sha256_of(target), file.url, **others)
            return file.url

        return Step(path, recipe_of("fetch", file.name), make, LANE, (), bool(file.part_of), stale=stale)

    def _published(self, file: File) -> str | None:
        if not file.checksum:
            return None
        address = f"{file.url}.{file.checksum}"
        text = self._downloader.text(address)
        if text is None:
            return None
        try:
            return parse_checksum(text, file.url.rpartition("/")[2], file.checksum)
        except BundleError as error:
            raise BundleError(f"{address}: {error}") from error

    def _pull(self, path: str) -> Step:
        image, location = self._images[path], self._locations[path]

        def make(target: pathlib.Path, scratch: pathlib.Path) -> str:
            where = f"{location.repository}:{location.tag}"
            pin = self._ledger.pin(image.source)
            digest = pin or self._ledger.agree(image.source, self._registries.digest(location), where)
            source = self._registries.copy(location, digest, image.reference, target, scratch)
            self._ledger.record(image.source, digest, source)
            return source

        return Step(
            path,
            recipe_of("fetch", image, *self._architecture.mark),
            make,
            LANE,
            stale=self._ledger.outdated(image.source, path),
        )
