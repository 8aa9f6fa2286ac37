# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages of other releases, without touching the host's apt.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import pathlib
import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
APT = pathlib.Path("/etc/apt")
# What Debian calls the suite of security updates of a release.
SECURITY = "-security"
SUITES = ("bookworm", "trixie", "trixie-backports")
SECURED = ("bookworm", "trixie")
Runner = t.Callable[..., str]


def archive_uri(texts: t.Iterable[str], suite: str = "bookworm") -> str | None:
    """Find the mirror of a suite in the texts of apt source files (one-line and deb822 style)."""
    for text in texts:
        for stanza in re.split(r"\n\s*\n", text):
            fields = dict(re.findall(r"^(URIs|Suites|Enabled):[ \t]*(.+)$", stanza, re.M))
            if (
                suite in fields.get("Suites", "").split()
                and fields.get("Enabled", "yes").lower() != "no"
                and "URIs" in fields
            ):
                return fields["URIs"].split()[0].rstrip("/")
        match = re.search(rf"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+{re.escape(suite)}\s", text, re.M)
        if match:
            return match.group(1).rstrip("/")
    return None


def _host_mirror(apt: pathlib.Path, suite: str) -> str | None:
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    return archive_uri(
        (
            file.read_text(encoding="utf-8", errors="replace")
            for file in files
            if file.suffix in (".list", ".sources") and file.is_file()
        ),
        suite,
    )


def host_security_uri(apt: pathlib.Path = APT) -> str | None:
    """Return the mirror of Debian's security updates that this host uses itself; None when it uses none."""
    return _host_mirror(apt, f"bookworm{SECURITY}")


def host_archive_uri(apt: pathlib.Path = APT) -> str:
    """Return the Debian mirror that this host uses itself."""
    uri = _host_mirror(apt, "bookworm")
    if uri is None:
        raise BundleError(
            f"No Debian bookworm mirror in the apt sources below {apt}: forging needs a Debian bookworm host. "
            "Use bundle_mode=fetch, or make the bundle on such a host, copy it here and set bundle_mode=offline."
        )
    return uri


def sources(uri: str, suites: t.Iterable[str]) -> str:
    """Return apt sources in deb822 style."""
    stanza = "Types: deb\nURIs: {}\nSuites: {}\nComponents: main\nSigned-By: " + KEYRING + "\n"
    return "\n".join(stanza.format(uri, suite) for suite in suites)


def version_key(version: str) -> t.Any:
    """Return what orders versions as Debian does: epoch, upstream version, revision; a tilde is before the end."""
    epoch, colon, rest = version.partition(":")
    upstream, _hyphen, revision = (rest if colon else version).rpartition("-")
    if not upstream:
        upstream, revision = revision, ""
    return int(epoch) if colon else 0, _part_key(upstream), _part_key(revision)


def _part_key(text: str) -> list[tuple[tuple[int, ...], int]]:
    pairs = re.findall(r"(\D*)(\d*)", text)
    # The last match is empty: the end, which is more than a tilde and less than anything else.
    return [((*map(_rank, letters), 0), int(digits or 0)) for letters, digits in pairs]


def _rank(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256


def newest(*indexes: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Return one index of several suites: of each package the newest version."""
    found: dict[str, dict[str, str]] = {}
    for index in indexes:
        for name, fields in index.items():
            if name not in found or version_key(fields["Version"]) > version_key(found[name]["Version"]):
                found[name] = fields
    return found


def parse_index(text: str) -> dict[str, dict[str, str]]:
    """Read a Packages index: package name to its one-line fields; the first stanza of a name wins."""
    found: dict[str, dict[str, str]] = {}
    for stanza in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", stanza, re.M))
        if "Package" in fields:
            found.setdefault(fields["Package"], fields)
    return found


def depends(fields: dict[str, str]) -> list[str]:
    """Return the first alternative of each dependency of a package."""
    groups = ",".join(fields.get(name, "") for name in ("Pre-Depends", "Depends")).split(",")
    return [re.split(r"[ (:|]", group.strip())[0] for group in groups if group.strip()]


def closure(
    index: dict[str, dict[str, str]], roots: t.Iterable[str], skip: t.Container[str] = ()
) -> dict[str, list[str]]:
    """Return all packages that the roots need, each with its direct needs; what is virtual or skipped is left out.

    A root is never skipped.
    """
    found: dict[str, list[str]] = {}
    queue = list(roots)
    wanted = frozenset(queue)
    for root in queue:
        if root not in index:
            raise BundleError(
                f"The Debian mirror has no package {root}: its index is older or newer than this collection expects."
            )
    while queue:
        name = queue.pop()
        if name in found or name not in index:
            continue
        needs = [need for need in depends(index[name]) if need in index]
        found[name] = [need for need in needs if need in wanted or need not in skip]
        queue += found[name]
    return found


class Debian:
    """A private apt: own sources, lists and cache below one folder, the host's mirror and proxy settings."""

    def __init__(self, run: Runner, folder: pathlib.Path) -> None:
        """Use ``folder`` for everything; nothing is fetched yet."""
        self._run, self._folder = run, folder
        self._indexes: dict[str, dict[str, dict[str, str]]] = {}
        self._environment = {"APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C"}

    def _prepare(self) -> None:
        if self._indexes:
            return
        for name in ("lists/partial", "cache/archives/partial", "empty", "debs"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        text, security = sources(host_archive_uri(), SUITES), host_security_uri()
        if security:
            text += "\n" + sources(security, (f"{suite}{SECURITY}" for suite in SECURED))
        (self._folder / "all.sources").write_text(text, encoding="utf-8")
        settings = {
            "Dir::Etc::sourcelist": self._folder / "all.sources",
            "Dir::Etc::sourceparts": self._folder / "empty",
            "Dir::Etc::preferencesparts": self._folder / "empty",
            "Dir::State::lists": self._folder / "lists",
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            # Downloads as root would otherwise change to a user who cannot read this folder.
            "APT::Sandbox::User": "root",
        }
        (self._folder / "status").touch()
        (self._folder / "apt.conf").write_text(
            "".join(f'{key} "{text}";\n' for key, text in settings.items()), encoding="utf-8"
        )
        self._run(["apt-get", "update", "-qq"], environ_update=self._environment)
        for suite in SUITES:
            secured = [self._read(f"{suite}{SECURITY}")] if security and suite in SECURED else []
            self._indexes[suite] = newest(self._read(suite), *secured)

    def _read(self, codename: str) -> dict[str, dict[str, str]]:
        query = ["apt-get", "indextargets", "--format", "$(FILENAME)", "Identifier: Packages", f"Codename: {codename}"]
        files = self._run(query, environ_update=self._environment).split()
        texts = [
            self._run(["/usr/lib/apt/apt-helper", "cat-file", file], environ_update=self._environment) for file in files
        ]
        return parse_index("\n\n".join(texts))

    def index(self, suite: str) -> dict[str, dict[str, str]]:
        """Return the packages of a suite, the newest versions of it and of its security updates."""
        self._prepare()
        return self._indexes[suite]

    def unpack(self, names: t.Iterable[str], suite: str, target: t.Callable[[str], pathlib.Path]) -> None:
        """Download packages, hashes checked by apt, and unpack each into the folder that ``target`` names for it."""
        wanted = sorted(names)
        index = self.index(suite)
        debs = self._folder / "debs"
        exact = [f"{name}={index[name]['Version']}" for name in wanted]
        self._run(["apt-get", "download", "-qq", *exact], cwd=str(debs), environ_update=self._environment)
        for name in wanted:
            version = index[name]["Version"].replace(":", "%3a")
            (deb,) = debs.glob(f"{name}_{version}_*.deb")
            folder = target(name)
            folder.mkdir(parents=True, exist_ok=True)
            self._run(["dpkg-deb", "-x", str(deb), str(folder)])
