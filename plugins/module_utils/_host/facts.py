# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to know about a host. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import dataclasses
import importlib.util
import locale
import os
import platform
import pwd
import re
import socket
import sys
import time
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._docker_engine.probe import ask, read
from ansible_collections.fortytwo.ft_services.plugins.module_utils._host import engine
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import network as networks
from ansible_collections.fortytwo.ft_services.plugins.module_utils._packages import parse_os_release

Run = t.Callable[[t.Sequence[str]], "tuple[int, str, str]"]

# Parts of the kernel: what they are for, the setting of the kernel's build, and the module.
KERNEL = {
    "overlay": ("CONFIG_OVERLAY_FS", "overlay"),
    "bridge": ("CONFIG_BRIDGE", "bridge"),
    "veth": ("CONFIG_VETH", "veth"),
    "nf_tables": ("CONFIG_NF_TABLES", "nf_tables"),
    "nfqueue": ("CONFIG_NETFILTER_NETLINK_QUEUE", "nfnetlink_queue"),
}
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


@dataclasses.dataclass(frozen=True)
class Room:
    """Space that something needs: where, how much (bytes), what for; and the file system with what is free there."""

    path: str
    need: int
    purpose: str
    device: str = ""
    free: int = 0


@dataclasses.dataclass
class Facts:
    """A host as it was seen. Every default is a host on which nothing is wrong, so tests name only what differs."""

    system: str = "Linux"
    architecture: str = "x86_64"
    kernel: str = "6.1.0-28-amd64"
    distribution: str = "debian"
    distribution_like: tuple[str, ...] = ()
    release: str = "12"
    python: tuple[int, int] = (3, 11)
    python_path: str = "/usr/bin/python3"
    has_venv: bool = True
    uid: int = 0
    user: str = "root"
    sudo: str = "root"  # root, free (no password), password, none
    memory_mb: int = 16000
    cpus: int = 4
    engine: engine.Engine = dataclasses.field(default_factory=engine.Engine)
    unwritable: dict[str, str] = dataclasses.field(default_factory=dict)
    rooms: list[Room] = dataclasses.field(default_factory=list)
    taken: list[networks.Taken] = dataclasses.field(default_factory=list)
    busy_ports: list[int] = dataclasses.field(default_factory=list)
    firewalls: tuple[str, ...] = ()
    forward_drop: bool = False
    proxies: dict[str, str] = dataclasses.field(default_factory=dict)
    locale: str = "C.UTF-8"
    locale_works: bool = True
    now: float = 0.0
    clock_synchronised: bool | None = True
    kernel_features: frozenset[str] = frozenset(KERNEL)
    cgroups: str = "v2"
    cgroup_controllers: frozenset[str] = frozenset({"cpu", "memory", "pids"})

    @property
    def wsl(self) -> bool:
        """Whether this is the Windows Subsystem for Linux."""
        return "microsoft" in self.kernel.lower()

    @property
    def root(self) -> bool:
        """Whether this user is root."""
        return self.uid == 0


def gather(given: t.Mapping[str, t.Any], run: Run) -> Facts:
    """Look at everything once. ``given`` are the options of the module host_check."""
    release = parse_os_release(read("/etc/os-release") or read("/usr/lib/os-release"))
    uid = os.geteuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    kernel = platform.release()
    version, controllers = cgroups()
    seen = engine.look(given["docker_socket"], run, os.environ, ask)
    return Facts(
        system=platform.system(),
        architecture=platform.machine(),
        kernel=kernel,
        distribution=release.get("ID", platform.system().lower()),
        distribution_like=tuple(release.get("ID_LIKE", "").split()),
        release=release.get("VERSION_ID", ""),
        python=sys.version_info[:2],
        python_path=sys.executable,
        has_venv=all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
        uid=uid,
        user=user,
        sudo=sudo(uid, run),
        memory_mb=memory_mb(),
        cpus=os.cpu_count() or 1,
        engine=seen,
        unwritable=unwritable(given["write_paths"]),
        rooms=[room(entry) for entry in given["disk"]],
        taken=taken(given["profile"], run),
        busy_ports=[port for port in given["ports"] if busy(port)],
        firewalls=firewalls(run),
        forward_drop=forward_drop(run),
        proxies=proxies(os.environ),
        locale=os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or "",
        locale_works=locale_works(),
        now=time.time(),
        clock_synchronised=synchronised(run),
        kernel_features=kernel_features(kernel),
        cgroups=version,
        cgroup_controllers=controllers,
    )


def sudo(uid: int, run: Run) -> str:
    """How this user becomes root: ``root`` already, ``free`` of a password, by a ``password``, or not (``none``)."""
    if uid == 0:
        return "root"
    rc, dummy, err = run(["sudo", "-n", "true"])
    if rc == 0:
        return "free"
    return "password" if "password" in err.lower() else "none"


def memory_mb() -> int:
    """Memory in MB (2^20 bytes); 0 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    except (ValueError, OSError):
        return 0


def existing(path: str) -> str:
    """The path, or the nearest folder above it that exists."""
    path = os.path.abspath(os.path.expanduser(path))
    while not os.path.exists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def unwritable(paths: t.Sequence[str]) -> dict[str, str]:
    """Paths that this user may not make or change, each with the folder or file that is in the way."""
    found = {}
    for path in paths:
        nearest = existing(path)
        if not os.access(nearest, os.W_OK | (os.X_OK if os.path.isdir(nearest) else 0)):
            found[os.path.expanduser(path)] = nearest
    return found


def room(entry: t.Mapping[str, t.Any]) -> Room:
    """What a need finds on its file system. An entry whose file ``unless`` exists needs nothing any more."""
    path = os.path.expanduser(entry["path"])
    nearest = existing(path)
    done = entry.get("unless") and os.path.exists(os.path.expanduser(entry["unless"]))
    space = os.statvfs(nearest)
    need = 0 if done else int(entry["gb"] * 10**9)
    return Room(path, need, entry["purpose"], str(os.stat(nearest).st_dev), space.f_bavail * space.f_frsize)


def taken(profile: str, run: Run) -> list[networks.Taken]:
    """Networks of docker, the profile's own aside, and of the host's routes."""
    rc, out, dummy = run(["docker", "network", "ls", "--quiet"])
    found = []
    if rc == 0 and out.split():
        found = networks.of_docker(run(["docker", "network", "inspect", *out.split()])[1], profile)
    return found + networks.of_routes(read("/proc/net/route"))


def busy(port: int) -> bool:
    """Whether something of this host listens on a TCP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def firewalls(run: Run) -> tuple[str, ...]:
    """Programs that manage this host's packet filter and are on."""
    found = []
    if re.search(r"^ENABLED=yes", read("/etc/ufw/ufw.conf"), re.MULTILINE):
        found.append("ufw")
    if run(["systemctl", "is-active", "--quiet", "firewalld"])[0] == 0:
        found.append("firewalld")
    return tuple(found)


def forward_drop(run: Run) -> bool:
    """Whether packets that are only passed on are dropped by a policy that docker did not set. Only root sees it."""
    rc, out, dummy = run(["nft", "--json", "list", "chains"])
    return rc == 0 and drops(out)


def drops(chains: str) -> bool:
    """Whether the JSON of ``nft list chains`` has a forward chain that drops, other than docker's own."""
    found = re.findall(r'\{"chain": \{[^{}]*\}\}', chains)
    hooks = [text for text in found if '"hook": "forward"' in text and '"policy": "drop"' in text]
    # Docker itself sets the policy of the table filter to drop, and lets its own networks through.
    return any('"table": "filter"' not in text for text in hooks)


def proxies(environment: t.Mapping[str, str]) -> dict[str, str]:
    """Proxy variables by their names in small letters, which win over large ones."""
    found = {}
    for name in PROXIES:
        text = environment.get(name) or environment.get(name.upper())
        if text:
            found[name] = text
    return found


def locale_works() -> bool:
    """Whether Python can use the locale that the environment names."""
    kept = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_CTYPE, kept)
    return True


def synchronised(run: Run) -> bool | None:
    """Whether the clock follows a time server; None where nobody can say."""
    rc, out, dummy = run(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
    return {"yes": True, "no": False}.get(out.strip()) if rc == 0 else None


def kernel_features(release: str) -> frozenset[str]:
    """Parts of the kernel that are built in, loaded, or lie ready as modules."""
    build = _kernel_build(release)
    ready = read(f"/lib/modules/{release}/modules.dep") + read(f"/lib/modules/{release}/modules.builtin")
    loaded = read("/proc/modules")
    found = set()
    for name, (setting, module) in KERNEL.items():
        if (
            re.search(rf"^{setting}=[ym]", build, re.MULTILINE)
            or re.search(rf"/{module}\.ko", ready)
            or re.search(rf"^{module} ", loaded, re.MULTILINE)
            or os.path.isdir(f"/sys/module/{module}")
        ):
            found.add(name)
    return frozenset(found)


def _kernel_build(release: str) -> str:
    try:
        import gzip

        with gzip.open("/proc/config.gz", "rt", encoding="ascii", errors="replace") as handle:
            return handle.read()
    except OSError:
        return read(f"/boot/config-{release}")


def cgroups() -> tuple[str, frozenset[str]]:
    """Version of the control groups (``v1``, ``v2`` or ``none``) and the controllers that there are."""
    second = read("/sys/fs/cgroup/cgroup.controllers")
    if second:
        return "v2", frozenset(second.split())
    lines = [line.split() for line in read("/proc/cgroups").splitlines() if line and not line.startswith("#")]
    on = frozenset(fields[0] for fields in lines if fields[-1] == "1")
    return ("v1" if on and os.path.isdir("/sys/fs/cgroup/memory") else "none"), on
