# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the manifests must hold to so that every container is measured, and by whom."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[4]


def of(rendered, kind):
    return [each for each in rendered.objects if each["kind"] == kind]


def one(rendered, kind, name):
    (found,) = (each for each in of(rendered, kind) if each["metadata"]["name"] == name)
    return found


def pod_of(deployment):
    return deployment["spec"]["template"]["spec"]


def reports(row):
    return "telegraf" in row.get("egress_to", [])


def test_what_reaches_telegraf_reports_its_network_and_volumes_and_nothing_else_does(rendered):
    for row in rendered.table:
        container = pod_of(one(rendered, "Deployment", row["name"]))["containers"][0]
        readiness = row.get("readiness", row["liveness"])
        storage = [row["storage"]["path"]] if "storage" in row else []
        wanted = ["report", row["name"], *storage, "--", *readiness] if reports(row) else readiness
        assert container["readinessProbe"]["exec"]["command"] == wanted
        assert {"/run", "/tmp", *storage} <= {mount["mountPath"] for mount in container["volumeMounts"]}


def test_every_service_reports_and_its_image_can(real):
    for row in real.table:
        assert reports(row), row["name"]
        dockerfile = (REPOSITORY / "images" / row["name"] / "Dockerfile").read_text()
        assert "COPY common/report.sh /usr/local/bin/report\n" in dockerfile


def test_telegraf_may_ask_the_kubelet_two_questions_and_the_api_server_none(real):
    role = one(real, "ClusterRole", "ft-services-telegraf")
    (rule,) = role["rules"]
    assert rule == {"apiGroups": [""], "resources": ["nodes/pods", "nodes/stats"], "verbs": ["get"]}
    binding = one(real, "ClusterRoleBinding", "ft-services-telegraf")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "telegraf", "namespace": "ft-services"}]


def test_telegraf_has_no_password_but_its_own(real):
    (secret,) = (each for each in real.inputs["secrets"] if each["name"] == "telegraf")
    assert set(secret["data"]) == {"ca.crt", "influxdb_telegraf"}


def test_the_policy_of_telegraf_opens_the_kubelet_and_what_the_table_says(real):
    policy = one(real, "NetworkPolicy", "telegraf")["spec"]
    ports = [[port["port"] for port in rule["ports"]] for rule in policy["egress"]]
    assert ports == [[53, 53], [8086], [8186], [10250]]
    callers = policy["ingress"][0]["from"][0]["podSelector"]["matchExpressions"][0]["values"]
    assert sorted(callers) == sorted(row["name"] for row in real.table)
    peers = one(real, "NetworkPolicy", "influxdb")["spec"]["ingress"][0]["from"]
    assert "telegraf" in peers[0]["podSelector"]["matchExpressions"][0]["values"]


def test_the_retention_of_the_settings_reaches_influxdb(real):
    assert one(real, "ConfigMap", "influxdb")["data"] == {"retention": "14d\n"}
