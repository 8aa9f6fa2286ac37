# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a cluster, to ask about. This plugin util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import state_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json


class Objects:
    """Some objects of a cluster, with what the checks ask about them."""

    def __init__(self, objects: t.Sequence[Json], namespace: str) -> None:
        """Look at ``objects``; those of the platform lie in ``namespace``."""
        self._objects = objects
        self.namespace = namespace

    def all(self, kind: str, namespace: str | None = None) -> list[Json]:
        """Objects of a kind, in one namespace or in all."""
        return [
            found
            for found in self._objects
            if found["kind"] == kind and namespace in (None, found["metadata"].get("namespace"))
        ]

    def one(self, kind: str, name: str) -> Json | None:
        """One object of the platform."""
        return next((found for found in self.all(kind, self.namespace) if found["metadata"]["name"] == name), None)

    def pods(self, service: str) -> list[Json]:
        """Pods of a service, the newest first."""
        found = [
            pod
            for pod in self.all("Pod", self.namespace)
            if pod["metadata"].get("labels", {}).get("app.kubernetes.io/name") == service
        ]
        return sorted(found, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True)


def names(objects: t.Iterable[Json]) -> list[str]:
    """namespace/name of each object."""
    parts = [(found["metadata"].get("namespace"), found["metadata"]["name"]) for found in objects]
    return [f"{namespace}/{name}" if namespace else name for namespace, name in parts]


def addresses(service: Json) -> list[str]:
    """Addresses that the load balancer gave to a Service."""
    entries = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return [entry.get("ip") or entry.get("hostname", "") for entry in entries]


def node_ports(service: Json) -> list[int]:
    """Ports of the node that a Service owns."""
    return [port["nodePort"] for port in service["spec"].get("ports") or [] if port.get("nodePort")]


def containers(workload: Json) -> list[Json]:
    """Containers in a pod or in the template of a workload."""
    spec = workload["spec"]
    return t.cast("list[Json]", spec.get("template", {}).get("spec", spec).get("containers") or [])


def available(workload: Json | None) -> str:
    """Empty when a Deployment or DaemonSet has all the pods it wants in the current version; else what is missing."""
    if workload is None:
        return "missing"
    spec = workload.get("spec", {})
    if spec.get("paused"):
        return "its rollout is paused"
    if workload["kind"] != "DaemonSet" and not spec.get("replicas", 1):
        return "scaled to 0"
    return state_of("apps", workload["kind"], workload).why


def restarts(pod: Json) -> int:
    """How often containers of a pod were started again."""
    return sum(status.get("restartCount", 0) for status in pod.get("status", {}).get("containerStatuses") or [])


def last_reason(pod: Json) -> str:
    """Why a container of the pod waits, or ended the last time; empty when nothing is known."""
    for status in pod.get("status", {}).get("containerStatuses") or []:
        waiting = status.get("state", {}).get("waiting")
        if waiting:
            return ": ".join(text for text in (waiting.get("reason"), waiting.get("message")) if text)
        ended = status.get("lastState", {}).get("terminated")
        if ended:
            return f"{ended.get('reason', 'ended')}, exit code {ended.get('exitCode')}, at {ended.get('finishedAt')}"
    for condition in pod.get("status", {}).get("conditions") or []:
        if condition.get("status") == "False" and condition.get("message"):
            return str(condition["message"])
    return ""
