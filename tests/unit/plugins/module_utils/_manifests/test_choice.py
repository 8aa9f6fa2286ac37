# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that are chosen by kind, name and labels."""

from __future__ import annotations

import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.choice import (
    check_choice,
    chosen,
    labelled,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import ManifestsError, Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import SET_LABEL, parse
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.runner import Run
from ansible_collections.fortytwo.ft_services.tests.unit.plugins.module_utils._manifests.fake_api import (
    Server,
    actions,
    cm,
    run,
)

NOTHING = {
    "kind": None,
    "api_version": None,
    "name": None,
    "label_selectors": None,
    "namespace": "default",
    "prune": False,
    "set_name": None,
    "state": "absent",
}


def with_labels(name, namespace="default", **labels):
    body = cm(name, namespace)
    return {**body, "metadata": {**body["metadata"], "labels": labels}}


def remove(server, check=False, **options):
    params = {**NOTHING, **options}
    check_choice(params)
    session = Session(server, time.monotonic() + 5, 5, check=check, wait=False)
    work = Run(session, params["namespace"])
    work.absent(chosen(session, params))
    return work


@pytest.fixture
def server():
    server = Server()
    run(server, [with_labels("a", app="shop"), with_labels("b", app="api"), with_labels("c", "other", app="shop")])
    server.writes.clear()
    return server


def test_labels_choose_within_the_namespace_only(server):
    assert actions(remove(server, kind="ConfigMap", label_selectors=["app=shop"])) == {"ConfigMap a": "deleted"}
    assert server.writes == ["delete ConfigMap a"]
    assert actions(remove(server, kind="ConfigMap", label_selectors=["app=shop"])) == {}


def test_check_mode_predicts_and_changes_nothing(server):
    work = remove(server, check=True, kind="ConfigMap", label_selectors=["app=shop"])
    assert actions(work) == {"ConfigMap a": "deleted"}
    assert server.writes == []


def test_a_name_chooses_one_object(server):
    assert actions(remove(server, kind="ConfigMap", name="c", namespace="other")) == {"ConfigMap c": "deleted"}
    assert actions(remove(server, kind="ConfigMap", name="none")) == {}


def test_an_unknown_api_version_has_nothing_to_remove_but_a_misspelt_kind_is_told(server):
    assert actions(remove(server, kind="Widget", api_version="example.test/v1", name="x")) == {}
    with pytest.raises(KubeError, match="Did you mean Deployment"):
        remove(server, kind="deploymnet", name="x")


def test_a_chosen_object_is_made_with_its_name_and_set_alone():
    session = Session(Server(), time.monotonic() + 5, 5, wait=False)
    params = {**NOTHING, "state": "present", "kind": "Namespace", "name": "shop", "set_name": "web"}
    check_choice(params)
    (manifest,) = chosen(session, params)
    assert manifest.body == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {SET_LABEL: "web"}},
    }
    work = Run(session, "default")
    work.present([manifest])
    assert actions(work) == {"Namespace shop": "created"}


def test_given_objects_are_chosen_by_the_labels_that_are_written():
    manifests = parse([with_labels("a", app="shop", tier="x"), with_labels("b", app="shop"), cm("c")])
    assert [each.name for each in labelled(manifests, ["app in (shop)", "!tier"])] == ["b"]
    assert labelled(manifests, ["app=none"]) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"label_selectors": []}, "is empty"),
        ({"label_selectors": ["a in b"]}, "is not a label selector"),
        ({"label_selectors": ["a"], "prune": True}, "does not go with prune"),
        ({"name": "x"}, "need kind"),
        ({"api_version": "v1"}, "need kind"),
        ({"kind": "Pod"}, "Which Pod"),
        ({"kind": "Pod", "state": "present"}, "needs name"),
        ({"kind": "Pod", "state": "present", "label_selectors": ["a"]}, "needs name"),
        ({"kind": "Pod", "name": "x", "label_selectors": ["a"]}, "give one"),
    ],
)
def test_choices_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ManifestsError, match=words):
        check_choice({**NOTHING, **options})
