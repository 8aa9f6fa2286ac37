# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that is told about a profile. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import hardening, protection
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import settings as pure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.cli import Cli

DOCKER_PORT = 2376


def connection_spec() -> dict[str, t.Any]:
    """Options that say where minikube and its files are, shared by all modules that use it."""
    return {
        "executable": {"type": "path", "default": "minikube"},
        "home": {"type": "path"},
        "kubeconfig": {"type": "path"},
    }


def facts(
    cli: Cli,
    config: dict[str, t.Any] | None,
    nodes: list[dict[str, t.Any]],
    api: hardening.State | None = None,
) -> dict[str, t.Any]:
    """All there is to know about a profile. Always the same keys. ``api`` is what its API server does, if looked up."""
    config = config or {}
    if api is None:
        api = protection.look(cli, config) if pure.overall(nodes) == "running" else hardening.State()
    machines = config.get("Nodes") or []
    first: dict[str, t.Any] = next((machine for machine in machines if machine.get("ControlPlane")), {})
    control: dict[str, t.Any] = next((node for node in nodes if not node.get("Worker")), {})
    address, driver = first.get("IP") or None, config.get("Driver")
    runtime = (config.get("KubernetesConfig") or {}).get("ContainerRuntime")
    name = config.get("Network") or cli.profile
    network = cli.network(name) if driver == "docker" else {"subnet": None, "gateway": None}
    has_docker = address and driver == "docker" and runtime == "docker"
    server, engine = _reached(cli, address, first.get("Port") or 8443, driver)
    state = pure.overall(nodes)
    if state == "gone":
        state = "degraded" if config else "absent"
    return {
        "profile": cli.profile,
        "state": state,
        "valid": pure.is_valid(config),
        "status": {
            "host": control.get("Host", "Nonexistent"),
            "kubelet": control.get("Kubelet", "Nonexistent"),
            "api_server": control.get("APIServer", "Nonexistent"),
            "kubeconfig": control.get("Kubeconfig", "Nonexistent"),
        },
        "nodes": [
            {
                "name": pure.machine_name(cli.profile, machines, machine),
                "ip": machine.get("IP") or None,
                "control_plane": bool(machine.get("ControlPlane")),
                **_node_state(pure.machine_name(cli.profile, machines, machine), nodes),
            }
            for machine in machines
        ],
        "ip": address,
        "api_server": f"https://{server}" if server else None,
        "kubeconfig": cli.kubeconfig,
        "context": cli.profile,
        "docker_host": f"tcp://{engine}" if has_docker and engine else None,
        "docker_tls_path": cli.path("certs") if has_docker else None,
        "network": name if driver == "docker" else None,
        **network,
        "home": cli.folder,
        "encrypt_secrets": api.encrypting if api.pid else None,
        "secrets": {"encrypted": api.encrypted, "plain": api.plain},
        "audit_log": api.audit(),
        "settings": pure.current_settings(config or None),
    }


def _node_state(name: str, nodes: list[dict[str, t.Any]]) -> dict[str, str]:
    """What minikube says about one node now."""
    # Alone, a node is called as the profile is, whatever its record says.
    known: dict[str, t.Any] = next((node for node in nodes if len(nodes) == 1 or node.get("Name") == name), {})
    return {"host": known.get("Host", "Nonexistent"), "kubelet": known.get("Kubelet", "Nonexistent")}


def _reached(cli: Cli, address: str | None, port: int, driver: str | None) -> list[str]:
    """HOST:PORT of the API server and of the node's docker; empty where there is none."""
    if not address:
        return ["", ""]
    ports = (port, DOCKER_PORT)
    forwarded = cli.forwarded(ports) if driver == "docker" else None
    return [f"{address}:{each}" for each in ports] if forwarded is None else forwarded
