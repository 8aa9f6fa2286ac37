# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the services on one screen."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._status import (
    platform_status,
    quantity,
    status_lines,
    volume_line,
)

NGINX = {"name": "nginx", "type": "LoadBalancer"}
MYSQL = {"name": "mysql", "type": "ClusterIP"}
CERTIFICATE = {"name": "nginx", "not_after": "2027-12-25", "changed": False, "reason": ""}
USAGE = [{"namespace": "n", "pod": "nginx", "container": "nginx", "cpu_cores": 0.0034, "memory_bytes": 12 * 2**20}]


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
            "spec": {"containers": [{"name": "nginx", "resources": {"limits": {"cpu": "1", "memory": "96Mi"}}}]},
            "status": {"containerStatuses": [status]},
        },
        {
            "kind": "Service",
            "metadata": metadata,
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}, {"port": 443}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
        },
    ]


def lines(found, table, usage=(), certificates=(), backup=None):
    return status_lines(platform_status(found, table, "n", usage, certificates, {"backup": backup}))


def test_a_server_outside_of_the_cluster_has_its_own_address_and_jobs_have_no_line():
    server = {"name": "mysql", "kind": "external", "external": {"host": "db.example.org", "port": 3307}}
    found = lines(objects(), [server, {"name": "backup", "kind": "job"}])
    assert [line.split() for line in found[1:3]] == [
        ["mysql", "external", "0", "?m", "?", "MiB", "none", "db.example.org", "3307"],
        [],
    ]


def test_status_of_services():
    assert [line.split() for line in lines(objects(), [NGINX, MYSQL], USAGE, [CERTIFICATE])] == [
        ["SERVICE", "HEALTH", "RESTARTS", "CPU", "MEMORY", "CERTIFICATE", "ADDRESS", "PORTS"],
        ["nginx", "ok", "0", "3", "of", "1000m", "12", "of", "96", "MiB", "2027-12-25", "192.0.2.1", "80,", "443"],
        ["mysql", "missing", "0", "?m", "?", "MiB", "none", "inside", "only", "none"],
        [],
        ["memory", "in", "use", "by", "all", "of", "them:", "12", "MiB"],
        ["last", "backup:", "none"],
    ]


def test_status_tells_why_a_container_ended_or_waits():
    ended = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "now"}
    assert "nginx: OOMKilled, exit code 137, at now" in lines(objects(ended=ended, restarts=3), [NGINX])
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    assert "nginx: ImagePullBackOff: no such image" in lines(objects(waiting=waiting, ready=0), [NGINX])


def test_status_tells_what_is_due_and_the_last_backup():
    due = {**CERTIFICATE, "changed": True, "reason": "its names changed"}
    found = lines(objects(), [NGINX], certificates=[due], backup={"at": "today", "path": "/b"})
    assert found[3:] == [
        "nginx: the certificate will be issued anew by make up: its names changed",
        "last backup: today, /b",
    ]
    assert "2027-12-25" not in "".join(found)


def test_status_has_numbers_for_programs():
    service = platform_status(objects(), [NGINX], "n", USAGE, [CERTIFICATE], {"backup": None})["services"][0]
    assert service["memory_bytes"] == 12 * 2**20
    assert service["memory_bytes_limit"] == 96 * 2**20
    assert service["cpu_cores_limit"] == 1
    assert service["ports"] == [80, 443]


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), ("500m", 0.5), ("96Mi", 100663296), ("1Gi", 2**30), ("1k", 1000), ("2.5", 2.5)]
)
def test_quantities(text, number):
    assert quantity(text) == pytest.approx(number)


def test_volumes_are_named_with_their_size():
    claim = {"metadata": {"namespace": "n", "name": "mysql"}, "status": {"capacity": {"storage": "2Gi"}}}
    assert volume_line(claim) == "volume n/mysql (2Gi)"
    assert volume_line({**claim, "status": {"phase": "Pending"}}) == "volume n/mysql (not bound)"


@pytest.mark.parametrize(
    ("status", "suspend", "line"),
    [
        ({}, False, "none yet, by the schedule 17 3 * * * in UTC"),
        ({"lastScheduleTime": "2026-11-27T03:17:00Z", "active": [{}]}, False, "none yet, one is being made"),
        (
            {"lastScheduleTime": "2026-11-27T03:17:00Z", "lastSuccessfulTime": "2026-11-27T03:17:40Z"},
            True,
            "2026-11-27T03:17:40Z, no more by a schedule",
        ),
        (
            {"lastScheduleTime": "2026-11-28T03:17:00Z", "lastSuccessfulTime": "2026-11-27T03:17:40Z"},
            False,
            "2026-11-27T03:17:40Z; the one of 2026-11-28T03:17:00Z failed: look at the pods of its Job",
        ),
    ],
)
def test_status_tells_of_the_backup_by_a_schedule(status, suspend, line):
    metadata = {"name": "backup", "namespace": "n"}
    spec = {"schedule": "17 3 * * *", "suspend": suspend}
    job = {"kind": "CronJob", "metadata": metadata, "spec": spec, "status": status}
    assert lines([*objects(), job], [NGINX])[-1] == f"the cluster's own backup: {line}"
