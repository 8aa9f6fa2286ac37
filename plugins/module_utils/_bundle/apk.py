# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alpine's own apk, run from an unpacked root without entering it.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import AMD64, Architecture
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Step, recipe_of

KEY = "ft_services.rsa"
KEY_RECIPE = recipe_of("key", 1)
CONFIG = {"Cmd": ["/bin/sh"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}


def repository(architecture: Architecture = AMD64) -> str:
    """Return the address of the bundle's packages, as the base image has it.

    image_build answers for this host while it builds, so the Dockerfiles need not know.
    """
    return f"http://bundle.invalid/apk/{architecture.machine}/APKINDEX.adb"


@dataclasses.dataclass(frozen=True)
class Extra:
    """A package that the distribution does not have.

    ``lay(tree, scratch)`` writes its files below the folder ``tree`` and may use the empty folder ``scratch``.
    """

    name: str
    version: str  # digits and dots
    recipe: str  # a hash of everything that decides its files
    lay: t.Callable[[pathlib.Path, pathlib.Path], None]
    needs: tuple[str, ...] = ()  # steps that come first
    depends: tuple[str, ...] = ()  # names in Alpine
    source: str = ""  # what it really is, as a package URL: image_sbom tells it


class Signer:
    """Signs a repository with a key of its own; what trusts it is made with the same key."""

    def __init__(self, run: Runner, work: pathlib.Path, architecture: Architecture = AMD64) -> None:
        """Keep the key in the work folder; ``architecture`` is the packages'."""
        self._run, self._key, self._architecture = run, work / "out" / KEY, architecture

    def step(self) -> Step:
        """Return the step that makes the key."""
        return Step(KEY, KEY_RECIPE, self._make, intermediate=True, unique=True)

    def _make(self, target: pathlib.Path, scratch: pathlib.Path) -> None:
        self._run(["openssl", "genrsa", "-out", str(target), "4096"])
        target.chmod(0o600)

    def public_key(self, target: pathlib.Path) -> None:
        """Write the public half."""
        self._run(["openssl", "rsa", "-in", str(self._key), "-pubout", "-out", str(target)])
        target.chmod(0o644)

    def trust(self, root: pathlib.Path) -> None:
        """Make a root accept what is signed."""
        self.public_key(root / "etc/apk/keys" / f"{KEY}.pub")

    def words(self, root: pathlib.Path) -> list[str]:
        """Return the options with which apk signs and checks."""
        return ["--sign-key", str(self._key), "--keys-dir", str(root / "etc/apk/keys")]

    def package(self, root: pathlib.Path, info: dict[str, str], tree: pathlib.Path, place: pathlib.Path) -> None:
        """Write a package of the files below ``tree`` into the folder ``place``; ``info`` has its name and version."""
        about = {**info, "arch": self._architecture.machine, "license": "see-source"}
        words = [word for key, text in about.items() for word in ("--info", f"{key}:{text}")]
        words += ["--files", str(tree), "--output", str(place / f"{info['name']}-{info['version']}.apk")]
        self._run([*apk_of(root), "mkpkg", *words, *self.words(root)])

    def package_of(self, root: pathlib.Path, extra: Extra, place: pathlib.Path, scratch: pathlib.Path) -> None:
        """Write a package that is made from other sources."""
        tree, own = scratch / "extras" / extra.name, scratch / "work" / extra.name
        for folder in (tree, own):
            folder.mkdir(parents=True)
        extra.lay(tree, own)
        info = {"name": extra.name, "version": f"{extra.version}-r0", "description": extra.name}
        if extra.source:
            info["url"] = extra.source
        if extra.depends:
            info["depends"] = " ".join(extra.depends)
        self.package(root, info, tree, place)

    def index(self, root: pathlib.Path, place: pathlib.Path) -> None:
        """Write the signed index of the packages in a folder."""
        packages = sorted(str(file) for file in place.glob("*.apk"))
        self._run([*apk_of(root), "mkndx", *self.words(root), "--output", str(place / "APKINDEX.adb"), *packages])


def apk_of(root: pathlib.Path) -> list[str]:
    """Return the words that run a root's apk by the root's own loader: no container, no mount, no privilege."""
    program: t.Final = next(path for path in (root / "sbin/apk", root / "usr/sbin/apk") if os.path.lexists(path))
    (loader,) = (root / "lib").glob("ld-musl-*.so.1")
    return [str(loader), "--library-path", f"{root}/lib:{root}/usr/lib", str(program)]
