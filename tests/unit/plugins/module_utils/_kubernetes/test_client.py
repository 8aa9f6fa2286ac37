# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import http.server
import json
import threading
import time

import pytest
import yaml

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import (
    APPLY,
    METADATA_ONLY,
    KubeClient,
    encoded,
    retrying,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.connection import Connection
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeConnectionError,
    KubeError,
    connection_advice,
    error_of,
    warning_texts,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource


def answer(code, message="", reason="", causes=(), headers=None, **details):
    body = {"message": message, "reason": reason, "details": {"causes": list(causes), **details}}
    return error_of(code, json.dumps(body).encode(), headers or {})


WEBHOOK = 'Internal error occurred: failed calling webhook "x": Post "https://a": '
CONFLICT = {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl" using v1', "field": ".spec.replicas"}


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (answer(429), True),
        (answer(503), True),
        (answer(500, WEBHOOK + "connect: connection refused", "InternalError"), True),
        (answer(500, WEBHOOK + "x509: certificate signed by unknown authority", "InternalError"), True),
        (answer(500, WEBHOOK + "no endpoints available", "InternalError"), True),
        (answer(500, "etcdserver: leader changed"), True),
        (answer(500, "failed to create typed patch object (/a; /v1): .dta: field not declared in schema"), False),
        (answer(400, 'admission webhook "x" denied the request: no', "BadRequest"), False),
        (answer(403, 'admission webhook "x" denied the request: no', "Forbidden"), False),
        (answer(403, 'error looking up service account a/default: serviceaccount "default" not found'), True),
        (answer(403, "being terminated", causes=[{"reason": "NamespaceTerminating"}]), True),
        (answer(409, "Apply failed with 1 conflict", "Conflict", [CONFLICT]), False),
        (answer(409, "the object has been modified", "Conflict"), True),
        (answer(404, "not found", "NotFound"), False),
        (answer(422, "invalid", "Invalid"), False),
    ],
)
def test_which_errors_pass(error, transient):
    assert error.transient is transient


def test_only_a_webhook_that_cannot_be_asked_is_down():
    assert answer(500, WEBHOOK + "EOF", "InternalError").webhook_down
    assert not answer(403, 'admission webhook "x" denied the request', "Forbidden").webhook_down


def test_conflicts_name_manager_and_field():
    assert answer(409, causes=[CONFLICT]).conflicts == [("kubectl", ".spec.replicas")]


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_the_verdict_of_a_webhook_is_final_whatever_its_status(status):
    denied = {"message": 'admission webhook "x.io" denied the request: no', "reason": "InternalError"}
    assert not error_of(status, json.dumps(denied).encode(), {}).transient


def test_an_object_of_another_uid_is_not_asked_for_again():
    message = "Operation cannot be fulfilled: Precondition failed: UID in precondition: a, UID in object meta: b"
    error = error_of(409, json.dumps({"message": message, "reason": "Conflict"}).encode(), {})
    assert error.other_uid
    assert not error.transient
    assert answer(409).transient
    assert not answer(409).other_uid


def test_retry_after_is_respected_within_reason():
    assert answer(429, headers={"Retry-After": "2"}).retry_after == 2
    assert answer(429, retryAfterSeconds=3).retry_after == 3
    assert answer(429, headers={"Retry-After": "3600"}).retry_after == 10
    assert answer(429, headers={"Retry-After": "Wed, 21 Oct"}).retry_after == 0


def test_answers_that_are_no_status():
    assert error_of(502, b"<html>bad gateway</html>", {}).message == "<html>bad gateway</html>"
    assert error_of(500, b"", {}).message == "HTTP status 500"
    assert error_of(500, b"[1]", {}).message == "[1]"


def test_warnings_of_the_server():
    header = '299 - "v1 X is deprecated", 299 - "spec.a: \\"b\\" is odd"'
    assert warning_texts({"Warning": header}) == ["v1 X is deprecated", 'spec.a: "b" is odd']
    assert warning_texts({}) == []


def test_advice_fits_the_cause():
    assert "minikube status" in connection_advice(OSError("Connection refused"))
    assert "recreated" in connection_advice(OSError("CERTIFICATE_VERIFY_FAILED: self-signed certificate"))
    assert "3.13" in connection_advice(OSError("CERTIFICATE_VERIFY_FAILED: Missing Authority Key Identifier"))


def test_paths():
    assert Resource("v1", "Pod", "pods", True).path("a b", "c") == "/api/v1/namespaces/a%20b/pods/c"
    assert Resource("apps/v1", "Deployment", "deployments", True).path() == "/apis/apps/v1/deployments"
    assert Resource("v1", "Node", "nodes", False).path("ignored", "n") == "/api/v1/nodes/n"
    assert Resource("a.io/v1", "X", "xs", False).group == "a.io"
    assert Resource("v1", "Pod", "pods", True).group == ""


def test_bodies_mean_the_same_as_json_and_as_yaml():
    body = {
        "a": 'emoji 😀, ä, bell \x07, delete \x7f, next line \x85, \u2028, \ufeff, \uffff, quote " \\ /',
        "😀": [1.5, None],
    }
    assert json.loads(encoded(body)) == body
    assert yaml.safe_load(encoded(body)) == body


def test_retrying_ends_with_the_deadline_and_on_verdicts():
    calls, notes = [], []

    def fails(transient):
        calls.append(1)
        raise KubeError("no", transient=transient)

    with pytest.raises(KubeError):
        retrying(lambda: fails(False), time.monotonic() + 60, notes.append)
    assert (len(calls), len(notes)) == (1, 0)
    with pytest.raises(KubeError):
        retrying(lambda: fails(True), time.monotonic() + 0.2, notes.append, pause=0.05)
    assert len(calls) >= 2
    assert len(notes) == len(calls) - 2


def test_retrying_returns_the_first_success():
    outcomes = [KubeError("no", transient=True), "yes"]

    def work():
        outcome = outcomes.pop(0)
        if isinstance(outcome, KubeError):
            raise outcome
        return outcome

    notes = []
    assert retrying(work, time.monotonic() + 60, notes.append, pause=0) == "yes"
    assert len(notes) == 1


Asked = collections.namedtuple("Asked", "method path headers body")
MAPS = Resource("v1", "ConfigMap", "configmaps", True)


class Api(http.server.BaseHTTPRequestHandler):
    """Answers from a list of (status, body), and remembers what it was asked."""

    def log_message(self, *dummy):
        pass

    def do_GET(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else b""
        self.server.asked.append(Asked(self.command, self.path, self.headers, body))
        status, answer = self.server.answers.pop(0)
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, bytes) else "application/json")
        self.send_header("Warning", '299 - "old"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        self.do_GET()

    def do_PATCH(self):
        self.do_GET()

    def do_DELETE(self):
        self.do_GET()


@pytest.fixture
def api():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.answers, server.asked = [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def client_of(server, **options):
    return KubeClient(Connection(host=f"http://127.0.0.1:{server.server_port}", request_timeout=5, **options))


def test_a_long_list_is_read_page_by_page_and_says_what_its_objects_are(api):
    page = {"kind": "ConfigMapList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}]}
    api.answers += [
        (200, {**page, "metadata": {"continue": "next"}}),
        (200, {**page, "items": [{"metadata": {"name": "b"}}], "metadata": {"resourceVersion": "7"}}),
    ]
    found, version = client_of(api).list_all("/api/v1/configmaps", {"labelSelector": "a=b"}, METADATA_ONLY)
    assert [(each["kind"], each["metadata"]["name"]) for each in found] == [("ConfigMap", "a"), ("ConfigMap", "b")]
    assert version == "7"
    assert ["continue=next" in each.path for each in api.asked] == [False, True]
    assert all("labelSelector=a%3Db" in each.path for each in api.asked)
    assert api.asked[0].headers["Accept"] == METADATA_ONLY


def test_writes_say_who_and_how(api):
    made = {"metadata": {"name": "a-1"}}
    api.answers += [(201, made)] * 3
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}}
    client = client_of(api, impersonate_user="eve", impersonate_groups=["x", "y"])
    assert client.apply(MAPS, body, "me", force=True, dry_run=True).warnings == ["old"]
    client.create(MAPS, {**body, "metadata": {"generateName": "a-", "namespace": "n"}}, "me", dry_run=True)
    client.create(MAPS, {**body, "metadata": {"generateName": "a-", "namespace": "n"}}, "me")
    assert [each.method for each in api.asked] == ["PATCH", "POST", "POST"]
    applied, tried, created = (each.path for each in api.asked)
    for part in (
        "/namespaces/n/configmaps/a?",
        "fieldManager=me",
        "force=true",
        "dryRun=All",
        "fieldValidation=Strict",
    ):
        assert part in applied
    assert "dryRun=All" in tried
    assert "dryRun" not in created
    assert api.asked[0].headers["Content-Type"] == APPLY
    assert api.asked[0].headers["Impersonate-User"] == "eve"
    assert api.asked[0].headers.get_all("Impersonate-Group") == ["x", "y"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, {"propagationPolicy": "Foreground", "preconditions": {}}),
        (
            {"uid": "u", "propagation": "Orphan", "grace_period": 0, "resource_version": "7"},
            {
                "propagationPolicy": "Orphan",
                "gracePeriodSeconds": 0,
                "preconditions": {"uid": "u", "resourceVersion": "7"},
            },
        ),
    ],
)
def test_a_removal_says_how(api, options, wanted):
    api.answers.append((200, {}))
    client_of(api).delete(MAPS, "n", "a", **options)
    sent = json.loads(api.asked[0].body)
    assert {key: sent[key] for key in wanted} == wanted
    assert ("gracePeriodSeconds" in sent) == ("gracePeriodSeconds" in wanted)


def test_what_is_gone_already_is_fine_and_other_errors_are_not(api):
    api.answers += [(404, {"message": "not found"}), (404, {"message": "not found"}), (403, {"message": "no"})]
    client = client_of(api)
    client.delete(MAPS, "n", "a")
    assert client.get("/api/v1/x") is None
    with pytest.raises(KubeError) as caught:
        client.delete(MAPS, "n", "a")
    assert caught.value.status == 403


def test_credentials_that_are_refused_are_an_error_of_the_connection(api):
    api.answers.append((401, {"message": "Unauthorized"}))
    with pytest.raises(KubeConnectionError, match="refuses these credentials"):
        client_of(api, api_key="secret").get("/api/v1/x")
    assert api.asked[0].headers["Authorization"] == "Bearer secret"


def test_a_server_that_is_not_there_is_named_and_one_that_went_away_is_worth_another_try(api):
    api.answers.append((200, {}))
    client = client_of(api)
    client.get("/version")
    api.shutdown()
    api.server_close()
    with pytest.raises(KubeError, match="lost") as caught:
        client.get("/version")
    assert caught.value.transient
    with pytest.raises(KubeConnectionError, match="Cannot reach the Kubernetes API server at http://127"):
        client_of(api).get("/version")


def test_a_watch_gives_its_events_until_the_server_ends_it(api):
    events = [{"type": "ADDED", "object": {"metadata": {"name": name}}} for name in ("a", "b")]
    api.answers.append((200, "\n".join(map(json.dumps, [*events, {}])).encode() + b"\n"))
    found = list(client_of(api).watch("/api/v1/configmaps", "7", {"fieldSelector": "x=y"}, 5))
    assert found == [("ADDED", events[0]["object"]), ("ADDED", events[1]["object"]), ("", {})]
    for part in ("resourceVersion=7", "watch=true", "timeoutSeconds=5", "fieldSelector=x%3Dy"):
        assert part in api.asked[0].path


def test_a_watch_that_is_no_json_is_worth_another_try(api):
    api.answers.append((200, b"<html>\n"))
    with pytest.raises(KubeError, match="was cut off") as caught:
        list(client_of(api).watch("/api/v1/configmaps", "7"))
    assert caught.value.transient


def test_kinds_are_asked_for_once_until_they_may_have_changed(api):
    served = {"resources": [{"kind": "X", "name": "xs", "namespaced": True}, {"kind": "X", "name": "xs/status"}]}
    api.answers += [(200, served), (404, {"message": "none"}), (200, {"resources": []})]
    client = client_of(api)
    assert client.resource("a.io/v1", "X") == Resource("a.io/v1", "X", "xs", True)
    assert client.kinds_of("a.io/v1") == ["X"]
    assert client.kinds_of("b.io/v1") is None
    client.forget("a.io/v1")
    assert client.resource("a.io/v1", "X") is None
    assert [each.path for each in api.asked] == ["/apis/a.io/v1", "/apis/b.io/v1", "/apis/a.io/v1"]


def test_all_kinds_come_in_their_preferred_version(api):
    def version(name, *plurals):
        resources = [
            {"resource": each, "responseKind": {"kind": each}, "scope": "Namespaced", "verbs": ["list"]}
            for each in plurals
        ]
        return {"version": name, "resources": resources}

    core = {"items": [{"metadata": {}, "versions": [version("v1", "pods")]}]}
    group = {"items": [{"metadata": {"name": "a.io"}, "versions": [version("v2", "xs"), version("v1", "xs", "ys")]}]}
    api.answers += [(200, core), (200, group), (200, {"versions": ["v1"]})]
    client = client_of(api)
    found = {(each.api_version, each.plural) for each in client.all_resources()}
    assert found == {("v1", "pods"), ("a.io/v2", "xs"), ("a.io/v1", "ys")}
    with pytest.raises(KubeError, match="too old"):
        client.all_resources()


def test_work_is_done_a_few_at_a_time_and_its_results_stay_in_order(api):
    client = client_of(api)
    assert client.parallel(lambda item: item * 2, [1]) == [2]
    assert client.parallel(lambda item: item * 2, list(range(20))) == [item * 2 for item in range(20)]
