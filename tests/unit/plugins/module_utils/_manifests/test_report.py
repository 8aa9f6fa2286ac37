# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of a failed wait says, and what it hides."""

from __future__ import annotations

import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient, Response
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import PODS
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.readiness import READY, State
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import secrets_in
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import ManifestsError, Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.report import (
    as_text,
    container_problems,
    explain,
    fail,
    false_conditions,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.wait import Target, WaitFailed, WatchCache


class Client:
    """One log and some events."""

    def __init__(self, log="", events=()):
        self.log, self.events = log, list(events)

    def request(self, method, path, query, accept):
        return Response(200, self.log, [])

    def list_all(self, path, query):
        return self.events, ""


def pod(state, **status):
    container = {"name": "c", "restartCount": 0, "state": state, **status}
    return {"metadata": {"name": "p", "namespace": "w", "uid": "u"}, "status": {"containerStatuses": [container]}}


def report(body, secrets=(), **client):
    target = Target(PODS, "w", "p", "here", lambda found, around: READY, body)
    target.state = State(False, "its phase is Pending and it is not ready")
    session = Session(Client(**client), time.monotonic() + 5, 5, secrets=set(secrets))
    entry = explain(session, target, WatchCache())
    return entry, "\n".join(as_text(entry, target.label))


def test_a_container_that_ended_is_reported_with_its_exit_code():
    entry, text = report(pod({"terminated": {"exitCode": 3, "reason": "Error"}}))
    assert entry["containers"][0]["exit_code"] == 3
    assert "pod p, container c: terminated Error, exit code 3" in text


def test_short_values_are_hidden_in_logs_events_and_messages():
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "message": "bad pin 4711"}}
    events = [{"reason": "Unhealthy", "message": "probe said pin=4711", "type": "Warning"}]
    entry, text = report(pod(ended), ["4711", "pw"], log="login pin=4711 pw:pw\n14711 stays", events=events)
    assert "4711" not in text.replace("14711", "")
    assert entry["containers"][0]["log"] == ["login pin=<hidden> <hidden>:<hidden>", "14711 stays"]
    assert entry["containers"][0]["message"] == "bad pin <hidden>"
    assert entry["events"] == ["Unhealthy: probe said pin=<hidden>"]


def test_a_value_that_is_a_common_word_blanks_neither_images_nor_our_own_words():
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "nginx", "b": "1"}}
    deployment = {
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "l/nginx:2"}]},
    }
    waiting = {"waiting": {"reason": "ErrImageNeverPull", "message": 'Container image "l/nginx:2" is not present'}}
    entry, text = report(pod(waiting), secrets_in([secret, deployment]))
    assert 'Container image "l/nginx:2" is not present' in text
    target = Target(PODS, "w", "p", "here", lambda found, around: READY, None)
    target.state = State(False, "0 of 1 pods are available")
    assert explain(Session(Client(), 0, 5, secrets={"1"}), target, WatchCache())["state"] == "0 of 1 pods are available"
    assert entry["hint"]


def test_a_log_that_is_no_utf8_is_shown_as_well_as_it_can_be():
    class Answer:
        status, headers, data = 200, {"Content-Type": "text/plain"}, b"caf\xe9 \xff end"

    client = object.__new__(KubeClient)
    client._send = lambda *arguments: Answer()
    assert client.request("GET", "/log", accept="*/*").data == "caf\ufffd \ufffd end"


def test_exit_code_and_restarts_stand_in_one_line():
    entry, text = report(pod({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}, restartCount=2))
    assert "terminated OOMKilled, exit code 137 (2 restarts)" in text
    assert entry["kind"] == "Pod"


def test_a_crashed_container_tells_the_log_of_its_last_run_and_one_that_never_ran_has_none():
    last = {"terminated": {"exitCode": 1, "reason": "Error"}}
    entry, text = report(pod({"waiting": {"reason": "CrashLoopBackOff"}}, lastState=last, restartCount=4), log="boom")
    assert entry["containers"][0]["log"] == ["boom"]
    assert "waiting CrashLoopBackOff (4 restarts); before: exit code 1, Error" in text
    entry, text = report(pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}), log="never")
    assert entry["containers"][0]["log"] == []
    assert "ImagePullBackOff: no such image" in text


def test_what_may_not_be_read_makes_the_report_shorter_and_not_an_error():
    class Refusing(Client):
        def request(self, *dummy, **more):
            raise KubeError("pods/log is forbidden", 403)

        def list_all(self, *dummy, **more):
            raise KubeError("events is forbidden", 403)

    target = Target(PODS, "w", "p", "here", lambda found, around: READY, pod({"terminated": {"exitCode": 3}}))
    entry = explain(Session(Refusing(), time.monotonic() + 5, 5), target, WatchCache())
    assert entry["events"] == []
    assert entry["containers"][0]["log"] == ["(no log: pods/log is forbidden)"]


def test_containers_that_are_well_or_done_are_no_problem():
    statuses = [
        {"name": "ready", "ready": True, "state": {"running": {}}},
        {"name": "done", "state": {"terminated": {"exitCode": 0}}},
        {"name": "slow", "ready": False, "state": {"running": {}}},
    ]
    body = {"metadata": {"name": "p"}, "status": {"containerStatuses": statuses}}
    assert [(each["container"], each["state"]) for each in container_problems(body)] == [("slow", "running, not ready")]


def test_conditions_that_speak_against_an_object_are_told():
    conditions = [
        {"type": "Available", "status": "False", "reason": "Few", "message": "1 of 2"},
        {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"},
        {"type": "Failed", "status": "False", "reason": "Fine"},
        {"type": "NamespaceContentRemaining", "status": "False", "reason": "x"},
        {"type": "Ready", "status": "False"},
    ]
    found = false_conditions({"status": {"conditions": conditions}})
    assert found == ["Available: Few 1 of 2", "Failed: BackoffLimitExceeded"]
    assert false_conditions(None) == []


@pytest.mark.parametrize(
    ("final", "gone", "words"),
    [
        (True, None, "Gave up after 0 s, for waiting would not help: 1 of 3 objects are not ready. If something else"),
        (False, None, "Time is up: 1 of 3 objects are not ready after wait_timeout=5 s."),
        (False, "u", "Time is up: 1 of 3 objects are still there"),
    ],
)
def test_the_head_of_the_report_says_why_it_ended(final, gone, words):
    class Parallel(Client):
        def parallel(self, work, items):
            return [work(item) for item in items]

    target = Target(PODS, "w", "p", "here", lambda found, around: READY, pod({"running": {}}), gone_uid=gone)
    with pytest.raises(ManifestsError) as caught:
        fail(Session(Parallel(), time.monotonic() + 5, 5), WaitFailed([target], WatchCache(), final), 3)
    assert caught.value.message.startswith(words)
    assert len(caught.value.details["not_ready"]) == 1
    assert bool("finalizer" in caught.value.message) == bool(gone)
