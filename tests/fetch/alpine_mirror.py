# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror in the format of Alpine's own (packages and index of format 2, signed), out of the forged repository."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import tarfile
import typing as t

COMMUNITY = {"tini"}  # where Alpine has it, too
# What Alpine does not have: a fetched bundle makes packages of the vendors' archives and of wheels.
ELSEWHERE = {"deb-influxdb", "deb-influxdb-client", "deb-wordpress", "kube-web-view"}


def _run(*command: str | pathlib.Path, given: bytes = b"") -> bytes:
    return subprocess.run(list(map(str, command)), input=given, check=True, capture_output=True).stdout


def _segment(files: dict[str, bytes]) -> bytes:
    """Return a tar without its end, compressed: the parts of a package follow each other as one stream."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        end = tar.offset
    return gzip.compress(out.getvalue()[:end], 1)


class Mirror:
    """Files of a mirror below ``folder``; ``root_archive`` is its root file system, which trusts its key.

    ``absent`` are packages that Alpine has and the forged bundle has not: the mirror's are empty.
    """

    machine, _key_name = "x86_64", "mirror.rsa.pub"

    def __init__(self, bundle: pathlib.Path, folder: pathlib.Path, absent: t.Iterable[str]) -> None:
        self._bundle, self._packages = bundle, bundle / "apk" / self.machine
        self._root = folder / "root"
        self._root.mkdir(parents=True)
        self._begin(folder)
        self._make_root()
        for package in sorted(self._packages.glob("*.apk")):
            about: dict[str, t.Any] = json.loads(self._apk("adbdump", "--format", "json", package))["info"]
            if about["name"] not in ELSEWHERE:
                self._add(package.name, about, self._extract(package))
        self._add_empty(absent)
        for name in ("main", "community"):
            self._index(folder / name / self.machine)

    def _begin(self, folder: pathlib.Path) -> None:
        """Make the key that this mirror signs with."""
        self.folder, self._key, self.root_archive = folder, folder / "key.rsa", folder / "root.tar.gz"
        _run("openssl", "genrsa", "-out", self._key, "2048")
        self._public = _run("openssl", "rsa", "-in", self._key, "-pubout")

    def _add_empty(self, names: t.Iterable[str]) -> None:
        for name in names:
            about = {"name": name, "version": "1.0.0-r0", "description": f"an empty {name}", "arch": self.machine}
            self._add(f"{name}-1.0.0-r0.apk", about | {"license": "none"}, self._empty())

    def _make_root(self) -> None:
        """Take the forged base image back to what Alpine publishes: its repositories, no key of a bundle."""
        with (
            tarfile.open(self._bundle / "images/node/alpine.tar") as image,
            tarfile.open(fileobj=image.extractfile("layer.tar")) as layer,
            tarfile.open(self.root_archive, "w:gz", compresslevel=1) as root,
        ):
            for member in layer:
                if not member.name.endswith(("ft_services.rsa.pub", "etc/apk/repositories")):
                    root.addfile(member, layer.extractfile(member) if member.isreg() else None)
            self._put(root, f"./etc/apk/keys/{self._key_name}", self._public)
        _run("tar", "-C", self._root, "-xf", self.root_archive)

    @staticmethod
    def _put(tar: tarfile.TarFile, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))

    def _apk(self, *words: str | pathlib.Path) -> bytes:
        root = self._root
        loader = [f"{root}/lib/ld-musl-x86_64.so.1", "--library-path", f"{root}/lib:{root}/usr/lib"]
        return _run(*loader, f"{root}/sbin/apk", *words)

    def _empty(self) -> pathlib.Path:
        tree = self.folder / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir()
        return tree

    def files_of(self, name: str) -> pathlib.Path:
        """Return the folder with the files of a forged package, until the next one is looked at."""
        (package,) = self._packages.glob(f"{name}-[0-9]*.apk")
        return self._extract(package)

    def _extract(self, package: pathlib.Path) -> pathlib.Path:
        tree = self._empty()
        self._apk("extract", "--allow-untrusted", "--destination", tree, package)
        return tree

    def _signed(self, content: bytes) -> bytes:
        signature = _run("openssl", "dgst", "-sha1", "-sign", self._key, given=content)
        return _segment({f".SIGN.RSA.{self._key_name}": signature}) + content

    def _add(self, file: str, about: dict[str, t.Any], tree: pathlib.Path) -> None:
        data = gzip.compress(_data_of(tree), 1)
        lines = [
            f"pkgname = {about['name']}",
            f"pkgver = {about['version']}",
            f"pkgdesc = {about['description']}",
            f"arch = {about['arch']}",
            f"license = {about['license']}",
            f"size = {about.get('installed-size', 1)}",
            *(f"depend = {name}" for name in about.get("depends", [])),
            *(f"provides = {name}" for name in about.get("provides", [])),
            f"datahash = {hashlib.sha256(data).hexdigest()}",
        ]
        control = _segment({".PKGINFO": "".join(f"{line}\n" for line in lines).encode()})
        provided = {name.partition("=")[0] for name in about.get("provides", [])}
        place = self.folder / ("community" if provided & COMMUNITY else "main") / self.machine
        place.mkdir(parents=True, exist_ok=True)
        (place / file).write_bytes(self._signed(control) + data)

    def _index(self, place: pathlib.Path) -> None:
        out = self.folder / "index.tar.gz"
        self._apk("--allow-untrusted", "index", "--no-warnings", "--output", out, *sorted(place.glob("*.apk")))
        (place / "APKINDEX.tar.gz").write_bytes(self._signed(out.read_bytes()))


class ForeignMirror(Mirror):
    """The same for processors whose programs cannot be started here: empty packages, under a key of their own."""

    machine, _key_name = "aarch64", "foreign.rsa.pub"

    def __init__(self, tools: pathlib.Path, folder: pathlib.Path, names: t.Iterable[str]) -> None:
        """``tools`` is a root whose apk runs here."""
        folder.mkdir()
        self._root = tools
        self._begin(folder)
        with tarfile.open(self.root_archive, "w:gz") as root:
            self._put(root, "./etc/apk/arch", f"{self.machine}\n".encode())
            self._put(root, "./etc/apk/repositories", b"https://alpine.example/main\n")
            self._put(root, f"./etc/apk/keys/{self._key_name}", self._public)
        self._add_empty(names)
        for name in ("main", "community"):
            (folder / name / self.machine).mkdir(parents=True, exist_ok=True)
            self._index(folder / name / self.machine)


def _data_of(tree: pathlib.Path) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in sorted(tree.rglob("*")):
            info = tar.gettarinfo(file, str(file.relative_to(tree)))
            info.uid = info.gid = 0
            info.uname = info.gname = "root"
            content = b""
            if info.isreg():
                content = file.read_bytes()
            elif info.issym():
                content = info.linkname.encode()
            if content or info.isreg():
                # Alpine's format of packages names SHA-1.
                info.pax_headers = {"APK-TOOLS.checksum.SHA1": hashlib.sha1(content).hexdigest()}
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return out.getvalue()
