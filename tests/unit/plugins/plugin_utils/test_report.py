# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks made from the table of services, and reports for people."""

from __future__ import annotations

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._report import (
    check_lines,
    not_tried,
    requirement_checks,
    status_lines,
    verification_summary,
)

NGINX = {
    "name": "nginx",
    "title": "Front door",
    "type": "LoadBalancer",
    "ports": [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}],
    "links": [{"label": "Page", "url": "https://a/"}, {"label": "Log in", "command": "ssh a"}],
    "credentials": [{"name": "key", "kind": "ssh_key", "file": "/state/ssh/id"}, {"name": "other", "kind": "ssh_key"}],
}
MYSQL = {"name": "mysql", "title": "Database", "type": "ClusterIP", "ports": [{"name": "mysql", "port": 3306}]}


def test_ports_come_from_the_table():
    checks = requirement_checks([NGINX, MYSQL], "a", [10250, 3306, 80], [])
    assert [(check["id"], check.get("refused", False)) for check in checks] == [
        ("LB-09/80", False),
        ("LB-10/3306", True),
        ("LB-10/10250", True),
    ]
    assert checks[1]["title"] == "Port 3306 of mysql cannot be reached"


def test_checks_of_absent_services_are_left_out():
    more = [
        {"id": "A", "service": "nginx", "kind": "tcp"},
        {"id": "B", "service": "ftps", "kind": "tcp"},
        {"id": "C", "kind": "tcp"},
    ]
    checks = requirement_checks([NGINX], "a", [], more)
    assert checks[1:] == [{"id": "A", "kind": "tcp"}, {"id": "C", "kind": "tcp"}]


def test_nothing_untried_is_passed():
    requirements = [
        {"id": "NGX-01", "title": "", "services": ["nginx"]},
        {"id": "LB-02", "title": "", "services": ["nginx", "ftps"]},
        {"id": "FTP-01", "title": "", "services": ["ftps"], "reason": "never shown"},
        {"id": "DB-01", "title": "", "reason": "interrupts"},
        {"id": "NGX-02", "title": "", "services": ["nginx"]},
    ]
    results = [
        {"id": "NGX-01/path", "title": "Path", "ok": True, "message": ""},
        {"id": "LB-02", "title": "Types", "ok": False, "message": "expected x; seen: y."},
    ]
    untried = not_tried(requirements, results, [NGINX])
    assert check_lines(results, untried) == [
        "1 passed, 1 failed",
        "failed: LB-02 Types: expected x; seen: y.",
        "not tried: LB-02, FTP-01 (not installed: ftps)",
        "not tried: DB-01 (interrupts)",
        "not tried: NGX-02 (no check for it yet)",
    ]


def test_summary_names_places_and_leaves_out_what_is_empty():
    missing = [{"name": "Grafana", "reason": "not served", "instead": "a stand-in"}, {"name": "Dashboard"}]
    sections = verification_summary([], [NGINX, MYSQL], [], "192.0.2.1", "/state", missing, [])
    assert {section["title"]: section["lines"] for section in sections} == {
        "Platform at 192.0.2.1": ["Front door, Page    https://a/", "Front door, Log in  ssh a"],
        "Credentials": [
            "Front door: /state/ssh/id",
            "All generated passwords and keys: /state/credentials.json",
            "The local CA, for browsers and clients to trust: /state/certificates/ca.crt",
        ],
        "Not available on this network": ["Grafana: not served; instead: a stand-in", "Dashboard: not available"],
        "Checks": ["0 passed, 0 failed"],
    }


def objects(waiting=None, ended=None, restarts=0, ready=1):
    status = {
        "restartCount": restarts,
        "state": {"waiting": waiting} if waiting else {"running": {}},
        "lastState": {"terminated": ended} if ended else {},
    }
    metadata = {"name": "nginx", "namespace": "n"}
    return [
        {
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {"replicas": 1},
            "status": {"updatedReplicas": 1, "availableReplicas": ready},
        },
        {
            "kind": "Pod",
            "metadata": {**metadata, "labels": {"app.kubernetes.io/name": "nginx"}},
            "status": {"containerStatuses": [status]},
        },
        {
            "kind": "Service",
            "metadata": metadata,
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}, {"port": 443}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
        },
    ]


def test_status_of_services():
    lines = status_lines(objects(), [NGINX, MYSQL], "n")
    assert [line.split() for line in lines] == [
        ["SERVICE", "HEALTH", "RESTARTS", "ADDRESS", "PORTS"],
        ["nginx", "ok", "0", "192.0.2.1", "80,", "443"],
        ["mysql", "missing", "0", "inside", "only", "none"],
    ]


def test_status_tells_why_a_container_ended_or_waits():
    ended = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "now"}
    assert status_lines(objects(ended=ended, restarts=3), [NGINX], "n")[2:] == [
        "",
        "nginx: OOMKilled, exit code 137, at now",
    ]
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    assert status_lines(objects(waiting=waiting, ready=0), [NGINX], "n")[-1] == "nginx: ImagePullBackOff: no such image"
