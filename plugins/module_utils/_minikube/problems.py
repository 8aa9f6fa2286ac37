# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the settings of a cluster before anything is done.

This module util is private to the collection fortytwo.ft_services. Nothing here calls minikube.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import settings, versions

# A control plane with this collection's services does not live in less; minikube's own limit is 1800.
LEAST_MEMORY_MB = 2200
LEAST_CPUS = 2
LEAST_DISK_MB = 2000

_PROFILE = re.compile(r"(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])\.)*[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?")
_RESERVED = ("start", "stop", "status", "delete", "config", "open", "profile", "addons", "cache", "logs")
_EXTRA = re.compile(r"(kubelet|kubeadm|apiserver|controller-manager|etcd|proxy|scheduler)\.[^=\s]+=.*")
_ADDRESS = r"(\d+\.\d+\.\d+\.\d+:)?"
_PORT = re.compile(rf"{_ADDRESS}\d+(-\d+)?(:\d+(-\d+)?)?(/(tcp|udp|sctp))?")
_MOUNT = re.compile(r"/[^:]*:/[^:]+")
# Arguments of minikube start that this module sets itself, whatever options there are for them.
_OWN_ARGUMENTS = ("output", "interactive", "wait", "wait-timeout", "keep-context", "force", "profile", "dry-run")


@dataclasses.dataclass(frozen=True)
class Machine:
    """What the host has: memory in MB (2^20 bytes) and processors."""

    memory: int
    cpus: int


def problems(profile: str, asked: settings.Settings, machine: Machine) -> list[str]:
    """Reasons why these settings cannot work on this machine, each with what to write instead."""
    found = []
    if len(profile) < 2 or not _PROFILE.fullmatch(profile) or profile.lower() in _RESERVED:
        found.append(
            f"profile {profile!r} is not a name minikube takes: write at least two letters, digits and dashes, "
            f"starting and ending with a letter or digit, and none of {', '.join(_RESERVED)}"
        )
    version = asked["kubernetes_version"]
    if version is not None and not versions.key(version):
        found.append(f"kubernetes_version {version!r} is not a version: write all three numbers, as in 1.34.4")
    found.extend(_size_problems(asked, machine))
    found.extend(_address_problems(asked["static_ip"]))
    for entry in asked["extra_config"] or []:
        if not _EXTRA.fullmatch(entry):
            found.append(f"extra_config entry {entry!r} is not COMPONENT.KEY=VALUE, as in kubelet.max-pods=60")
    for entry in asked["ports"] or []:
        if not _PORT.fullmatch(entry):
            found.append(f"ports entry {entry!r} is no port of docker's form: write it as in 127.0.0.1:8080:30080/tcp")
    if asked["mount"] and not _MOUNT.fullmatch(asked["mount"]):
        found.append(f"mount {asked['mount']!r} is not HOST_FOLDER:NODE_FOLDER, both with a slash in front")
    return found


def argument_problems(arguments: t.Sequence[str]) -> list[str]:
    """Reasons why these further arguments of ``minikube start`` cannot be taken."""
    own = {*_OWN_ARGUMENTS, *settings.start_flags(settings.NOTHING), "extra-config", "mount-string"}
    found = []
    for argument in arguments:
        name = argument.removeprefix("--").partition("=")[0]
        if not argument.startswith("--") or not name:
            found.append(f"extra_args entry {argument!r} is not of the form --NAME or --NAME=VALUE")
        elif name in own:
            found.append(f"extra_args entry {argument!r} is what an option of this module sets: use that")
    return found


def _size_problems(asked: settings.Settings, machine: Machine) -> list[str]:
    found = []
    nodes = 1 if asked["nodes"] is None else asked["nodes"]
    memory, cpus = asked["memory"], asked["cpus"]
    if nodes < 1:
        found.append(f"nodes {nodes} is less than one: write 1 or more")
        nodes = 1
    each = f" for each of {nodes} nodes" if nodes > 1 else ""
    if nodes > 1 and asked["cni"] == "bridge":
        found.append("cni bridge connects the pods of one node only: write nodes 1, or another cni such as kindnet")
    if memory is not None:
        if memory < LEAST_MEMORY_MB:
            found.append(f"memory {memory} MB is too little for a control plane: write {LEAST_MEMORY_MB} or more")
        elif memory * nodes >= machine.memory:
            most = max((machine.memory - 1024) // nodes, 0)
            found.append(
                f"memory {memory} MB{each} does not fit into the {machine.memory} MB of this machine: "
                + (f"write {most} or less" if most >= LEAST_MEMORY_MB else "it needs a machine with more memory")
            )
    if cpus is not None:
        if cpus < LEAST_CPUS:
            found.append(f"cpus {cpus} is less than the {LEAST_CPUS} that Kubernetes needs: write {LEAST_CPUS} or more")
        elif cpus > machine.cpus:
            found.append(f"cpus {cpus} is more than this machine's {machine.cpus}: write {machine.cpus} or less")
    if asked["disk_size"] is not None and asked["disk_size"] < LEAST_DISK_MB:
        found.append(f"disk_size {asked['disk_size']} MB is too little for minikube: write {LEAST_DISK_MB} or more")
    return found


def _address_problems(address: str | None) -> list[str]:
    if address is None:
        return []
    hint = "write a private IPv4 address whose last number is between 2 and 254, as in 192.168.49.2"
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return [f"static_ip {address!r} is not an IPv4 address: {hint}"]
    private = any(
        parsed in ipaddress.IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    )
    if not private or not 2 <= int(parsed) % 256 <= 254:
        return [f"static_ip {address} cannot be a node's address: {hint}"]
    return []
