# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import changes


def cluster(*names, cni="kindnet", several=True, control=1):
    nodes = [{"Name": name, "ControlPlane": number < control} for number, name in enumerate(("", *names))]
    return {"Nodes": nodes, "KubernetesConfig": {"CNI": cni}, "MultiNodeRequested": several}


@pytest.mark.parametrize(
    ("wanted", "actions"), [(None, []), (2, []), (4, ["add_node", "add_node"]), (1, ["remove_node"])]
)
def test_each_node_is_a_step(wanted, actions):
    assert changes.node_actions(cluster("m02"), wanted) == actions


@pytest.mark.parametrize(
    ("config", "wanted", "may_remove", "words"),
    [
        (cluster("m02"), 3, False, ""),
        (cluster("m02", cni=""), 3, False, ""),
        (cluster(), 2, False, ""),
        (cluster(cni="bridge", several=False), 2, False, r"network plug-in \(bridge\)"),
        (cluster("m02", cni="bridge"), 3, False, "network plug-in"),
        (cluster(cni="", several=False), 2, False, r"network plug-in \(chosen for one node\)"),
        (cluster("m02"), 1, False, "set remove_nodes to true"),
        (cluster("m02"), 1, True, ""),
        (cluster("m02", "m03", "m04", control=3), 2, True, "control plane are never removed"),
        (cluster("m02", "m03", "m04", control=3), 3, True, ""),
    ],
)
def test_a_number_of_nodes_that_cannot_be_has_a_reason(config, wanted, may_remove, words):
    found = changes.nodes_problem(config, wanted, may_remove)
    assert bool(found) == bool(words)
    assert re.search(words, found)


def test_the_last_workers_go_first_and_the_first_node_never():
    assert changes.workers(cluster("m02", "m03")) == ["m02", "m03"]
    assert changes.workers(cluster("m02", "m03", control=2)) == ["m03"]
    assert changes.workers({}) == []


def test_addons_that_nobody_names_stay_as_they_are():
    config = {"Addons": {"ingress": False, "dashboard": True, "storage-provisioner": True}}
    assert changes.addon_changes(config, None) == {}
    assert changes.addon_changes(config, {"dashboard": True, "ingress": False, "new": False}) == {}
    wanted = changes.addon_changes(config, {"ingress": True, "storage-provisioner": False})
    assert wanted == {"ingress": True, "storage-provisioner": False}
    assert changes.addon_actions(wanted) == ["disable_addons", "enable_addons"]
    assert changes.addon_actions({"a": True}) == ["enable_addons"]
    assert changes.enabled_addons(config) == ["dashboard", "storage-provisioner"]
