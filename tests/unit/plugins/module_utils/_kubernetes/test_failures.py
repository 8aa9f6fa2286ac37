# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.failures import (
    container_hint,
    pause_seconds,
    pod_failures,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import (
    kind_of,
    pod_signs,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.report import container_problems


def pod(reason="", message="", restarts=0, ended=None, name="p", labels=None, owner=None, **status):
    container = {"name": "c", "restartCount": restarts, "state": {"waiting": {"reason": reason, "message": message}}}
    if ended:
        container["lastState"] = {"terminated": ended}
    metadata = {"name": name, "uid": f"uid-{name}", "labels": labels or {}}
    if owner:
        metadata["ownerReferences"] = [{"uid": owner}]
    return {"metadata": metadata, "status": {"containerStatuses": [container], **status}}


def reasons(*pods, first=None):
    return [failure.reason for each in pods for failure in pod_failures(each, first)]


@pytest.mark.parametrize(
    "reason",
    ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError"],
)
def test_containers_that_cannot_start(reason):
    (failure,) = pod_failures(pod(reason, "because"))
    assert (failure.reason, failure.message, failure.container) == (reason, "because", "c")
    assert failure.grace > 0
    assert failure.hint


def test_ordinary_waiting_is_no_failure():
    assert reasons(pod("ContainerCreating"), pod("PodInitializing"), pod("")) == []
    ending = pod("ErrImageNeverPull")
    ending["metadata"]["deletionTimestamp"] = "now"
    assert reasons(ending) == []


def test_alternating_image_errors_share_one_clock():
    keys = {pod_failures(pod(reason))[0].key for reason in ("ErrImagePull", "ImagePullBackOff")}
    assert len(keys) == 1


def test_one_or_two_crashes_after_a_node_restart_are_no_failure():
    loop = "back-off 20s restarting failed container"
    assert reasons(pod("CrashLoopBackOff", loop, restarts=9), first={"c": 7}) == []


def test_crashing_again_and_again_is():
    assert reasons(pod("CrashLoopBackOff", "back-off 20s restarting", restarts=4), first={"c": 0}) == [
        "CrashLoopBackOff"
    ]
    # It crashed long before this call began: the pause says so.
    assert reasons(pod("CrashLoopBackOff", "back-off 5m0s restarting", restarts=9), first={"c": 9}) == [
        "CrashLoopBackOff"
    ]


def test_out_of_memory_gets_its_own_advice():
    (failure,) = pod_failures(pod("CrashLoopBackOff", "back-off 2m40s", 6, {"exitCode": 137, "reason": "OOMKilled"}))
    assert "memory" in failure.hint
    assert "exit code 137 (OOMKilled)" in failure.message


@pytest.mark.parametrize(
    ("text", "seconds"), [("back-off 10s r", 10), ("back-off 1m20s r", 80), ("back-off 5m0s", 300), ("", 0)]
)
def test_pause(text, seconds):
    assert pause_seconds(text) == seconds


def test_unschedulable_unless_it_passes():
    def unschedulable(message):
        return pod(
            conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]
        )

    assert reasons(unschedulable("0/1 nodes are available: 1 Insufficient memory.")) == ["Unschedulable"]
    assert reasons(unschedulable("node(s) had untolerated taint {node.kubernetes.io/not-ready: }")) == []
    assert reasons(unschedulable("pod has unbound immediate PersistentVolumeClaims")) == []


def test_failures_of_the_object_itself():
    def found(group, kind, **status):
        signs = kind_of(group, kind).failures({"metadata": {"uid": "u"}, "status": status})
        return [each.reason for each in signs]

    failed = [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]
    assert found("batch", "Job", conditions=failed) == ["BackoffLimitExceeded"]
    assert found("apps", "Deployment", conditions=failed) == []
    assert found("", "Pod", phase="Failed", reason="Evicted") == ["Evicted"]
    assert found("", "PersistentVolumeClaim", phase="Lost") == ["Lost"]
    late = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    assert found("apps", "Deployment", conditions=late) == ["ProgressDeadlineExceeded"]
    barred = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "violates PodSecurity"}]
    assert found("apps", "Deployment", conditions=barred) == ["FailedCreate"]


def test_a_job_counts_crashes_itself():
    crashing = pod("CrashLoopBackOff", "back-off 5m0s", 9)
    assert pod_signs(kind_of("batch", "Job"), crashing, {}) == []
    assert len(pod_signs(kind_of("apps", "Deployment"), crashing, {})) == 1
    assert len(pod_signs(kind_of("batch", "Job"), pod("ErrImageNeverPull"), {})) == 1


def newest(group, kind, body, pods, replica_sets=()):
    return kind_of(group, kind).pods(body, pods, replica_sets)


def test_only_pods_of_the_newest_version_count():
    deployment = {
        "metadata": {"uid": "d", "annotations": {"deployment.kubernetes.io/revision": "2"}},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
    }
    sets = [
        {
            "metadata": {
                "ownerReferences": [{"uid": "d"}],
                "labels": {"pod-template-hash": f"hash{revision}"},
                "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            }
        }
        for revision in (1, 2)
    ]
    pods = [
        pod(name=name, labels={"app": app, "pod-template-hash": name})
        for app, name in (("web", "hash1"), ("web", "hash2"), ("other", "hash2"))
    ]
    assert newest("apps", "Deployment", deployment, pods, sets) == [pods[1]]
    assert newest("apps", "Deployment", deployment, pods) == []

    stateful = {"metadata": {"uid": "s"}, "status": {"updateRevision": "new"}}
    pods = [pod(name=rev, owner="s", labels={"controller-revision-hash": rev}) for rev in ("old", "new")]
    assert newest("apps", "StatefulSet", stateful, pods) == [pods[1]]

    daemon = {"metadata": {"uid": "s", "annotations": {"deprecated.daemonset.template.generation": "3"}}}
    pods = [pod(name=gen, owner="s", labels={"pod-template-generation": gen}) for gen in ("2", "3")]
    assert newest("apps", "DaemonSet", daemon, pods) == [pods[1]]
    assert newest("batch", "Job", {"metadata": {"uid": "other"}}, pods) == []


def test_report_of_containers():
    crashed = pod("CrashLoopBackOff", "back-off 10s", 2, {"exitCode": 3, "reason": "Error"})
    (entry,) = container_problems(crashed)
    assert (entry["state"], entry["crashed"], entry["last_exit"]) == ("waiting", True, "exit code 3, Error")
    assert container_problems(pod("PodInitializing")) == []
    running = pod()
    running["status"]["containerStatuses"][0].update(state={"running": {}}, ready=False)
    assert "probe" in container_hint(container_problems(running))
    running["status"]["containerStatuses"][0]["ready"] = True
    assert container_problems(running) == []
