# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a cluster held against the requirements. Each test breaks one thing in a sound platform."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._verification.cluster_checks import (
    dockerfile_row,
    requirement_rows,
    unsound,
)

ADDRESS = "192.168.49.200"
TABLE = [
    {"name": "nginx", "type": "LoadBalancer", "ports": [{"name": "http", "port": 80}]},
    {"name": "mysql", "type": "ClusterIP", "ports": [{"name": "mysql", "port": 3306}]},
]
PROFILES = [{"profile": "ft-services", "settings": {"driver": "docker"}}]
DOCKERFILES = {"images/nginx/Dockerfile": "FROM alpine:3.23\n"}


def deployment(name, namespace="ft-services"):
    container = {"name": name, "image": f"fortytwo/{name}:1", "imagePullPolicy": "Never"}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "generation": 2},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [container]}}},
        "status": {"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 1},
    }


def pod(name):
    container = {"name": name, "image": f"fortytwo/{name}:1", "imagePullPolicy": "Never"}
    return {
        "kind": "Pod",
        "metadata": {"name": f"{name}-1", "namespace": "ft-services", "labels": {"app.kubernetes.io/name": name}},
        "spec": {"securityContext": {"runAsNonRoot": True, "runAsUser": 10001}, "containers": [container]},
        "status": {"containerStatuses": [{"imageID": "docker://sha256:0", "restartCount": 0}]},
    }


def namespace(mode="restricted"):
    labels = {"pod-security.kubernetes.io/enforce": mode} if mode else {}
    return {"kind": "Namespace", "metadata": {"name": "ft-services", "labels": labels}}


def service(name, kind, address=None):
    status = {"loadBalancer": {"ingress": [{"ip": address}]}} if address else {"loadBalancer": {}}
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "ft-services"},
        "spec": {"type": kind, "ports": [{"port": 80}]},
        "status": status,
    }


@pytest.fixture
def cluster():
    """A sound platform: objects by kind and name, to break something in."""
    objects = [
        namespace(),
        deployment("nginx"),
        deployment("mysql"),
        deployment("controller", "metallb-system"),
        pod("nginx"),
        pod("mysql"),
        service("nginx", "LoadBalancer", ADDRESS),
        service("mysql", "ClusterIP"),
    ]
    return {f"{found['kind']} {found['metadata']['name']}": copy.deepcopy(found) for found in objects}


def judge(cluster, policy="Never", dockerfiles=None, profiles=None, table=None, protections=None, **options):
    profiles = PROFILES if profiles is None else profiles
    files = DOCKERFILES if dockerfiles is None else dockerfiles
    rows = requirement_rows(
        list(cluster.values()),
        table or TABLE,
        "ft-services",
        ADDRESS,
        "fortytwo/",
        policy,
        files,
        profiles,
        protections,
        **options,
    )
    return {row["id"]: row for row in rows}


def failed(cluster, **options):
    return sorted(name for name, row in judge(cluster, **options).items() if not row["ok"])


def container(cluster):
    return cluster["Deployment nginx"]["spec"]["template"]["spec"]["containers"][0]


def test_a_sound_platform_passes(cluster):
    rows = judge(cluster)
    assert failed(cluster) == []
    assert {"ENV-03", "ENV-04", "ENV-05", "ENV-06", "ENV-07", "ENV-08", "SEC-01", "SEC-02"} <= set(rows)
    assert {"LB-01", "LB-02", "LB-03", "LB-04", "LB-05", "LB-07", "LB-08"} <= set(rows)
    # No dashboard is installed: that is no result, and not a good one.
    assert "ENV-09" not in rows


def test_an_empty_cluster_passes_nothing_that_needs_objects():
    balancer = ["LB-01", "LB-02", "LB-03", "LB-07", "LB-08"]
    assert failed({}) == ["ENV-04", "ENV-06", "ENV-07", "ENV-08", *balancer, "SEC-01", "SEC-02"]


def test_every_failure_says_what_was_expected_seen_and_what_to_do(cluster):
    del cluster["Deployment mysql"]
    row = judge(cluster)["ENV-07"]
    assert row["message"].startswith("expected nginx, mysql available; seen: mysql: missing. Look at them: kubectl")


@pytest.mark.parametrize(
    ("key", "status", "seen"),
    [
        ("Deployment nginx", {"observedGeneration": 1}, "nginx: the controller has not seen the new specification yet"),
        ("Deployment nginx", {"observedGeneration": 2, "updatedReplicas": 1}, "nginx: 0 of 1 pods are available"),
        (
            "Deployment nginx",
            {"observedGeneration": 2, "updatedReplicas": 0, "availableReplicas": 1},
            "nginx: 0 of 1 pods are of the new version",
        ),
        (
            "Deployment nginx",
            {"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 1, "replicas": 2},
            "nginx: 1 pods of the old version still end",
        ),
    ],
)
def test_a_deployment_must_be_available_in_its_current_version(cluster, key, status, seen):
    cluster[key]["status"] = status
    assert judge(cluster)["ENV-07"]["measured"] == seen


def test_a_deployment_that_was_scaled_to_nothing(cluster):
    cluster["Deployment nginx"]["spec"]["replicas"] = 0
    assert judge(cluster)["ENV-07"]["measured"] == "nginx: scaled to 0"


def test_container_of_another_name(cluster):
    container(cluster)["name"] = "web"
    assert failed(cluster) == ["ENV-08"]


def test_a_second_container(cluster):
    cluster["Deployment nginx"]["spec"]["template"]["spec"]["containers"].append({"name": "sshd"})
    assert failed(cluster) == ["ENV-08"]


def test_a_literal_secret(cluster):
    reference = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {}}}
    container(cluster)["env"] = [reference, {"name": "HOME", "value": "/run"}]
    assert failed(cluster) == []
    container(cluster)["env"].append({"name": "api_token", "value": "hunter2"})
    assert failed(cluster) == ["SEC-01"]
    assert "hunter2" not in str(judge(cluster))


@pytest.mark.parametrize("rights", [{"runAsUser": 0}, {"runAsNonRoot": False}, {"privileged": True}])
def test_a_container_that_may_run_as_root(cluster, rights):
    cluster["Pod mysql-1"]["spec"]["initContainers"] = [{"name": "init", "securityContext": rights}]
    assert failed(cluster) == ["SEC-02"]
    assert judge(cluster)["SEC-02"]["measured"] == "mysql-1: init may run as root"


@pytest.mark.parametrize("mode", ["baseline", None])
def test_a_namespace_that_lets_root_in(cluster, mode):
    cluster["Namespace ft-services"] = namespace(mode)
    assert failed(cluster) == ["SEC-02"]


def test_a_ready_made_image(cluster):
    cluster["Pod nginx-1"]["spec"]["containers"][0]["image"] = "nginx:latest"
    cluster["Pod nginx-1"]["status"]["containerStatuses"][0]["imageID"] = "docker-pullable://nginx@sha256:0"
    assert failed(cluster) == ["ENV-04", "ENV-06"]


def test_with_a_registry_nothing_is_said_about_where_images_were_built(cluster):
    assert "ENV-04" not in judge(cluster, policy="IfNotPresent")


def test_an_image_that_would_be_pulled(cluster):
    cluster["Pod nginx-1"]["spec"]["containers"][0]["imagePullPolicy"] = "Always"
    assert failed(cluster) == ["ENV-06"]


def test_a_port_of_the_node(cluster):
    cluster["Service nginx"]["spec"]["ports"][0]["nodePort"] = 30080
    assert failed(cluster) == ["LB-04"]


def test_a_service_of_the_wrong_type(cluster):
    cluster["Service mysql"]["spec"]["type"] = "LoadBalancer"
    assert failed(cluster) == ["LB-03"]
    cluster["Service other"] = service("other", "NodePort")
    assert failed(cluster) == ["LB-03", "LB-04"]


def test_an_ingress_anywhere(cluster):
    cluster["Ingress x"] = {"kind": "Ingress", "metadata": {"name": "x", "namespace": "default"}, "spec": {}}
    assert judge(cluster)["LB-05"]["measured"] == "default/x"


def test_an_address_other_than_the_one_asked_for(cluster):
    cluster["Service nginx"] = service("nginx", "LoadBalancer", "192.168.49.255")
    assert failed(cluster) == ["LB-07", "LB-08"]


def test_a_load_balancer_that_does_not_work(cluster):
    cluster["Deployment controller"]["status"]["availableReplicas"] = 0
    assert failed(cluster) == ["LB-01"]


def test_an_addon_that_is_there_must_work(cluster):
    cluster["Deployment kubernetes-dashboard"] = deployment("kubernetes-dashboard", "kubernetes-dashboard")
    assert judge(cluster)["ENV-09"]["ok"]
    cluster["Deployment kubernetes-dashboard"]["status"]["availableReplicas"] = 0
    assert failed(cluster) == ["ENV-09"]


def test_the_dashboard_of_the_table_must_be_there_and_work_and_stay_inside(cluster):
    table = [*TABLE, {"name": "dashboard", "type": "ClusterIP", "ports": [{"name": "http", "port": 8080}]}]
    assert "dashboard: missing" in judge(cluster, table=table)["ENV-09"]["measured"]
    cluster |= {
        "Deployment dashboard": deployment("dashboard"),
        "Pod dashboard": pod("dashboard"),
        "Service dashboard": service("dashboard", "ClusterIP"),
    }
    assert failed(cluster, table=table) == []
    assert judge(cluster, table=table)["ENV-09"]["measured"] == "dashboard"
    cluster["Deployment dashboard"]["status"]["availableReplicas"] = 0
    assert failed(cluster, table=table) == ["ENV-07", "ENV-09"]
    cluster["Deployment dashboard"]["status"]["availableReplicas"] = 1
    cluster["Service dashboard"]["spec"]["type"] = "LoadBalancer"
    assert failed(cluster, table=table) == ["ENV-09", "LB-03"]


def test_minikube_without_docker(cluster):
    assert failed(cluster, profiles=[{"profile": "x", "settings": {"driver": "kvm2"}}]) == ["ENV-03"]
    assert "ENV-03" not in judge(cluster, profiles=[])


LOG = {"path": "/log", "max_age": 30, "max_backups": 10, "max_size": 100, "bytes": 7, "bodies": 0}
SAFE = {**PROFILES[0], "encrypt_secrets": True, "secrets": {"encrypted": 9, "plain": 0}, "audit_log": LOG}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, {}),
        ({"secrets": {"encrypted": 8, "plain": 1}}, {"SEC-04": "1 Secrets are stored plain"}),
        ({"secrets": {"encrypted": None, "plain": None}}, {"SEC-04": "etcd could not be read"}),
        ({"encrypt_secrets": False}, {"SEC-04": "new Secrets are stored plain"}),
        ({"audit_log": None}, {"SEC-05": "no audit log"}),
        ({"audit_log": {**LOG, "bytes": None}}, {"SEC-05": "nothing is in /log"}),
        ({"audit_log": {**LOG, "max_age": 0}}, {"SEC-05": "/log grows without a limit"}),
        ({"audit_log": {**LOG, "bodies": 2}}, {"SEC-05": "2 lines hold what is in objects"}),
    ],
)
def test_secrets_in_etcd_and_the_audit_log(cluster, changed, told):
    asked = {"encrypt_secrets": True, "audit_log": True}
    rows = judge(cluster, profiles=[{**SAFE, **changed}], protections=asked)
    assert {"SEC-04", "SEC-05"} < set(rows)
    failures = {name: row["measured"].partition(": ")[2] for name, row in rows.items() if not row["ok"]}
    assert failures == told


def test_what_is_switched_off_or_none_of_minikubes_is_not_judged(cluster):
    assert not {"SEC-04", "SEC-05"} & set(judge(cluster, profiles=[SAFE], protections={"encrypt_secrets": False}))
    assert not {"SEC-04", "SEC-05"} & set(judge(cluster, profiles=[], protections={"encrypt_secrets": True}))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("FROM alpine:3.23", True),
        ("ARG V=3.23\nFROM --platform=linux/amd64 alpine:${V} AS build\nFROM build\n", True),
        ("from alpine@sha256:0\n", True),
        ("FROM fortytwo/base:1\n", True),
        ("FROM nginx:alpine\n", False),
        ("FROM alpine:3.23\nFROM debian:13\n", False),
        ("FROM myalpine:3\n", False),
        ("# FROM alpine\n", False),
    ],
)
def test_base_images(text, good):
    assert dockerfile_row({"images/x/Dockerfile": text}, "fortytwo/")["ok"] is good


@pytest.mark.parametrize(
    ("address", "bad"),
    [("192.168.49.200", False), ("127.0.0.1", True), ("10.0.0.0", True), ("10.0.0.255", True), ("", True)],
)
def test_addresses_that_no_other_machine_could_use(address, bad):
    assert unsound(address) is bad


def test_each_service_with_an_address_of_its_own(cluster):
    cluster["Service nginx"] = service("nginx", "LoadBalancer", "10.0.0.1")
    assert failed(cluster) == ["LB-07"]
    own = {"nginx": "10.0.0.1"}
    assert failed(cluster, addresses=own) == []
    assert "LB-07" not in judge(cluster, addresses=own)
    cluster["Service nginx"] = service("nginx", "LoadBalancer")
    assert failed(cluster, addresses=own) == ["LB-08"]


def test_of_somebody_elses_cluster_only_the_namespace_is_judged(cluster):
    mine = {key: found for key, found in cluster.items() if found["metadata"].get("namespace") == "ft-services"}
    assert failed(mine) == ["LB-01", "SEC-02"]
    assert failed(mine, whole=False) == []
    rows = judge(mine, whole=False)
    assert "LB-01" not in rows
    assert {"SEC-02", "LB-04", "LB-05"} <= set(rows)
