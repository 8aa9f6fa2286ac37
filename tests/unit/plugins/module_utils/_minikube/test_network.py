# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress
import json

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import network as util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.settings import engine_host

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
ROUTES = HEADER + "".join(
    f"{name}\t{address}\t00000000\t{flags}\t0\t0\t0\t{mask}\t0\t0\t0\n"
    for name, address, flags, mask in (
        ("eth0", "00000000", "0003", "00000000"),
        ("eth0", "0002A8C0", "0001", "00FFFFFF"),  # 192.168.2.0/24
        ("tun0", "00000080", "0003", "00000080"),  # half of everything
        ("tun0", "0000000A", "0003", "000000FF"),  # 10.0.0.0/8
        ("br-0123456789ab", "0031A8C0", "0001", "00FFFFFF"),  # docker's own
        ("eth1", "0000FEA9", "0001", "0000FFFF"),  # link-local
        ("eth2", "0003A8C0", "0000", "00FFFFFF"),  # down
    )
)


def docker(**subnets):
    entries = [
        {"Name": name, "Labels": {}, "IPAM": {"Config": [{"Subnet": subnet}, {"Subnet": "fd00::/64"}]}}
        for name, subnet in subnets.items()
    ]
    return util.of_docker(json.dumps([*entries, {"Name": "host", "IPAM": {"Config": None}}]), own="demo")


def test_the_routes_of_the_host_are_read():
    assert [str(one.network) for one in util.of_routes(ROUTES)] == ["192.168.2.0/24", "10.0.0.0/8"]
    assert str(util.of_routes(ROUTES)[1]) == "the network 10.0.0.0/8 that this host reaches by tun0"
    assert util.of_routes("") == []


@pytest.mark.parametrize(
    ("taken", "told"),
    [
        ({}, None),
        ({"demo": "192.168.49.0/24"}, None),
        ({"bridge": "172.17.0.0/16"}, None),
        (
            {"other": "192.168.49.0/24"},
            "static_ip 192.168.49.77 lies in the network other (192.168.49.0/24) of docker: "
            "write another, for example 192.168.58.2",
        ),
        (
            {"compose": "192.168.48.0/20", "next": "192.168.67.0/24"},
            "static_ip 192.168.49.77 lies in the network compose (192.168.48.0/20) of docker: "
            "write another, for example 192.168.76.2",
        ),
        (
            {"small": "192.168.49.128/28"},
            "static_ip 192.168.49.77 needs the network 192.168.49.0/24, which overlaps the network small "
            "(192.168.49.128/28) of docker: write another, for example 192.168.58.2",
        ),
    ],
)
def test_an_address_in_a_network_of_others_is_refused_with_a_free_one(taken, told):
    assert util.problem("192.168.49.77", docker(**taken)) == told


def test_a_network_is_known_by_the_label_of_its_profile_too():
    entry = {"Name": "named", "Labels": {"name.minikube.sigs.k8s.io": "demo"}}
    entry["IPAM"] = {"Config": [{"Subnet": "192.168.49.0/24"}]}
    assert util.of_docker(json.dumps([entry]), own="demo") == []
    assert len(util.of_docker(json.dumps([entry]), own="other")) == 1


def test_routes_count_as_much_as_docker():
    told = util.problem("10.1.2.3", util.of_routes(ROUTES))
    assert told.startswith("static_ip 10.1.2.3 lies in the network 10.0.0.0/8 that this host reaches by tun0: write")


def test_the_suggested_network_is_free_whatever_is_taken():
    taken = docker(home="192.168.0.0/16", work="172.16.0.0/12")
    assert str(util.suggest(taken)) == "10.249.49.0/24"
    assert util.suggest([util.Taken(ipaddress.IPv4Network("0.0.0.0/0"), "all")]) is None


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("", ""),
        ("unix:///run/user/1000/docker.sock", ""),
        ("tcp://127.0.0.1:2375", ""),
        ("tcp://10.0.0.5:2376", "10.0.0.5"),
        ("ssh://me@server.example", "server.example"),
        ("ssh://me@server.example:2222/x", "server.example"),
        ("tcp://[fd00::5]:2376", "[fd00::5]"),
    ],
)
def test_an_engine_on_another_host_is_known(value, host):
    assert engine_host(value) == host
