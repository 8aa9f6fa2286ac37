# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements that objects of a cluster show. This plugin util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._kubernetes_objects import (
    Objects,
    addresses,
    available,
    containers,
    names,
    node_ports,
)

# Alpine by its own name or a build argument for the version, an image of ours, or an earlier stage of the same file.
BASE_IMAGE = re.compile(r"^(docker\.io/(library/)?)?alpine([:@].*)?$")
FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)
# The namespace of minikube's addon, and the service of the table.
ADDON, DASHBOARD = "kubernetes-dashboard", "dashboard"
SECRET_NAME = re.compile(r"PASS|TOKEN|KEY|SECRET", re.IGNORECASE)


def row(name: str, title: str, wrong: t.Sequence[str], expected: str, measured: str, advice: str) -> dict[str, t.Any]:
    """A result in the shape that the module service_check gives; good when nothing is ``wrong``."""
    seen = ", ".join(wrong) if wrong else measured
    return {
        "id": name,
        "title": title,
        "kind": "objects",
        "ok": not wrong,
        "measured": seen,
        "expected": expected,
        "message": f"expected {expected}; seen: {seen}. {advice}" if wrong else "",
        "seconds": 0.0,
        "attempts": 1,
    }


def requirement_rows(
    found: t.Sequence[Json],
    table: t.Sequence[Json],
    namespace: str,
    address: str,
    image_prefix: str,
    pull_policy: str,
    dockerfiles: t.Mapping[str, str],
    profiles: t.Sequence[Json] = (),
    protections: t.Mapping[str, bool] | None = None,
    addresses: t.Mapping[str, str] | None = None,
    whole: bool = True,
) -> list[dict[str, t.Any]]:
    """Requirements that need no connection to a service: objects of the cluster, Dockerfiles, minikube's profile.

    ``addresses``: of services that have one of their own each. Not ``whole``: ``found`` has only what is in the
    namespace, of a cluster that is somebody else's.
    """
    objects = Objects(found, namespace)
    services = [row["name"] for row in table]
    rows = [dockerfile_row(dockerfiles, image_prefix), *image_rows(objects, services, image_prefix, pull_policy)]
    rows += [
        *profile_rows(profiles),
        *protection_rows(profiles, protections or {}),
        *dashboard_rows(objects, services),
        *workload_rows(objects, services),
    ]
    rows += [root_row(objects, whole), *([balancer_row(objects)] if whole else []), *entry_rows(objects)]
    rows += [*service_rows(objects, table), *address_rows(objects, table, address, addresses or {})]
    return rows


def image_rows(objects: Objects, services: t.Sequence[str], prefix: str, policy: str) -> list[dict[str, t.Any]]:
    """Where the images come from. With a registry, whose images are pulled, only their names can be right."""
    pulled, foreign = [], []
    for service in services:
        pods = objects.pods(service)
        if not pods:
            pulled.append(f"{service}: no pod")
            foreign.append(f"{service}: no pod")
            continue
        for status in pods[0].get("status", {}).get("containerStatuses") or []:
            if "@" in status.get("imageID", ""):
                pulled.append(f"{service}: {status['imageID']}")
        for container in containers(pods[0]):
            if not container["image"].startswith(prefix) or container.get("imagePullPolicy") != policy:
                foreign.append(f"{service}: {container['image']}, pull policy {container.get('imagePullPolicy')}")
    advice = "Run the roles images and services again."
    expected = f"images {prefix}*, pull policy {policy}"
    rows = [row("ENV-06", "No ready-made service image", foreign, expected, expected, advice)]
    if policy == "Never":
        expected = "no image has the digest of a registry"
        rows.append(row("ENV-04", "Images built in the node's daemon", pulled, expected, expected, advice))
    return rows


def profile_rows(profiles: t.Sequence[Json]) -> list[dict[str, t.Any]]:
    """What runs minikube. Nothing to say about a cluster of another kind."""
    wrong = [f"{each['profile']}: {each['settings'].get('driver')}" for each in profiles]
    wrong = [text for text in wrong if not text.endswith(": docker")]
    advice = "The driver of a profile cannot be changed: remove the profile, and run the role minikube again."
    return [row("ENV-03", "Docker runs minikube", wrong, "driver docker", "driver docker", advice)] if profiles else []


def protection_rows(profiles: t.Sequence[Json], asked: t.Mapping[str, bool]) -> list[dict[str, t.Any]]:
    """How Secrets are stored, as etcd itself shows them, and the log of the API server; only what is asked for."""
    rows, advice = [], "Run the role minikube again: make up."
    if profiles and asked.get("encrypt_secrets"):
        wrong = [f"{each['profile']}: {lack}" for each in profiles if (lack := plain_secrets(each))]
        told = ", ".join(f"{(each.get('secrets') or {}).get('encrypted')} encrypted, 0 plain" for each in profiles)
        expected = "k8s:enc: before each Secret in etcd"
        rows.append(row("SEC-04", "Secrets are encrypted in the database", wrong, expected, told, advice))
    if profiles and asked.get("audit_log"):
        wrong = [f"{each['profile']}: {lack}" for each in profiles if (lack := audit_lack(each.get("audit_log")))]
        logs = [each.get("audit_log") or {} for each in profiles]
        told = ", ".join(
            f"{log.get('max_backups')} old files of {log.get('max_size')} MB, {log.get('max_age')} days" for log in logs
        )
        expected = "a log that rotates, without contents of objects"
        rows.append(row("SEC-05", "The API server keeps an audit log", wrong, expected, told, advice))
    return rows


def plain_secrets(profile: Json) -> str:
    """What is wrong with a profile's Secrets."""
    counts = profile.get("secrets") or {}
    if counts.get("plain") is None:
        return "etcd could not be read"
    if counts["plain"]:
        return f"{counts['plain']} Secrets are stored plain"
    return "" if profile.get("encrypt_secrets") else "new Secrets are stored plain"


def audit_lack(log: Json | None) -> str:
    """What is wrong with an audit log."""
    if not log:
        return "no audit log"
    if not log.get("bytes"):
        return f"nothing is in {log.get('path')}"
    if not all(log.get(name) for name in ("max_age", "max_backups", "max_size")):
        return f"{log.get('path')} grows without a limit"
    return f"{log['bodies']} lines hold what is in objects" if log.get("bodies") else ""


def dashboard_rows(objects: Objects, services: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """The web dashboard, minikube's addon or the one of the table; and only through the API server."""
    addon = objects.all("Deployment", ADDON)
    workloads: dict[str, Json | None] = {f"{ADDON}/{found['metadata']['name']}": found for found in addon}
    if DASHBOARD in services:
        workloads[DASHBOARD] = objects.one("Deployment", DASHBOARD)
    wrong = [f"{name}: {available(found)}" for name, found in workloads.items() if available(found)]
    entries = [*objects.all("Service", ADDON), *filter(None, [objects.one("Service", DASHBOARD)])]
    wrong += [
        f"Service {entry['metadata']['name']}: {entry['spec']['type']}"
        for entry in entries
        if entry["spec"]["type"] != "ClusterIP"
    ]
    advice = "Look at its pods and Services: kubectl get pods,services --all-namespaces."
    listed = ", ".join(workloads)
    expected = f"{listed} available, inside only"
    return [row("ENV-09", "Kubernetes web dashboard", wrong, expected, listed, advice)] if workloads else []


def workload_rows(objects: Objects, services: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """One container per service, named like it, without secrets in its environment."""
    missing, misnamed, literal = [], [], []
    for service in services:
        deployment = objects.one("Deployment", service)
        lack = available(deployment)
        if lack:
            missing.append(f"{service}: {lack}")
        if deployment is None:
            misnamed.append(f"{service}: missing")
            literal.append(f"{service}: missing")
            continue
        found = containers(deployment)
        if [container["name"] for container in found] != [service]:
            misnamed.append(f"{service}: {', '.join(container['name'] for container in found)}")
        literal += [
            f"{service}: {entry['name']}"
            for container in found
            for entry in container.get("env") or []
            if entry.get("value") and SECRET_NAME.search(entry["name"])
        ]
    listed = ", ".join(services)
    look = f"Look at them: kubectl -n {objects.namespace} get pods; kubectl -n {objects.namespace} get events."
    # An apply leaves alone what another tool has put there.
    again = (
        "Run the role services again; what somebody added by hand goes with the Deployment: "
        f"kubectl -n {objects.namespace} delete deployment NAME, then the role again."
    )
    return [
        row("ENV-07", "One Deployment per service, available", missing, f"{listed} available", listed, look),
        row("ENV-08", "Container name is the service's name", misnamed, "one container of that name", listed, again),
        row("SEC-01", "Credentials come from Secrets", literal, "no literal secret in the environment", "none", again),
    ]


def root_row(objects: Objects, whole: bool = True) -> dict[str, t.Any]:
    """SEC-02: ordinary users in all pods of the namespace, which lets no others in; not ``whole``: who knows."""
    wrong = []
    spaces = [space for space in objects.all("Namespace") if space["metadata"]["name"] == objects.namespace]
    mode = spaces[0]["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") if spaces else None
    if whole and mode != "restricted":
        wrong.append(f"namespace {objects.namespace} enforces {mode or 'nothing'}")
    pods = objects.all("Pod", objects.namespace)
    for pod in pods:
        shared = pod["spec"].get("securityContext") or {}
        for container in [*containers(pod), *(pod["spec"].get("initContainers") or [])]:
            rights = {**shared, **(container.get("securityContext") or {})}
            if not rights.get("runAsNonRoot") or rights.get("runAsUser") == 0 or rights.get("privileged"):
                wrong.append(f"{pod['metadata']['name']}: {container['name']} may run as root")
    expected = f"runAsNonRoot for all containers{', Pod Security restricted' if whole else ''}"
    measured = f"{expected}; {len(pods)} pods"
    return row("SEC-02", "No container runs as root", wrong, expected, measured, "Run the role services again.")


def balancer_row(objects: Objects) -> dict[str, t.Any]:
    """The load balancer."""
    workloads = [*objects.all("Deployment", "metallb-system"), *objects.all("DaemonSet", "metallb-system")]
    lack = [f"{found['metadata']['name']}: {available(found)}" for found in workloads if available(found)]
    lack = lack if workloads else ["nothing in the namespace metallb-system"]
    return row(
        "LB-01",
        "MetalLB is the load balancer",
        lack,
        "controller and speakers available",
        ", ".join(names(workloads)),
        "Look at them: kubectl -n metallb-system get pods.",
    )


def entry_rows(objects: Objects) -> list[dict[str, t.Any]]:
    """No entry but the load balancer."""
    entries = names([*objects.all("Ingress"), *objects.all("IngressClass")])
    owners = [
        f"{name} {service['spec']['type']} {node_ports(service)}"
        for service, name in zip(objects.all("Service"), names(objects.all("Service")), strict=True)
        if service["spec"]["type"] == "NodePort"
        or (service["metadata"]["namespace"] == objects.namespace and node_ports(service))
    ]
    return [
        row(
            "LB-04",
            "No NodePort",
            owners,
            "no Service with a port on the node",
            "none",
            "Change its type, or set allocateLoadBalancerNodePorts to false and create it anew.",
        ),
        row(
            "LB-05",
            "No Ingress",
            entries,
            "no Ingress and no IngressClass",
            "none",
            "Remove them, or the addon ingress.",
        ),
    ]


def service_rows(objects: Objects, table: t.Sequence[Json]) -> list[dict[str, t.Any]]:
    """The type of each Service."""
    rows = []
    for name, title, wanted in (
        ("LB-02", "Public services have the load balancer", "LoadBalancer"),
        ("LB-03", "Databases stay inside", "ClusterIP"),
    ):
        services = [service["name"] for service in table if service["type"] == wanted]
        if not services:
            continue
        types = {service: (objects.one("Service", service) or {}).get("spec", {}).get("type") for service in services}
        wrong = [f"{service}: {found or 'missing'}" for service, found in types.items() if found != wanted]
        listed = ", ".join(services)
        rows.append(row(name, title, wrong, f"{wanted} for {listed}", listed, "Run the role services again."))
    return rows


def address_rows(
    objects: Objects, table: t.Sequence[Json], address: str, own: t.Mapping[str, str]
) -> list[dict[str, t.Any]]:
    """One address for all, or each its ``own``; and sound ones."""
    found = {}
    for service in table:
        if service["type"] == "LoadBalancer":
            found[service["name"]] = addresses(objects.one("Service", service["name"]) or {})
    wrong = [f"{name}: {', '.join(given) or 'no address'}" for name, given in found.items() if given != [address]]
    lost = [f"{name}: no address" for name, given in found.items() if own and not given]
    every = sorted({each for given in found.values() for each in given})
    bad = [each for each in every if unsound(each)]
    pool = "Check the pool of MetalLB and its events: kubectl -n metallb-system get ipaddresspools,events."
    listed = ", ".join(every)
    shared = row("LB-07", "One address for all services", wrong, f"only {address}", listed, pool)
    return [
        *([] if own else [shared]),
        row(
            "LB-08",
            "The address is one of the network",
            lost or bad or ([] if every else ["no address"]),
            "not 127.*, and not ending in .0 or .255",
            listed,
            pool,
        ),
    ]


def unsound(address: str) -> bool:
    """True for what is no address that other machines could use."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return True
    return parsed.is_loopback or (parsed.version == 4 and address.rpartition(".")[2] in ("0", "255"))


def dockerfile_row(files: t.Mapping[str, str], image_prefix: str) -> dict[str, t.Any]:
    """ENV-05: every image starts from Alpine, or from an image that is built here. ``files``: path to content."""
    wrong = []
    for path, content in files.items():
        stages: set[str] = set()
        bases = FROM.findall(content)
        if not bases:
            wrong.append(f"{path}: no FROM")
        for base, stage in bases:
            if not (BASE_IMAGE.match(base) or base.startswith(image_prefix) or base in stages):
                wrong.append(f"{path}: FROM {base}")
            stages.add(stage)
    if not files:
        wrong.append("no Dockerfile found")
    return row(
        "ENV-05", "Images start from Alpine", wrong, "FROM alpine", f"{len(files)} Dockerfiles", "Change their FROM."
    )
