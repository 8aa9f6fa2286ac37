# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pods may do at the Kubernetes API."""

from __future__ import annotations

import pytest

WITH_ACCOUNT = ["dashboard", "telegraf"]
# It may run commands in the containers of its namespace.
JOB = "backup"
# It restores a backup aside and tells what came of it.
REHEARSAL = "rehearsal"
# What the dashboard tells the status page: the one object that it may write.
STATE = "state"


def of(rendered, kind):
    return {each["metadata"]["name"]: each for each in rendered.objects if each["kind"] == kind}


def test_only_these_have_an_account_and_each_has_its_own_rights(rendered):
    assert sorted(of(rendered, "ServiceAccount")) == sorted([JOB, REHEARSAL, *WITH_ACCOUNT])
    assert sorted(of(rendered, "ClusterRole")) == [f"ft-services-{name}" for name in WITH_ACCOUNT]
    assert sorted(of(rendered, "Role")) == sorted([JOB, REHEARSAL, STATE])
    bindings = of(rendered, "RoleBinding")
    assert sorted(bindings) == sorted([JOB, REHEARSAL, STATE])
    for role, account in {JOB: JOB, REHEARSAL: REHEARSAL, STATE: "dashboard"}.items():
        assert bindings[role]["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
        assert bindings[role]["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": "ft-services"}]
    for name, binding in of(rendered, "ClusterRoleBinding").items():
        account = name.removeprefix("ft-services-")
        assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": "ft-services"}]


def test_a_token_is_mounted_where_there_is_an_account_and_nowhere_else(rendered):
    for name, deployment in of(rendered, "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        projected = [volume["projected"] for volume in pod["volumes"] if "projected" in volume]
        if name not in WITH_ACCOUNT:
            assert "serviceAccountName" not in pod
            assert projected == []
            continue
        assert pod["serviceAccountName"] == name
        (volume,) = projected
        assert volume["defaultMode"] == 0o440
        assert volume["sources"] == [
            {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        ]


@pytest.mark.parametrize("name", WITH_ACCOUNT)
def test_nobody_may_change_anything_read_a_secret_or_reach_through_a_node(real, name):
    for rule in of(real, "ClusterRole")[f"ft-services-{name}"]["rules"]:
        assert set(rule["verbs"]) <= {"get", "list", "watch"}
        assert not {"*"} & {*rule["resources"], *rule["apiGroups"]}
        assert "secrets" not in rule["resources"]
        # What ends in these runs commands or reaches pods, even where the verb is only "get".
        ends = {resource.partition("/")[2] for resource in rule["resources"]}
        assert not ends & {"attach", "exec", "portforward", "proxy", "token", "ephemeralcontainers"}


def rights(role):
    return {
        (resource, verb, *rule.get("resourceNames", []))
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_the_job_runs_commands_and_tells_when_and_nothing_more(real):
    assert rights(of(real, "Role")[JOB]) == {
        ("configmaps", "get", "backup-times"),
        ("configmaps", "patch", "backup-times"),
        ("deployments", "get"),
        ("pods", "get"),
        ("pods", "list"),
        ("pods/exec", "create"),
        ("pods/exec", "get"),
    }


def test_the_dashboard_writes_the_state_of_the_platform_and_nothing_else(real):
    assert rights(of(real, "Role")[STATE]) == {("configmaps", "patch", "state")}


def test_the_job_can_be_reached_by_no_pod_and_is_an_ordinary_user_with_a_read_only_root(real):
    assert "ingress" not in of(real, "NetworkPolicy")[JOB]["spec"]
    pod = of(real, "CronJob")[JOB]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_dashboard_can_be_reached_by_no_pod_and_reaches_the_api_server(real):
    policy = of(real, "NetworkPolicy")["dashboard"]["spec"]
    assert "ingress" not in policy
    assert [port["port"] for port in policy["egress"][-1]["ports"]] == [443, 6443, 8443]
    assert of(real, "Service")["dashboard"]["spec"]["type"] == "ClusterIP"


def test_the_rehearsal_only_tells_what_came_of_it_and_can_be_reached_by_no_pod(real):
    told = {("configmaps", verb, "rehearsal", "state") for verb in ("get", "patch")}
    assert rights(of(real, "Role")[REHEARSAL]) == told
    assert "ingress" not in of(real, "NetworkPolicy")[REHEARSAL]["spec"]


def test_no_service_of_the_rehearsal_sees_the_token_the_repository_its_key_or_the_data_of_another(rendered):
    pod = of(rendered, "CronJob")[REHEARSAL]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    held = {service["name"]: service for service in rendered.table if "backup" in service}
    services = [each for each in pod["initContainers"] if each["name"] != "fetch"]
    assert [each["name"] for each in services] == [f"rehearsal-{name}" for name in held]
    # None of it is the volume of a service.
    assert [each["name"] for each in pod["volumes"] if "persistentVolumeClaim" in each] == ["storage"]
    for container in services:
        name = container["name"].removeprefix("rehearsal-")
        mounts = container["volumeMounts"]
        shared = [each["subPath"] for each in mounts if each["name"] == "rehearsal"]
        assert shared == [f"streams/{name}", f"results/{name}"]
        own = {f"{kind}-{name}" for kind in ("run", "tmp", "storage", "config", "secrets", "tls")}
        assert {each["name"] for each in mounts} <= {"rehearsal", "script", *own}
        assert container["securityContext"]["runAsUser"] == held[name]["uid"]
    for container in [*pod["initContainers"], *pod["containers"]]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_without_a_schedule_nothing_is_rehearsed_by_itself_but_the_pod_is_known(rendering):
    assert of(rendering(services_rehearsal_schedule=""), "CronJob")[REHEARSAL]["spec"]["suspend"] is True
