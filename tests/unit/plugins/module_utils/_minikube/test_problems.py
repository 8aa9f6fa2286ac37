# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import problems as problems_util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import settings

MACHINE = problems_util.Machine(memory=24000, cpus=2)


def asked(**given):
    return settings.asked_settings({**settings.NOTHING, **given})


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"memory": 2199}, "write 2200 or more"),
        ({"memory": 24000}, "write 22976 or less"),
        ({"memory": 9000, "nodes": 3}, "write 7658 or less"),
        ({"cpus": 1}, "write 2 or more"),
        ({"cpus": 3}, "write 2 or less"),
        ({"nodes": 0}, "write 1 or more"),
        ({"nodes": 2, "cni": "bridge"}, "write nodes 1, or another cni"),
        ({"disk_size": 1999}, "write 2000 or more"),
        ({"kubernetes_version": "1.34"}, "all three numbers"),
        ({"kubernetes_version": "stable"}, "all three numbers"),
        ({"static_ip": "192.168.49.1"}, "between 2 and 254"),
        ({"static_ip": "192.168.49.255"}, "between 2 and 254"),
        ({"static_ip": "172.32.0.2"}, "private"),
        ({"static_ip": "fd00::2"}, "not an IPv4 address"),
        ({"extra_config": ["kubelet-max-pods=60"]}, "COMPONENT.KEY=VALUE"),
    ],
)
def test_settings_that_cannot_work_say_what_to_write(given, part):
    (problem,) = problems_util.problems("demo", asked(**given), MACHINE)
    assert part in problem


def test_settings_at_the_limits_are_accepted():
    given = asked(
        memory=2200, cpus=2, nodes=1, static_ip="10.0.0.254", kubernetes_version="v1.35.0-rc.1", disk_size=2000
    )
    assert problems_util.problems("demo", given, MACHINE) == []


@pytest.mark.parametrize("name", ["a", "-demo", "demo-", "de_mo", "Start", "", "a b"])
def test_profile_names_minikube_refuses(name):
    assert len(problems_util.problems(name, asked(), MACHINE)) == 1


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"ports": ["8080:x"]}, "ports entry '8080:x' is no port"),
        ({"mount": "data:/data"}, "is not HOST_FOLDER:NODE_FOLDER"),
        ({"mount": "/data"}, "is not HOST_FOLDER:NODE_FOLDER"),
    ],
)
def test_what_minikube_would_take_and_do_otherwise_is_refused(given, part):
    (problem,) = problems_util.problems("demo", asked(**given), MACHINE)
    assert part in problem


def test_ports_of_every_form_of_docker_are_taken():
    given = asked(ports=["80", "8080:80", "127.0.0.1:8080:80/tcp", "30000-30010:30000-30010/udp"], mount="/a:/b")
    assert problems_util.problems("demo", given, MACHINE) == []


@pytest.mark.parametrize(
    ("argument", "part"),
    [
        ("embed-certs", "not of the form"),
        ("-p=other", "not of the form"),
        ("--", "not of the form"),
        ("--memory=5000", "an option of this module sets"),
        ("--insecure-registry=a:1", "an option of this module sets"),
        ("--profile=other", "an option of this module sets"),
        ("--mount-string=/a:/b", "an option of this module sets"),
    ],
)
def test_further_arguments_cannot_undo_options(argument, part):
    (problem,) = problems_util.argument_problems(["--embed-certs", argument])
    assert part in problem
