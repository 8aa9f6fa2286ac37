# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and telling minikube, purely. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import changes, versions

# What a new profile gets where nothing is said; minikube would take whichever driver it finds.
DRIVER = "docker"
# What `minikube start` does.
STARTS = frozenset({"create", "start", "upgrade", "continue_upgrade", "configure"})

_LISTS = ("ports", "insecure_registry", "apiserver_names", "apiserver_ips")
FIXED = "fixed when a cluster is made"
_REASONS = {
    "kubernetes_version": "Kubernetes can be taken to a newer patch, or to the next minor version, and nowhere else",
}
_CURRENT = re.compile(r"^current-context:(?P<name>.*)$", re.MULTILINE)
_EXITING = re.compile(r"Exiting due to (?P<name>[A-Z0-9_]+): (?P<message>.*)")
_FRAME = "│╭╰"
_EVENT = "io.k8s.sigs.minikube."

Settings = dict[str, t.Any]
_NAMES = (
    "driver",
    "container_runtime",
    "kubernetes_version",
    "cpus",
    "memory",
    "disk_size",
    "nodes",
    "base_image",
    "static_ip",
    "cni",
    "extra_config",
    "feature_gates",
    "ports",
    "mount",
    "insecure_registry",
    "apiserver_names",
    "apiserver_ips",
)
# Further ones of a profile's config, which can change while the cluster is there.
_ADDONS = "addons"
# What a task asks for that says nothing.
NOTHING: Settings = dict.fromkeys(_NAMES)


@dataclasses.dataclass(frozen=True)
class Event:
    """One line of minikube's JSON output: ``step``, ``download``, ``warning``, ``info`` or ``error``, and its data."""

    kind: str
    data: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Seen:
    """What there is of a profile before anything is done."""

    traces: tuple[str, ...]
    config: dict[str, t.Any] | None
    overall: str
    kubeconfig_wrong: bool = False
    unfinished: bool = False


def mini_path(home: str | None) -> str:
    """Folder of minikube's files; ``.minikube`` is added as minikube itself does."""
    base = home or os.environ.get("MINIKUBE_HOME") or os.path.expanduser("~")
    base = os.path.abspath(os.path.expanduser(base))
    return base if os.path.basename(base) == ".minikube" else os.path.join(base, ".minikube")


def kubeconfig_path(path: str | None) -> str:
    """File that minikube writes the cluster's context to."""
    chosen = path or (os.environ.get("KUBECONFIG") or "").split(os.pathsep)[0] or "~/.kube/config"
    return os.path.abspath(os.path.expanduser(chosen))


def current_context(kubeconfig: str) -> str:
    """Name of the current context in the text of a kubeconfig; empty without one."""
    match = _CURRENT.search(kubeconfig)
    return match["name"].strip("\"' ") if match else ""


def with_current_context(kubeconfig: str, name: str) -> str:
    """The text of a kubeconfig with another current context."""
    line = f"current-context: {json.dumps(name)}"
    return _CURRENT.sub(lambda match: line, kubeconfig, count=1)


def engine_host(docker_host: str) -> str:
    """The host of an engine that is not on this machine, out of ``DOCKER_HOST``; empty for one that is."""
    scheme, mark, rest = docker_host.partition("://")
    host = rest.partition("/")[0].rpartition("@")[2].rpartition(":")[0] or rest.partition("/")[0].rpartition("@")[2]
    return host if mark and scheme in ("tcp", "ssh") and host not in ("127.0.0.1", "localhost", "[::1]") else ""


def asked_settings(params: t.Mapping[str, t.Any]) -> Settings:
    """Settings of the task in the spelling of a profile's config; None where the task says nothing."""
    version, cni = params["kubernetes_version"], params["cni"]
    gates = params["feature_gates"]
    return {
        "driver": params["driver"] or None,
        "container_runtime": {"cri-o": "crio"}.get(params["container_runtime"], params["container_runtime"]) or None,
        "kubernetes_version": f"v{version.removeprefix('v')}" if version else None,
        "cpus": params["cpus"],
        "memory": params["memory"],
        "disk_size": params["disk_size"],
        "nodes": params["nodes"],
        "base_image": params["base_image"] or None,
        "static_ip": params["static_ip"] or None,
        "cni": {"auto": ""}.get(cni, cni),
        "extra_config": sorted(params["extra_config"]) if params["extra_config"] is not None else None,
        "feature_gates": sorted(f"{k}={str(v).lower()}" for k, v in gates.items()) if gates is not None else None,
        "mount": params["mount"] or None,
        **{name: None if params[name] is None else sorted(params[name]) for name in _LISTS},
    }


def current_settings(config: t.Mapping[str, t.Any] | None) -> Settings:
    """The same settings as a profile's config.json has them; None everywhere without one."""
    if config is None:
        return dict.fromkeys([*_NAMES, _ADDONS])
    kubernetes = config.get("KubernetesConfig") or {}
    options = kubernetes.get("ExtraOptions") or []
    return {
        "driver": config.get("Driver"),
        "container_runtime": kubernetes.get("ContainerRuntime"),
        "kubernetes_version": kubernetes.get("KubernetesVersion"),
        "cpus": config.get("CPUs"),
        "memory": config.get("Memory"),
        "disk_size": config.get("DiskSize"),
        "nodes": len(config.get("Nodes") or []),
        "base_image": config.get("KicBaseImage"),
        "static_ip": config.get("StaticIP") or None,
        "cni": kubernetes.get("CNI") or "",
        "extra_config": sorted(f"{o.get('Component')}.{o.get('Key')}={o.get('Value')}" for o in options),
        "feature_gates": sorted(filter(None, (kubernetes.get("FeatureGates") or "").split(","))),
        "mount": config.get("MountString") or None,
        "ports": sorted(config.get("ExposedPorts") or []),
        "insecure_registry": sorted(config.get("InsecureRegistry") or []),
        "apiserver_names": sorted(kubernetes.get("APIServerNames") or []),
        "apiserver_ips": sorted(kubernetes.get("APIServerIPs") or []),
        _ADDONS: changes.enabled_addons(config),
    }


def differences(current: Settings, asked: Settings) -> list[dict[str, t.Any]]:
    """Settings whose value in the profile is not the one asked for. What is not asked for is not compared."""
    found = []
    for name, wish in asked.items():
        have = current.get(name)
        if wish is None or have == wish:
            continue
        # minikube adds options of its own to these two: only what is asked for must be there.
        if isinstance(wish, list) and set(wish) <= set(have or []):
            continue
        found.append({"setting": name, "current": have, "asked": wish, "reason": _REASONS.get(name, FIXED)})
    return found


def is_upgrade(found: list[dict[str, t.Any]]) -> bool:
    """Whether a newer Kubernetes, which the cluster can be taken to as it is, is all that differs."""
    return [d["setting"] for d in found] == ["kubernetes_version"] and versions.can_follow(
        found[0]["current"], found[0]["asked"]
    )


def describe_differences(profile: str, found: list[dict[str, t.Any]]) -> str:
    """The refusal to rebuild a cluster behind its owner's back."""
    listed = "; ".join(
        f"{d['setting']} is {_said(d['current'])}, asked for {_said(d['asked'])} ({d['reason']})" for d in found
    )
    return (
        f"The minikube profile {profile} exists with other settings: {listed}. Nothing was changed, because a new "
        "cluster would not have the old one's objects and volumes. "
        "Either set the values back to what is there, or remove the cluster and its data with state=absent first."
    )


def _said(value: t.Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return "not set" if value in (None, "") else str(value)


def is_valid(config: t.Mapping[str, t.Any] | None) -> bool:
    """Whether minikube itself would call the profile valid."""
    if not config or not config.get("Driver") or not config.get("Nodes"):
        return False
    return all(node.get("KubernetesVersion") for node in config["Nodes"])


def parse_status(text: str) -> list[dict[str, t.Any]]:
    """Nodes out of ``minikube status -o json``; none when minikube finds no machine."""
    for line in reversed(text.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        nodes = found if isinstance(found, list) else [found]
        if all(isinstance(node, dict) and "Host" in node for node in nodes):
            return nodes
    return []


def overall(nodes: list[dict[str, t.Any]]) -> str:
    """``running``, ``stopped``, ``degraded``, or ``gone`` when there is no machine."""
    if not nodes:
        return "gone"
    if all(node["Host"] == "Stopped" for node in nodes):
        return "stopped"
    for node in nodes:
        if node["Host"] != "Running" or node["Kubelet"] != "Running":
            return "degraded"
        if not node.get("Worker") and node["APIServer"] != "Running":
            return "degraded"
    return "running"


def kubeconfig_wrong(nodes: list[dict[str, t.Any]]) -> bool:
    """Whether the kubeconfig lacks the cluster or points elsewhere."""
    return any(not node.get("Worker") and node.get("Kubeconfig") == "Misconfigured" for node in nodes)


def parse_event(line: str) -> Event | None:
    """One CloudEvent of minikube; None for any other line."""
    try:
        entry = json.loads(line)
        kind = entry["type"]
        data = {str(key): str(value) for key, value in entry["data"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return Event(kind.removeprefix(_EVENT), data) if kind.startswith(_EVENT) else None


def parse_events(text: str) -> list[Event]:
    """All CloudEvents of minikube in some output."""
    return [event for event in map(parse_event, text.splitlines()) if event]


def creation_was_cut(events: list[Event]) -> bool:
    """Whether these events are those of a start that made the machine and did not come to its end."""
    steps = [event.data.get("name") for event in events if event.kind == "step"]
    return "Creating Container" in steps and "Done" not in steps


def failure(what: str, rc: int, events: list[Event], stderr: str) -> dict[str, t.Any]:
    """Arguments for fail_json: what minikube says about its failure, or else the end of its error output."""
    errors = [event.data for event in events if event.kind == "error"]
    # Plain messages are printed as errors too; what ends the command has an exit code. With --force minikube goes on
    # after some of these, so the first one is the cause.
    ending = [data for data in errors if data.get("exitcode")] or errors[-1:]
    # Commands without JSON tell the reason in one line, and then draw a frame around advice on reporting it.
    ending += [{**found.groupdict(), "exitcode": str(rc)} for found in _EXITING.finditer(stderr) if not ending]
    tail = [line for line in stderr.strip().splitlines() if line.strip() and line.strip()[0] not in _FRAME][-8:]
    told = "; then ".join(": ".join(filter(None, (d.get("name"), d.get("message", "").strip()))) for d in ending)
    reason = told or "\n".join(tail) or "no reason was given"
    cause: dict[str, str] = ending[0] if ending else {}
    text = f"{what} failed with exit code {rc}: {reason}"
    if cause.get("advice", "").strip():
        text += f"\nminikube's advice: {cause['advice'].strip()}"
    return {
        "msg": text,
        "rc": rc,
        "error": {key: cause.get(key, "") for key in ("name", "exitcode", "message", "advice", "url")},
        "stderr_lines": tail,
    }


def start_command(
    executable: str,
    profile: str,
    asked: Settings,
    action: str,
    preload: bool,
    wait_timeout: int,
    force: bool,
    keep_context: bool,
    extra_args: t.Sequence[str] = (),
    extra_config: t.Sequence[str] = (),
) -> list[str]:
    """The call of ``minikube start``. An existing profile keeps its settings, so they are given to ``create`` one only.

    Of them, an upgrade gives the version, and ``start`` none. With ``extra_config`` an existing profile has these
    options of Kubernetes from now on, and no others.

    minikube remembers ``keep_context``, so it is said each time.
    """
    command = [executable, "start", "-p", profile, "-o", "json", "--interactive=false"]
    command += [f"--preload={str(preload).lower()}", "--wait=all", f"--wait-timeout={wait_timeout}s"]
    command.append(f"--keep-context={str(keep_context).lower()}")
    if force:
        command.append("--force")
    if action in ("upgrade", "continue_upgrade"):
        command.append(f"--kubernetes-version={asked['kubernetes_version']}")
    if action != "create":
        return [*command, *(f"--extra-config={entry}" for entry in extra_config)]
    command += [f"--{flag}={value}" for flag, value in start_flags(asked).items() if value not in (None, "")]
    command += [f"--mount-string={asked['mount']}"] if asked["mount"] else []
    options = [*(asked["extra_config"] or []), *extra_config]
    return [*command, *(f"--extra-config={entry}" for entry in options), *extra_args]


def start_flags(asked: Settings) -> dict[str, t.Any]:
    """Flags of ``minikube start`` for a new profile; None or empty for what is not asked for."""
    return {
        "driver": asked["driver"] or DRIVER,
        "container-runtime": asked["container_runtime"],
        "kubernetes-version": asked["kubernetes_version"],
        "cpus": asked["cpus"],
        "memory": f"{asked['memory']}mb" if asked["memory"] else None,
        "disk-size": f"{asked['disk_size']}mb" if asked["disk_size"] else None,
        "nodes": asked["nodes"],
        "base-image": asked["base_image"],
        "static-ip": asked["static_ip"],
        "cni": asked["cni"],
        "feature-gates": ",".join(asked["feature_gates"]) if asked["feature_gates"] else None,
        "mount": "true" if asked["mount"] else None,
        **{name.replace("_", "-"): ",".join(asked[name] or []) for name in _LISTS},
    }


def needs_probe(seen: Seen) -> bool:
    """Whether it must be found out if there is a cluster's data before anything can be decided."""
    if not seen.traces or seen.unfinished:
        return False
    return not is_valid(seen.config) or seen.overall in ("degraded", "gone")


def plan_present(seen: Seen, has_data: bool) -> list[str] | None:
    """What to do so that the cluster runs; None when only its owner can decide.

    A start that was cut short leaves a profile that never was a cluster: nothing can be lost in it, so it is made anew.
    That is so when its volume holds no database of etcd, without which no API server has ever run, or when this
    collection began to make the profile and minikube's own record of that start has no end.
    """
    if not seen.traces:
        return ["create"]
    if is_valid(seen.config) and seen.overall == "running":
        # To its end, or once stopped it would pass for a profile that never was a cluster, whatever it holds by then.
        if seen.unfinished:
            return ["start"]
        return ["update_context"] if seen.kubeconfig_wrong else []
    if seen.unfinished or (needs_probe(seen) and not has_data):
        return ["delete", "create"]
    return ["start"] if is_valid(seen.config) else None


def image_id(config_name: str) -> str | None:
    """Image ID out of the name of the config file in a docker-save archive."""
    match = re.search(r"[0-9a-f]{64}", config_name)
    return f"sha256:{match[0]}" if match else None


def machine_name(profile: str, machines: list[dict[str, t.Any]], machine: dict[str, t.Any]) -> str:
    """Name of a node's container or virtual machine."""
    name = machine.get("Name")
    return f"{profile}-{name}" if name and len(machines) > 1 else profile
