# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a forged bundle holds and how each file is made.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import pathlib
import shutil
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.apk import Extra
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.archive import layer_of_files, write_archive
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.alpine import Alpine
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.dashboards import grafana, uplot
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.go import GoBuilder, programs
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.node import NodeImage
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.packages import SKIP
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.contents import one_program_images
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Debian, Runner, closure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Step, recipe_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.wheels import kube_web_view

PATH = ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]


class Forger:
    """Puts the steps together."""

    def __init__(
        self, run: Runner, recipes: pathlib.Path, work: pathlib.Path, go: str | None, request: dict[str, t.Any]
    ) -> None:
        """Take the folder of recipes, the work folder, the host's go (None: make one), versions and packages."""
        self._run, self._work = run, work
        self._versions: dict[str, str] = request["versions"]
        self._debian = Debian(run, work / "apt")
        self._go = GoBuilder(run, self._debian, recipes, work, go, self._versions["go"])
        self._node = NodeImage(run, recipes, work / "out", self._versions)
        self._programs = {name: self._go.step(name, program) for name, program in programs(self._versions).items()}
        python = self._versions["python_of_debian"]
        self._wheels, board = kube_web_view(run, recipes, work, self._versions["kube_web_view"], python, "glibc")
        extras = [
            self._program("telegraf", self._versions["telegraf"], "github.com/influxdata/telegraf"),
            self._program("kubectl", self._versions["kubernetes"], "k8s.io/kubernetes"),
            board,
            uplot(run, self._versions["uplot"], self._versions["uplot_integrity"]),
            *grafana(run, pathlib.Path(request["path"])),
        ]
        self._alpine = Alpine(run, self._debian, work, self._versions, request["packages"], extras)

    def steps(self) -> list[Step]:
        """Return all steps in an order in which every step comes after its needs."""
        built = self._programs
        recipes = {name: step.recipe for name, step in built.items()}
        kubernetes = f"kubernetes/v{self._versions['kubernetes']}"
        copies = {"bin/minikube": "minikube", "bin/kubectl": "kubectl"}
        copies |= {f"{kubernetes}/{name}": name for name in ("kubelet", "kubeadm", "kubectl")}
        node_needs = {name: recipes[name] for name in ("runc-shim", "cri-dockerd")}
        return [
            *self._go.toolchain(),
            *built.values(),
            self._go.file_of_module(
                "metallb/metallb-native.yaml",
                "metallb",
                "go.universe.tf/metallb",
                "config/manifests/metallb-native.yaml",
            ),
            # The longest of those that are put together first: what the others need is not compiled yet.
            self._node.step("images/host/node.tar", self._versions["node_image"], node_needs),
            self._wheels,
            *self._alpine.steps(),
            *(self._copy(path, name, recipes[name]) for path, name in copies.items()),
            *(self._one_program_image(row, recipes[row[1]]) for row in one_program_images(self._versions)),
            self._kube_proxy(recipes["kube-proxy"]),
        ]

    def _program(self, name: str, version: str, module: str) -> Extra:
        """Return the package of what Debian does not have, and Go modules do."""

        def lay(tree: pathlib.Path, scratch: pathlib.Path) -> None:
            (tree / "usr/bin").mkdir(parents=True)
            shutil.copy2(self._work / "out" / name, tree / "usr/bin" / name)

        return Extra(name, version, self._programs[name].recipe, lay, (name,), source=f"pkg:golang/{module}@v{version}")

    def _copy(self, path: str, program: str, recipe: str) -> Step:
        def make(target: pathlib.Path, scratch: pathlib.Path) -> None:
            shutil.copy2(self._work / "out" / program, target)

        return Step(path, recipe_of("copy", recipe), make, needs=(program,))

    def _one_program_image(self, row: tuple[str, str, str, str], recipe: str) -> Step:
        path, program, place, reference = row
        config: dict[str, t.Any] = {"Env": PATH}
        if "/" not in place:
            config["Entrypoint"] = [f"/{place}"]

        def make(target: pathlib.Path, scratch: pathlib.Path) -> None:
            layer_of_files(scratch / "layer.tar", {place: self._work / "out" / program})
            write_archive(target, reference, scratch / "layer.tar", config)

        return Step(path, recipe_of("image", recipe, place, reference, config), make, needs=(program,))

    def _kube_proxy(self, recipe: str) -> Step:
        reference = f"registry.k8s.io/kube-proxy:v{self._versions['kubernetes']}"
        config = {"Env": PATH}

        def make(target: pathlib.Path, scratch: pathlib.Path) -> None:
            # Of the same release as the node's, so that both read the same rules.
            root, layer = scratch / "root", scratch / "layer.tar"
            self._debian.unpack(
                closure(self._debian.index("bookworm"), ["iptables"], SKIP), "bookworm", lambda name: root
            )
            for name in ("lib", "lib64", "sbin", "bin"):
                folder = root / name
                if folder.is_dir():
                    shutil.copytree(folder, root / "usr" / name, symlinks=True, dirs_exist_ok=True)
                    shutil.rmtree(folder)
                (root / "usr" / name).mkdir(parents=True, exist_ok=True)
                folder.symlink_to(f"usr/{name}")
            for name in (
                "iptables",
                "iptables-save",
                "iptables-restore",
                "ip6tables",
                "ip6tables-save",
                "ip6tables-restore",
            ):
                link = root / "usr/sbin" / name
                link.unlink(missing_ok=True)
                link.symlink_to("xtables-nft-multi")
            for name in ("usr/local/bin", "run", "tmp"):
                (root / name).mkdir(parents=True, exist_ok=True)
            shutil.copy2(self._work / "out" / "kube-proxy", root / "usr/local/bin/kube-proxy")
            for junk in ("usr/share",):
                shutil.rmtree(root / junk, ignore_errors=True)
            self._run(
                [
                    "tar",
                    "--numeric-owner",
                    "--owner=0",
                    "--group=0",
                    "--sort=name",
                    "-C",
                    str(root),
                    "-cf",
                    str(layer),
                    ".",
                ]
            )
            write_archive(target, reference, layer, config)

        return Step(
            "images/host/kube-proxy.tar",
            recipe_of("kube-proxy", 1, recipe, reference, config),
            make,
            needs=("kube-proxy",),
        )
