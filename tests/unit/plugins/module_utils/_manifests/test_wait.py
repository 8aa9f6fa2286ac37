# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits, with a server whose watches are scripted."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import state_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.readiness import gone_state
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.wait import Target, Waiter, WaitFailed

DEPLOYMENTS = Resource("apps/v1", "Deployment", "deployments", True)
SERVICES = Resource("v1", "Service", "services", True)
PATH = "/apis/apps/v1/namespaces/w"


class Server:
    """Each list of a path is answered by its next entry; a watch sends its next batch of events, then hangs."""

    def __init__(self, lists, events=None):
        self.lists = lists
        self.events = events or {}
        self.asked = []
        self.over = threading.Event()

    def list_all(self, path, query=None):
        self.asked.append((path, query))
        answers = self.lists.get(path, [[]])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, KubeError):
            raise found
        return found, "7"

    def watch(self, path, version, query=None, seconds=60):
        batches = self.events.get(path, [])
        yield from batches.pop(0) if batches else []
        if not batches:
            self.over.wait(seconds)


def deployment(available, name="web", **metadata):
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": available}
    meta = {"name": name, "namespace": "w", "generation": 1, "uid": f"uid-{name}", **metadata}
    return {"metadata": meta, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}}, "status": status}


def target(known=None, name="web", resource=DEPLOYMENTS):
    def check(body, _around):
        return state_of(resource.group, resource.kind, body)

    return Target(resource, "w", name, "here", check, known)


@pytest.fixture
def wait():
    servers = []

    def run(server, targets, seconds=5.0, **options):
        servers.append(server)
        session = Session(server, time.monotonic() + seconds, seconds, **options)
        Waiter(session).wait(targets)
        return session

    yield run
    for server in servers:
        server.over.set()


def test_ready_objects_cost_no_request(wait):
    server = Server({})
    wait(server, [target(deployment(1))])
    assert server.asked == []


def test_a_watch_event_ends_the_wait(wait):
    path = f"{PATH}/deployments"
    server = Server({path: [[deployment(0)]]}, {path: [[("BOOKMARK", {}), ("MODIFIED", deployment(1))]]})
    session = wait(server, [target(deployment(0))])
    assert session.waited < 2
    assert {each[0] for each in server.asked} == {path, f"{PATH}/replicasets", "/api/v1/namespaces/w/pods"}
    assert (path, {"fieldSelector": "metadata.name=web"}) in server.asked


def test_a_version_that_is_too_old_leads_to_a_new_list(wait):
    path = f"{PATH}/deployments"
    expired = ("ERROR", {"code": 410})
    server = Server({path: [[deployment(0)], [deployment(1)]]}, {path: [[expired]]})
    wait(server, [target(deployment(0))])


def test_without_the_right_to_watch_lists_do(wait, monkeypatch):
    path = "/api/v1/namespaces/w/services"
    pending = {"metadata": {"name": "lb", "namespace": "w"}, "spec": {"type": "LoadBalancer"}}
    done = {**pending, "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}}
    server = Server({path: [[pending], [done]]})

    def forbidden(*args):
        raise KubeError("no", 403)

    monkeypatch.setattr(server, "watch", forbidden)
    wait(server, [target(pending, "lb", SERVICES)])


def test_an_object_that_may_not_be_read_is_an_error_at_once(wait):
    path = "/api/v1/namespaces/w/services"
    with pytest.raises(KubeError):
        wait(Server({path: [KubeError("no", 403)]}), [target(None, "lb", SERVICES)])


def test_missing_rights_on_pods_only_blind_the_wait(wait):
    path = f"{PATH}/deployments"
    lists = {path: [[deployment(0)]], "/api/v1/namespaces/w/pods": [KubeError("no", 403)]}
    wait(Server(lists, {path: [[("MODIFIED", deployment(1))]]}), [target(deployment(0))])


def test_time_is_up(wait):
    with pytest.raises(WaitFailed) as caught:
        wait(Server({f"{PATH}/deployments": [[deployment(0)]]}), [target(deployment(0)), target(deployment(1))], 0.3)
    assert [each.state.why for each in caught.value.targets] == ["0 of 1 pods are available"]
    assert not caught.value.final


def test_a_pod_that_crashes_for_good_ends_the_wait_early(wait):
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting"}
    labels = {"app": "web", "pod-template-hash": "1"}
    pod = {
        "metadata": {"name": "web-1", "namespace": "w", "uid": "p", "labels": labels},
        "status": {"containerStatuses": [{"name": "c", "restartCount": 9, "state": {"waiting": waiting}}]},
    }
    revision = {"deployment.kubernetes.io/revision": "1"}
    newest = {"name": "web-1", "labels": labels, "annotations": revision, "ownerReferences": [{"uid": "uid-web"}]}
    lists = {
        f"{PATH}/deployments": [[deployment(0, annotations=revision)]],
        f"{PATH}/replicasets": [[{"metadata": newest}]],
        "/api/v1/namespaces/w/pods": [[pod]],
    }
    began = time.monotonic()
    with pytest.raises(WaitFailed) as caught:
        wait(Server(lists), [target(deployment(0))])
    assert time.monotonic() - began < 3
    assert caught.value.final
    assert [each.reason for each in caught.value.targets[0].failures] == ["CrashLoopBackOff"]


def test_a_suspicion_must_last(wait):
    path = f"{PATH}/deployments"
    failing = deployment(0)
    failing["status"]["conditions"] = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}]
    server = Server({path: [[failing]]}, {path: [[("MODIFIED", failing), ("MODIFIED", deployment(1))]]})
    wait(server, [target(failing)])


def test_gone_also_when_another_object_took_the_name(wait):
    path = "/api/v1/namespaces/w/services"
    old = {"metadata": {"name": "lb", "namespace": "w", "uid": "old", "deletionTimestamp": "now"}}
    new = {"metadata": {"name": "lb", "namespace": "w", "uid": "new"}}
    for event in (("DELETED", old), ("ADDED", new)):
        leaving = Target(SERVICES, "w", "lb", "here", lambda body, _around: gone_state(body), old, "old")
        wait(Server({path: [[old]]}, {path: [[event]]}), [leaving])


JOBS = Resource("batch/v1", "Job", "jobs", True)


def job(ttl=0, **conditions):
    status = {"conditions": [{"type": kind, "status": "True", "message": "m"} for kind in conditions]}
    spec = {} if ttl is None else {"ttlSecondsAfterFinished": ttl}
    return {"metadata": {"name": "j", "namespace": "w", "uid": "u"}, "spec": spec, "status": status}


def events_of(*bodies):
    ending = {**bodies[-1], "metadata": {**bodies[-1]["metadata"], "deletionTimestamp": "now"}}
    return [*(("MODIFIED", each) for each in bodies), ("MODIFIED", ending), ("DELETED", ending)]


def test_a_job_that_removes_itself_is_done(wait):
    path = "/apis/batch/v1/namespaces/w/jobs"
    server = Server({path: [[job()]]}, {path: [events_of(job(Complete=True))]})
    session = wait(server, [target(job(), "j", JOBS)])
    assert session.waited < 2


def test_a_job_that_failed_and_removed_itself_is_not(wait):
    path = "/apis/batch/v1/namespaces/w/jobs"
    server = Server({path: [[job()]]}, {path: [events_of(job(Failed=True))]})
    with pytest.raises(WaitFailed) as caught:
        wait(server, [target(job(), "j", JOBS)], 0.5)
    assert "failed" in caught.value.targets[0].state.why


def test_a_job_that_was_gone_before_anybody_looked_is_done_with_a_reservation(wait):
    warnings = []
    wait(Server({}), [target(job(), "j", JOBS)], warn=warnings.append)
    assert warnings == ["Job w/j: its ttlSecondsAfterFinished removed it before its result was seen"]


def test_a_job_that_somebody_removed_is_not_done(wait):
    with pytest.raises(WaitFailed):
        wait(Server({}), [target(job(ttl=None), "j", JOBS)], 0.5)


def starting(reason):
    """A set of answers in which a pod of the Deployment web waits for this reason."""
    labels, revision = {"app": "web", "pod-template-hash": "1"}, {"deployment.kubernetes.io/revision": "1"}
    waiting = {"reason": reason, "message": 'secret "made-by-an-operator" not found'}
    pod = {
        "metadata": {"name": "web-1", "namespace": "w", "uid": "p", "labels": labels},
        "status": {"containerStatuses": [{"name": "c", "restartCount": 0, "state": {"waiting": waiting}}]},
    }
    newest = {"name": "web-1", "labels": labels, "annotations": revision, "ownerReferences": [{"uid": "uid-web"}]}
    return {
        f"{PATH}/deployments": [[deployment(0, annotations=revision)]],
        f"{PATH}/replicasets": [[{"metadata": newest}]],
        "/api/v1/namespaces/w/pods": [[pod]],
    }


@pytest.mark.parametrize(
    ("options", "gives_up"),
    [({}, False), ({"fail_fast_after": 0}, True), ({"fail_fast": False}, False), ({"fail_fast_after": 60}, False)],
)
def test_when_the_wait_gives_up_is_the_users_choice(wait, options, gives_up):
    with pytest.raises(WaitFailed) as caught:
        wait(Server(starting("CreateContainerConfigError")), [target(deployment(0))], 1.0, **options)
    assert caught.value.final is gives_up


@pytest.mark.parametrize(("options", "gives_up"), [({}, True), ({"fail_fast": False}, False)])
def test_a_crash_loop_ends_the_wait_unless_the_user_is_patient(wait, options, gives_up):
    answers = starting("CrashLoopBackOff")
    status = answers["/api/v1/namespaces/w/pods"][0][0]["status"]["containerStatuses"][0]
    status["state"]["waiting"]["message"] = "back-off 5m0s restarting"
    with pytest.raises(WaitFailed) as caught:
        wait(Server(answers), [target(deployment(0))], 1.0, **options)
    assert caught.value.final is gives_up
    # Also a patient wait says in the end what it saw.
    assert [each.reason for each in caught.value.targets[0].failures] == ["CrashLoopBackOff"]


def test_a_failure_that_kubernetes_calls_final_ends_also_a_patient_wait(wait):
    path = "/apis/batch/v1/namespaces/w/jobs"
    failed = job(ttl=None, Failed=True)
    began = time.monotonic()
    with pytest.raises(WaitFailed) as caught:
        wait(Server({path: [[failed]]}), [target(failed, "j", JOBS)], 5.0, fail_fast=False, fail_fast_after=60)
    assert caught.value.final
    assert time.monotonic() - began < 3
