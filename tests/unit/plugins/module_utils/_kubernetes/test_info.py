# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading objects: which kinds, which paths, and no values of Secrets."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.info import (
    clean,
    find_resources,
    read_objects,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import HIDDEN, LAST_APPLIED
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource

LEASES = Resource("coordination.k8s.io/v1", "Lease", "leases", True, ("get", "list"))
EVENTS = [
    Resource("v1", "Thing", "things", True, ("list",)),
    Resource("example.org/v1", "Thing", "things", True, ("list",)),
]
REVIEW = Resource("authorization.k8s.io/v1", "Review", "reviews", False, ("create",))


class Client:
    """A cluster that serves some kinds and remembers what it was asked for."""

    def __init__(self, objects=()):
        self.asked = []
        self.objects = objects

    def all_resources(self):
        self.asked.append("discovery")
        return [LEASES, *EVENTS, REVIEW]

    def resource(self, api_version, kind):
        return next(
            (each for each in self.all_resources() if (each.api_version, each.kind) == (api_version, kind)), None
        )

    def kinds_of(self, api_version):
        return sorted({each.kind for each in self.all_resources() if each.api_version == api_version}) or None

    def list_all(self, path, query, accept):
        self.asked.append((path, query))
        return list(self.objects), "1"

    def parallel(self, work, items):
        return [work(item) for item in items]


def test_common_kinds_cost_no_discovery():
    client = Client()
    assert [found.plural for found in find_resources(client, ["Pod", "Ingress"], None)] == ["pods", "ingresses"]
    assert client.asked == []


def test_other_kinds_are_discovered():
    assert [found.plural for found in find_resources(Client(), ["Pod", "Lease"], None)] == ["pods", "leases"]
    assert find_resources(Client(), ["Thing"], "example.org/v1") == [EVENTS[1]]


@pytest.mark.parametrize(
    ("kind", "api_version", "text"),
    [
        ("Nothing", None, "serves no kind Nothing"),
        ("Review", None, "serves no kind Review"),
        ("Thing", None, "set api_version to one of example.org/v1, v1"),
        ("Lease", "v1", "it has there only Thing"),
        ("thing", "v1", "Did you mean Thing\\?"),
        ("pod", None, "Did you mean Pod\\?"),
        ("pods", None, "Did you mean Pod\\?"),
        ("Deploymnet", None, "Did you mean Deployment\\?"),
        ("Lease", "v9", "does not know that apiVersion"),
    ],
)
def test_kinds_that_cannot_be_read(kind, api_version, text):
    with pytest.raises(KubeError, match=text):
        find_resources(Client(), [kind], api_version)


def test_filters_are_the_servers_work():
    client = Client()
    read_objects(client, [LEASES], "n", "x", ["a=b", "!c"])
    read_objects(client, [LEASES], None, None, [])
    read_objects(client, [LEASES], None, "x", [], ["spec.a!=b"])
    assert client.asked == [
        (
            "/apis/coordination.k8s.io/v1/namespaces/n/leases",
            {"fieldSelector": "metadata.name=x", "labelSelector": "a=b,!c"},
        ),
        ("/apis/coordination.k8s.io/v1/leases", {}),
        ("/apis/coordination.k8s.io/v1/leases", {"fieldSelector": "metadata.name=x,spec.a!=b"}),
    ]


def test_metadata_is_that_of_the_kind_that_was_asked_for():
    objects = [{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": {"name": "a"}}]
    found = read_objects(Client(objects), [LEASES], None, None, [], metadata_only=True)
    assert found == [{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}}]


def test_objects_are_sorted_within_their_kind():
    objects = [
        {"kind": "Lease", "metadata": {"namespace": namespace, "name": name}}
        for namespace, name in (("b", "a"), ("a", "b"), ("a", "a"))
    ]
    found = read_objects(Client(objects), [LEASES], None, None, [])
    assert [(each["metadata"]["namespace"], each["metadata"]["name"]) for each in found] == [
        ("a", "a"),
        ("a", "b"),
        ("b", "a"),
    ]


def test_no_value_of_a_secret_is_returned():
    secret = {
        "kind": "Secret",
        "metadata": {"name": "s", "annotations": {LAST_APPLIED: '{"data": "aHVudGVyMg=="}', "keep": "this"}},
        "data": {"password": "aHVudGVyMg=="},
        "stringData": {"plain": "hunter2"},
    }
    cleaned = clean(secret)
    assert cleaned["data"] == {"password": HIDDEN}
    assert cleaned["stringData"] == {"plain": HIDDEN}
    assert cleaned["metadata"]["annotations"]["keep"] == "this"
    assert "aHVudGVyMg" not in str(cleaned)


def test_managed_fields_are_noise():
    assert clean({"kind": "Pod", "metadata": {"name": "p", "managedFields": [{}]}})["metadata"] == {"name": "p"}
