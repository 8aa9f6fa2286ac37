# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rights are asked for, and what is told of those that are missing."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.access import (
    PATH,
    RuleError,
    lines,
    questions,
    refused,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import Response
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError

DEPLOYMENTS = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "create"]}
LOGS = {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}


class Client:
    """An API server that allows some verbs."""

    endpoint = "https://192.0.2.1"

    def __init__(self, verbs=(), status=None):
        self.verbs, self.status, self.asked = verbs, status, []

    def request(self, method, path, query, body):
        self.asked.append((method, path, body["kind"], body["spec"]["resourceAttributes"]))
        allowed = body["spec"]["resourceAttributes"]["verb"] in self.verbs
        return Response(201, {"status": self.status or {"allowed": allowed}}, [])

    def parallel(self, work, items):
        return [work(item) for item in items]


def test_each_right_is_asked_for_once_as_the_server_wants_it():
    assert questions([DEPLOYMENTS, LOGS, DEPLOYMENTS], "team") == [
        {"verb": "get", "group": "apps", "resource": "deployments", "namespace": "team"},
        {"verb": "create", "group": "apps", "resource": "deployments", "namespace": "team"},
        {"verb": "get", "group": "", "resource": "pods", "subresource": "log", "namespace": "team"},
    ]


def test_without_a_namespace_it_is_for_the_whole_cluster_and_a_name_narrows_it():
    rule = {"apiGroups": [""], "resources": ["nodes"], "resourceNames": ["a"], "verbs": ["get"]}
    assert questions([rule], None) == [{"verb": "get", "group": "", "resource": "nodes", "name": "a"}]


@pytest.mark.parametrize("key", ["apiGroups", "resources", "verbs"])
@pytest.mark.parametrize("value", [None, "get", [], [1]])
def test_a_rule_that_no_role_could_have_is_refused(key, value):
    with pytest.raises(RuleError, match=rf"rules\.1\.{key} must be a list of texts"):
        questions([LOGS, {**DEPLOYMENTS, key: value}], "team")


def test_only_what_is_refused_is_missing():
    client = Client(verbs=["get"])
    missing = refused(client, questions([DEPLOYMENTS, LOGS], "team"))
    assert missing == [{"verb": "create", "group": "apps", "resource": "deployments", "namespace": "team"}]
    assert {asked[:3] for asked in client.asked} == {("POST", PATH, "SelfSubjectAccessReview")}
    assert len(client.asked) == 3


def test_a_server_that_says_nothing_allows_nothing():
    with pytest.raises(KubeError, match=r"did not say whether this user may get pods/log"):
        refused(Client(status={"evaluationError": "broken"}), questions([LOGS], "team"))


def test_what_is_missing_is_told_in_a_line_for_all_kinds_with_the_same_verbs():
    services = {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "create"]}
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["state"], "verbs": ["patch"]}
    assert lines(questions([DEPLOYMENTS, services, LOGS, rule], "team")) == [
        "get, create deployments.apps, services",
        "get pods/log",
        "patch configmaps state",
    ]
