# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers use, by the kubelets. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

from urllib.parse import quote

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json


def read_usage(client: KubeClient, namespace: str | None) -> list[Json]:
    """CPU and memory of each running container, in one namespace or in all."""
    names = [node["metadata"]["name"] for node in client.list_all("/api/v1/nodes")[0]]

    def read(node: str) -> Json:
        return client.request("GET", f"/api/v1/nodes/{quote(node, safe='')}/proxy/stats/summary").data

    return [entry for summary in client.parallel(read, names) for entry in usage_of(summary, namespace)]


def usage_of(summary: Json, namespace: str | None) -> list[Json]:
    """The same from one kubelet's summary. None for what it has not measured yet."""
    found = []
    for pod in summary.get("pods") or []:
        where = pod["podRef"]
        if namespace not in (None, where["namespace"]):
            continue
        for container in pod.get("containers") or []:
            cores = (container.get("cpu") or {}).get("usageNanoCores")
            found.append(
                {
                    "namespace": where["namespace"],
                    "pod": where["name"],
                    "container": container["name"],
                    "cpu_cores": None if cores is None else cores / 1e9,
                    "memory_bytes": (container.get("memory") or {}).get("workingSetBytes"),
                }
            )
    return sorted(found, key=lambda entry: (entry["namespace"], entry["pod"], entry["container"]))
