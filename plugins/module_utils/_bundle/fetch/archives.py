# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Alpine does not package: vendors' archives that become packages beside Alpine's own.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import tarfile
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import AMD64, Architecture
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.apk import Extra
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import recipe_of

REVISION = 1
# Releases that nobody should run, and why.
REFUSED = {
    ("wordpress", version): "whoever reaches it can read files of the server without a login, and on some run code"
    for version in ("7.1", "7.1.1")
}


@dataclasses.dataclass(frozen=True)
class Archive:
    """An archive of a vendor, and how a package is laid out of it."""

    title: str  # the package
    version: str
    site: str  # key of the mirrors
    path: str  # below the site
    checksum: str  # the kind that the vendor publishes beside it
    lay: t.Callable[[Runner, pathlib.Path, pathlib.Path, pathlib.Path], None]
    source: str  # as a package URL

    @property
    def file(self) -> str:
        """Return the file's name."""
        return self.path.rpartition("/")[2]

    @property
    def name(self) -> str:
        """Return the name by which it is pinned and recorded: site, version, file."""
        return f"{self.site}/v{self.version}/{self.file}"

    def package(self, run: Runner, folder: pathlib.Path) -> Extra:
        """Return the package; the archive lies in ``folder``."""

        def lay(tree: pathlib.Path, scratch: pathlib.Path) -> None:
            self.lay(run, folder / self.file, tree, scratch)

        recipe = recipe_of("archive", REVISION, self.name)
        return Extra(self.title, self.version, recipe, lay, (self.file,), source=self.source)


def archives(versions: dict[str, str], architecture: Architecture = AMD64) -> list[Archive]:
    """Return the archives; a version with a known hole is refused."""
    wordpress, influxdb = versions["wordpress"], versions["influxdb"]
    for name in ("wordpress", "influxdb"):
        if reason := REFUSED.get((name, versions[name])):
            raise BundleError(f"{name} {versions[name]} is refused: {reason}. Take a newer version (bundle_versions).")
    releases = f"influxdb/releases/v{influxdb}"
    return [
        Archive(
            "wordpress",
            wordpress,
            "wordpress",
            f"wordpress-{wordpress}.tar.gz",
            "sha1",
            lay_wordpress,
            f"pkg:github/wordpress/wordpress@{wordpress}",
        ),
        Archive(
            "influxdb",
            influxdb,
            "influxdata",
            f"{releases}/influxdb-{influxdb}_linux_{architecture.name}.tar.gz",
            "",
            lay_influxdb,
            f"pkg:github/influxdata/influxdb@v{influxdb}",
        ),
    ]


def lay_wordpress(run: Runner, archive: pathlib.Path, tree: pathlib.Path, scratch: pathlib.Path) -> None:
    """Lay WordPress where Alpine has web applications."""
    run(["tar", "--no-same-owner", "-C", str(scratch), "-xzf", str(archive)])
    if not (scratch / "wordpress/wp-includes/version.php").is_file():
        raise BundleError(f"{archive.name} does not hold WordPress in a folder of that name.")
    place = tree / "usr/share/webapps/wordpress"
    place.parent.mkdir(parents=True)
    shutil.move(scratch / "wordpress", place)


def lay_influxdb(run: Runner, archive: pathlib.Path, tree: pathlib.Path, scratch: pathlib.Path) -> None:
    """Lay the two programs where packages have them, wherever the archive has them."""
    place = tree / "usr/bin"
    place.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for name in ("influxd", "influx"):
            found = [m for m in tar if m.isreg() and m.mode & 0o111 and pathlib.PurePath(m.name).name == name]
            if len(found) != 1:
                raise BundleError(f"{archive.name} holds {len(found)} programs {name} instead of one.")
            source = t.cast(t.IO[bytes], tar.extractfile(found[0]))
            with (place / name).open("wb") as out:
                shutil.copyfileobj(source, out)
            (place / name).chmod(0o755)
