# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.modes import PACKAGES
from ansible_collections.fortytwo.ft_services.plugins.module_utils._host import packages as util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._host.facts import Facts


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
