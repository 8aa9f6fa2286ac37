# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is created, asked, replaced and removed in another way than by apply."""

from __future__ import annotations

import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import (
    DeleteOptions,
    ManifestsError,
    Session,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import parse
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.runner import Run
from ansible_collections.fortytwo.ft_services.tests.unit.plugins.module_utils._manifests.fake_api import (
    Server,
    actions,
    cm,
    run,
)

GENERATED = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-", "namespace": "default"}}
QUESTION = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {}}


def immutable(body, dry_run):
    """A server that changes no ConfigMap named a."""
    if body["metadata"]["name"] == "a" and body.get("data") and server_has_a(body):
        raise KubeError("ConfigMap a is invalid: data: Forbidden: field is immutable when `immutable` is set", 422)


def server_has_a(body):
    return body["data"] != {"old": "1"} and not GONE


GONE: list[str] = []


class ReplacingServer(Server):
    """Refuses another data of what is there; knows when it was removed."""

    def __init__(self):
        super().__init__(immutable)
        GONE.clear()

    def delete(self, resource, namespace, name, *more):
        GONE.append(name)
        super().delete(resource, namespace, name, *more)


def test_every_call_makes_another_one_and_names_it():
    server = Server()
    first, second = run(server, [GENERATED, GENERATED]), run(server, [GENERATED])
    assert server.writes == ["create ConfigMap a-x1", "create ConfigMap a-x2", "create ConfigMap a-x3"]
    assert actions(first) == {"ConfigMap a-x1": "created", "ConfigMap a-x2": "created"}
    assert actions(second) == {"ConfigMap a-x3": "created"}


def test_check_mode_says_what_the_name_will_begin_with_and_creates_nothing():
    server = Server()
    assert actions(run(server, [GENERATED], check=True)) == {"ConfigMap a-": "created"}
    assert server.writes == []


def test_in_a_new_namespace_it_is_tried_elsewhere_first():
    tried = []
    server = Server(lambda body, dry_run: tried.append((body["metadata"].get("namespace"), dry_run)))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}}
    run(server, [namespace, {**GENERATED, "metadata": {"generateName": "a-", "namespace": "new"}}])
    assert ("default", True) in tried
    assert ("new", True) not in tried
    assert server.writes == ["Namespace new", "create ConfigMap a-x1"]


@pytest.mark.parametrize(("status", "tries"), [(0, 1), (504, 1), (503, 1), (429, 2)])
def test_a_request_that_may_have_had_its_effect_is_not_repeated(status, tries):
    asked = []

    def refuse(body, dry_run):
        asked.append(dry_run)
        if asked.count(False) == 1 and not dry_run:
            raise KubeError("connection lost.", status, transient=True)

    if tries == 1:
        with pytest.raises(ManifestsError, match="may have been created all the same"):
            run(Server(refuse), [GENERATED])
    else:
        run(Server(refuse), [GENERATED])
    assert asked.count(False) == tries


@pytest.mark.parametrize("check", [True, False])
def test_a_question_is_answered_and_changes_nothing(check):
    server = Server()
    server.kinds.append(
        Resource("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", False, ("create",))
    )
    work = run(server, [QUESTION, QUESTION], check=check)
    assert actions(work) == {}
    assert [each["object"]["status"] for each in work.objects(with_content=True)] == [{"allowed": True}] * 2
    assert work.steps[0].manifest.label == "SelfSubjectAccessReview"
    assert server.writes == []


def replacing(server, body, check=False, replace=True):
    """A call of the module; what is removed is gone at once."""
    session = Session(server, time.monotonic() + 5, 5, check=check, wait=False, replace=replace)
    work = Run(session, "default")
    work._wait_gone = lambda gone, steps=True: None
    work.present(parse(body))
    return work


def test_immutable_fields_are_an_error_that_names_the_option():
    server = ReplacingServer()
    replacing(server, cm("a", data={"old": "1"}))
    with pytest.raises(ManifestsError, match=r"Nothing was changed(.|\n)*replace_immutable"):
        replacing(server, cm("a", data={"new": "2"}), replace=False)


def test_on_request_the_object_is_removed_and_made_anew():
    server = ReplacingServer()
    replacing(server, cm("a", data={"old": "1"}))
    server.writes.clear()
    predicted = replacing(server, cm("a", data={"new": "2"}), check=True)
    assert server.writes == []
    work = replacing(server, cm("a", data={"new": "2"}))
    assert server.writes == ["delete ConfigMap a", "ConfigMap a"]
    assert actions(predicted) == actions(work) == {"ConfigMap a": "replaced"}
    for each in (predicted, work):
        (shown,) = each.diffs()
        assert "old: '1'" in shown["before"]
        assert "new: '2'" in shown["after"]
    assert actions(replacing(server, cm("a", data={"new": "2"}))) == {}


def test_a_new_form_that_is_wrong_itself_removes_nothing():
    server = ReplacingServer()
    replacing(server, cm("a", data={"old": "1"}))

    def refuse(body, dry_run):
        immutable(body, dry_run)
        if "bad" in body.get("data", {}):
            raise KubeError("data is wrong", 422)

    server.refuse = refuse
    with pytest.raises(ManifestsError, match="data is wrong"):
        replacing(server, cm("a", data={"bad": "2"}))
    assert GONE == []


def test_an_object_that_is_removed_but_not_made_anew_is_reported_as_deleted():
    server = ReplacingServer()
    replacing(server, cm("a", data={"old": "1"}))

    def refuse(body, dry_run):
        immutable(body, dry_run)
        if not dry_run:
            raise KubeError("over quota", 403)

    server.refuse = refuse
    work = Run(Session(server, time.monotonic() + 5, 5, wait=False, replace=True), "default")
    work._wait_gone = lambda gone, steps=True: None
    with pytest.raises(ManifestsError, match="Some objects were applied before"):
        work.present(parse(cm("a", data={"new": "2"})))
    assert actions(work) == {"ConfigMap a": "deleted"}


def test_data_is_never_replaced():
    def refuse(body, dry_run):
        if "spec" in body:
            raise KubeError("spec is immutable after creation", 422)

    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c", "namespace": "default"}}
    server = Server(refuse)
    run(server, [claim])
    with pytest.raises(ManifestsError, match="What holds data is never replaced"):
        run(server, [{**claim, "spec": {"storageClassName": "other"}}], replace=True)
    assert "delete PersistentVolumeClaim c" not in server.writes


def test_options_of_a_removal_reach_the_server():
    server = Server()
    made = run(server, [cm("a")]).steps[0].wanted["metadata"]["uid"]
    options = DeleteOptions("Orphan", 5, made, None)
    assert actions(run(server, [cm("a")], state="absent", delete_options=options)) == {"ConfigMap a": "deleted"}
    assert (server.propagation["a"], server.options["a"]) == ("Orphan", (5, None))


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("options", [DeleteOptions(uid="another"), DeleteOptions(resource_version="99")])
def test_another_object_than_was_meant_is_not_removed(options, check):
    server = Server()
    run(server, [cm("a")])
    with pytest.raises(ManifestsError, match="as delete_options says"):
        run(server, [cm("a")], state="absent", check=check, delete_options=options)
    assert "delete ConfigMap a" not in server.writes
