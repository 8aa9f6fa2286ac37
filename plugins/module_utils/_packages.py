# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of host packages by distribution, purely. This module util is private to fortytwo.ft_services."""

from __future__ import annotations

import typing as t

# Debian's name first; where another family calls a package otherwise, its name, or several. An empty text: it comes
# with another one, or with the base system.
FAMILIES = ("debian", "fedora", "arch", "suse", "alpine")
NAMES: dict[str, dict[str, str]] = {
    "docker.io": {"fedora": "moby-engine", "arch": "docker", "suse": "docker", "alpine": "docker"},
    "docker-cli": {"fedora": "docker-cli", "arch": "", "suse": "", "alpine": "docker-cli"},
    "containerd": {},
    "iptables": {"fedora": "iptables-nft"},
    "nftables": {},
    "procps": {"fedora": "procps-ng", "arch": "procps-ng", "alpine": "procps-ng"},
    "openssh-client": {
        "fedora": "openssh-clients",
        "arch": "openssh",
        "suse": "openssh-clients",
        "alpine": "openssh-client",
    },
    "skopeo": {},
    "openssl": {},
    "restic": {},
    "python3-pip": {"arch": "python-pip", "alpine": "py3-pip"},
    "python3-venv": {"fedora": "python3", "arch": "python", "suse": "python3", "alpine": "python3"},
    "python311": {
        "debian": "python3.11 python3.11-venv",
        "fedora": "python3.11",
        "arch": "python",
        "suse": "python311",
        "alpine": "python3",
    },
    "gcc": {},
    "libc6-dev": {"fedora": "glibc-devel", "arch": "glibc", "suse": "glibc-devel", "alpine": "musl-dev"},
    "debootstrap": {},
    "qemu-utils": {"fedora": "qemu-img", "arch": "qemu-img", "suse": "qemu-img", "alpine": "qemu-img"},
    "e2fsprogs": {"alpine": "e2fsprogs e2fsprogs-extra"},
    "npm": {"suse": "npm-default"},
}
COMMANDS = {
    "debian": "sudo apt-get install {}",
    "fedora": "sudo dnf install {}",
    "arch": "sudo pacman -S --needed {}",
    "suse": "sudo zypper install {}",
    "alpine": "doas apk add {}",
}
# What the engine and minikube want of a host, by the names of Debian.
ENGINE = ("docker.io", "docker-cli", "containerd", "iptables", "procps", "openssh-client")
# Nothing of docker is in the repositories of these; podman-docker there is no engine that minikube's driver can use.
WITHOUT_ENGINE = frozenset({"rhel", "centos", "rocky", "almalinux", "ol"})
_ALIASES = {"rhel": "fedora", "centos": "fedora", "opensuse": "suse", "sles": "suse", "ubuntu": "debian"}


def parse_os_release(text: str) -> dict[str, str]:
    """Keys of os-release(5)."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


class Release(t.Protocol):
    """The part of a host's facts that decides about names."""

    distribution: str
    distribution_like: tuple[str, ...]


def family(host: Release) -> str | None:
    """The family of distributions whose names are right here; None for one that is not known."""
    return next((found for found in map(_family, (host.distribution, *host.distribution_like)) if found), None)


def _family(name: str) -> str | None:
    base = name.split("-")[0]
    found = _ALIASES.get(base, base)
    return found if found in FAMILIES else None


def engine_packages(host: Release) -> list[str]:
    """The packages of a docker engine; none where the distribution has no engine, or is not known."""
    of = family(host)
    if of is None or WITHOUT_ENGINE & {host.distribution, *host.distribution_like}:
        return []
    # Ubuntu's docker.io brings its command along.
    wanted = [name for name in ENGINE if host.distribution == "debian" or name != "docker-cli" or of != "debian"]
    return names(wanted, of)


def engine_advice(host: Release, version: str) -> str:
    """How somebody gets an engine where the distribution has none."""
    if WITHOUT_ENGINE & {host.distribution, *host.distribution_like}:
        return (
            f"{host.distribution} has no docker in its repositories (podman-docker is none): install docker-ce, "
            "docker-ce-cli and containerd.io from docker's own repository for it, as docs.docker.com/engine/install "
            "tells, start it (sudo systemctl enable --now docker), then run again."
        )
    return (
        f"the names of packages in {host.distribution} are not known here: install and start a docker engine of "
        f"version {version} or newer, then run again."
    )


def family_of(os_release: str) -> str:
    """The family of a host by its os-release(5); Debian's where it is not known."""
    release = parse_os_release(os_release)
    ids = (release.get("ID", ""), *release.get("ID_LIKE", "").split())
    return next((found for found in map(_family, ids) if found), "debian")


def names(packages: t.Sequence[str], of: str) -> list[str]:
    """The names that a family has for packages that go by their names in Debian."""
    found = []
    for package in packages:
        found += NAMES.get(package, {}).get(of, package).split()
    return list(dict.fromkeys(found))


def install_command(host: Release, packages: t.Sequence[str]) -> str:
    """What to type to install packages that go by their names in Debian."""
    of = family(host)
    if of is None:
        return f"Install {', '.join(packages)} (names of Debian) with the package manager of {host.distribution}"
    return COMMANDS[of].format(" ".join(names(packages, of)))
