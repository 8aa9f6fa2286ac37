# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signed repository of Alpine packages out of Debian's, and of packages that Debian does not have.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import collections
import concurrent.futures
import os
import pathlib
import re
import typing as t
import urllib.parse

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.apk import KEY, KEY_RECIPE, Extra, Signer
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Debian, closure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Step, recipe_of, remove

REVISION = 2
# What only maintainer scripts and Essential tools need, or what the images bring themselves.
SKIP = frozenset(
    (
        "adduser apache2 base-files bash ca-certificates coreutils cron dash dbconfig-common dbconfig-mysql dbus "
        "debconf debianutils default-mysql-client diffutils dpkg findutils galera-4 gawk grep gzip hostname init- "
        "system-helpers iproute2 javascript-common libapache2-mod-php libdbi-perl libjs-sphinxdoc libpam-modules "
        "libpam-runtime login logrotate lsb-base lsof mariadb-client mariadb-client-compat mariadb-common mariadb- "
        "server mawk media-types mime-support mount mysql-common ncurses-base netbase openssh-client openssl passwd "
        "perl perl-base php-common procps psmisc rsync runit-helper sed sensible-utils socat ssl-cert systemd "
        "sysvinit-utils tar ucf ucspi-tcp update-inetd util-linux"
    ).split()
)
JUNK = (
    "usr/share/doc usr/share/man usr/share/locale usr/share/lintian usr/share/bug usr/share/info lib/systemd "
    "usr/lib/systemd etc/init.d etc/cron.d etc/logrotate.d etc/default etc/ssl usr/bin/c_rehash"
).split()
# Where Debian's packages lie otherwise than Alpine's of the same purpose: Debian package to link and its target.
LINKS = {
    # The loader's path in every Debian program.
    "libc6": {"lib64": "usr/lib64"},
    "php8.4-cli": {"usr/bin/php84": "php8.4"},
    "php8.4-fpm": {"usr/sbin/php-fpm84": "php-fpm8.4"},
    "phpmyadmin": {"usr/share/webapps/phpmyadmin": "../phpmyadmin"},
    "wordpress": {"usr/share/webapps/wordpress": "../wordpress"},
}
# Alpine's folder of settings that PHP reads at start; Debian's maintainer scripts would fill another.
PHP_SETTINGS = "etc/php84/conf.d"


def apk_version(version: str) -> str:
    """Return a Debian version as Alpine writes one: the upstream digits and revision 0."""
    match = re.match(r"\d+(\.\d+)*", re.sub(r"^\d+:", "", version))
    return f"{match.group(0) if match else '0'}-r0"


def package_url(fields: dict[str, str]) -> str:
    """Return what a package is to Debian, with its whole version: apk knows no more than the digits of upstream."""
    version = urllib.parse.quote(fields["Version"], safe=":~")
    source = fields.get("Source", "").partition(" ")[0]
    upstream = f"&upstream={source}" if source else ""
    return f"pkg:deb/debian/{fields['Package']}@{version}?arch={fields['Architecture']}&distro=debian-13{upstream}"


def provisions(packages: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what each Debian package provides: the first one of a list has the name in Alpine."""
    found: dict[str, list[str]] = collections.defaultdict(list)
    for name, debians in packages.items():
        if debians:
            found[debians[0]].append(name)
    return dict(found)


def companions(packages: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what else each Debian package brings along: the others of its lists."""
    found: dict[str, set[str]] = collections.defaultdict(set)
    for debians in packages.values():
        for first in debians[:1]:
            found[first].update(debians[1:])
    return {name: sorted(others) for name, others in found.items()}


def prepare_tree(name: str, tree: pathlib.Path) -> None:
    """Give the files of a Debian package the places that Alpine's packages use."""
    for junk in JUNK:
        remove(tree / junk)
    for link, target in LINKS.get(name, {}).items():
        place = tree / link
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
    for setting in sorted(tree.glob("usr/share/php8.*-*/*/*.ini")):
        text = setting.read_text(encoding="utf-8")
        rank = re.search(r"^; priority=(\d+)$", text, re.MULTILINE)
        folder = tree / PHP_SETTINGS
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{rank.group(1) if rank else '20'}_{setting.name}").write_text(text, encoding="utf-8")


class Repository:
    """The repository that images install from while they are built."""

    def __init__(self, debian: Debian, signer: Signer, packages: dict[str, list[str]], extras: list[Extra]) -> None:
        """Take the table of packages: name in Alpine to the Debian packages that provide it; and packages beside it."""
        self._debian, self._signer, self._packages, self._extras = debian, signer, packages, extras

    def step(self, root_recipe: str, unpack_root: t.Callable[[pathlib.Path], None]) -> Step:
        """Return the step; ``unpack_root`` lays out the Alpine root whose apk makes the packages."""
        extras = sorted((extra.name, extra.version, extra.recipe, extra.depends) for extra in self._extras)
        recipe = recipe_of("apk", REVISION, root_recipe, KEY_RECIPE, self._packages, sorted(SKIP), JUNK, LINKS, extras)
        needs = ("alpine-root.tar", KEY, *(need for extra in self._extras for need in extra.needs))

        def make(target: pathlib.Path, scratch: pathlib.Path) -> None:
            unpack_root(scratch / "root")
            self._signer.trust(scratch / "root")
            (target / "x86_64").mkdir(parents=True)
            self._make_debian(target / "x86_64", scratch)
            for extra in self._extras:
                self._signer.package_of(scratch / "root", extra, target / "x86_64", scratch)
            self._signer.index(scratch / "root", target / "x86_64")

        return Step("apk", recipe, make, needs=needs)

    def _make_debian(self, place: pathlib.Path, scratch: pathlib.Path) -> None:
        trees, index = scratch / "trees", self._debian.index("trixie")
        provided, brought = provisions(self._packages), companions(self._packages)
        packages = closure(index, [name for debians in self._packages.values() for name in debians], SKIP)
        self._debian.unpack(packages, "trixie", lambda name: trees / name)

        def make(name: str) -> None:
            prepare_tree(name, trees / name)
            version = apk_version(index[name]["Version"])
            info = {"name": f"deb-{name}", "version": version, "description": f"{name} of Debian"}
            info["url"] = package_url(index[name])
            if needs := [*packages[name], *brought.get(name, [])]:
                info["depends"] = " ".join(f"deb-{need}" for need in dict.fromkeys(needs))
            if name in provided:
                info["provides"] = " ".join(f"{each}={version}" for each in provided[name])
            self._signer.package(scratch / "root", info, trees / name, place)

        # apk compresses with one processor.
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(make, sorted(packages)))
