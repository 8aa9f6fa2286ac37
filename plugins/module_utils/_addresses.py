# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of IPv4 addresses for a load balancer. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import ipaddress
import itertools
import typing as t

Address = ipaddress.IPv4Address
Range = tuple[Address, Address]

# As many addresses as a suggested range has at most, and how many it leaves free below the broadcast address.
_SUGGESTED = 51
_HEADROOM = 4


class AddressError(ValueError):
    """A text that is no range; the message says why."""


def parse_range(text: str) -> Range:
    """First and last address of ``START-END`` or of a CIDR."""
    start, dash, end = text.partition("-")
    try:
        if dash:
            first, last = Address(start.strip()), Address(end.strip())
        else:
            network = ipaddress.IPv4Network(text.strip())
            first, last = network[0], network[-1]
    except ValueError as error:
        raise AddressError(f"is not a range of IPv4 addresses ({error})") from error
    if last < first:
        raise AddressError(f"ends before it starts: did you mean {last}-{first}?")
    return first, last


def reserved(network: ipaddress.IPv4Network, gateway: str | None, nodes: t.Iterable[str]) -> dict[Address, str]:
    """Addresses of a network that a load balancer must not answer for, and whose they are."""
    taken = {network[0]: "the network itself", network[-1]: "the network's broadcast"}
    if gateway:
        taken[Address(gateway)] = "the gateway"
    for node in nodes:
        taken[Address(node)] = "a node"
    return taken


def suggest(network: ipaddress.IPv4Network, taken: t.Iterable[Address]) -> str | None:
    """A range near the upper end of the longest part of the network in which nothing is taken."""
    borders = sorted({int(address) for address in taken if address in network})
    gaps = [(high - low - 1, low + 1, high - 1) for low, high in itertools.pairwise(borders)]
    size, low, high = max(gaps, default=(0, 0, 0))
    if size < 1:
        return None
    # Docker hands out addresses from below, so the range keeps to the upper end.
    if size > _SUGGESTED + 2 * _HEADROOM:
        high -= _HEADROOM
    low = max(low, high - _SUGGESTED + 1)
    return f"{Address(low)}-{Address(high)}"


def pool_problems(
    pool: str, subnet: str, gateway: str | None = None, nodes: t.Sequence[str] = (), address: str | None = None
) -> list[str]:
    """Reasons why a pool cannot serve a cluster's network (CIDR), each with what to write instead."""
    try:
        network = ipaddress.IPv4Network(subnet)
    except ValueError as error:
        return [f"the cluster's network {subnet!r} is not an IPv4 network ({error}): write it as 192.168.49.0/24"]
    taken = reserved(network, gateway, nodes)
    better = suggest(network, taken)
    instead = f"write for example {better}" if better else "the network has no address left"
    try:
        first, last = parse_range(pool)
    except AddressError as error:
        return [f"the pool {pool!r} {error}; {instead}"]
    found = []
    if first not in network or last not in network:
        found.append(
            f"the pool {pool} is not inside of the cluster's network {network}, so nobody could reach it; {instead}"
        )
    held = [f"{one} ({whose})" for one, whose in sorted(taken.items()) if first <= one <= last]
    if held and not found:
        found.append(f"the pool {pool} holds {', '.join(held)}; {instead}")
    if address:
        found.extend(_address_problems(address, pool, first, last, usable=not found))
    return found


def _address_problems(address: str, pool: str, first: Address, last: Address, usable: bool) -> list[str]:
    hint = f"write for example {first}" if usable else "write one of the pool's addresses"
    try:
        parsed = Address(address)
    except ValueError:
        return [f"the address {address!r} is not an IPv4 address; {hint}"]
    if not first <= parsed <= last:
        return [f"the address {address} is not in the pool {pool}; {hint}"]
    return []
