# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, apply, prune and wait against an API server that is a dictionary."""

from __future__ import annotations

import copy
import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import Resource, Response
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.apply import Applier
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import (
    ManifestsError,
    Session,
    Step,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import SET_LABEL, parse
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.runner import Run, holds

ME = "fortytwo.ft_services"
KINDS = [
    Resource("v1", "Namespace", "namespaces", False, ("list", "delete", "patch")),
    Resource("v1", "ConfigMap", "configmaps", True, ("list", "delete", "patch")),
    Resource("v1", "Secret", "secrets", True, ("list", "delete", "patch")),
    Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims", True, ("list", "delete", "patch")),
    Resource("v1", "Event", "events", True, ("list", "delete", "patch")),
    Resource("apps/v1", "Deployment", "deployments", True, ("list", "delete", "patch")),
    Resource(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        False,
        ("list", "delete", "patch"),
    ),
]
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.test"},
    "spec": {
        "group": "example.test",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1", "served": True}],
    },
}


class Server:
    """As much of KubeClient as the run uses; ``refuse`` may raise for (body, dry_run)."""

    def __init__(self, refuse=lambda body, dry_run: None):
        self.objects = {}
        self.kinds = list(KINDS)
        self.refuse = refuse
        self.writes = []

    def resource(self, api_version, kind):
        return next((each for each in self.kinds if (each.api_version, each.kind) == (api_version, kind)), None)

    def all_resources(self):
        return self.kinds

    def forget(self, api_version):
        pass

    def parallel(self, work, items):
        return [work(item) for item in items]

    def get(self, path, query=None):
        return copy.deepcopy(self.objects.get(path))

    def list_all(self, path, query=None, accept=""):
        plural = path.rpartition("/")[2]
        label = (query or {}).get("labelSelector", "").partition("=")[2]
        found = [
            body
            for where, body in self.objects.items()
            if where.split("/")[-2] == plural
            and (where.startswith(path) or "/namespaces/" not in path)
            and (not label or body["metadata"].get("labels", {}).get(SET_LABEL) == label)
        ]
        return copy.deepcopy(found), "1"

    def apply(self, resource, body, manager, force=False, dry_run=False):
        self.refuse(body, dry_run)
        path = resource.path(body["metadata"].get("namespace"), body["metadata"]["name"])
        after = copy.deepcopy(body)
        labels = {f"f:{key}": {} for key in body["metadata"].get("labels", {})}
        fields = {"f:metadata": {"f:labels": labels}}
        after["metadata"]["managedFields"] = [{"manager": manager, "operation": "Apply", "fieldsV1": fields}]
        after["metadata"]["uid"] = path
        status = 200 if path in self.objects else 201
        if not dry_run:
            self.writes.append(f"{body['kind']} {body['metadata']['name']}")
            if body["kind"] == "CustomResourceDefinition":
                after["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
                self.kinds.append(Resource("example.test/v1", "Widget", "widgets", True, ("list", "delete", "patch")))
            if body["kind"] == "Namespace":
                after["status"] = {"phase": "Active"}
            self.objects[path] = after
        return Response(status, copy.deepcopy(after), [])

    def delete(self, resource, namespace, name, uid=None):
        self.writes.append(f"delete {resource.kind} {name}")
        self.objects.pop(resource.path(namespace, name), None)


def cm(name, namespace="default", **more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, **more}


def run(server, definitions, check=False, state="present", set_name=None, prune_data=False, **options):
    session = Session(server, time.monotonic() + 5, 5, check=check, wait=False, **options)
    work = Run(session, "default")
    manifests = parse(definitions, None, set_name)
    if state == "present":
        work.present(manifests, set_name, prune_data, [], False)
    else:
        work.absent(manifests, set_name, prune_data, False)
    return work


def actions(work):
    return {f"{each['kind']} {each['name']}": each["action"] for each in work.objects() if each["changed"]}


def test_second_run_writes_nothing():
    server = Server()
    assert actions(run(server, [cm("a"), cm("b")])) == {"ConfigMap a": "created", "ConfigMap b": "created"}
    server.writes.clear()
    assert actions(run(server, [cm("a"), cm("b")])) == {}
    assert server.writes == []


def test_only_the_changed_object_is_written():
    server = Server()
    run(server, [cm("a"), cm("b")])
    server.writes.clear()
    assert actions(run(server, [cm("a"), cm("b", data={"x": "y"})])) == {"ConfigMap b": "updated"}
    assert server.writes == ["ConfigMap b"]


def test_check_mode_predicts_the_run_also_for_new_namespaces_and_kinds():
    widget = {"apiVersion": "example.test/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "new"}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}}
    definitions = [widget, cm("a", "new"), CRD, namespace]
    server = Server()
    predicted = run(server, definitions, check=True)
    assert server.writes == []
    real = run(server, definitions)
    assert predicted.objects() == real.objects()
    assert server.writes == [
        "Namespace new",
        "CustomResourceDefinition widgets.example.test",
        "ConfigMap a",
        "Widget w",
    ]


def test_one_refused_object_stops_the_whole_set():
    def refuse(body, dry_run):
        if "dta" in body:
            raise KubeError(
                "failed to create typed patch object (a/b; /v1, Kind=X): .dta: field not declared in schema", 500
            )

    server = Server(refuse)
    with pytest.raises(ManifestsError) as caught:
        run(
            server,
            [
                cm("good"),
                cm("bad", dta={}),
                cm("worse", "new", dta={}),
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}},
            ],
        )
    assert server.writes == []
    assert "ConfigMap default/bad (definitions[2]): unknown field .dta (check its spelling" in caught.value.message
    assert [(each["name"], each["fields"]) for each in caught.value.details["errors"]] == [
        ("bad", [".dta"]),
        ("worse", [".dta"]),
    ]


def test_conflict_says_whose_field_and_which_option():
    def refuse(body, dry_run):
        cause = {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl" using v1', "field": ".data.x"}
        raise KubeError("Apply failed with 1 conflict", 409, "Conflict", [cause])

    with pytest.raises(ManifestsError, match=r'manager "kubectl" owns \.data\.x.*force_conflicts'):
        run(Server(refuse), [cm("a")])


def test_secret_values_stay_out_of_refusals():
    def refuse(body, dry_run):
        message = ".data.pin: expected string, got &value.valueUnstructured{Value:123456}"
        raise KubeError(message, 500)

    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"pin": 123456}}
    with pytest.raises(ManifestsError) as caught:
        run(Server(refuse), [secret])
    assert "expected string, got <hidden>" in caught.value.message
    assert "123456" not in str(caught.value.details)


def test_webhook_that_starts_late_is_retried_and_reported():
    calls = []

    def refuse(body, dry_run):
        calls.append(dry_run)
        if len(calls) < 4:
            raise KubeError('failed calling webhook "x": connection refused', 500, "InternalError", transient=True)

    server = Server(refuse)
    work = run(server, [cm("a")])
    assert actions(work) == {"ConfigMap a": "created"}
    # Dry run, first write, then patiently: the dry run does not wait for a webhook that the set itself may bring.
    assert calls == [True, False, False, False]
    assert work.session.retries == 1


def test_webhooks_of_the_set_are_awaited_before_the_next_try():
    tried, awaited = [], []

    def refuse(body, dry_run):
        tried.append(body["metadata"]["name"])
        if not awaited:
            raise KubeError('failed calling webhook "x": no endpoints', 500, "InternalError", transient=True)

    server = Server(refuse)
    session = Session(server, time.monotonic() + 5, 5)
    (manifest,) = parse(cm("a"))
    step = Step(manifest, server.resource("v1", "ConfigMap"), action="created")
    Applier(session, [step], lambda batch: None, lambda: awaited.append(True)).run()
    assert (tried, step.done, session.retries) == (["a", "a"], True, 0)


def test_refusal_that_another_object_of_the_set_heals_is_put_off():
    server = Server()

    def refuse(body, dry_run):
        if body["kind"] == "ConfigMap" and "/api/v1/namespaces/default/secrets/key" not in server.objects:
            raise KubeError('secrets "key" not found', 404)

    server.refuse = refuse
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}}
    with pytest.raises(ManifestsError, match="not found"):
        run(server, [cm("a")])
    assert actions(run(server, [secret, cm("a")], check=True)) == {"Secret key": "created", "ConfigMap a": "created"}


def test_prune_removes_what_the_set_lost_and_spares_the_rest():
    server = Server()
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default"}}
    run(server, [cm("keep"), cm("lost"), claim], set_name="shop")
    run(server, [cm("other")], set_name="another")
    copied = copy.deepcopy(server.objects["/api/v1/namespaces/default/configmaps/lost"])
    copied["metadata"].update(name="copied", managedFields=[])
    server.objects["/api/v1/namespaces/default/configmaps/copied"] = copied
    owned = copy.deepcopy(server.objects["/api/v1/namespaces/default/configmaps/lost"])
    owned["metadata"].update(name="owned", ownerReferences=[{"uid": "x"}])
    server.objects["/api/v1/namespaces/default/configmaps/owned"] = owned

    predicted = run(server, [cm("keep")], set_name="shop", check=True)
    assert actions(predicted) == {"ConfigMap lost": "pruned"}
    assert actions(run(server, [cm("keep")], set_name="shop")) == {"ConfigMap lost": "pruned"}
    assert actions(run(server, [cm("keep")], set_name="shop")) == {}
    assert actions(run(server, [cm("keep")], set_name="shop", prune_data=True)) == {
        "PersistentVolumeClaim data": "pruned"
    }


def test_absent_goes_backwards_and_forgives_what_is_not_there():
    server = Server()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "web"}}
    unknown = {"apiVersion": "nope.io/v1", "kind": "Nope", "metadata": {"name": "n"}}
    definitions = [namespace, deployment, cm("a", "web")]
    run(server, definitions)
    server.writes.clear()
    work = run(server, [*definitions, unknown, cm("b", "web")], state="absent")
    assert server.writes == ["delete Deployment d", "delete ConfigMap a", "delete Namespace web"]
    assert [each["action"] for each in work.objects()] == ["deleted"] * 3 + ["unchanged"] * 2
    assert actions(run(server, definitions, state="absent")) == {}


def test_unknown_kinds_and_duplicates_are_refused_before_anything_is_sent():
    server = Server()
    wrong = {"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "d"}}
    typo = {"apiVersion": "v1", "kind": "ConfigMpa", "metadata": {"name": "d"}}
    with pytest.raises(ManifestsError) as caught:
        run(server, [wrong, typo, cm("a"), cm("a")])
    assert "Did you mean the apiVersion apps/v1?" in caught.value.message
    assert "Did you mean the kind ConfigMap?" in caught.value.message
    assert "defined twice" in caught.value.message
    assert server.writes == []


@pytest.mark.parametrize(
    ("value", "true"),
    [(True, True), (0, True), ("x", True), (False, False), (None, False), ("", False), ([], False), ({}, False)],
)
def test_truth_of_a_query(value, true):
    assert holds(value) is true
