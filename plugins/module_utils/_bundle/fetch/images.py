# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images out of registries, without a container engine.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
import tarfile
import threading
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import AMD64, Architecture
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.files import (
    Meter,
    check_site,
    loopback,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError


class Location(t.NamedTuple):
    """Where to pull an image from: registry and repository, its tag, and whether without TLS."""

    repository: str
    tag: str
    plain: bool

    @property
    def registry(self) -> str:
        """Return the registry's host, with its port."""
        return self.repository.partition("/")[0]

    @property
    def api(self) -> str:
        """Return the address at which the registry says that it is one."""
        return f"{'http' if self.plain else 'https'}://{self.registry}/v2/"


def locate(reference: str, registries: dict[str, str]) -> Location:
    """Return where an image is pulled from when registries have mirrors."""
    host, _slash, rest = reference.partition("/")
    mirror = registries.get(host, host).rstrip("/")
    scheme, _colon, place = mirror.rpartition("://")
    repository, _colon, tag = f"{place}/{rest}".rpartition(":")
    return Location(
        repository, tag, scheme == "http" or (not scheme and loopback(place.partition("/")[0].partition(":")[0]))
    )


def check_registries(registries: dict[str, str], known: t.Container[str]) -> list[str]:
    """Refuse what is no table of registries; return those that anyone on the way could change."""
    for host in registries:
        if host not in known:
            raise BundleError(f"bundle_mirrors: no image comes from the registry {host}, so it cannot have a mirror.")
    addresses = {host: mirror if "://" in mirror else f"https://{mirror}" for host, mirror in registries.items()}
    return [host for host, address in addresses.items() if check_site(f"registry {host}", address)]


def last_words(text: str) -> str:
    """Return what skopeo said last, without its log decoration."""
    found = re.findall(r'msg="((?:[^"\\]|\\.)*)"', text)
    return str(json.loads(f'"{found[-1]}"')) if found else text.strip()[-300:]


def name_in_archive(archive: pathlib.Path, reference: str) -> None:
    """Put a reference into an archive as it is written everywhere else: skopeo adds docker.io/ to short ones."""
    with tarfile.open(archive) as tar:
        member = tar.getmember("manifest.json")
        content = t.cast(t.BinaryIO, tar.extractfile(member)).read()
    manifest = json.loads(content)
    if manifest[0]["RepoTags"] == [reference]:
        return
    manifest[0]["RepoTags"] = [reference]
    # In place: blanks after the end of JSON keep the size, so that no gigabyte has to be copied.
    text = json.dumps(manifest).encode().ljust(member.size)
    if len(text) != member.size:
        text = json.dumps(manifest, separators=(",", ":")).encode().ljust(member.size)
    if len(text) != member.size:
        raise BundleError(f"the archive of {reference} has no room for its name: skopeo wrote it in an unknown way.")
    with archive.open("r+b") as handle:
        handle.seek(member.offset_data)
        handle.write(text)


class Registries:
    """Pulls images with skopeo, which checks every digest on its way."""

    def __init__(
        self, run: Runner, say: t.Callable[[str], None], stall: int, architecture: Architecture = AMD64
    ) -> None:
        """Tell ``say`` how it goes; end what gets no byte for ``stall`` seconds."""
        self._run, self._say, self._stall = run, say, stall
        self._program = ["skopeo", "--override-os", "linux", "--override-arch", architecture.name]

    def digest(self, location: Location) -> str:
        """Return the SHA-256 of what a tag means now: of the list, where the image is one of many platforms."""
        source = f"docker://{location.repository}:{location.tag}"
        words = [
            "--command-timeout",
            f"{self._stall}s",
            "inspect",
            "--raw",
            "--retry-times",
            "2",
            *self._tls("", location),
            source,
        ]
        raw = self._skopeo(words, f"asking {source}")
        return hashlib.sha256(raw.encode("utf-8", errors="surrogateescape")).hexdigest()

    def copy(self, location: Location, digest: str, reference: str, target: pathlib.Path, scratch: pathlib.Path) -> str:
        """Write the image with a digest to an archive that carries ``reference``; return its full source."""
        source = f"docker://{location.repository}@sha256:{digest}"
        watch = Watch((target, scratch), reference, self._say, self._stall)
        words = [
            "--tmpdir",
            str(scratch),
            "copy",
            "--quiet",
            "--retry-times",
            "2",
            *self._tls("src-", location),
            source,
        ]
        try:
            # Relative to the folder: a colon in its name would be taken for the start of the reference.
            archive = f"docker-archive:{target.name}:{reference}"
            self._skopeo(
                [*words, archive], f"copying {source}", cwd=str(target.parent), before_communicate_callback=watch.start
            )
        except BundleError as error:
            if watch.stalled:
                raise BundleError(f"copying {source}: no byte came for {self._stall} s. {_ADVICE}") from error
            raise
        finally:
            watch.stop()
        name_in_archive(target, reference)
        return source

    @staticmethod
    def _tls(side: str, location: Location) -> list[str]:
        return [f"--{side}tls-verify=false"] if location.plain else []

    def _skopeo(self, words: list[str], what: str, **options: t.Any) -> str:
        try:
            return self._run([*self._program, *words], **options)
        except BundleError as error:
            raise BundleError(f"{what}: {last_words(str(error))}. {_ADVICE}") from error


_ADVICE = (
    "Look whether the registry can be reached from this host, or name a mirror for it (bundle_mirrors.registries)."
)


class Watch:
    """Looks at how files grow while a program runs, tells it, and ends the program when they do not."""

    def __init__(
        self, places: t.Iterable[pathlib.Path], title: str, say: t.Callable[[str], None], stall: float
    ) -> None:
        """Look at files and folders."""
        self._places, self._stall = tuple(places), stall
        self._meter = Meter(say, title, 0, None)
        self._over = threading.Event()
        self.stalled = False

    def start(self, process: t.Any) -> None:
        """Watch a program that was just started."""
        threading.Thread(target=self._look, args=(process,), daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._over.set()

    def _size(self) -> int:
        files = [file for place in self._places for file in (place, *place.rglob("*"))]
        size = 0
        for file in files:
            try:
                size += file.stat().st_size
            except OSError:
                continue  # gone already
        return size

    def _look(self, process: t.Any, step: float = 1.0) -> None:
        seen, most, quiet = 0, 0, 0.0
        while not self._over.wait(step):
            seen = self._size()
            # A temporary file that is moved into the archive makes the sum shrink: still a sign of life.
            quiet = quiet + step if seen == most else 0.0
            self._meter.add(max(seen - most, 0))
            most = seen
            if quiet >= self._stall:
                self.stalled = True
                process.kill()
                return
