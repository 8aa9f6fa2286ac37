# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.noop import is_noop

BODY = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "ft", "labels": {"app": "web"}},
    "spec": {
        "replicas": 1,
        "template": {"spec": {"containers": [{"name": "a", "image": "x:1", "args": ["-v"]}, {"name": "b"}]}},
    },
}
RECORD = {
    "f:metadata": {"f:labels": {"f:app": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"a"}': {".": {}, "f:args": {}, "f:image": {}, "f:name": {}},
                    'k:{"name":"b"}': {".": {}, "f:name": {}},
                }
            }
        },
    },
}


def live(record=None, **spec):
    body = copy.deepcopy(BODY)
    # What the server fills in is nobody's.
    body["spec"].update({"paused": False, **spec})
    body["metadata"]["managedFields"] = [
        {"manager": "me", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": record or RECORD},
        {"manager": "kubelet", "operation": "Update", "apiVersion": "apps/v1", "fieldsV1": {"f:spec": {"f:x": {}}}},
    ]
    return body


def containers(*items):
    return {"template": {"spec": {"containers": list(items)}}}


def test_what_was_applied_and_still_stands_is_is_noop():
    assert is_noop(live(), BODY, "me")


def test_a_sidecar_that_something_else_added_does_not_count():
    found = live(**containers(BODY["spec"]["template"]["spec"]["containers"][0], {"name": "z"}, {"name": "b"}))
    assert is_noop(found, BODY, "me")


@pytest.mark.parametrize(
    "found",
    [
        None,
        BODY,
        live(replicas=2),
        live(**containers({"name": "a", "image": "x:2", "args": ["-v"]}, {"name": "b"})),
        live(**containers({"name": "a", "image": "x:1", "args": ["-v", "-q"]}, {"name": "b"})),
        live(**containers({"name": "a", "image": "x:1", "args": ["-v"]})),
        live(**containers({"name": "b"}, {"name": "a", "image": "x:1", "args": ["-v"]})),
        live({"f:metadata": RECORD["f:metadata"]}),
        live({**RECORD, "f:spec": {**RECORD["f:spec"], "f:paused": {}}}),
        live({"f:spec": {"v:1": {}}}),
    ],
    ids=["gone", "no record", "drift", "image", "list", "removed", "order", "field to add", "field to drop", "set"],
)
def test_everything_else_is_left_to_the_server(found):
    assert not is_noop(found, BODY, "me")


def test_another_manager_or_version_is_not_ours():
    assert not is_noop(live(), BODY, "you")
    assert not is_noop(live(), {**BODY, "apiVersion": "apps/v2"}, "me")


@pytest.mark.parametrize(("wanted", "same"), [(0, True), (1, False), (False, False), ("", False), (None, False)])
def test_only_a_number_that_is_zero_may_be_missing(wanted, same):
    record = {"f:spec": {"f:ports": {'k:{"port":80}': {".": {}, "f:port": {}, "f:nodePort": {}}}}}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    entry = {"manager": "me", "operation": "Apply", "apiVersion": "v1", "fieldsV1": record}
    found = {**body, "metadata": {"name": "web", "managedFields": [entry]}, "spec": {"ports": [{"port": 80}]}}
    assert is_noop(found, {**body, "spec": {"ports": [{"port": 80, "nodePort": wanted}]}}, "me") is same
    found["spec"]["ports"][0]["nodePort"] = 30080
    assert not is_noop(found, {**body, "spec": {"ports": [{"port": 80, "nodePort": 0}]}}, "me")
