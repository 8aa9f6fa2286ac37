# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kind of docker engine a host has. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import typing as t

Ask = t.Callable[[str, str], dict[str, t.Any]]
Run = t.Callable[[t.Sequence[str]], tuple[int, str, str]]


@dataclasses.dataclass(frozen=True)
class Engine:
    """The engine behind the socket, and whom the docker command would ask. Empty texts where there is nothing."""

    answers: bool = True
    denied: bool = False
    version: str = "28.2.2"
    kind: str = "docker"  # docker, podman, desktop, rootless, snap
    store: str = "overlay2"  # overlay2, or containerd for its image store
    data_folder: str = "/var/lib/docker"
    empty: bool = False
    context: str = ""
    context_host: str = ""
    docker_host: str = ""


def look(socket: str, run: Run, env: t.Mapping[str, str], ask: Ask) -> Engine:
    """Ask the engine behind a socket file, and read what the docker command would use instead."""
    name, host = context(env)
    seen: dict[str, t.Any] = {"context": name, "context_host": host, "docker_host": _docker_host(env)}
    program = os.path.realpath(shutil.which("docker") or "")
    try:
        version, info = ask(socket, "/version"), ask(socket, "/info")
    except PermissionError:
        return Engine(answers=False, denied=True, version="", kind=kind({}, {}, program), empty=True, **seen)
    except (OSError, ValueError):
        said = run(["docker", "--version"])[1] if program else ""
        told = {"Components": [{"Name": "podman"}]} if "podman" in said.lower() else {}
        return Engine(answers=False, version="", kind=kind(told, {}, program), empty=True, **seen)
    return Engine(
        version=str(version.get("Version", "")),
        kind=kind(version, info, program),
        store=store(info),
        data_folder=str(info.get("DockerRootDir") or "/var/lib/docker"),
        empty=not info.get("Images") and not info.get("Containers"),
        **seen,
    )


def kind(version: t.Mapping[str, t.Any], info: t.Mapping[str, t.Any], program: str) -> str:
    """What stands behind the name docker."""
    parts = " ".join(str(part.get("Name", "")) for part in version.get("Components") or []).lower()
    maker = str((version.get("Platform") or {}).get("Name", "")).lower()
    if "podman" in parts:
        return "podman"
    if "desktop" in maker or info.get("OperatingSystem") == "Docker Desktop":
        return "desktop"
    if any("rootless" in str(option) for option in info.get("SecurityOptions") or []) or "rootlesskit" in parts:
        return "rootless"
    folder = str(info.get("DockerRootDir") or "")
    if program.startswith("/snap/") or program == "/usr/bin/snap" or folder.startswith("/var/snap/"):
        return "snap"
    return "docker"


def store(info: t.Mapping[str, t.Any]) -> str:
    """Where the engine keeps images: the name of its storage driver, or ``containerd``."""
    status = info.get("DriverStatus") or []
    if any("io.containerd.snapshotter" in " ".join(map(str, pair)) for pair in status):
        return "containerd"
    return str(info.get("Driver") or "")


def _docker_host(env: t.Mapping[str, str]) -> str:
    # Set by `minikube docker-env` for a shell; the modules undo it.
    return "" if env.get("MINIKUBE_ACTIVE_DOCKERD") else env.get("DOCKER_HOST", "")


def context(env: t.Mapping[str, str]) -> tuple[str, str]:
    """Name and address of docker's current context; empty for the default one."""
    folder = env.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    name = env.get("DOCKER_CONTEXT") or str(_json(os.path.join(folder, "config.json")).get("currentContext") or "")
    if name in ("", "default"):
        return "", ""
    where = hashlib.sha256(name.encode()).hexdigest()
    meta = _json(os.path.join(folder, "contexts", "meta", where, "meta.json"))
    endpoint = (meta.get("Endpoints") or {}).get("docker") or {}
    return name, str(endpoint.get("Host") or "")


def _json(path: str) -> dict[str, t.Any]:
    try:
        with open(path, encoding="utf-8") as handle:
            found = json.load(handle)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
