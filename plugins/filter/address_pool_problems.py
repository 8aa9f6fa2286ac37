# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter address_pool_problems."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.fortytwo.ft_services.plugins.module_utils._addresses import pool_problems

DOCUMENTATION = r"""
name: address_pool_problems
short_description: Say why a pool of addresses cannot serve a cluster's network
version_added: 0.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Checks a load balancer's pool against the network its addresses are announced in.
  - Each problem says what to write instead, with a range that would do.
positional: subnet
options:
  _input:
    description: The pool, as C(START-END) or as a CIDR.
    type: str
    required: true
  subnet:
    description: The cluster's network, as a CIDR.
    type: str
    required: true
  gateway:
    description: The gateway's address in this network.
    type: str
  nodes:
    description: Addresses of the cluster's nodes.
    type: list
    elements: str
    default: []
  address:
    description: An address that must be in the pool.
    type: str
"""

EXAMPLES = r"""
- name: Refuse a pool that cannot work
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('; ') }}"
  vars:
    problems: >-
      {{ '192.168.49.200-192.168.49.250' | fortytwo.ft_services.address_pool_problems(
           '192.168.49.0/24', gateway='192.168.49.1', nodes=['192.168.49.2'], address='192.168.49.200') }}
"""

RETURN = r"""
_value:
  description: The problems; an empty list when there are none.
  type: list
  elements: str
"""


def address_pool_problems(
    pool: t.Any, subnet: t.Any, gateway: t.Any = None, nodes: t.Any = (), address: t.Any = None
) -> list[str]:
    """Reasons why a pool cannot serve a cluster's network."""
    try:
        return pool_problems(
            str(pool),
            str(subnet),
            gateway=str(gateway) if gateway else None,
            nodes=[str(node) for node in nodes],
            address=str(address) if address else None,
        )
    except ValueError as error:
        # The pool itself is judged inside; what is left is the gateway's or a node's address.
        raise AnsibleFilterError(f"address_pool_problems: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"address_pool_problems": address_pool_problems}
