# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _addresses as pure

GOOD = "192.168.49.200-192.168.49.250"


def problems(pool, address=None, subnet="192.168.49.0/24"):
    return pure.pool_problems(pool, subnet, "192.168.49.1", ["192.168.49.2"], address)


@pytest.mark.parametrize(
    "pool",
    [GOOD, "192.168.49.200 - 192.168.49.250", "192.168.49.128/26", "192.168.49.3-192.168.49.254", "192.168.49.9/32"],
)
def test_pools_that_work(pool):
    assert problems(pool) == []


@pytest.mark.parametrize(
    ("pool", "why"),
    [
        ("", "not a range"),
        ("many", "not a range"),
        ("192.168.49.200-192.168.49.256", "not a range"),
        ("192.168.49.200-", "not a range"),
        ("192.168.49.130/26", "host bits"),
        ("fd00::1-fd00::9", "not a range"),
        ("192.168.49.250-192.168.49.200", "did you mean 192.168.49.200-192.168.49.250"),
        ("192.168.50.200-192.168.50.250", "not inside of the cluster's network"),
        ("192.168.49.200-192.168.50.9", "not inside of the cluster's network"),
        ("192.168.0.0/16", "not inside of the cluster's network"),
        ("192.168.49.2-192.168.49.9", "192.168.49.2 (a node)"),
        ("192.168.49.1-192.168.49.1", "192.168.49.1 (the gateway)"),
        ("192.168.49.0/32", "192.168.49.0 (the network itself)"),
        ("192.168.49.250-192.168.49.255", "192.168.49.255 (the network's broadcast)"),
    ],
)
def test_pools_that_do_not_work_say_why_and_what_to_write(pool, why):
    (problem,) = problems(pool)
    assert why in problem
    assert f"write for example {GOOD}" in problem


@pytest.mark.parametrize("address", ["192.168.49.199", "192.168.49.251", "10.0.0.1", "x"])
def test_an_address_outside_of_the_pool(address):
    (problem,) = problems(GOOD, address)
    assert "write for example 192.168.49.200" in problem


def test_addresses_at_both_ends_of_the_pool():
    assert problems(GOOD, "192.168.49.200") == problems(GOOD, "192.168.49.250") == []


def test_a_network_that_is_none():
    (problem,) = problems(GOOD, subnet="192.168.49.1/24")
    assert "192.168.49.0/24" in problem


@pytest.mark.parametrize(
    ("subnet", "nodes", "expected"),
    [
        ("192.168.49.0/24", [2], GOOD),
        ("172.17.0.0/16", [2], "172.17.255.200-172.17.255.250"),
        ("10.0.0.0/29", [2], "10.0.0.3-10.0.0.6"),
        ("10.0.0.0/30", [2], None),
        # Nodes at the upper end: the longest free part lies below them.
        ("192.168.49.0/24", [253, 254], "192.168.49.198-192.168.49.248"),
    ],
)
def test_a_suggestion_is_free_and_inside(subnet, nodes, expected):
    network = ipaddress.IPv4Network(subnet)
    held = [str(network[node]) for node in nodes]
    assert pure.suggest(network, pure.reserved(network, str(network[1]), held)) == expected
    if expected:
        assert pure.pool_problems(expected, subnet, str(network[1]), held) == []
