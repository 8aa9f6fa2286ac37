# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.plugins.filter.host_packages import host_packages
from ansible_collections.fortytwo.ft_services.plugins.module_utils import _packages as util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.modes import PACKAGES
from ansible_collections.fortytwo.ft_services.plugins.module_utils._host.facts import Facts

REPOSITORY = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    ("distribution", "like", "family"),
    [
        ("debian", (), "debian"),
        ("ubuntu", ("debian",), "debian"),
        ("linuxmint", ("ubuntu", "debian"), "debian"),
        ("fedora", (), "fedora"),
        ("rocky", ("rhel", "centos", "fedora"), "fedora"),
        ("arch", (), "arch"),
        ("manjaro", ("arch",), "arch"),
        ("opensuse-leap", ("suse", "opensuse"), "suse"),
        ("alpine", (), "alpine"),
        ("nixos", (), None),
    ],
)
def test_families(distribution, like, family):
    assert util.family(Facts(distribution=distribution, distribution_like=like)) == family


def test_names_of_one_package_by_family():
    assert util.names(["openssh-client", "docker.io", "docker-cli"], "debian") == [
        "openssh-client",
        "docker.io",
        "docker-cli",
    ]
    assert util.names(["openssh-client", "docker.io", "docker-cli"], "arch") == ["openssh", "docker"]
    assert util.names(["python3-pip"], "alpine") == ["py3-pip"]


def test_every_package_that_a_bundle_needs_is_in_the_table():
    assert {name for way in PACKAGES.values() for name in way} <= set(util.NAMES)


def test_what_to_type():
    assert util.install_command(Facts(distribution="fedora"), ["openssl", "npm"]) == "sudo dnf install openssl npm"
    assert "package manager of nixos" in util.install_command(Facts(distribution="nixos"), ["openssl"])


@pytest.mark.parametrize(
    ("distribution", "like", "packages"),
    [
        ("debian", (), "docker.io docker-cli containerd iptables procps openssh-client"),
        ("ubuntu", ("debian",), "docker.io containerd iptables procps openssh-client"),
        ("fedora", (), "moby-engine docker-cli containerd iptables-nft procps-ng openssh-clients"),
        ("manjaro", ("arch",), "docker containerd iptables procps-ng openssh"),
        ("opensuse-tumbleweed", ("opensuse", "suse"), "docker containerd iptables procps openssh-clients"),
        ("alpine", (), "docker docker-cli containerd iptables procps-ng openssh-client"),
        ("rocky", ("rhel", "centos", "fedora"), ""),
        ("rhel", ("fedora",), ""),
        ("nixos", (), ""),
    ],
)
def test_the_packages_of_an_engine(distribution, like, packages):
    assert util.engine_packages(Facts(distribution=distribution, distribution_like=like)) == packages.split()


def test_where_an_engine_comes_from_when_the_distribution_has_none():
    assert "docker-ce" in util.engine_advice(Facts(distribution="rocky", distribution_like=("rhel",)), "23.0")
    assert "version 23.0 or newer" in util.engine_advice(Facts(distribution="nixos"), "23.0")


@pytest.mark.parametrize(
    ("release", "names"),
    [
        ("ID=debian\n", ["python3-venv", "nftables"]),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', ["python3", "nftables"]),
        ("ID=arch\n", ["python", "nftables"]),
        ("ID=unheard-of\n", ["python3-venv", "nftables"]),
    ],
)
def test_names_for_a_host(release, names):
    assert host_packages(["python3-venv", "nftables"], release) == names


def test_roles_install_what_the_table_has():
    """A name in a role that the table lacks would be Debian's everywhere."""
    tasks = [*(REPOSITORY / "roles").glob("*/tasks/*.yml"), *(REPOSITORY / "playbooks/tasks").glob("*.yml")]
    found = set()
    for file in tasks:
        for module, name in re.findall(r"ansible\.builtin\.(package|apt):\n\s+name: (.*)", file.read_text()):
            found.update(re.findall(r"'([a-z0-9.-]+)'(?=[],])", name) if "{{" in name else [name])
            assert module == "package" or "{{" in name, file
    assert found <= set(util.NAMES)
    assert {"restic", "nftables", "python3-venv"} <= found
