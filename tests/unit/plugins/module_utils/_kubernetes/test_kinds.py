# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.failures import Failure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import (
    KINDS,
    Kind,
    Order,
    Prune,
    kind_of,
    state_of,
    waitable,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.readiness import READY, State
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import SET_LABEL, parse
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.prune import prunable
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.wait import Target, WatchCache


def test_kinds_that_nobody_knows_are_custom_and_ready_when_they_exist():
    assert kind_of("metallb.io", "IPAddressPool") == Kind(Order.CUSTOM)
    assert kind_of("policy", "PodDisruptionBudget") == Kind(Order.BASE)
    assert state_of("metallb.io", "IPAddressPool", {}).ready
    assert not waitable("metallb.io", "IPAddressPool")


def test_a_new_kind_is_one_entry(monkeypatch):
    """Order, readiness, what to watch, failures, hint and protection of a kind all follow from one line."""
    disks = "example.test/v1", "Disk", "disks"

    def ready(body, around):
        return READY if body.get("status") == "on" else State(False, "it spins up")

    entry = Kind(
        Order.BASE,
        ready,
        also_watch=kind_of("apps", "StatefulSet").also_watch,
        failures=lambda body: [Failure("k", 0, "Broken", "", "")] if body.get("status") == "broken" else [],
        pods=kind_of("apps", "StatefulSet").pods,
        hint="Look at its lamp.",
        prune=Prune.WITH_DATA,
    )
    monkeypatch.setitem(KINDS, ("example.test", "Disk"), entry)
    resource = Resource(*disks, True)
    body = {"apiVersion": "example.test/v1", "kind": "Disk", "metadata": {"name": "d", "namespace": "w", "uid": "u"}}

    (manifest,) = parse(body)
    assert manifest.rank == Order.BASE
    assert waitable("example.test", "Disk")
    assert state_of("example.test", "Disk", body).why == "it spins up"
    assert state_of("example.test", "Disk", {**body, "status": "on"}).ready
    target = Target(resource, "w", "d", "here", lambda found, around: READY, body)
    assert target.side_paths() == ["/api/v1/namespaces/w/pods"]
    pod = {"metadata": {"name": "d-0", "namespace": "w", "ownerReferences": [{"uid": "u"}]}}
    cache = WatchCache()
    cache.replace("/api/v1/namespaces/w/pods", [pod])
    assert target.pods(cache) == [pod]
    assert [each.reason for each in target.kind.failures({"status": "broken"})] == ["Broken"]
    assert target.kind.hint == "Look at its lamp."
    applied = {"f:metadata": {"f:labels": {f"f:{SET_LABEL}": {}}}}
    body["metadata"]["managedFields"] = [{"operation": "Apply", "fieldsV1": applied}]
    assert not prunable(body, resource, set(), with_data=False)
    assert prunable(body, resource, set(), with_data=True)


@pytest.mark.parametrize(("group", "kind"), sorted(KINDS))
def test_the_table_holds_only_what_its_own_functions_accept(group, kind):
    entry, body = KINDS[(group, kind)], {"metadata": {"name": "x", "namespace": "w", "uid": "u"}}
    assert isinstance(state_of(group, kind, body), State)
    assert entry.failures(body) == []
    for resource, namespace in entry.also_watch("w", body):
        assert resource.path(namespace).startswith("/api")
    assert entry.hint
