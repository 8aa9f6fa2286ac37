# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a host and its docker engine, without root.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import errno
import glob
import grp
import http.client
import json
import os
import pwd
import socket
import time
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._docker_engine.facts import (
    Host,
    debian_archives,
    is_debian_like,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._packages import parse_os_release

# Left behind by a killed engine. A reused process number in one of these files keeps dockerd from starting, and a dead
# socket of a containerd makes it wait for that containerd instead of starting its own.
PID_FILES = (
    ("/run/docker.pid", "dockerd"),
    ("/run/docker-ssd.pid", "dockerd"),
    ("/run/docker/containerd/containerd.pid", "containerd"),
)
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket file instead of a TCP connection."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def read(path: str) -> str:
    """Text of a small file; empty when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""


def ask(path: str, question: str, timeout: float = 5.0) -> dict[str, t.Any]:
    """JSON answer of the engine behind a socket file; OSError or ValueError when there is none (seconds)."""
    connection = _UnixConnection(path, timeout)
    try:
        connection.request("GET", question)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise OSError(f"HTTP {response.status} for {question}")
        answer = json.loads(body)
    except http.client.HTTPException as error:
        raise OSError(f"no valid HTTP answer: {error}") from error
    finally:
        connection.close()
    return answer


def stale_pid_file(path: str, program: str, proc: str = "/proc") -> bool:
    """Whether a process number file exists whose process is not the named program any more."""
    if not os.path.exists(path):
        return False
    pid = read(path).strip()
    status = dict(line.split(":", 1) for line in read(f"{proc}/{pid}/status").splitlines() if ":" in line)
    # A killed process keeps its name until its parent has taken notice, which in a container may be never.
    dead = status.get("State", "").strip().startswith(("Z", "X"))
    return not pid.isdigit() or dead or status.get("Name", "").strip() != program


def stale_socket(path: str) -> bool:
    """Whether a socket file exists on which nobody listens."""
    if not os.path.exists(path):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        return probe.connect_ex(path) == errno.ECONNREFUSED


def stale_files() -> list[str]:
    """Leftovers of a killed engine that are in the way of a new one."""
    found = [path for path, program in PID_FILES if stale_pid_file(path, program)]
    return found + ([CONTAINERD_SOCKET] if stale_socket(CONTAINERD_SOCKET) else [])


def free_gb(folder: str) -> float:
    """Free space in GB where a folder lies or will lie."""
    while not os.path.exists(folder) and folder not in ("", "/"):
        folder = os.path.dirname(folder)
    seen = os.statvfs(folder or "/")
    return seen.f_bavail * seen.f_frsize / 1e9


def _members(users: t.Sequence[str]) -> tuple[list[str], list[str]]:
    try:
        group = grp.getgrnam("docker")
    except KeyError:
        group = None
    missing, unknown = [], []
    for name in users:
        try:
            primary = pwd.getpwnam(name).pw_gid
        except KeyError:
            unknown.append(name)
            continue
        if group is None or (name not in group.gr_mem and primary != group.gr_gid):
            missing.append(name)
    return missing, unknown


def _ask_engine(host: Host) -> None:
    try:
        host.version = str(ask(host.socket, "/version")["Version"])
        info = ask(host.socket, "/info")
    except PermissionError as error:
        host.denied, host.error = True, str(error)
    except (OSError, ValueError, KeyError) as error:
        host.error = str(error)
    else:
        host.answers = host.installed = True
        host.data_folder = str(info.get("DockerRootDir") or host.data_folder)
        host.empty = not info.get("Images") and not info.get("Containers")


def look(socket_path: str, data_folder: str, users: t.Sequence[str], dockerd: str | None, timeout: float = 0.0) -> Host:
    """Everything the judgement needs; waits up to ``timeout`` seconds for the engine's answer."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    host = Host(socket_path, uid, name, data_folder, 0.0, installed=dockerd is not None)
    deadline = time.monotonic() + timeout
    _ask_engine(host)
    while not host.answers and not host.denied and time.monotonic() < deadline:
        time.sleep(0.3)
        _ask_engine(host)
    host.free_gb = free_gb(host.data_folder)
    release = parse_os_release(read("/etc/os-release") or read("/usr/lib/os-release"))
    host.distribution = release.get("ID", "unknown")
    host.distribution_like = tuple(release.get("ID_LIKE", "").split())
    host.codename = release.get("VERSION_CODENAME", "")
    host.debian_like = is_debian_like(release)
    if not host.installed and host.debian_like:
        names = glob.glob("/etc/apt/sources.list.d/*.sources") + glob.glob("/etc/apt/sources.list.d/*.list")
        host.archives = debian_archives({x: read(x) for x in [*names, "/etc/apt/sources.list"]}, host.codename)
    host.inotify_instances = int(read("/proc/sys/fs/inotify/max_user_instances") or 0)
    host.inotify_watches = int(read("/proc/sys/fs/inotify/max_user_watches") or 0)
    host.missing_members, host.unknown_users = _members(users)
    return host


def log_tail(lines: int = 15) -> str:
    """Last lines of the engine's log file, where the init script writes one."""
    return "\n".join(read("/var/log/docker.log").splitlines()[-lines:])
