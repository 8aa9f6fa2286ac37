# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of checks against hosts as they are found, and against each thing that can be wrong."""

from __future__ import annotations

import dataclasses
import ipaddress
import pathlib
import re

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._host import checks
from ansible_collections.fortytwo.ft_services.plugins.module_utils._host.checks import Wanted
from ansible_collections.fortytwo.ft_services.plugins.module_utils._host.engine import Engine
from ansible_collections.fortytwo.ft_services.plugins.module_utils._host.facts import Facts, Room
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.network import Taken

TROUBLESHOOTING = pathlib.Path(__file__).parents[5] / "docs" / "troubleshooting.md"
NONE = Engine(answers=False, version="", empty=True)
STUDENT = {"uid": 1000, "user": "zoë", "sudo": "password"}
SET_UP = Wanted(static_ip="192.168.49.2", root_for=("install docker", "install skopeo"))

# A laptop or a server as its vendor delivers it, and what make up says there.
HOSTS = {
    "Debian 12 server, root": (Facts(engine=NONE), []),
    "Debian 13, sudo without a password": (
        Facts(release="13", python=(3, 13), engine=NONE, uid=1000, user="debian", sudo="free"),
        [],
    ),
    "Ubuntu 24.04 laptop": (
        Facts(
            distribution="ubuntu",
            distribution_like=("debian",),
            release="24.04",
            python=(3, 12),
            has_venv=False,
            engine=NONE,
            firewalls=("ufw",),
            unwritable={"/usr/local/bin": "/usr/local/bin"},
            **STUDENT,
        ),
        ["venv", "root", "write"],
    ),
    "Ubuntu 22.04 with docker from a snap": (
        Facts(
            distribution="ubuntu",
            distribution_like=("debian",),
            release="22.04",
            python=(3, 10),
            engine=Engine(kind="snap", data_folder="/var/snap/docker/common/var-lib-docker"),
        ),
        ["python", "docker"],
    ),
    "Fedora 42 with podman-docker": (
        Facts(
            distribution="fedora",
            release="42",
            python=(3, 13),
            engine=dataclasses.replace(NONE, kind="podman"),
            firewalls=("firewalld",),
            **STUDENT,
        ),
        ["root", "docker"],
    ),
    "Arch with rootless docker": (
        Facts(
            distribution="arch",
            release="",
            python=(3, 13),
            engine=Engine(
                kind="rootless",
                context="rootless",
                context_host="unix:///run/user/1000/docker.sock",
                store="containerd",
            ),
            uid=1000,
            user="a",
            sudo="free",
        ),
        ["docker"],
    ),
    "openSUSE Tumbleweed": (
        Facts(
            distribution="opensuse-tumbleweed",
            distribution_like=("opensuse", "suse"),
            python=(3, 11),
            engine=dataclasses.replace(Engine(), answers=False, denied=True),
            uid=1000,
            user="geeko",
            sudo="none",
        ),
        ["root", "docker"],
    ),
    "Alpine 3.23 without control groups": (
        Facts(distribution="alpine", release="3.23.6", python=(3, 12), cgroups="none", cgroup_controllers=frozenset()),
        ["cgroups"],
    ),
    "WSL2 with its own kernel": (
        Facts(
            distribution="ubuntu",
            release="24.04",
            kernel="5.15.167.4-microsoft-standard-WSL2",
            python=(3, 12),
            kernel_features=frozenset({"overlay", "bridge", "veth", "nf_tables"}),
            engine=Engine(kind="desktop"),
        ),
        ["docker"],
    ),
    "WSL1": (Facts(kernel="4.4.0-19041-Microsoft"), ["system"]),
    "macOS": (
        Facts(system="Darwin", architecture="arm64", distribution="darwin", python=(3, 9), memory_mb=0, cgroups="none"),
        ["system"],
    ),
    "arm64 board": (
        Facts(architecture="aarch64", cgroup_controllers=frozenset({"cpu", "pids"})),
        ["cgroups"],
    ),
    "RISC-V board": (Facts(architecture="riscv64"), ["architecture"]),
}


def wrong(facts, wanted=SET_UP):
    return [one["check"] for one in checks.judge(facts, wanted) if not one["ok"]]


def texts(facts, wanted=SET_UP, key="problems"):
    return " | ".join(checks.told(checks.judge(facts, wanted), key))


@pytest.mark.parametrize("name", HOSTS)
def test_hosts_as_they_are_found(name):
    facts, expected = HOSTS[name]
    assert wrong(facts) == expected


def test_another_system_is_one_sentence():
    facts, _expected = HOSTS["macOS"]
    assert len(checks.told(checks.judge(facts, SET_UP), "problems")) == 1
    assert "This is Darwin" in texts(facts)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("Ubuntu 24.04 laptop", "venv: .* Do: sudo apt-get install python3-venv"),
        ("Ubuntu 24.04 laptop", "root: Root is needed to install docker, to install skopeo. .* Do: make up ARGS=-K"),
        ("Ubuntu 24.04 laptop", "write: .* Do: make up ARGS='-e minikube_bin_path=~/.local/bin'"),
        (
            "Ubuntu 22.04 with docker from a snap",
            "sudo apt-get install python3.11 python3.11-venv; then make up PYTHON",
        ),
        ("Ubuntu 22.04 with docker from a snap", "sudo snap remove docker"),
        ("Arch with rootless docker", "docker's? context is rootless.*docker context use default"),
        ("openSUSE Tumbleweed", "sudo usermod -aG docker geeko"),
        ("WSL1", "wsl --set-version"),
        ("RISC-V board", "programs of this release are for x86_64 and aarch64"),
        ("arm64 board", "lack memory, .*cgroup_enable=memory"),
    ],
)
def test_each_problem_says_what_to_type(name, command):
    assert re.search(command, texts(HOSTS[name][0]), re.IGNORECASE), texts(HOSTS[name][0])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"firewalls": ("ufw",)}, "firewall: ufw is on"),
        ({"firewalls": ("firewalld",)}, "--zone=trusted"),
        ({"forward_drop": True}, "nft list ruleset"),
        ({"proxies": {"https_proxy": "http://proxy:3128"}}, "export NO_PROXY=localhost,127.0.0.1,192.168.49.0/24"),
        (
            {"proxies": {"http_proxy": "http://proxy:3128", "no_proxy": "localhost"}},
            "export NO_PROXY=localhost,127.0.0.1,192.168.49.0/24,10.96.0.0/12,localhost",
        ),
        ({"locale": "fr_FR.UTF-8", "locale_works": False}, "locale: The locale fr_FR.UTF-8 is not there"),
        ({"clock_synchronised": False}, "clock: The clock does not follow"),
        ({"engine": Engine(store="containerd")}, "docker: Docker keeps its images in the containerd image store"),
        ({"kernel_features": frozenset({"overlay", "bridge", "veth"})}, "kernel: .* lacks nf_tables, nfqueue"),
    ],
)
def test_what_may_hurt_is_a_warning_and_stops_nobody(changed, words):
    facts = Facts(**changed)
    assert wrong(facts) == []
    assert re.search(words, texts(facts, key="warnings")), texts(facts, key="warnings")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"now": 946684800.0}, "clock: The clock is before the day"),
        ({"busy_ports": [443]}, "ports: Something listens on port 443"),
        ({"memory_mb": 3900}, "size: The host has 3900 MB of memory"),
        ({"cpus": 1}, "size: The host has 1 processors"),
        ({"kernel_features": frozenset({"nf_tables", "nfqueue"})}, "kernel: .* lacks bridge, overlay, veth"),
        ({"engine": Engine(docker_host="tcp://10.0.0.5:2376")}, "docker: DOCKER_HOST is tcp://10.0.0.5:2376.* unset"),
        (
            {
                "taken": [
                    Taken(ipaddress.IPv4Network("192.168.48.0/20"), "the network compose (192.168.48.0/20) of docker")
                ]
            },
            "network: .*static_ip 192.168.49.2 lies in the network compose .* minikube_network: 192.168.67.0/24",
        ),
        ({"uid": 1000, "user": "a", "sudo": "none"}, "root: .*may not use sudo.*usermod -aG sudo a"),
    ],
)
def test_each_thing_that_can_be_wrong(changed, words):
    assert re.search(words, texts(Facts(**changed))), texts(Facts(**changed))


def test_what_is_right_is_no_problem():
    assert wrong(Facts(engine=Engine(context="mine", context_host="unix:///var/run/docker.sock"))) == []
    assert wrong(Facts(engine=Engine(docker_host="unix:///run/docker.sock"))) == []
    assert wrong(Facts(proxies={"https_proxy": "http://p", "no_proxy": "192.168.49.0/24"})) == []
    ordinary = Facts(uid=1000, user="a", sudo="password")
    assert wrong(ordinary, Wanted(root_for=())) == []
    assert wrong(ordinary, dataclasses.replace(SET_UP, can_become=True)) == []
    # A cluster that is there has taken its network and its memory.
    taken = [Taken(ipaddress.IPv4Network("192.168.49.0/24"), "its own")]
    assert wrong(Facts(memory_mb=100, taken=taken), dataclasses.replace(SET_UP, cluster_exists=True)) == []


def test_needs_on_one_file_system_are_added_up():
    def rooms(device):
        return [
            Room("/var/lib/docker", 15 * 10**9, "images", "1", 20 * 10**9),
            Room("/root/.cache/work", 22 * 10**9, "compilers", device, 30 * 10**9),
            Room("/root/.cache/bundle", 0, "the bundle, which is there", "1", 20 * 10**9),
        ]

    assert wrong(Facts(rooms=rooms("2"))) == []
    said = texts(Facts(rooms=rooms("1")))
    assert "20.0 GB are free on one file system, and 37 GB are needed" in said
    assert "15 GB for images in /var/lib/docker, 22 GB for compilers in /root/.cache/work" in said


def test_the_documentation_covers_each_check_and_no_other():
    documented = re.findall(r"^### `(\w+)`", TROUBLESHOOTING.read_text(encoding="utf-8"), re.MULTILINE)
    assert documented == list(checks.CHECKS)
