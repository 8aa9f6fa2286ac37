# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks made from the table of services, and reports for people."""

from __future__ import annotations

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._verification.checks import (
    requirement_checks,
    verification_summary,
)

NGINX = {
    "name": "nginx",
    "title": "Front door",
    "type": "LoadBalancer",
    "ports": [{"name": "http", "port": 80}],
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


def test_a_service_with_an_address_of_its_own_is_tried_there():
    other = {**NGINX, "name": "blog", "ports": [{"name": "https", "port": 443}]}
    checks = requirement_checks([NGINX, other, MYSQL], "a", [], [], {"nginx": "a", "blog": "b"})
    assert [(check["id"], check["host"]) for check in checks] == [
        ("LB-09/80", "a"),
        ("LB-09/443", "b"),
        ("LB-10/3306", "a"),
    ]


def test_checks_of_absent_services_are_left_out():
    more = [
        {"id": "A", "service": "nginx", "kind": "tcp", "survives": ["DB-01"]},
        {"id": "B", "service": "ftps", "kind": "tcp"},
        {"id": "C", "kind": "tcp"},
    ]
    checks = requirement_checks([NGINX], "a", [], more)
    assert checks[1:] == [{"id": "A", "kind": "tcp"}, {"id": "C", "kind": "tcp"}]


def test_summary_names_places_and_leaves_out_what_is_empty():
    missing = [{"name": "Grafana", "reason": "not served", "instead": "a stand-in"}, {"name": "Dashboard"}]
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
    report = {"address": "192.0.2.1", "rows": [], "checks": 0, "counts": counts}
    sections = verification_summary(report, [NGINX, MYSQL], "/state", missing, [], True)
    assert {section["title"]: section["lines"] for section in sections} == {
        "Platform at 192.0.2.1": ["Front door  https://a/"],
        "Credentials": [
            "Front door: /state/ssh/id",
            "All generated passwords and keys: /state/credentials.json",
            "The local CA, for browsers and clients to trust: /state/certificates/ca.crt",
        ],
        "Not available on this network": ["Grafana: not served; instead: a stand-in", "Dashboard: not available"],
        "Checks": ["0 requirements passed, 0 failed, 0 not tried; 0 checks"],
    }
