# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, apply, prune and wait against an API server that is a dictionary."""

from __future__ import annotations

import copy
import datetime
import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.apply import Applier
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import (
    ManifestsError,
    Session,
    Step,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import SET_LABEL, parse
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.runner import Run, holds
from ansible_collections.fortytwo.ft_services.tests.unit.plugins.module_utils._manifests.fake_api import (
    CRD,
    Server,
    actions,
    cm,
    run,
)

ME = "fortytwo.ft_services"


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
    Applier(session, [step], lambda batch: None, lambda: awaited.append(True), lambda gone: None).run()
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


PROJECT = Resource("project.openshift.io/v1", "Project", "projects", False, ("list", "delete", "patch"))
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}}


def also_served_as_project(server):
    """Serve the namespace web in a second group, as OpenShift does: one object, one UID."""
    server.kinds.append(PROJECT)
    twin = copy.deepcopy(server.objects["/api/v1/namespaces/web"])
    twin.update(apiVersion="project.openshift.io/v1", kind="Project")
    server.objects["/apis/project.openshift.io/v1/projects/web"] = twin


@pytest.mark.parametrize("prune_data", [False, True])
def test_prune_spares_what_is_in_the_set_under_the_name_of_another_group(prune_data):
    server = Server()
    run(server, [NAMESPACE, cm("a", "web")], set_name="shop")
    also_served_as_project(server)
    work = run(server, [NAMESPACE, cm("a", "web")], set_name="shop", prune_data=prune_data)
    assert actions(work) == {}


def test_prune_spares_data_also_under_the_name_of_another_group_and_removes_it_once():
    server = Server()
    run(server, [NAMESPACE, cm("a", "web")], set_name="shop")
    also_served_as_project(server)
    # Another group's view of a kind that nobody knows: only the UID says that it is a protected Namespace.
    server.kinds[-1] = Resource("other.test/v1", "Room", "projects", False, ("list", "delete", "patch"))
    assert actions(run(server, [cm("b")], set_name="shop")) == {"ConfigMap b": "created", "ConfigMap a": "pruned"}
    assert actions(run(server, [cm("b")], set_name="shop", prune_data=True)) == {"Namespace web": "pruned"}


def test_sets_of_the_first_release_are_still_pruned():
    server = Server()
    old = "ft-services.fortytwo/set"
    for name in ("keep", "lost"):
        run(server, [{**cm(name), "metadata": {"name": name, "namespace": "default", "labels": {old: "shop"}}}])
    work = run(server, [cm("keep")], set_name="shop")
    assert actions(work)["ConfigMap lost"] == "pruned"
    assert server.objects["/api/v1/namespaces/default/configmaps/keep"]["metadata"]["labels"] == {SET_LABEL: "shop"}


def test_prune_does_not_wait_for_the_broken_kinds_of_others():
    server, warnings = Server(), []
    run(server, [cm("a"), cm("b")], set_name="shop")
    server.kinds.append(Resource("broken.test/v1", "Thing", "things", True, ("list", "delete", "patch")))
    broken = KubeError("conversion webhook for broken.test/v2 failed", 500, "InternalError", transient=True)
    server.closed["/apis/broken.test/v1/things"] = broken
    began = time.monotonic()
    session = Session(server, time.monotonic() + 60, 60, wait=False, warn=warnings.append)
    work = Run(session, "default")
    work.present(parse(cm("a"), None, "shop"), "shop")
    assert time.monotonic() - began < 10
    assert actions(work) == {"ConfigMap b": "pruned"}
    assert warnings == [
        "prune: things.broken.test: conversion webhook for broken.test/v2 failed; objects of this kind are left alone"
    ]


def only_in(server, *spaces):
    """Leave this user the right to list in some namespaces only."""
    for resource in server.kinds:
        server.closed[resource.path()] = KubeError("forbidden", 403, "Forbidden")
        for space in ("default", "one", "two"):
            if not resource.namespaced or space not in spaces:
                server.closed[resource.path(space)] = KubeError("forbidden", 403, "Forbidden")


@pytest.mark.parametrize("check", [True, False])
def test_a_namespaced_user_removes_a_whole_set(check):
    server = Server()
    run(server, [cm("a", "one"), cm("b", "two")], set_name="shop")
    only_in(server, "one", "two")
    session = Session(server, time.monotonic() + 5, 5, wait=False, check=check)
    work = Run(session, "one")
    work.absent([], "shop", prune_namespaces=["two"])
    assert actions(work) == {"ConfigMap a": "pruned", "ConfigMap b": "pruned"}


def test_a_user_who_may_list_nothing_gets_an_error_not_a_set_without_objects():
    server = Server()
    run(server, [cm("a", "one")], set_name="shop")
    only_in(server)
    with pytest.raises(ManifestsError, match=r"may list nothing .* nor in default, .*prune_namespaces"):
        run(server, [], state="absent", set_name="shop")


def test_an_object_that_took_the_name_of_a_pruned_one_is_left_alone():
    server = Server()
    run(server, [cm("a"), cm("b")], set_name="shop")
    path = "/api/v1/namespaces/default/configmaps/b"
    listed = server.list_all

    def replaced_after_the_list(*arguments):
        found = listed(*arguments)
        server.objects[path] = {**cm("b"), "metadata": {"name": "b", "namespace": "default", "uid": "another"}}
        return found

    server.list_all = replaced_after_the_list
    began = time.monotonic()
    run(server, [cm("a")], set_name="shop")
    assert time.monotonic() - began < 2
    assert server.objects[path]["metadata"]["uid"] == "another"


def test_absent_removes_also_the_object_that_took_the_name():
    server = Server()
    run(server, [cm("a")])
    work = Run(Session(server, time.monotonic() + 5, 5, wait=False), "default")
    got, path = server.get, "/api/v1/namespaces/default/configmaps/a"

    def replaced_after_the_first_look(where, query=None):
        found = got(where)
        if where == path and found and found["metadata"]["uid"] == path:
            server.objects[path]["metadata"]["uid"] = "another"
        return found

    server.get = replaced_after_the_first_look
    work.absent(parse(cm("a")))
    assert path not in server.objects


@pytest.mark.parametrize(("age", "how"), [(5, "Background"), (3600, "Foreground")])
def test_objects_of_a_new_kind_do_not_wait_for_the_garbage_collector(age, how):
    widget = {"apiVersion": "example.test/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "default"}}
    server = Server()
    run(server, [CRD, widget, cm("a")])
    definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.test"
    born = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=age)
    server.objects[definition]["metadata"]["creationTimestamp"] = born.strftime("%Y-%m-%dT%H:%M:%SZ")
    run(server, [CRD, widget, cm("a")], state="absent")
    assert server.propagation == {"w": how, "a": "Foreground", "widgets.example.test": "Foreground"}


@pytest.mark.parametrize("check", [True, False])
def test_a_kind_of_wait_for_that_nobody_serves_is_refused_before_anything_is_written(check):
    server = Server()
    condition = {"api_version": "v1", "kind": "Deployment", "name": "d", "namespace": None, "query": "status"}
    with pytest.raises(ManifestsError, match=r"wait_for Deployment d: .*mean the apiVersion apps/v1\?.*Nothing was ch"):
        run(server, [cm("a")], check=check, wait_for=[condition])
    assert server.writes == []
    ready = {"api_version": "example.test/v1", "kind": "Widget", "name": "w", "namespace": None, "query": "status"}
    assert actions(run(server, [CRD, cm("a")], wait_for=[ready]))["ConfigMap a"] == "created"


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'x' denied request: no", 422),
        ('admission webhook "validate.kyverno.svc-fail" denied the request: not in default', 400),
        ('admission webhook "x" does not support dry run', 400),
    ],
)
def test_rules_of_the_namespace_of_the_trial_say_nothing_about_a_new_one(message, status):
    def refuse(body, dry_run):
        if body["metadata"].get("namespace") == "default":
            raise KubeError(message, status, "Invalid" if status == 422 else "BadRequest")

    server = Server(refuse)
    assert actions(run(server, [NAMESPACE, cm("a", "web")])) == {"Namespace web": "created", "ConfigMap a": "created"}


def test_a_value_that_is_wrong_anywhere_is_refused_before_its_new_namespace_is_made():
    def refuse(body, dry_run):
        if body["kind"] == "ConfigMap":
            cause = {"reason": "FieldValueInvalid", "message": "Invalid value", "field": "data[a b]"}
            raise KubeError('ConfigMap "a" is invalid: data[a b]: Invalid value', 422, "Invalid", [cause])

    server = Server(refuse)
    with pytest.raises(ManifestsError, match="Nothing was changed"):
        run(server, [NAMESPACE, cm("a", "web")])
    assert server.writes == []


def test_the_trial_is_made_in_a_namespace_of_the_set_where_there_is_one():
    tried = []
    server = Server(lambda body, dry_run: tried.append((body["metadata"].get("namespace"), dry_run)))
    run(server, [cm("a", "here")])
    tried.clear()
    run(server, [NAMESPACE, cm("a", "here"), cm("b", "web")], check=True)
    assert ("here", True) in tried
    assert ("default", True) not in tried


def test_objects_come_back_on_request_with_hidden_values_and_their_own_diff():
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "c2VjcmV0"}}
    for check in (True, False):
        server = Server()
        run(server, [cm("gone")], set_name="shop")
        work = run(server, [secret, cm("a", data={"x": "y"})], set_name="shop", check=check)
        entries = {each["name"]: each for each in work.objects(with_content=True, with_diff=True)}
        assert entries["a"]["object"]["data"] == {"x": "y"}
        assert "managedFields" not in entries["a"]["object"]["metadata"]
        assert entries["s"]["object"]["data"] == {"a": "<hidden>"}
        assert entries["gone"]["object"] is None
        assert "x: y" in entries["a"]["diff"]["after"]
        assert "c2VjcmV0" not in str(entries)


def test_what_a_secret_held_before_is_hidden_too():
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "b2xkLW9uZQ=="}}
    server = Server()
    run(server, [secret])
    work = run(server, [{**secret, "data": {"a": "bmV3LW9uZQ=="}}])
    assert {"old-one", "new-one"} <= work.session.secrets
