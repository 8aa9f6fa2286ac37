# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What shows the dashboards: Grafana of an archive that somebody put into the bundle, and uPlot where there is none.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import base64
import hashlib
import pathlib
import re
import shutil

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.packages import Extra
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import recipe_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of

SLOT = "slots/grafana"
# The vendor's names, like grafana-11.6.0.linux-amd64.tar.gz or grafana_12.2.1_18655849634_linux_amd64.tar.gz.
ARCHIVE = re.compile(r"grafana(?:[-_]enterprise)?[-_]v?(\d+(?:\.\d+)+)(?:[-_]\d+)?[._-]linux[-_]amd64\.tar\.gz")
# What a server needs of the archive, below Alpine's folder for it; the rest are tools for packages and containers.
GRAFANA_PARTS = ("LICENSE", "VERSION", "conf", "data/plugins-bundled", "plugins-bundled", "public")
UPLOT_PARTS = {"LICENSE": "LICENSE", "uPlot.esm.js": "dist/uPlot.esm.js", "uPlot.min.css": "dist/uPlot.min.css"}


def slot(bundle: pathlib.Path) -> tuple[pathlib.Path, str] | None:
    """Return the archive of Grafana that somebody put into the bundle, and its version; or None."""
    found = sorted(file for file in (bundle / SLOT).glob("*") if not file.name.startswith("."))
    if not found:
        return None
    match = ARCHIVE.fullmatch(found[0].name)
    if len(found) > 1 or match is None:
        raise BundleError(
            f"{bundle / SLOT} holds {', '.join(file.name for file in found)}. It has to hold one archive of Grafana "
            "for x86_64 alone, by the name of its download site, like grafana-12.2.8.linux-amd64.tar.gz."
        )
    return found[0], match.group(1)


def slot_sources(bundle: pathlib.Path) -> dict[str, dict[str, str]]:
    """Return what the manifest keeps of that archive: name (with the version), SHA-256, and that nobody fetched it."""
    given = slot(bundle)
    if given is None:
        return {}
    return {f"{SLOT}/{given[0].name}": {"sha256": sha256_of(given[0]), "url": "put there by the user"}}


def grafana(run: Runner, bundle: pathlib.Path) -> list[Extra]:
    """Return the package grafana when its archive is there, with the places that Alpine's package has."""
    given = slot(bundle)
    if given is None:
        return []
    archive, version = given

    def lay(tree: pathlib.Path, scratch: pathlib.Path) -> None:
        run(["tar", "-xzf", str(archive), "-C", str(scratch), "--strip-components=1", "--no-same-owner"])
        program, home = scratch / "bin" / "grafana", tree / "usr/share/grafana"
        lacks = [part for part in ("bin/grafana", "conf/defaults.ini", "public") if not (scratch / part).exists()]
        if lacks:
            raise BundleError(f"{archive} is no archive of Grafana for Linux: it has no {', '.join(lacks)}.")
        home.mkdir(parents=True)
        for part in GRAFANA_PARTS:
            if (scratch / part).exists():
                (home / part).parent.mkdir(exist_ok=True)
                shutil.move(scratch / part, home / part)
        (tree / "usr/bin").mkdir()
        shutil.move(program, tree / "usr/bin/grafana")
        (tree / "usr/bin/grafana").chmod(0o755)

    # Grafana's own builds look for the loader of glibc, unless they are static.
    recipe = recipe_of("grafana", 1, sha256_of(archive), GRAFANA_PARTS)
    return [Extra("grafana", version, recipe, lay, (), ("deb-libc6",), f"pkg:github/grafana/grafana@v{version}")]


def uplot(run: Runner, version: str, integrity: str) -> Extra:
    """Return the package uplot: the files of the npm package of that name which a page needs."""

    def lay(tree: pathlib.Path, scratch: pathlib.Path) -> None:
        # npm's settings on this host apply; its cache does not stay.
        options = ["--ignore-scripts", "--no-update-notifier", "--loglevel=error"]
        options += [f"--pack-destination={scratch}", f"--cache={scratch / 'cache'}"]
        run(["npm", "pack", f"uplot@{version}", *options])
        archive = scratch / f"uplot-{version}.tgz"
        found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != integrity:
            raise BundleError(f"uplot {version} from npm has the hash {found} instead of {integrity}.")
        run(["tar", "-xzf", str(archive), "-C", str(scratch), "--no-same-owner"])
        home = tree / "usr/share/uplot"
        home.mkdir(parents=True)
        for name, part in UPLOT_PARTS.items():
            shutil.copyfile(scratch / "package" / part, home / name)

    recipe = recipe_of("uplot", 1, version, integrity, sorted(UPLOT_PARTS))
    return Extra("uplot", version, recipe, lay, source=f"pkg:npm/uplot@{version}")
