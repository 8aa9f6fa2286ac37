# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a bundle to the wanted state. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import platform
import re
import shutil
import time
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _packages as host_packages
from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import AMD64, ARCHITECTURES, of_host
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.dashboards import SLOT, slot_sources
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.go import host_go
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.plan import Forger
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.contents import paths
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import host_archive_uri
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.plan import Fetcher
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import (
    Bundle,
    BundleError,
    free_bytes,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.modes import (
    BUNDLE_SPACE,
    SPACE,
    absent_packages,
    choose,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Forge, Lock, Step, make_runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._docker_engine.probe import read
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# Versions that decide how a bundle is made in one of the ways, but mean nothing to those who use it.
ONLY = {
    "fetch": frozenset({"alpine_release", "influxdb", "python_of_alpine", "wordpress"}),
    "build": frozenset(
        ("alpine_disk alpine_disk_sha256 cri_dockerd etcd go python_of_debian telegraf uplot uplot_integrity").split()
    ),
}


# What is made of packages that get updates, without a change of any version here.
MOVING = frozenset(("apk", "images/host/kube-proxy.tar", "images/host/node.tar"))
# So few programs need a fifth of the space.
FEW_STEPS = 3


def ensure(module: AnsibleModule) -> dict[str, t.Any]:
    """Verify the bundle, make what is missing, and return the module's result."""
    started = time.monotonic()
    stage = Stage(module)
    if module.params["refresh"] and module.params["mode"] == "offline":
        raise BundleError(
            f"The bundle in {stage.bundle.root} was not refreshed: bundle_mode=offline asks no network for anything "
            "newer. Refresh it where a network can be reached, and copy it here."
        )
    if module.params["mode"] == "offline":
        demand_complete(stage.bundle, module.params, stage.architecture.name)
    else:
        stage.complete()
    family = host_packages.family_of(read("/etc/os-release") or read("/usr/lib/os-release"))
    result: dict[str, t.Any] = {
        "changed": bool(stage.todo),
        # Not "path": Ansible would add that folder's own attributes, among them another "mode".
        "folder": str(stage.bundle.root),
        "mode": stage.mode,
        "mode_reason": stage.reason,
        "todo": stage.todo,
        "needs": stage.needs(),
        "host_packages": host_packages.names(absent_packages(stage.mode, module.get_bin_path), family)
        if stage.todo
        else [],
        "host_family": family,
        "architecture": stage.architecture.name,
        "native": stage.architecture == stage.host,
        "versions": module.params["versions"],
        "missing": stage.missing(),
        "seconds": round(time.monotonic() - started, 1),
    }
    if stage.todo:
        result["diff"] = {"before": "", "after": "".join(f"{name}\n" for name in stage.todo)}
    return result


def refreshed(step: Step) -> Step:
    """Return the step as one that has to be made anew, when updates may have changed what it is made of."""
    return dataclasses.replace(step, stale=True) if step.path in MOVING else step


def demand_complete(bundle: Bundle, parameters: dict[str, t.Any], architecture: str = AMD64.name) -> None:
    """Refuse a bundle that lacks something, or was made for other versions or processors."""
    wrong = bundle.problems(parameters["thorough"])
    wrong |= {path: "missing" for path in paths(parameters["versions"]) if not bundle.below(path)}
    if wrong:
        lines = "\n".join(f"  {path}: {text}" for path, text in sorted(wrong.items()))
        raise BundleError(
            f"The bundle in {bundle.root} cannot be used as it is (bundle_mode=offline):\n{lines}\n"
            "Copy it here again from the host that made it, or set bundle_mode=auto where a network can be reached."
        )
    if bundle.architecture != architecture:
        raise BundleError(
            f"The bundle in {bundle.root} was made for {bundle.architecture}, and one for {architecture} is wanted. "
            f"Copy one here that was fetched for it, on a host with a network and bundle_architecture={architecture}."
        )
    found = bundle.manifest["versions"]
    different = [
        f"{name} {found.get(name)} instead of {text}"
        for name, text in parameters["versions"].items()
        if not any(name in names for names in ONLY.values()) and found.get(name) != text
    ]
    if different:
        raise BundleError(
            f"The bundle in {bundle.root} was made for other versions ({', '.join(different)}). "
            "Make it anew with this release."
        )
    bundle.save_stamps()


class Stage:
    """One run of the module."""

    def __init__(self, module: AnsibleModule) -> None:
        """Open the bundle; nothing is changed yet."""
        self.module, self.parameters = module, module.params
        self.bundle = Bundle(pathlib.Path(module.params["path"]))
        self.work = pathlib.Path(module.params["work_path"])
        self.progress = Progress()
        # The name that building had first.
        self.mode: str = {"forge": "build"}.get(module.params["mode"], module.params["mode"])
        self.reason = f"mode {self.mode} was asked for"
        host = of_host()
        if host is None:
            raise BundleError(
                f"The processor of this host is {platform.machine()}: there are bundles for "
                f"{' and '.join(ARCHITECTURES)} alone. Use another host."
            )
        self.host = host
        self.architecture = ARCHITECTURES[module.params["architecture"] or host.name]
        self.todo: list[str] = []

    def complete(self) -> None:
        """Make what is missing, in the wanted way or in the one that works here."""
        run = make_runner(self.module)
        go = self.module.get_bin_path("go")
        recipes = pathlib.Path(self.parameters["recipes"])
        forger = None
        if self.architecture == AMD64:
            forger = Forger(run, recipes, self.work, go if host_go(run, go) else None, self.parameters)

        def ways() -> tuple[Fetcher, dict[str, Forge]]:
            say, kinds = self.progress.message, (self.architecture, self.host)
            fetcher = Fetcher(run, recipes, self.bundle, self.work, self.parameters, say, *kinds)
            steps = {"fetch": fetcher.steps()}
            if forger:
                steps["build"] = forger.steps()
            if self.parameters["refresh"]:
                steps = {way: [refreshed(step) for step in found] for way, found in steps.items()}
            made = [{step.path: step.recipe for step in found} for found in steps.values()]
            # What either way made is as good: a change of the network does not make anything anew.
            accepted = {path: frozenset(m[path] for m in made if path in m) for path in set().union(*made)}
            return fetcher, {way: Forge(self.bundle, self.work, found, accepted) for way, found in steps.items()}

        fetcher, forges = ways()
        self._choose(fetcher, forges)
        # Where nothing can be built, what is missing is known from the other way.
        forge = forges.get(self.mode, forges["fetch"] if self.mode == "build" else None)
        steps = forge.todo(self.parameters["thorough"]) if forge else []
        if steps and self.mode == "build":
            self._demand_architecture()
        self.todo = [step.path for step in steps]
        # Also in check mode: it is only a memory of what was hashed, and a copied bundle is hashed once.
        self.bundle.save_stamps()
        if self.module.check_mode:
            return
        if not steps:
            self._note()
            return
        self._demand_host(steps)
        if self.mode == "fetch" and fetcher.plain:
            self.module.warn(
                f"Plain HTTP to {', '.join(fetcher.plain)}: whoever sits on the way can change what is not pinned in "
                "bundle_checksums."
            )
        with Lock(self.work, self.progress):
            # Whoever held the lock before may have done some of it.
            self.bundle = Bundle(self.bundle.root)
            fetcher, forges = ways()
            steps = forges[self.mode].todo()
            self.progress.total = len(steps)
            if self.bundle.architecture != self.architecture.name:
                # Of no use to anybody until all files are for the same processor.
                self.bundle.manifest |= {"architecture": self.architecture.name, "versions": {}}
                self.bundle.save()
            forges[self.mode].run(steps, self.progress)
            self._finish()

    def _choose(self, fetcher: Fetcher, forges: dict[str, Forge]) -> None:
        if self.mode != "auto":
            return
        steps = forges["fetch"].todo(self.parameters["thorough"])
        if not steps:
            self.mode, self.reason = "offline", "the bundle is complete, so nothing was asked of the network"
            return
        self.progress.message("asking which downloads the network allows")
        paths_wanted = [step.path for step in steps]
        lost = [str(entry["name"]) for entry in self.parameters["missing"]]
        self.mode, self.reason = choose(
            fetcher.addresses(paths_wanted), fetcher.questions(paths_wanted), lost, self._buildable
        )
        if self.mode == "build":
            self.module.warn(self.reason)
        self.progress.message(f"mode {self.mode}: {self.reason}")

    def _demand_architecture(self) -> None:
        if self.architecture != AMD64 or self.host != AMD64:
            raise BundleError(
                f"Bundles are built on {AMD64.name} for {AMD64.name} alone; this one is for {self.architecture.name}, "
                f"and the host is {self.host.name}. Fetch it (bundle_mode=fetch), from mirrors where the vendors are "
                "out of reach (bundle_mirrors); or copy a bundle here that was fetched on another host with "
                f"bundle_architecture={self.architecture.name}."
            )

    def _buildable(self) -> None:
        self._demand_architecture()
        host_archive_uri()

    def absent(self) -> list[str]:
        """Packages that the host lacks for what is to do, by their names in Debian."""
        return absent_packages(self.mode, self.module.get_bin_path) if self.todo else []

    def needs(self) -> dict[str, int]:
        """Space in GB (10^9 bytes) that what is to do will fill, by option; 0 where nothing is to do."""
        if not self.todo or self.mode not in SPACE:
            return {"work_path": 0, "path": 0}
        few = self.mode == "build" and len(self.todo) <= FEW_STEPS
        return {"work_path": SPACE[self.mode] // (5 if few else 1), "path": BUNDLE_SPACE}

    def missing(self) -> list[dict[str, t.Any]]:
        """Return what this bundle does not hold: the table is about Alpine's packages, where they were built."""
        forged = any(self.bundle.artifacts[name]["source"] == "forge" for name in self.bundle.below("apk"))
        if "apk" in self.todo and self.module.check_mode:
            forged = self.mode == "build"
        if not forged:
            return []
        # Somebody may have brought it along.
        there = self.bundle.below("apk")
        told = [(entry, entry.get("package")) for entry in self.parameters["missing"]]
        return [
            {name: text for name, text in entry.items() if name != "package"}
            for entry, package in told
            if not (package and any(re.search(rf"/{re.escape(package)}-\d[^/]*\.apk$", path) for path in there))
        ]

    def _note(self) -> None:
        """Keep what is said about a bundle up to date; one on a read-only medium stays as it is."""
        if not os.access(self.bundle.root, os.W_OK):
            return
        if self.bundle.architecture != self.architecture.name:
            # A run for other processors ended before it changed a file.
            self.bundle.manifest["architecture"] = self.architecture.name
            self._describe()
            self.bundle.save()
        elif self.bundle.manifest["missing"] != self.missing():
            self.bundle.manifest["missing"] = self.missing()
            self.bundle.save()

    def _describe(self) -> None:
        other = ONLY["build" if self.mode == "fetch" else "fetch"]
        versions = {name: text for name, text in self.parameters["versions"].items() if name not in other}
        self.bundle.manifest["versions"], self.bundle.manifest["missing"] = versions, self.missing()

    def _finish(self) -> None:
        kept = {name for path in paths(self.parameters["versions"]) for name in self.bundle.below(path)}
        for path in set(self.bundle.artifacts) - kept:
            self.bundle.forget(path)
            (self.bundle.root / path).unlink(missing_ok=True)
        self._describe()
        for name in [name for name in self.bundle.sources if name.startswith(f"{SLOT}/")]:
            del self.bundle.sources[name]
        if self.mode == "build":
            self.bundle.sources.update(slot_sources(self.bundle.root))
        self.bundle.save()
        for partial in self.bundle.root.rglob(".*.partial"):
            # Left by a run that was killed.
            shutil.rmtree(partial, ignore_errors=True)
            partial.unlink(missing_ok=True)
        if not self.parameters["keep_work"]:
            _clean(self.work)

    def _demand_host(self, steps: list[Step]) -> None:
        absent = absent_packages(self.mode, self.module.get_bin_path)
        if absent:
            raise BundleError(
                f"bundle_mode={self.mode} needs programs that this host lacks. "
                f"On Debian: apt-get install --no-install-recommends {' '.join(absent)}"
            )
        if self.mode == "build" and os.geteuid() != 0:
            raise BundleError(
                "Building needs root (debootstrap and chroot make the node image). "
                "Run as root or with become, or set bundle_mode=fetch."
            )
        few = self.mode == "build" and sum(1 for step in steps if step.lane == "compile") <= FEW_STEPS
        rooms = {self.work: SPACE[self.mode] // (5 if few else 1), self.bundle.root: BUNDLE_SPACE}
        for place, need in rooms.items():
            free = free_bytes(place) // 10**9
            if free < need:
                raise BundleError(
                    f"bundle_mode={self.mode} needs about {need} GB of free space at {place}; {free} GB are free. "
                    "Free some, or choose a larger disk (bundle_work_path, bundle_path)."
                )


def _clean(work: pathlib.Path) -> None:
    shutil.rmtree(work / "go" / "build", ignore_errors=True)
    # Go makes its module cache read-only.
    for folder, names, dummy in os.walk(work / "go" / "mod"):
        for name in [".", *names]:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    for name in ("go/mod", "tmp", "apt", "parts"):
        shutil.rmtree(work / name, ignore_errors=True)
