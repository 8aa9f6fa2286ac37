# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host needs to run a docker engine, judged.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fortytwo.ft_services.plugins.module_utils._packages import engine_advice, engine_packages

# Their archives hold nothing newer than docker 20.10, which cannot run a privileged container with reduced
# capabilities.
TOO_OLD_RELEASES = {"buster": "Debian 10", "bullseye": "Debian 11"}


@dataclass(frozen=True)
class Wanted:
    """The least a host must offer."""

    version: str
    disk_gb: float
    inotify_instances: int
    inotify_watches: int
    users: tuple[str, ...] = ()
    can_become: bool = False


@dataclass
class Host:
    """What was seen on the host."""

    socket: str
    uid: int
    user: str
    data_folder: str
    free_gb: float
    answers: bool = False
    denied: bool = False
    error: str | None = None
    version: str | None = None
    empty: bool | None = None
    installed: bool = False
    distribution: str = "unknown"
    distribution_like: tuple[str, ...] = ()
    debian_like: bool = False
    codename: str = ""
    archives: list[dict[str, t.Any]] = field(default_factory=list)
    inotify_instances: int = 0
    inotify_watches: int = 0
    missing_members: list[str] = field(default_factory=list)
    unknown_users: list[str] = field(default_factory=list)


def version_tuple(text: str | None) -> tuple[int, int]:
    """Major and minor number of the first version in a text; (0, 0) when there is none."""
    found = re.search(r"(\d+)(?:\.(\d+))?", text or "")
    return (int(found.group(1)), int(found.group(2) or 0)) if found else (0, 0)


def is_debian_like(release: dict[str, str]) -> bool:
    """Whether apt and Debian's package names are to be expected."""
    return "debian" in [release.get("ID", ""), *release.get("ID_LIKE", "").split()]


def _parse_deb822(text: str) -> t.Iterator[dict[str, t.Any]]:
    for paragraph in re.split(r"\n[ \t]*\n", "\n".join(x for x in text.splitlines() if not x.startswith("#"))):
        fields: dict[str, str] = {}
        key = ""
        for line in paragraph.splitlines():
            if line[:1] in (" ", "\t") and key:
                fields[key] += "\n" + line.strip()
            elif ":" in line:
                key, value = line.split(":", 1)
                key = key.strip().lower()
                fields[key] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in ("no", "false"):
            yield {
                "uris": fields.get("uris", "").split(),
                "suites": fields.get("suites", "").split(),
                "components": fields.get("components", "").split(),
                "signed_by": fields.get("signed-by", ""),
            }


def _parse_one_line(text: str) -> t.Iterator[dict[str, t.Any]]:
    for line in text.splitlines():
        found = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if found:
            options = dict(x.split("=", 1) for x in (found.group(1) or "").split() if "=" in x)
            yield {
                "uris": [found.group(2)],
                "suites": [found.group(3)],
                "components": found.group(4).split(),
                "signed_by": options.get("signed-by", ""),
            }


def debian_archives(files: dict[str, str], codename: str) -> list[dict[str, t.Any]]:
    """The host's own package sources (file name to text) that serve a release, its updates or its security fixes."""
    suites = [codename, f"{codename}-updates", f"{codename}-security"]
    found = []
    for name, text in sorted(files.items()):
        for entry in (_parse_deb822 if name.endswith(".sources") else _parse_one_line)(text):
            entry["suites"] = [suite for suite in entry["suites"] if suite in suites]
            if entry["suites"] and "main" in entry["components"]:
                found.append(entry)
    return found


def _engine_problems(host: Host, wanted: Wanted) -> t.Iterator[str]:
    old = host.version is not None and version_tuple(host.version) < version_tuple(wanted.version)
    if old:
        yield (
            f"Docker {host.version} is older than {wanted.version}: upgrade it. On Debian bookworm remove the package "
            "docker.io and run this role again, it installs a newer one; containers and images stay."
        )
    if host.answers or old:
        return
    if host.denied:
        yield (
            f"User {host.user} may not use the docker socket {host.socket}: run the play with --become, or add the "
            "user to the group docker and log in again."
        )
    elif host.installed:
        if host.uid and not wanted.can_become:
            yield (
                f"Docker is installed but does not answer on {host.socket} ({host.error}), and user {host.user} cannot "
                "start it: run the play with --become, or start the service docker first."
            )
    elif not engine_packages(host):
        yield f"Docker is missing, and {engine_advice(host, wanted.version)}"
    elif host.codename in TOO_OLD_RELEASES:
        yield (
            f"Docker is missing and {TOO_OLD_RELEASES[host.codename]} offers none newer than 20.10: upgrade the "
            f"system, or install and start a docker engine of version {wanted.version} or newer, then run again."
        )
    elif host.uid and not wanted.can_become:
        yield f"Docker is missing and user {host.user} cannot install packages: run the play with --become."
    elif host.codename == "bookworm" and not host.archives:
        yield (
            "Docker is missing and no source of Debian bookworm stands in /etc/apt/sources.list or sources.list.d, "
            "so the mirror to take it from is unknown: add the sources of bookworm, then run again."
        )


def _resource_problems(host: Host, wanted: Wanted) -> t.Iterator[str]:
    # A platform that runs already has taken its share of the disk: then it is no reason to refuse.
    first_run = not host.installed if not host.answers else bool(host.empty)
    if first_run and host.free_gb < wanted.disk_gb:
        yield (
            f"Only {host.free_gb:.1f} GB are free for {host.data_folder}, {wanted.disk_gb:g} GB are needed: free some "
            "space, move docker's folder, or lower docker_minimum_disk_gb."
        )
    if host.unknown_users:
        yield f"No such user on this host: {', '.join(host.unknown_users)}. Create them or correct docker_users."
    elif host.missing_members and host.uid and not wanted.can_become:
        yield f"Adding {', '.join(host.missing_members)} to the group docker needs root: run the play with --become."


def limits_low(host: Host, wanted: Wanted) -> bool:
    """Whether the kernel allows fewer inotify instances or watches than wanted."""
    return host.inotify_instances < wanted.inotify_instances or host.inotify_watches < wanted.inotify_watches


def problems(host: Host, wanted: Wanted) -> list[str]:
    """Reasons to stop before anything is changed, each with what to do."""
    return [*_engine_problems(host, wanted), *_resource_problems(host, wanted)]


def warnings(host: Host, wanted: Wanted) -> list[str]:
    """What may hurt later but is no reason to stop."""
    found = []
    if host.answers and not host.empty and host.free_gb < wanted.disk_gb:
        found.append(
            f"Only {host.free_gb:.1f} GB are free for {host.data_folder}; {wanted.disk_gb:g} GB are recommended."
        )
    if host.uid and limits_low(host, wanted):
        found.append(
            f"fs.inotify.max_user_instances is {host.inotify_instances} and max_user_watches {host.inotify_watches}: "
            f"{wanted.inotify_instances} and {wanted.inotify_watches} are recommended, but only root can raise them."
        )
    return found


def is_ready(host: Host, wanted: Wanted) -> bool:
    """Whether nothing is left to do."""
    limits_fine = bool(host.uid) or not limits_low(host, wanted)
    return host.answers and limits_fine and not host.missing_members and not problems(host, wanted)
