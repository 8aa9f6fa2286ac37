# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Go programs of a cluster, built from pinned modules.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shutil

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Debian, Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Step, recipe_of, remove
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of

MINIMUM_GO = (1, 25)
TOOLCHAIN = "toolchain"
# Telegraf with all its plugins would take ten times as long to build.
TELEGRAF_PLUGINS = (
    "inputs.http_listener_v2 inputs.internal inputs.kube_inventory inputs.kubernetes "
    "outputs.health outputs.influxdb parsers.influx secretstores.docker serializers.influx"
).split()


@dataclasses.dataclass(frozen=True)
class Program:
    """One main package of one wrapper module (a folder with go.mod and go.sum below files/forge/go)."""

    module: str
    package: str
    variables: dict[str, str] = dataclasses.field(default_factory=dict)
    cgo: bool = False
    tags: str = ""
    # A dependency of which a file is replaced: its import path, the file in it, and the file of the wrapper module.
    patch: tuple[str, str, str] | None = None


def programs(versions: dict[str, str]) -> dict[str, Program]:
    """Return every program by the name of its file; the order is the order of building."""
    kubernetes = versions["kubernetes"]
    major, minor, _patch = kubernetes.split(".")
    stamp = {
        f"{package}.{name}": text
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for name, text in {
            "gitVersion": f"v{kubernetes}",
            "gitMajor": major,
            "gitMinor": minor,
            "gitTreeState": "clean",
            "buildDate": "2026-02-10T00:00:00Z",
        }.items()
    }
    about = "k8s.io/minikube/pkg/version"
    minikube = {
        f"{about}.version": f"v{versions['minikube']}",
        f"{about}.isoVersion": f"v{versions['minikube']}",
        f"{about}.gitCommitID": "unknown",
        # Without it the name of the storage provisioner's image has no tag.
        f"{about}.storageProvisionerVersion": versions["storage_provisioner"],
    }
    # What the node image and the packages need comes first: both are put together beside the long compilations.
    table = {
        "runc-shim": Program("runc-shim", "."),
        "pause": Program("pause", "."),
        "cri-dockerd": Program(
            "cri-dockerd",
            "github.com/Mirantis/cri-dockerd",
            {"github.com/Mirantis/cri-dockerd/cmd/version.Version": versions["cri_dockerd"]},
        ),
        "telegraf": Program(
            "telegraf",
            "github.com/influxdata/telegraf/cmd/telegraf",
            {"github.com/influxdata/telegraf/internal.Version": versions["telegraf"]},
            tags=",".join(("custom", *TELEGRAF_PLUGINS)),
        ),
    }
    for name in (
        "kubelet",
        "kubeadm",
        "kubectl",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
    ):
        table[name] = Program("kubernetes", f"k8s.io/kubernetes/cmd/{name}", stamp)
    table["minikube"] = Program("minikube", "k8s.io/minikube/cmd/minikube", minikube, cgo=True, tags="libvirt_dlopen")
    table["storage-provisioner"] = Program(
        "storage-provisioner",
        "k8s.io/minikube/cmd/storage-provisioner",
        {"k8s.io/minikube/pkg/storage.version": versions["storage_provisioner"]},
    )
    table["etcd"] = Program("etcd", "go.etcd.io/etcd/server/v3")
    table["coredns"] = Program("coredns", "github.com/coredns/coredns")
    for name in ("controller", "speaker"):
        table[f"metallb-{name}"] = Program("metallb", f"go.universe.tf/metallb/{name}")
    table["kube-network-policies"] = Program(
        "kube-network-policies",
        "sigs.k8s.io/kube-network-policies/cmd",
        patch=("github.com/google/nftables", "expr/queue.go", "nftables-queue.go"),
    )
    return table


def host_go(run: Runner, executable: str | None) -> bool:
    """Say whether the host's own Go is new enough."""
    if not executable:
        return False
    match = re.search(r"go(\d+)\.(\d+)", run([executable, "version"], environ_update={"GOTOOLCHAIN": "local"}))
    return match is not None and (int(match.group(1)), int(match.group(2))) >= MINIMUM_GO


class GoBuilder:
    """Builds programs with the host's Go, or with Debian's unpacked into the work folder."""

    def __init__(
        self, run: Runner, debian: Debian, recipes: pathlib.Path, work: pathlib.Path, go: str | None, go_version: str
    ) -> None:
        """Use the host's ``go`` when given, else make a toolchain of ``go_version`` (major.minor) first."""
        self._run, self._debian, self._recipes, self._work, self._go, self._version = (
            run,
            debian,
            recipes,
            work,
            go,
            go_version,
        )
        self._needs = () if go else (TOOLCHAIN,)

    def toolchain(self) -> list[Step]:
        """Return the step that provides a compiler where the host has none."""
        if self._go:
            return []
        return [Step(TOOLCHAIN, recipe_of("go", self._version), self._unpack_toolchain, "compile", (), True)]

    def _unpack_toolchain(self, target: pathlib.Path, scratch: pathlib.Path) -> None:
        names = (f"golang-{self._version}-go", f"golang-{self._version}-src")
        remove(self._work / TOOLCHAIN)
        self._debian.unpack(names, "trixie-backports", lambda name: self._work / TOOLCHAIN)
        target.write_text(self._run([self.command, "version"], environ_update=self.environment()), encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """Return Go's settings: the host's registry settings stay as they are, caches lie in the work folder."""
        found = {
            "GOMODCACHE": str(self._work / "go" / "mod"),
            "GOCACHE": str(self._work / "go" / "build"),
            "GOFLAGS": "-mod=mod -buildvcs=false",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            # Unknown to the checksum database; its hash is pinned by our go.sum.
            "GONOSUMDB": "github.com/metallb/frr-k8s",
        }
        if not self._go:
            found["GOROOT"] = str(self._work / TOOLCHAIN / "usr" / "lib" / f"go-{self._version}")
        return found

    @property
    def command(self) -> str:
        """Return the path of the go command."""
        return self._go or f"{self.environment()['GOROOT']}/bin/go"

    def _module(self, name: str, scratch: pathlib.Path) -> pathlib.Path:
        # A copy: go may rewrite go.mod, and the recipes belong to the collection.
        return pathlib.Path(shutil.copytree(self._recipes / "go" / name, scratch / name))

    def _sums(self, name: str) -> dict[str, str]:
        return {file.name: sha256_of(file) for file in sorted((self._recipes / "go" / name).iterdir())}

    def step(self, name: str, program: Program) -> Step:
        """Return the step that builds one program."""

        def make(target: pathlib.Path, scratch: pathlib.Path) -> None:
            flags = " ".join(["-s", "-w", *(f"-X {key}={text}" for key, text in program.variables.items())])
            tags = ["-tags", program.tags] if program.tags else []
            package = "main.go" if program.package == "." else program.package
            folder = self._module(program.module, scratch)
            if program.patch:
                self._patch(folder, *program.patch)
            self._run(
                [self.command, "build", "-trimpath", *tags, "-ldflags", flags, "-o", str(target), package],
                cwd=str(folder),
                environ_update={
                    **self.environment(),
                    "CGO_ENABLED": "1" if program.cgo else "0",
                    # What a killed build leaves is removed with this folder.
                    "GOTMPDIR": str(scratch),
                },
            )

        return Step(
            name,
            # What is not said does not count: so a new field makes no program anew.
            recipe_of(
                tuple(value for value in dataclasses.astuple(program) if value is not None), self._sums(program.module)
            ),
            make,
            "compile",
            self._needs,
            True,
        )

    def _source(self, folder: pathlib.Path, import_path: str) -> pathlib.Path:
        """Return the folder with the source of a pinned module."""
        for query in (["mod", "download", import_path], ["list", "-m", "-f", "{{.Dir}}", import_path]):
            said = self._run([self.command, *query], cwd=str(folder), environ_update=self.environment())
        return pathlib.Path(said.strip())

    def _patch(self, folder: pathlib.Path, import_path: str, file: str, replacement: str) -> None:
        """Let a wrapper module use a copy of a pinned module in which one file is another."""
        # Go lets nothing below its cache be replaced.
        copy = shutil.copytree(self._source(folder, import_path), folder / "patched", copy_function=shutil.copyfile)
        shutil.copyfile(folder / replacement, copy / file)
        edit = ["mod", "edit", f"-replace={import_path}={copy}"]
        self._run([self.command, *edit], cwd=str(folder), environ_update=self.environment())

    def file_of_module(self, path: str, module: str, import_path: str, file: str) -> Step:
        """Return the step that copies a file out of a pinned module's source."""

        def make(target: pathlib.Path, scratch: pathlib.Path) -> None:
            shutil.copyfile(self._source(self._module(module, scratch), import_path) / file, target)

        return Step(path, recipe_of(import_path, file, self._sums(module)), make, "compile", self._needs)
