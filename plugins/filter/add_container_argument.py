# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter add_container_argument."""

from __future__ import annotations

import copy
import typing as t

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: add_container_argument
short_description: Give the first container of a Kubernetes workload one more argument
version_added: 0.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Returns Kubernetes objects as they are, except for one workload, whose first container gets an argument if it
    does not have it.
  - For manifests that come from elsewhere and need one flag more.
positional: kind, name, argument
options:
  _input:
    description: Kubernetes objects.
    type: list
    elements: dict
    required: true
  kind:
    description: Kind of the workload.
    type: str
    required: true
  name:
    description: Name of the workload.
    type: str
    required: true
  argument:
    description: The argument.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Announce addresses from control plane nodes, too
  fortytwo.ft_services.manifests:
    definitions: >-
      {{ lookup('ansible.builtin.file', 'metallb-native.yaml') | from_yaml_all
         | fortytwo.ft_services.add_container_argument('DaemonSet', 'speaker', '--ignore-exclude-lb') }}
"""

RETURN = r"""
_value:
  description: The objects.
  type: list
  elements: dict
"""


def add_container_argument(objects: t.Iterable[t.Any], kind: str, name: str, argument: str) -> list[t.Any]:
    """The objects, of which one has the argument; the given ones stay as they are."""
    found = False
    result = []
    for one in objects:
        if isinstance(one, dict) and one.get("kind") == kind and (one.get("metadata") or {}).get("name") == name:
            found = True
            one = copy.deepcopy(one)
            try:
                container = one["spec"]["template"]["spec"]["containers"][0]
            except (KeyError, IndexError, TypeError) as error:
                raise AnsibleFilterError(f"add_container_argument: {kind} {name} has no container") from error
            arguments = container.setdefault("args", [])
            if argument not in arguments:
                arguments.append(argument)
        if one:
            result.append(one)
    if not found:
        raise AnsibleFilterError(f"add_container_argument: there is no {kind} {name} among the objects")
    return result


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"add_container_argument": add_container_argument}
