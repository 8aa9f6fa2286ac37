# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of an image say about the packages in it: purely, from their contents.

Package managers keep databases; a Go program carries the list of its modules; Python's and PHP's packages carry their
own descriptions. This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import email.parser
import json
import re
import typing as t
from dataclasses import dataclass, field

# Whose contents are wanted, by the ends of their paths. A program in Go is known by what is in it.
APK = re.compile(r"(usr/)?lib/apk/db/installed")
DPKG = re.compile(r"var/lib/dpkg/(status|status\.d/[^/]+)")
PYTHON = re.compile(r"(.*/)?[^/]+\.(dist-info/METADATA|egg-info/PKG-INFO)")
COMPOSER = re.compile(r"(.*/)?vendor/composer/installed\.json")
RELEASE = re.compile(r"(etc|usr/lib)/os-release")
WANTED = (APK, DPKG, PYTHON, COMPOSER, RELEASE)
# What the linker writes in front of a program's list of modules, and around that list.
_GO_MAGIC, _GO_ALIGN, _GO_HEADER = b"\xff Go buildinf:", 16, 32
_GO_INLINE = 2
_SENTINEL = 16


@dataclass(frozen=True)
class Package:
    """One package; ``kind``, ``namespace``, ``name`` and ``version`` are those of a package URL."""

    kind: str
    name: str
    version: str
    namespace: str = ""
    qualifiers: dict[str, str] = field(default_factory=dict, hash=False)
    license: str = ""
    # The package that it was built from, where that has another name.
    origin: str = ""
    # What it really is, where somebody packed it again under a name of their own: a package URL.
    repacks: str = ""
    # The file that says so.
    found_in: str = ""


def wanted(path: str) -> bool:
    """Whether the content of a file tells of packages; ``path`` begins without a slash."""
    return any(pattern.fullmatch(path) for pattern in WANTED)


def packages_of(files: t.Mapping[str, bytes]) -> list[Package]:
    """All packages that an image's files tell of, by path; Go programs are given by their list of modules."""
    release = _release(files)
    system, found = release.get("ID", "linux"), []
    distro = f"{system}-{release['VERSION_ID']}" if "VERSION_ID" in release else system
    for path, content in sorted(files.items()):
        if APK.fullmatch(path):
            found += apk(content.decode(errors="replace"), distro, path)
        elif DPKG.fullmatch(path):
            found += dpkg(content.decode(errors="replace"), system, distro, path)
        elif PYTHON.fullmatch(path):
            found += python(content.decode(errors="replace"), path)
        elif COMPOSER.fullmatch(path):
            found += composer(content, path)
        elif not RELEASE.fullmatch(path):
            found += go(content.decode(errors="replace"), path)
    return found


def distribution(files: t.Mapping[str, bytes]) -> tuple[str, str]:
    """Name and version of an image's distribution; empty for an image without one."""
    release = _release(files)
    return release.get("ID", ""), release.get("VERSION_ID", "")


def _release(files: t.Mapping[str, bytes]) -> dict[str, str]:
    text = next((files[path] for path in ("etc/os-release", "usr/lib/os-release") if files.get(path)), b"")
    pairs = (line.partition("=") for line in text.decode(errors="replace").splitlines())
    return {key.strip(): value.strip().strip("\"'") for key, dummy, value in pairs if value}


def apk(text: str, distro: str, path: str = "") -> list[Package]:
    """Alpine's database: one letter a line, an empty line between packages."""
    found = []
    for block in text.split("\n\n"):
        # Files follow, whose lines begin with other letters or with these again.
        fields: dict[str, str] = {}
        for line in block.splitlines():
            letter, dummy, value = line.partition(":")
            fields.setdefault(letter, value.strip())
        if not fields.get("P") or not fields.get("V"):
            continue
        url = fields.get("U", "")
        found.append(
            Package(
                "apk",
                fields["P"],
                fields["V"],
                "alpine",
                {"arch": fields.get("A", ""), "distro": distro},
                fields.get("L", ""),
                _other(fields.get("o", ""), fields["P"]),
                url if url.startswith("pkg:") else "",
                path,
            )
        )
    return found


def dpkg(text: str, system: str, distro: str, path: str = "") -> list[Package]:
    """Debian's database, as one file or as a file for each package."""
    found = []
    for block in text.split("\n\n"):
        fields = email.parser.HeaderParser().parsestr(block.strip("\n"))
        name, version, status = fields.get("Package"), fields.get("Version"), fields.get("Status", "installed")
        if not name or not version or status.split()[-1] != "installed":
            continue
        # "Source: glibc (2.41-1)" where the version differs.
        source = fields.get("Source", "").partition(" ")[0]
        qualifiers = {"arch": fields.get("Architecture", ""), "distro": distro}
        found.append(
            Package(
                "deb", name, version, system, qualifiers, origin=_other(source, name), found_in=path.partition(".d/")[0]
            )
        )
    return found


def _other(origin: str, name: str) -> str:
    return "" if origin == name else origin


def python(text: str, path: str = "") -> list[Package]:
    """The description of a Python package."""
    fields = email.parser.HeaderParser().parsestr(text.lstrip("\n"))
    name, version = fields.get("Name"), fields.get("Version")
    if not name or not version:
        return []
    expression = str(fields.get("License-Expression") or "")
    return [Package("pypi", re.sub(r"[-_.]+", "-", name).lower(), version, license=expression, found_in=path)]


def composer(content: bytes, path: str = "") -> list[Package]:
    """PHP's packages of one vendor folder."""
    try:
        listed = json.loads(content)
        entries = listed["packages"] if isinstance(listed, dict) else listed
        rows = [(str(entry["name"]), str(entry["version"]), entry.get("license") or [""]) for entry in entries]
    except (ValueError, KeyError, TypeError):
        return []
    found = []
    for full, version, licenses in rows:
        namespace, dummy, name = full.rpartition("/")
        found.append(Package("composer", name, version, namespace, license=" OR ".join(licenses), found_in=path))
    return found


def go(text: str, path: str = "") -> list[Package]:
    """A Go program's list of modules, behind a first line with the version of Go."""
    first, dummy, rest = text.partition("\n")
    found = [Package("golang", "stdlib", first.removeprefix("go"), found_in=path)] if first.startswith("go") else []
    lines = [line.split("\t") for line in rest.splitlines()]
    for index, words in enumerate(lines):
        if words[0] not in ("mod", "dep") or len(words) < 3:
            continue
        # What stands in for a module comes right behind it.
        after = lines[index + 1] if index + 1 < len(lines) else [""]
        module, version = after[1:3] if after[0] == "=>" and len(after) > 2 else words[1:3]
        if module.startswith((".", "/")):
            module, version = words[1:3]
        namespace, dummy, name = module.rpartition("/")
        # A program built from a folder has "(devel)": its version is not known.
        found.append(Package("golang", name, "" if version == "(devel)" else version, namespace, found_in=path))
    return found


def go_modules(handle: t.IO[bytes], chunk: int = 1 << 22) -> bytes | None:
    """A program's list of modules with its version of Go in front; None for what is no Go program, or one before 1.18.

    A program may be larger than what one likes to hold in memory: it is read in pieces.
    """
    window, at = handle.read(chunk), 0
    if not window.startswith(b"\x7fELF"):
        return None
    while window:
        place = window.find(_GO_MAGIC)
        while place >= 0:
            # Programs that read others have these letters too, at any place and with nothing behind.
            if (at + place) % _GO_ALIGN == 0:
                more = window[place:] + handle.read(chunk)
                found = _go_inline(more)
                if found is not None:
                    return found
                at, window, place = at + place, more, 0
            place = window.find(_GO_MAGIC, place + 1)
        # Whole lines of the alignment stay; the letters may begin at the very end of a piece.
        keep = len(window) - len(window) % _GO_ALIGN - _GO_ALIGN if len(window) > _GO_ALIGN else 0
        following = handle.read(chunk)
        if not following:
            return None
        at, window = at + keep, window[keep:] + following
    return None


def _go_inline(data: bytes) -> bytes | None:
    if len(data) < _GO_HEADER or not data[15] & _GO_INLINE:
        return None
    version, rest = _text(data[_GO_HEADER:])
    modules, dummy = _text(rest)
    if not version.startswith((b"go", b"devel")):
        return None
    # Without a list the sentinels are not there either.
    return version.split()[0] + b"\n" + modules[_SENTINEL:-_SENTINEL]


def _text(data: bytes) -> tuple[bytes, bytes]:
    """The text in front, whose length comes first in groups of seven bits; and what follows it."""
    length = shift = 0
    for index, byte in enumerate(data[:10]):
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return data[index + 1 : index + 1 + length], data[index + 1 + length :]
    return b"", b""
