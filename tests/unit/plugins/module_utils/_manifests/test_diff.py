# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import HIDDEN, HIDDEN_CHANGED
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.diff import (
    applied_label,
    difference,
    differs,
    normalised,
    to_yaml,
)

ME = "fortytwo.ft_services"


def obj(data=None, kind="ConfigMap", manager=None, fields=None, **metadata):
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a", **metadata}, "data": data or {}}
    if manager:
        entry = {"manager": manager, "operation": "Apply", "apiVersion": "v1", "time": "now", "fieldsV1": fields or {}}
        body["metadata"]["managedFields"] = [entry]
    return body


def test_noise_is_no_difference():
    noisy = obj({"a": "b"}, uid="u", resourceVersion="5", generation=3, creationTimestamp="t", selfLink="s")
    noisy["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    noisy["status"] = {"x": 1}
    assert normalised(noisy) == normalised(obj({"a": "b"})) == obj({"a": "b"})
    assert not differs(noisy, obj({"a": "b"}), ME)
    assert differs(noisy, obj({"a": "c"}), ME)


def test_taking_over_fields_is_a_change_and_shows_in_the_diff():
    fields = {"f:data": {".": {}, "f:a": {}}, "f:spec": {'k:{"name":"x"}': {"f:image": {}}}}
    live, wanted = obj({"a": "b"}, manager="kubectl"), obj({"a": "b"}, manager=ME, fields=fields)
    assert differs(live, wanted, ME)
    shown = difference("ConfigMap web/a", live, wanted, ME)
    assert shown["before"] == ""
    assert shown["after"].splitlines() == [
        f"data.a (managed by {ME} in v1)",
        f'spec[{{"name":"x"}}].image (managed by {ME} in v1)',
    ]


def test_only_the_record_of_this_manager_counts():
    assert not differs(obj(manager="kubectl"), obj(manager="other", fields={"f:data": {}}), ME)


def test_secret_diff_shows_which_keys_change_and_no_value():
    live = obj({"same": "c2FtZQ==", "changed": "b2xk", "gone": "Z29uZQ=="}, kind="Secret")
    wanted = obj({"same": "c2FtZQ==", "changed": "bmV3", "added": "YWRkZWQ="}, kind="Secret")
    shown = difference("Secret web/a", live, wanted, ME)
    assert f"changed: {HIDDEN}\n" in shown["before"]
    assert f"gone: {HIDDEN}\n" in shown["before"]
    assert f"changed: {HIDDEN_CHANGED}\n" in shown["after"]
    assert f"same: {HIDDEN}\n" in shown["after"]
    assert "gone" not in shown["after"]
    for value in ("b2xk", "bmV3", "c2FtZQ==", "YWRkZWQ=", "Z29uZQ=="):
        assert value not in shown["before"] + shown["after"]


def test_yaml_is_readable():
    assert to_yaml({}) == ""
    assert to_yaml({"b": "x\ny\n", "a": ["ü"]}) == "a:\n- ü\nb: |\n  x\n  y\n"


def test_copied_labels_are_not_applied_ones():
    fields = {"f:metadata": {"f:labels": {"f:set": {}}}}
    assert applied_label(obj(manager=ME, fields=fields), "set")
    copied = obj(manager=ME, fields=fields)
    copied["metadata"]["managedFields"][0]["operation"] = "Update"
    assert not applied_label(copied, "set")
    assert not applied_label(obj(), "set")
