# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which networks a host has, and which are free, purely. This module util is private to fortytwo.ft_services."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
import typing as t

Network = ipaddress.IPv4Network

# Bridges that docker makes. What they lead to is told by docker itself, or is left over from an engine that is gone.
_BRIDGE = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}")
# A route for so much is a way out, not a network: 0.0.0.0/0, or the two halves of it that a VPN sets.
_WAY_OUT = 7
_UP = 1


@dataclasses.dataclass(frozen=True)
class Taken:
    """A network that is in use, and by whom: ``the network compose (192.168.48.0/20) of docker``."""

    network: Network
    who: str

    def __str__(self) -> str:
        """For people."""
        return self.who


def of_docker(inspected: str, own: str) -> list[Taken]:
    """Networks out of the JSON of ``docker network inspect``, without those of the profile ``own``."""
    found = []
    for entry in json.loads(inspected or "[]"):
        labels = entry.get("Labels") or {}
        if own in (entry.get("Name"), labels.get("name.minikube.sigs.k8s.io")):
            continue
        for pool in (entry.get("IPAM") or {}).get("Config") or []:
            network = parse(pool.get("Subnet"))
            if network:
                found.append(Taken(network, f"the network {entry['Name']} ({network}) of docker"))
    return found


def of_routes(table: str) -> list[Taken]:
    """Networks that the host's own routes lead to, out of /proc/net/route; docker's bridges are not among them."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or _BRIDGE.fullmatch(fields[0]) or not int(fields[3], 16) & _UP:
            continue
        # Both are written in the byte order of the machine, which is the little one on all that minikube runs on.
        address, mask = (int.from_bytes(bytes.fromhex(fields[place]), "little") for place in (1, 7))
        network = Network((address, bin(mask).count("1")), strict=False)
        if network.prefixlen > _WAY_OUT and not network.is_loopback and not network.is_link_local:
            found.append(Taken(network, f"the network {network} that this host reaches by {fields[0]}"))
    return found


def parse(text: str | None) -> Network | None:
    """An IPv4 network; None for anything else, such as the IPv6 half of a network."""
    try:
        return Network(text or "", strict=False)
    except ValueError:
        return None


def around(address: str) -> Network:
    """The /24 that minikube makes around a node's address."""
    return Network(f"{address}/24", strict=False)


def problem(address: str, taken: t.Sequence[Taken]) -> str | None:
    """Why no cluster can have a node with this address, and what to write instead."""
    wished = around(address)
    clash = [one for one in taken if one.network.overlaps(wished)]
    if not clash:
        return None
    inside = [one for one in clash if ipaddress.IPv4Address(address) in one.network]
    free = suggest(taken)
    instead = f"write another, for example {free[2]}" if free else "no private network is free"
    if inside:
        return f"static_ip {address} lies in {inside[0]}: {instead}"
    return f"static_ip {address} needs the network {wished}, which overlaps {clash[0]}: {instead}"


def suggest(taken: t.Sequence[Taken]) -> Network | None:
    """The first free network in minikube's own order, then any other private /24; None when there is none."""
    for candidate in _candidates():
        if not any(one.network.overlaps(candidate) for one in taken):
            return candidate
    return None


def _candidates() -> t.Iterator[Network]:
    for third in (*range(49, 255, 9), *range(1, 255)):
        yield Network(f"192.168.{third}.0/24")
    # Not 172.17 to 172.20, where docker and compose begin.
    for base in (*(f"172.{second}" for second in range(31, 20, -1)), *(f"10.{second}" for second in range(249, 0, -9))):
        yield Network(f"{base}.49.0/24")
