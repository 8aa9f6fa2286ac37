# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can change in a cluster that is there: the number of its nodes, and its addons.

This module util is private to the collection fortytwo.ft_services. Nothing here calls minikube.
"""

from __future__ import annotations

import typing as t

Config = t.Mapping[str, t.Any]

# What minikube enables in a new cluster by itself.
FIRST_ADDONS = ("default-storageclass", "storage-provisioner")
# Plug-ins that lead pods to those of the same node only; without a name minikube takes such a one for a single node.
_ONE_NODE = ("", "bridge", "false")


def workers(config: Config) -> list[str]:
    """Minikube's names of the nodes that can be removed, the one that came last at the end."""
    nodes = config.get("Nodes") or []
    return [node["Name"] for node in nodes[1:] if node.get("Name") and not node.get("ControlPlane")]


def node_actions(config: Config, wanted: int | None) -> list[str]:
    """``add_node`` or ``remove_node``, once for each node too few or too many."""
    there = len(config.get("Nodes") or [])
    if wanted is None or wanted == there:
        return []
    return ["add_node"] * (wanted - there) if wanted > there else ["remove_node"] * (there - wanted)


def nodes_problem(config: Config, wanted: int | None, may_remove: bool) -> str:
    """Why the number of nodes cannot become this one; empty when it can."""
    actions = node_actions(config, wanted)
    if "add_node" in actions:
        cni = str((config.get("KubernetesConfig") or {}).get("CNI") or "")
        if cni in _ONE_NODE and not (config.get("MultiNodeRequested") and cni != "bridge"):
            return (
                f"its network plug-in ({cni or 'chosen for one node'}) connects the pods of one node only: a cluster "
                "with another cni, such as kindnet, takes more nodes"
            )
    if "remove_node" in actions:
        if len(workers(config)) < len(actions):
            return "nodes of the control plane are never removed"
        if not may_remove:
            return "a node goes with the volumes that lie on it: set remove_nodes to true to let it go"
    return ""


def enabled_addons(config: Config) -> list[str]:
    """Names of the addons that are enabled."""
    return sorted(name for name, on in (config.get("Addons") or {}).items() if on)


def addon_changes(config: Config, wanted: t.Mapping[str, bool] | None) -> dict[str, bool]:
    """The addons that are not as wanted, and whether each is wanted. Those not named stay as they are."""
    there = enabled_addons(config)
    return {name: on for name, on in sorted((wanted or {}).items()) if (name in there) != on}


def addon_actions(changes: t.Mapping[str, bool]) -> list[str]:
    """The steps that these changes need."""
    found = ["disable_addons"] if False in changes.values() else []
    return [*found, "enable_addons"] if True in changes.values() else found
