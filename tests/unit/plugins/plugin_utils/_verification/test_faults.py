# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults made on purpose: which ones, and what they prove."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._verification.faults import (
    fault_results,
    recovery_lack,
    running_containers,
    verification_faults,
)

TABLE = [
    {"name": "nginx", "processes": ["nginx", "sshd"]},
    {"name": "wordpress", "processes": ["nginx", "php-fpm84", "cron"]},
    {"name": "mysql", "processes": ["mysqld"]},
]
NAMES = [
    {"id": "RST-01", "service": "nginx", "process": "nginx"},
    {"id": "RST-02", "service": "nginx", "process": "sshd"},
    {"id": "RST-03", "service": "wordpress", "process": "nginx"},
    {"id": "RST-04", "service": "wordpress", "process": "php-fpm"},
    {"id": "RST-08", "service": "ftps"},
    {"id": "RST-09", "service": "mysql", "proves": ["DB-02"]},
    {"id": "DB-01", "service": "mysql", "action": "delete_pod", "title": "deleted"},
    {"id": "INF-01", "service": "influxdb", "action": "delete_pod", "title": "deleted"},
]


def test_every_process_of_the_table_is_ended():
    faults = verification_faults(TABLE, NAMES, "RST-11")
    assert [fault["id"] for fault in faults] == [
        "RST-01/nginx-nginx",
        "RST-02/nginx-sshd",
        "RST-03/wordpress-nginx",
        "RST-04/wordpress-php-fpm84",
        "RST-11/wordpress-cron",
        "RST-09/mysql-mysqld",
        "DB-01",
    ]
    assert faults[3]["command"] == ["exec", "deploy/wordpress", "--", "pkill", "php-fpm84"]
    assert faults[5]["proves"] == ["DB-02"]
    assert (faults[6]["action"], faults[6]["proves"]) == ("command", ["DB-01"])
    assert "--selector=app.kubernetes.io/name=mysql" in faults[6]["command"]


def objects(*states, available=1):
    statuses = [{"containerID": name, "state": {state: {}}} for name, state in states]
    labels = {"app.kubernetes.io/name": "nginx"}
    return [
        {
            "kind": "Deployment",
            "metadata": {"name": "nginx", "namespace": "n"},
            "spec": {"replicas": 1},
            "status": {"updatedReplicas": 1, "availableReplicas": available},
        },
        {
            "kind": "Pod",
            "metadata": {"name": "x", "namespace": "n", "labels": labels},
            "status": {"containerStatuses": statuses},
        },
    ]


def test_only_containers_that_run_count():
    assert running_containers(objects(("a", "running"), ("b", "waiting")), "nginx", "n") == ["a"]


@pytest.mark.parametrize(
    ("found", "lack"),
    [
        (objects(("a", "running")), "the container of before still runs"),
        (objects(("a", "waiting")), "no container runs"),
        (objects(("b", "running"), available=0), "0 of 1 pods are available"),
        (objects(("b", "running"), ("a", "terminated")), ""),
    ],
)
def test_recovery(found, lack):
    assert recovery_lack(found, "nginx", "n", ["a"]) == lack
    assert recovery_lack(found, "nginx", "n", ["a"], one=True) == lack


@pytest.mark.parametrize(
    ("found", "lack"),
    [
        (objects(("a", "running"), ("b", "running")), "the container of before still runs"),
        (objects(("a", "running"), ("b", "waiting")), "1 of 2 containers run"),
        (objects(("a", "running"), ("c", "running"), available=0), "0 of 1 pods are available"),
        (objects(("a", "running"), ("c", "running")), ""),
    ],
)
def test_recovery_of_one_container_of_two(found, lack):
    assert recovery_lack(found, "nginx", "n", ["a", "b"], one=True) == lack


def test_all_containers_are_new_after_a_fault_of_all():
    found = objects(("a", "running"), ("c", "running"))
    assert recovery_lack(found, "nginx", "n", ["a", "b"]) == "the container of before still runs"
    assert recovery_lack(objects(("c", "running"), ("d", "running")), "nginx", "n", ["a", "b"]) == ""


def check(name, ok=True, measured="42 rows"):
    return {"id": name, "ok": ok, "measured": measured}


CHECKS = [{"id": "WP-03", "title": "Comments", "survives": ["DB-01", "DB-02"]}, {"id": "NGX-01"}]
KILL = {"id": "RST-09/mysql-mysqld", "title": "mysql starts again", "proves": ["DB-02"]}
DELETE = {"id": "DB-01", "title": "the pod was deleted", "proves": ["DB-01"]}


def verdicts(fault, after, code=0, lack="", checks=None):
    before = [check("WP-03"), check("NGX-01")]
    record = {"fault": fault, "code": code, "error": "no pkill", "lack": lack, "seconds": 3.4}
    return {
        found["id"]: found["ok"]
        for found in fault_results({**record, "before": before, "after": after}, checks or CHECKS)
    }


@pytest.mark.parametrize("code", [0, 137, 143])
def test_a_fault_that_was_survived(code):
    assert verdicts(KILL, [check("WP-03"), check("NGX-01")], code) == {
        "RST-09/mysql-mysqld": True,
        "RST-12/RST-09/mysql-mysqld": True,
        "DB-02/WP-03": True,
    }


def test_lost_data_is_seen_although_every_check_passes():
    found = verdicts(KILL, [check("WP-03", measured="41 rows"), check("NGX-01")])
    assert found == {"RST-09/mysql-mysqld": True, "RST-12/RST-09/mysql-mysqld": True, "DB-02/WP-03": False}


def test_a_service_that_stays_broken():
    found = verdicts(KILL, [check("WP-03"), check("NGX-01", ok=False)], lack="0 of 1 pods are available")
    assert not any(found.values())


def test_a_fault_that_could_not_be_made_proves_nothing():
    found = verdicts(KILL, [check("WP-03"), check("NGX-01")], code=1)
    assert (found["RST-09/mysql-mysqld"], found["DB-02/WP-03"]) == (False, False)


def test_without_a_comparison_nothing_is_proved():
    assert verdicts(DELETE, [check("NGX-01"), check("WP-03")], checks=[{"id": "NGX-01"}]) == {"RST-12/DB-01": True}


def test_a_check_that_never_shows_the_data_cannot_prove_that_it_survived():
    checks = [{"id": "WP-03", "kind": "exec", "survives": ["DB-02"]}]
    assert verdicts(KILL, [check("WP-03"), check("NGX-01")], checks=checks)["DB-02/WP-03"] is False
    checks[0]["stdout_shown"] = True
    assert verdicts(KILL, [check("WP-03"), check("NGX-01")], checks=checks)["DB-02/WP-03"] is True
