# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report of a failed wait says, and what it hides."""

from __future__ import annotations

import time

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient, Response
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import PODS
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.readiness import READY, State
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import secrets_in
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.report import as_text, explain
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.wait import Target, WatchCache


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
