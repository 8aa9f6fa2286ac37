# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over what `kubectl apply` made client-side, against a server that keeps the record of fields."""

from __future__ import annotations

import copy
import json
import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import Response
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import ManifestsError, Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import parse
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.migrate import (
    client_side_managers,
    migrated,
    migration,
    without_dropped,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.runner import Run

ME, LAST = "fortytwo.ft_services", "kubectl.kubernetes.io/last-applied-configuration"
ANNOTATED = {"f:metadata": {"f:annotations": {".": {}, f"f:{LAST}": {}}}}
CONFIG_MAPS = Resource("v1", "ConfigMap", "configmaps", True, ("list", "delete", "patch"))
PATH = "/api/v1/namespaces/default/configmaps/a"


def entry(manager, fields, operation="Update", **more):
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields, **more}


def made_by(manager="kubectl-client-side-apply", data=(("keep", "1"), ("legacy", "old")), others=()):
    fields = {**ANNOTATED, "f:data": {".": {}, **{f"f:{key}": {} for key, _value in data}}}
    applied = {LAST: json.dumps({"metadata": {"name": "a"}, "data": dict(data)})}
    metadata = {"name": "a", "namespace": "default", "resourceVersion": "7", "annotations": applied}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**metadata, "managedFields": [entry(manager, fields), *others]},
        "data": dict(data),
    }


class Server:
    """ConfigMaps with server-side apply: a key of the data goes when no manager has it any more."""

    def __init__(self, live, change_before_patch=False):
        self.live, self.change, self.patches = live, change_before_patch, 0

    def resource(self, api_version, kind):
        return CONFIG_MAPS if kind == "ConfigMap" else None

    def parallel(self, work, items):
        return [work(item) for item in items]

    def get(self, path, query=None):
        return copy.deepcopy(self.live) if path == PATH else None

    def request(self, method, path, query, patch, content_type):
        assert (method, path, content_type) == ("PATCH", PATH, "application/json-patch+json")
        self.patches += 1
        if self.change:
            self.change = False
            self.live["metadata"]["resourceVersion"] = "8"
        wanted = {each["path"]: each["value"] for each in patch}
        if wanted["/metadata/resourceVersion"] != self.live["metadata"]["resourceVersion"]:
            raise KubeError("the object has been modified", 409, "Conflict", transient=True)
        self.live["metadata"]["managedFields"] = wanted["/metadata/managedFields"]

    def apply(self, resource, body, manager, force=False, dry_run=False):
        after = copy.deepcopy(self.live)
        entries = after["metadata"]["managedFields"]
        own = [each for each in entries if each["manager"] == manager and each["operation"] == "Apply"]
        others = [each for each in entries if each not in own]
        mine = {"f:data": {f"f:{key}": {} for key in body["data"]}}
        for other in others:
            for key, value in body["data"].items():
                if f"f:{key}" in other["fieldsV1"]["f:data"] and after["data"].get(key) != value and not force:
                    cause = {
                        "reason": "FieldManagerConflict",
                        "message": f'conflict with "{other["manager"]}" using v1',
                        "field": f".data.{key}",
                    }
                    raise KubeError("Apply failed with 1 conflict", 409, "Conflict", [cause])
        for key in own[0]["fieldsV1"].get("f:data", {}) if own else ():
            name = key.removeprefix("f:")
            if key != "." and name not in body["data"] and not any(key in o["fieldsV1"]["f:data"] for o in others):
                after["data"].pop(name, None)
        if own and LAST not in body["metadata"].get("annotations", {}):
            after["metadata"].pop("annotations", None)
        after["data"].update(body["data"])
        after["metadata"]["managedFields"] = [*others, entry(manager, mine, "Apply")]
        if not dry_run:
            self.live = copy.deepcopy(after)
        return Response(200, after, [])


def run(server, data, check=False, force=False):
    warnings = []
    session = Session(server, time.monotonic() + 5, 5, check=check, wait=False, force=force, warn=warnings.append)
    work = Run(session, "default")
    work.present(parse({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}))
    return work, warnings


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "before-first-apply", "my-own-name"])
def test_fields_of_kubectl_apply_are_taken_over_and_dropped_ones_go(manager):
    server = Server(made_by(manager))
    predicted, _warnings = run(server, {"keep": "1"}, check=True)
    assert (server.patches, server.live["data"]) == (0, {"keep": "1", "legacy": "old"})
    work, warnings = run(server, {"keep": "1"})
    assert server.live["data"] == {"keep": "1"}
    assert work.objects() == predicted.objects()
    assert work.objects()[0]["migrated_from"] == [manager]
    assert predicted.diffs() == work.diffs()
    assert "-" not in work.diffs()[0]["after"].replace(LAST, "")
    assert "legacy" in work.diffs()[0]["before"]
    assert "legacy" not in work.diffs()[0]["after"]
    (warning,) = warnings
    assert manager in warning
    again, warnings = run(server, {"keep": "1"})
    assert (again.objects()[0]["action"], again.objects()[0]["migrated_from"], warnings) == ("unchanged", [], [])
    assert server.patches == 1


def test_another_value_is_a_conflict_as_with_kubectl():
    server = Server(made_by())
    with pytest.raises(ManifestsError, match=r'"kubectl-client-side-apply" owns \.data\.keep.*force_conflicts'):
        run(server, {"keep": "2"})
    assert server.patches == 0
    run(server, {"keep": "2"}, force=True)
    assert server.live["data"] == {"keep": "2"}


def test_a_change_by_somebody_else_meanwhile_is_met_by_another_try():
    server = Server(made_by(), change_before_patch=True)
    work, _warnings = run(server, {"keep": "1"})
    assert (server.patches, work.session.retries, server.live["data"]) == (2, 1, {"keep": "1"})


def test_fields_that_another_manager_has_too_stay():
    other = entry("operator", {"f:data": {"f:legacy": {}}}, "Apply")
    server = Server(made_by(others=[other]))
    work, _warnings = run(server, {"keep": "1"})
    assert server.live["data"] == {"keep": "1", "legacy": "old"}
    assert "legacy" not in work.diffs()[0]["before"]


def test_updates_that_are_no_apply_are_left_alone():
    edited = made_by()
    edited["metadata"]["managedFields"][0]["fieldsV1"].pop("f:metadata")
    assert client_side_managers(edited) == []
    assert migration(edited, ME) == []
    scaled = made_by()
    scaled["metadata"]["managedFields"][0]["subresource"] = "scale"
    assert client_side_managers(scaled) == []


def test_records_are_joined_with_the_one_that_is_there():
    own = entry(ME, {"f:data": {"f:own": {}}}, "Apply")
    theirs = entry("kubectl-client-side-apply", {**ANNOTATED, "f:data": {"f:theirs": {}}})
    old = entry("kubectl-client-side-apply", {"f:data": {"f:old": {}}}, apiVersion="v1beta1")
    status = entry("kubectl-client-side-apply", {"f:status": {}}, subresource="status")
    found = migrated([own, theirs, old, status], ["kubectl-client-side-apply"], ME)
    assert found == [{**own, "fieldsV1": {"f:data": {"f:own": {}, "f:theirs": {}}, **ANNOTATED}}, status]
    assert own["fieldsV1"] == {"f:data": {"f:own": {}}}


def test_the_prediction_drops_whole_list_items_and_keeps_what_others_own():
    containers = {
        'k:{"name":"old"}': {".": {}, "f:name": {}, "f:image": {}},
        'k:{"name":"both"}': {".": {}, "f:name": {}, "f:image": {}, "f:args": {}},
    }
    port = {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}
    fields = {
        **ANNOTATED,
        "f:spec": {"f:containers": containers, "f:ports": port, "f:replicas": {}, "f:finalizers": {'v:"a/b"': {}}},
    }
    spec = {
        "containers": [{"name": "old", "image": "x", "extra": "filled in"}, {"name": "both", "image": "x", "args": []}],
        "ports": [{"port": 80}],
        "replicas": 3,
        "finalizers": ["a/b", "c/d"],
    }
    live = {"metadata": {"managedFields": [entry("kubectl-client-side-apply", fields)]}, "spec": spec}
    scaler = entry("scaler", {"f:spec": {"f:replicas": {}}})
    live["metadata"]["managedFields"].append(scaler)
    mine = {"f:spec": {"f:containers": {'k:{"name":"both"}': {".": {}, "f:name": {}, "f:image": {}}}}}
    wanted = {
        "metadata": {"managedFields": [*live["metadata"]["managedFields"], entry(ME, mine, "Apply")]},
        "spec": copy.deepcopy(spec),
    }
    assert without_dropped(wanted, live, ME)["spec"] == {
        "containers": [{"name": "both", "image": "x"}],
        "ports": [],
        "replicas": 3,
        "finalizers": ["c/d"],
    }
    assert wanted["spec"] == spec


def test_defaults_that_the_server_filled_in_are_not_predicted_to_go():
    ports = {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:protocol": {}}}
    item = {".": {}, "f:name": {}, "f:imagePullPolicy": {}, "f:tty": {}, "f:ports": {".": {}, **ports}}
    fields = {**ANNOTATED, "f:spec": {"f:strategy": {"f:type": {}}, "f:containers": {'k:{"name":"c"}': item}}}
    container = {"name": "c", "imagePullPolicy": "Always", "tty": True}
    spec = {"strategy": {"type": "RollingUpdate"}, "containers": [{**container, "ports": [{"containerPort": 80}]}]}
    applied = {"spec": {"containers": [{"name": "c", "tty": True, "ports": [{"containerPort": 80}]}]}}
    metadata = {"annotations": {LAST: json.dumps(applied)}}
    live = {"metadata": {**metadata, "managedFields": [entry("kubectl-client-side-apply", fields)]}, "spec": spec}
    mine = {"f:spec": {"f:containers": {'k:{"name":"c"}': {".": {}, "f:name": {}}}}}
    wanted = copy.deepcopy(live)
    wanted["metadata"]["managedFields"].append(entry(ME, mine, "Apply"))
    found = without_dropped(wanted, live, ME)["spec"]
    assert found["strategy"] == {"type": "RollingUpdate"}
    assert {key: found["containers"][0].get(key) for key in container} == {**container, "tty": None}
    assert not found["containers"][0].get("ports")
