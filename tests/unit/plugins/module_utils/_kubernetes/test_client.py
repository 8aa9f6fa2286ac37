# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import time

import pytest
import yaml

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import Resource, encoded, retrying
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeError,
    connection_advice,
    error_of,
    warning_texts,
)


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
