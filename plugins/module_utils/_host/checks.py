# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of checks of a host, purely. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import ARCHITECTURES, of_machine
from ansible_collections.fortytwo.ft_services.plugins.module_utils._host.facts import Facts, Room
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import network as networks
from ansible_collections.fortytwo.ft_services.plugins.module_utils._packages import family, install_command

LEAST_PYTHON = (3, 11)
LEAST_DOCKER = (23, 0)
# A host whose clock is before the day this release was made cannot check a certificate: 2026-11-01 in epoch seconds.
RELEASED = 1793491200
# What the node needs beside itself, in MB.
SPARE_MEMORY = 1024
TOO_OLD = {("ubuntu", "22.04"): (3, 10), ("ubuntu", "20.04"): (3, 8)}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the platform asks of the host; names are those of the module's options."""

    static_ip: str = ""
    cluster_exists: bool = False
    memory: int = 4096
    cpus: int = 2
    root_for: tuple[str, ...] = ()
    can_become: bool = False
    docker_socket: str = "/var/run/docker.sock"
    bin_path: str = "/usr/local/bin"


@dataclasses.dataclass(frozen=True)
class Finding:
    """What is wrong, and what to type or to write. A warning does not stop a run."""

    text: str
    todo: str
    warning: bool = False


Judge = t.Callable[[Facts, Wanted], t.Iterable[Finding]]


def _system(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if facts.system != "Linux":
        yield Finding(
            f"This is {facts.system}: the platform's programs are for Linux, and the cluster's addresses cannot be "
            "reached from outside of the virtual machine that docker runs in here.",
            "Use a Linux host or a virtual machine with Linux, and run make up inside of it.",
        )
    elif facts.wsl and "wsl2" not in facts.kernel.lower():
        yield Finding("This is version 1 of the Windows Subsystem for Linux.", "wsl --set-version DISTRIBUTION 2")


def _architecture(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if of_machine(facts.architecture) is None:
        known = " and ".join(each.machine for each in ARCHITECTURES.values())
        yield Finding(
            f"The processor is {facts.architecture}, the programs of this release are for {known}.",
            "Use a host with such a processor.",
        )


def _python(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if facts.python < LEAST_PYTHON:
        found, least = (".".join(map(str, version)) for version in (facts.python, LEAST_PYTHON))
        yield Finding(
            f"{facts.python_path} is Python {found}, {least} or newer is needed.",
            f"{install_command(facts, ['python311'])}; then make up PYTHON=python3.11 "
            "(on another host: its path in ansible_python_interpreter)",
        )


def _venv(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if not facts.has_venv:
        yield Finding(
            f"{facts.python_path} cannot make virtual environments: its module venv or ensurepip is missing.",
            install_command(facts, ["python3-venv"]),
        )


def _root(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if facts.root or not wanted.root_for or wanted.can_become or facts.sudo == "free":
        return
    needed = f"Root is needed to {', to '.join(wanted.root_for)}."
    if facts.sudo == "password":
        yield Finding(f"{needed} sudo asks {facts.user} for a password.", "make up ARGS=-K")
    else:
        group = "sudo" if family(facts) == "debian" else "wheel"
        yield Finding(
            f"{needed} {facts.user} may not use sudo, or there is none.",
            f"Run make up as root, or let root type: usermod -aG {group} {facts.user}",
        )


def _docker(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    seen = facts.engine
    by_kind = {
        "podman": (
            "The program docker is podman, which minikube's driver docker cannot use.",
            "Remove podman-docker (podman itself may stay): make up installs docker where this is Debian or Ubuntu.",
        ),
        "desktop": (
            "This is Docker Desktop, whose containers live in a virtual machine: nobody reaches the cluster.",
            "Install the docker engine beside it (docker.io or docker-ce), then: docker context use default",
        ),
        "rootless": (
            "The docker engine runs without root, so the node has no network of its own that the host reaches.",
            "Start the system's engine: sudo systemctl enable --now docker; docker context use default",
        ),
        "snap": (
            "Docker comes from a snap, which hides files outside of the home folder from it.",
            "sudo snap remove docker; then make up installs the one of the distribution.",
        ),
    }
    if seen.kind in by_kind:
        yield Finding(*by_kind[seen.kind])
    if seen.docker_host and seen.docker_host not in _same(wanted.docker_socket):
        yield Finding(
            f"DOCKER_HOST is {seen.docker_host}: minikube would use that engine, and not the one of this host.",
            "unset DOCKER_HOST",
        )
    elif seen.context and seen.context_host not in _same(wanted.docker_socket):
        yield Finding(
            f"Docker's context is {seen.context} ({seen.context_host or 'which is not there'}): minikube would use "
            "that engine, and not the one of this host.",
            "docker context use default",
        )
    if seen.denied:
        yield Finding(
            f"{facts.user} may not use the docker socket {wanted.docker_socket}.",
            f"sudo usermod -aG docker {facts.user}; then log out and in again",
        )
    if seen.answers and seen.store == "containerd":
        yield Finding(
            "Docker keeps its images in the containerd image store, with which this release was not tried: the IDs of "
            "images may differ from those in their archives.",
            'If images load each time: {"features": {"containerd-snapshotter": false}} in /etc/docker/daemon.json',
            warning=True,
        )


def _same(path: str) -> tuple[str, ...]:
    return (f"unix://{path}", "unix:///var/run/docker.sock", "unix:///run/docker.sock")


def _write(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    for path, nearest in facts.unwritable.items():
        todo = f"sudo chown -R {facts.user} '{nearest}', or choose another folder in the settings"
        if path == wanted.bin_path:
            todo = "make up ARGS='-e minikube_bin_path=~/.local/bin'"
        yield Finding(f"{facts.user} may not write to {path} ({nearest} belongs to somebody else).", todo)


def _disk(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    by_device: dict[str, list[Room]] = {}
    for room in facts.rooms:
        if room.need:
            by_device.setdefault(room.device, []).append(room)
    for rooms in by_device.values():
        need, free = sum(room.need for room in rooms), min(room.free for room in rooms)
        if free < need:
            listed = ", ".join(f"{room.need / 1e9:.0f} GB for {room.purpose} in {room.path}" for room in rooms)
            yield Finding(
                f"{free / 1e9:.1f} GB are free on one file system, and {need / 1e9:.0f} GB are needed: {listed}.",
                "Free some (docker system prune), or set bundle_path and bundle_work_path to a larger one.",
            )


def _size(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if wanted.cluster_exists:
        return
    if facts.memory_mb and facts.memory_mb < wanted.memory + SPARE_MEMORY:
        yield Finding(
            f"The host has {facts.memory_mb} MB of memory; the cluster asks for {wanted.memory} MB, and the host needs "
            f"{SPARE_MEMORY} MB beside it.",
            f"make up ARGS='-e minikube_memory={max(facts.memory_mb - SPARE_MEMORY, 0)}' where that is 2200 or more",
        )
    if facts.cpus < wanted.cpus:
        yield Finding(
            f"The host has {facts.cpus} processors, the cluster asks for {wanted.cpus}.",
            "Give the machine more processors; 2 are the least.",
        )


def _network(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if wanted.cluster_exists or not wanted.static_ip:
        return
    problem = networks.problem(wanted.static_ip, facts.taken)
    free = networks.suggest(facts.taken)
    if problem:
        yield Finding(
            f"minikube's {problem}.",
            f"Leave minikube_static_ip out, or write minikube_network: {free}"
            if free
            else "Remove a network of docker.",
        )


def _ports(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    for port in facts.busy_ports:
        yield Finding(
            f"Something listens on port {port} of this host, which the platform is to be published on.",
            f"sudo ss -lptn 'sport = :{port}' shows what; stop it, or leave publish_address out.",
        )


def _firewall(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if "ufw" in facts.firewalls:
        yield Finding(
            "ufw is on: it drops what containers ask of this host, so builds do not reach the packages of the bundle.",
            "sudo ufw allow in on docker0; sudo ufw allow from 172.16.0.0/12; sudo ufw allow from 192.168.0.0/16",
            warning=True,
        )
    if "firewalld" in facts.firewalls:
        yield Finding(
            "firewalld is on: the networks of docker have to be in a zone that accepts.",
            "sudo firewall-cmd --permanent --zone=trusted --add-source=192.168.0.0/16 --add-source=172.16.0.0/12; "
            "sudo firewall-cmd --reload",
            warning=True,
        )
    if facts.forward_drop:
        yield Finding(
            "A table of nftables drops what this host passes on, so containers reach nothing.",
            "sudo nft list ruleset | grep -B3 'hook forward' shows which; let docker's bridges through it.",
            warning=True,
        )


def _proxy(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if not facts.proxies.get("http_proxy") and not facts.proxies.get("https_proxy"):
        return
    around = networks.around(wanted.static_ip or "192.168.49.2")
    spared = facts.proxies.get("no_proxy", "")
    if spared != "*" and str(around) not in spared and (not wanted.static_ip or wanted.static_ip not in spared):
        yield Finding(
            "A proxy is set, and NO_PROXY does not name the cluster's network, so kubectl, curl and browsers would "
            "ask the proxy for it. The platform's own modules do not.",
            f"export NO_PROXY=localhost,127.0.0.1,{around},10.96.0.0/12{',' + spared if spared else ''}",
            warning=True,
        )


def _locale(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if not facts.locale_works:
        yield Finding(
            f"The locale {facts.locale} is not there.", "export LC_ALL=C.UTF-8 (make does it by itself)", True
        )


def _clock(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if facts.now and facts.now < RELEASED:
        yield Finding(
            "The clock is before the day on which this release was made: certificates would not be valid yet.",
            "sudo timedatectl set-ntp true; or sudo date --set 'YYYY-MM-DD HH:MM'",
        )
    elif facts.clock_synchronised is False:
        yield Finding(
            "The clock does not follow a time server.",
            "sudo timedatectl set-ntp true (certificates need it)",
            warning=True,
        )


def _kernel(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    needed = {"overlay", "bridge", "veth"} - facts.kernel_features
    if needed:
        yield Finding(
            f"The kernel {facts.kernel} lacks {', '.join(sorted(needed))}, without which docker does not run.",
            "Install the distribution's own kernel (its modules too: linux-modules, linux-modules-extra), and restart.",
        )
    policies = {"nf_tables", "nfqueue"} - facts.kernel_features
    if policies:
        wsl = (
            " On WSL2: a kernel built with CONFIG_NETFILTER_NETLINK_QUEUE, by kernel= in .wslconfig."
            if facts.wsl
            else ""
        )
        yield Finding(
            f"The kernel {facts.kernel} lacks {', '.join(sorted(policies))}, so network policies cannot be enforced.",
            f"sudo modprobe nfnetlink_queue; else install the distribution's own kernel.{wsl}",
            warning=True,
        )


def _cgroups(facts: Facts, wanted: Wanted) -> t.Iterator[Finding]:
    if facts.cgroups == "none":
        yield Finding(
            "No control groups are mounted, so there are no limits.", "Start the host with systemd or OpenRC cgroups."
        )
        return
    lacking = {"cpu", "memory", "pids"} - facts.cgroup_controllers
    if lacking:
        yield Finding(
            f"The control groups ({facts.cgroups}) lack {', '.join(sorted(lacking))}, which Kubernetes needs.",
            "Add cgroup_enable=memory cgroup_memory=1 to the kernel's command line, and restart.",
        )


# The one table: name, judge. The names are the anchors in docs/troubleshooting.md; a test holds the two together.
CHECKS: dict[str, Judge] = {
    "system": _system,
    "architecture": _architecture,
    "python": _python,
    "venv": _venv,
    "root": _root,
    "docker": _docker,
    "write": _write,
    "disk": _disk,
    "size": _size,
    "network": _network,
    "ports": _ports,
    "firewall": _firewall,
    "proxy": _proxy,
    "locale": _locale,
    "clock": _clock,
    "kernel": _kernel,
    "cgroups": _cgroups,
}


def judge(facts: Facts, wanted: Wanted) -> list[dict[str, t.Any]]:
    """All checks in the order of the table, each with its problems and warnings."""
    found = []
    for name, check in CHECKS.items():
        findings = list(check(facts, wanted))
        found.append(
            {
                "check": name,
                "ok": all(finding.warning for finding in findings),
                "problems": [_entry(finding) for finding in findings if not finding.warning],
                "warnings": [_entry(finding) for finding in findings if finding.warning],
            }
        )
        # Nothing else is worth a word on another system.
        if name == "system" and facts.system != "Linux":
            break
    return found


def _entry(finding: Finding) -> dict[str, str]:
    return {"text": finding.text, "todo": finding.todo}


def told(results: t.Sequence[t.Mapping[str, t.Any]], key: str) -> list[str]:
    """Problems or warnings as sentences for people, each with its check's name and what to do."""
    return [f"{one['check']}: {each['text']} Do: {each['todo']}" for one in results for each in one[key]]
