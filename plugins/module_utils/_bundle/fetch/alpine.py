# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alpine's packages and root from its mirror. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import io
import os
import pathlib
import shutil
import tarfile
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import Architecture
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.apk import (
    CONFIG,
    KEY,
    KEY_RECIPE,
    Extra,
    Signer,
    apk_of,
    repository,
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
        architecture: Architecture,
    ) -> None:
        """Take the names of the packages, what Alpine lacks of them, the mirror's address, and seconds of patience."""
        self._architecture = architecture
        self._run, self._work, self._say, self._stall, self._extras = run, work, say, stall, extras
        self._packages = sorted(set(packages) - {extra.name for extra in extras})
        self._reference = f"alpine:{versions['alpine']}"
        self._repositories = [f"{site}/v{versions['alpine']}/{name}" for name in ("main", "community")]
        self._branch = versions["alpine"]
        self._signer = Signer(run, work, architecture)

    def steps(self, root: Step, tools: Step, address: str, lane: str, stale: bool) -> list[Step]:
        """Return the steps: key, repository, base image; ``root`` fetches the official root from ``address``.

        ``tools`` fetches the one whose programs run here: the same, unless the bundle is for other hosts than this one.
        With ``stale`` the repository has to be made anew, because what some package is made of is another one now.
        """
        archive, own = (self._work / "out" / step.path for step in (root, tools))

        def packages(target: pathlib.Path, scratch: pathlib.Path) -> str:
            return self._fetch(archive, own, target / self._architecture.machine, scratch)

        def image(target: pathlib.Path, scratch: pathlib.Path) -> str:
            self._signer.public_key(scratch / "key")
            changes = {
                f"etc/apk/keys/{KEY}.pub": (scratch / "key").read_bytes(),
                "etc/apk/repositories": f"{address_of_packages}\n".encode(),
            }
            layer_of_root(archive, scratch / "layer.tar", changes)
            write_archive(target, self._reference, scratch / "layer.tar", CONFIG, self._architecture)
            return address

        needs, address_of_packages = (root.path, KEY), repository(self._architecture)
        tool = () if tools == root else (tools.path,)
        extras = sorted((extra.name, extra.version, extra.recipe, extra.depends) for extra in self._extras)
        mark = self._architecture.mark
        recipe = recipe_of("fetch apk", REVISION, KEY_RECIPE, self._branch, self._packages, extras, *mark)
        made_of = [need for extra in self._extras for need in extra.needs]
        base = recipe_of("fetch image", REVISION, root.recipe, KEY_RECIPE, address_of_packages, CONFIG, self._reference)
        return [
            self._signer.step(),
            Step("apk", recipe, packages, lane, (*needs, *tool, *made_of), stale=stale),
            Step("images/node/alpine.tar", base, image, needs=needs, stale=root.stale),
        ]

    def _unpack(self, archive: pathlib.Path, root: pathlib.Path) -> pathlib.Path:
        root.mkdir()
        self._run(["tar", "--no-same-owner", "-C", str(root), "-xf", str(archive)])
        return root

    def _fetch(self, archive: pathlib.Path, own: pathlib.Path, place: pathlib.Path, scratch: pathlib.Path) -> str:
        root = tools = self._unpack(archive, scratch / "root")
        if own != archive:
            tools = self._unpack(own, scratch / "tools")
            # Each architecture has its own keys.
            shutil.copytree(root / "etc/apk/keys", tools / "etc/apk/keys", dirs_exist_ok=True)
        place.mkdir(parents=True)
        repositories = [word for address in self._repositories for word in ("--repository", address)]
        options = ["--root", str(root), "--arch", self._architecture.machine, "--repositories-file", "/dev/null"]
        options += [*repositories, "--cache=no"]
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
                [*apk_of(tools), *options, *fetch],
                environ_update=self._certificates(tools),
                before_communicate_callback=watch.start,
                fatal=r"^(ERROR|WARNING: fetching)",
            )
            self._run(
                [
                    *apk_of(tools),
                    "verify",
                    "--quiet",
                    "--keys-dir",
                    str(tools / "etc/apk/keys"),
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
        self._signer.trust(tools)
        for extra in self._extras:
            self._signer.package_of(tools, extra, place, scratch)
        self._signer.index(tools, place)
        return self._repositories[0].removesuffix("/main")

    @staticmethod
    def _certificates(root: pathlib.Path) -> dict[str, str]:
        """Return the authorities for HTTPS: the host's own, which know its proxy, else Alpine's."""
        if os.environ.get("SSL_CERT_FILE"):
            return {}
        own = root / "etc/ssl/certs/ca-certificates.crt"
        return {"SSL_CERT_FILE": str(HOST_CERTIFICATES if HOST_CERTIFICATES.exists() else own)}
