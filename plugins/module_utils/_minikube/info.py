# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of minikube's profiles. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import glob
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import network as networks
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import settings as pure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.cli import Cli
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.facts import facts
from ansible_collections.fortytwo.ft_services.plugins.module_utils._query import Query


def names(folder: str, wanted: str | None) -> list[str]:
    """Names of the profiles in minikube's folder, or the wanted one if it is there."""
    found = sorted(os.path.basename(os.path.dirname(p)) for p in glob.glob(os.path.join(folder, "profiles", "*", "")))
    return [name for name in found if wanted in (None, name)]


def writable_folder(paths: t.Sequence[str]) -> str:
    """The first folder that this user may write or make; the first one when there is none."""
    for path in paths:
        nearest = path
        while not os.path.exists(nearest) and os.path.dirname(nearest) != nearest:
            nearest = os.path.dirname(nearest)
        if os.path.isdir(nearest) and os.access(nearest, os.W_OK | os.X_OK):
            return path
    return paths[0] if paths else ""


def defaults(module: AnsibleModule) -> dict[str, t.Any]:
    """The network of a profile, or a free one for it, and a folder for programs."""
    return {**network(module), "bin_path": writable_folder(module.params["bin_paths"])}


def network(module: AnsibleModule) -> dict[str, t.Any]:
    """The network of a profile, or a free one for it."""
    cli = Cli(module, module.params["profile"])
    config = cli.config() or {}
    address = config.get("StaticIP") or next(
        (node["IP"] for node in config.get("Nodes") or [] if node.get("IP") and node.get("ControlPlane")), None
    )
    if address:
        return {"network": str(networks.around(address)), "node_address": address, "exists": True, "taken": []}
    taken = cli.taken_networks()
    free = networks.suggest(taken)
    return {
        "network": str(free or ""),
        "node_address": str(free[2]) if free else "",
        "exists": False,
        "taken": [str(one) for one in taken],
    }


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Gather the profiles and apply the query."""
    query = Query(module)
    profiles = []
    for name in names(pure.mini_path(module.params["home"]), module.params["profile"]):
        cli = Cli(module, name)
        config = cli.config()
        profiles.append(facts(cli, config, cli.status() if config is not None else []))
    return {"changed": False, "profiles": profiles, "result": query.search(profiles, "the list of profiles")}
