# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers use, from the kubelets' summaries."""

from __future__ import annotations

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.usage import read_usage

SUMMARY = {
    "pods": [
        {
            "podRef": {"name": "nginx-1", "namespace": "n"},
            "containers": [{"name": "nginx", "cpu": {"usageNanoCores": 3000000}, "memory": {"workingSetBytes": 7}}],
        },
        {"podRef": {"name": "new", "namespace": "n"}, "containers": [{"name": "new"}]},
        {"podRef": {"name": "gone", "namespace": "n"}},
        {"podRef": {"name": "other", "namespace": "o"}, "containers": [{"name": "other"}]},
    ]
}


class Client:
    """One node."""

    def list_all(self, path):
        assert path == "/api/v1/nodes"
        return [{"metadata": {"name": "node 1"}}], "1"

    def request(self, method, path):
        assert (method, path) == ("GET", "/api/v1/nodes/node%201/proxy/stats/summary")
        return type("Answer", (), {"data": SUMMARY})

    def parallel(self, work, items):
        return [work(item) for item in items]


def test_usage_of_one_namespace():
    assert read_usage(Client(), "n") == [
        {"namespace": "n", "pod": "new", "container": "new", "cpu_cores": None, "memory_bytes": None},
        {"namespace": "n", "pod": "nginx-1", "container": "nginx", "cpu_cores": 0.003, "memory_bytes": 7},
    ]


def test_usage_of_all_namespaces():
    assert [entry["pod"] for entry in read_usage(Client(), None)] == ["new", "nginx-1", "other"]
