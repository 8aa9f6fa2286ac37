# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alpine's packages and root from its mirror. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import io
import os
import pathlib
import tarfile
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.apk import (
    CONFIG,
    KEY,
    KEY_RECIPE,
    REPOSITORY,
    Extra,
    Signer,
    apk_of,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.archive import write_archive
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.images import Watch
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Step, recipe_of

REVISION = 1
HOST_CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


def layer_of_root(source: pathlib.Path, target: pathlib.Path, changes: dict[str, bytes]) -> None:
    """Write a root's archive again with some files added or replaced; owners and modes stay, whoever runs this."""
    with tarfile.open(source) as old, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as new:
        for member in old:
            if member.name.removeprefix("./") not in changes:
                new.addfile(member, old.extractfile(member) if member.isreg() else None)
        for name, content in sorted(changes.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            new.addfile(info, io.BytesIO(content))


class FetchedAlpine:
    """The official root becomes the base image; the packages of the table, with all they need, become a repository."""

    def __init__(
        self,
        run: Runner,
        work: pathlib.Path,
        versions: dict[str, str],
        packages: t.Iterable[str],
        extras: list[Extra],
        site: str,
        say: t.Callable[[str], None],
        stall: int,
    ) -> None:
        """Take the names of the packages, what Alpine lacks of them, the mirror's address, and seconds of patience."""
        self._run, self._work, self._say, self._stall, self._extras = run, work, say, stall, extras
        self._packages = sorted(set(packages) - {extra.name for extra in extras})
        self._reference = f"alpine:{versions['alpine']}"
        self._repositories = [f"{site}/v{versions['alpine']}/{name}" for name in ("main", "community")]
        self._branch = versions["alpine"]
        self._signer = Signer(run, work)

    def steps(self, root: Step, address: str, lane: str, stale: bool) -> list[Step]:
        """Return the steps: key, repository, base image; ``root`` fetches the official root from ``address``.

        With ``stale`` the repository has to be made anew, because what some package is made of is another one now.
        """
        archive = self._work / "out" / root.path

        def repository(target: pathlib.Path, scratch: pathlib.Path) -> str:
            return self._fetch(archive, target / "x86_64", scratch)

        def image(target: pathlib.Path, scratch: pathlib.Path) -> str:
            self._signer.public_key(scratch / "key")
            changes = {
                f"etc/apk/keys/{KEY}.pub": (scratch / "key").read_bytes(),
                "etc/apk/repositories": f"{REPOSITORY}\n".encode(),
            }
            layer_of_root(archive, scratch / "layer.tar", changes)
            write_archive(target, self._reference, scratch / "layer.tar", CONFIG)
            return address

        needs = (root.path, KEY)
        extras = sorted((extra.name, extra.version, extra.recipe, extra.depends) for extra in self._extras)
        packages = recipe_of("fetch apk", REVISION, KEY_RECIPE, self._branch, self._packages, extras)
        made_of = [need for extra in self._extras for need in extra.needs]
        base = recipe_of("fetch image", REVISION, root.recipe, KEY_RECIPE, REPOSITORY, CONFIG, self._reference)
        return [
            self._signer.step(),
            Step("apk", packages, repository, lane, (*needs, *made_of), stale=stale),
            Step("images/node/alpine.tar", base, image, needs=needs, stale=root.stale),
        ]

    def _fetch(self, archive: pathlib.Path, place: pathlib.Path, scratch: pathlib.Path) -> str:
        root = scratch / "root"
        root.mkdir()
        place.mkdir(parents=True)
        self._run(["tar", "--no-same-owner", "-C", str(root), "-xf", str(archive)])
        repositories = [word for address in self._repositories for word in ("--repository", address)]
        options = ["--root", str(root), "--repositories-file", "/dev/null", *repositories, "--cache=no"]
        fetch = [
            "fetch",
            "--quiet",
            "--timeout",
            str(self._stall),
            "--recursive",
            "--output",
            str(place),
            *self._packages,
        ]
        watch = Watch([place], "Alpine packages", self._say, 2 * self._stall)
        try:
            # apk ends with 0 when it finds no package or no mirror; what it says tells.
            self._run(
                [*apk_of(root), *options, *fetch],
                environ_update=self._certificates(root),
                before_communicate_callback=watch.start,
                fatal=r"^(ERROR|WARNING: fetching)",
            )
            self._run(
                [
                    *apk_of(root),
                    "verify",
                    "--quiet",
                    "--keys-dir",
                    str(root / "etc/apk/keys"),
                    *map(str, place.iterdir()),
                ]
            )
        except BundleError as error:
            raise BundleError(
                f"fetching {', '.join(self._packages)} from {' and '.join(self._repositories)}: {error}\n"
                "Look whether this mirror can be reached and has them, or name another (bundle_mirrors.alpine)."
            ) from error
        finally:
            watch.stop()
        self._signer.trust(root)
        for extra in self._extras:
            self._signer.package_of(root, extra, place, scratch)
        self._signer.index(root, place)
        return self._repositories[0].removesuffix("/main")

    @staticmethod
    def _certificates(root: pathlib.Path) -> dict[str, str]:
        """Return the authorities for HTTPS: the host's own, which know its proxy, else Alpine's."""
        if os.environ.get("SSL_CERT_FILE"):
            return {}
        own = root / "etc/ssl/certs/ca-certificates.crt"
        return {"SSL_CERT_FILE": str(HOST_CERTIFICATES if HOST_CERTIFICATES.exists() else own)}
