# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import (
    HIDDEN,
    hide_input,
    hide_values,
    redact,
    secrets_in,
)


def obj(data=None, kind="ConfigMap", **metadata):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a", **metadata}, "data": data or {}}


def test_every_unknown_field_of_a_secret_is_hide_values():
    body = {**obj({"a": "x"}, kind="Secret"), "datta": {"a": "y"}, "stringData": "z", "type": "Opaque"}
    assert hide_values(body) == {
        **obj({"a": HIDDEN}, kind="Secret"),
        "datta": {"a": HIDDEN},
        "stringData": HIDDEN,
        "type": "Opaque",
    }
    assert hide_values(obj({"a": "x"})) == obj({"a": "x"})


def test_shown_input_hides_texts_and_secrets_also_in_lists():
    secret = obj(
        {"a": "x"}, kind="Secret", annotations={"kubectl.kubernetes.io/last-applied-configuration": "x", "b": "c"}
    )
    hidden = hide_input([{"kind": "List", "items": [secret]}, "data: x", obj({"a": "x"}), {**secret, "items": ["x"]}])
    inner = hidden[0]["items"][0]
    assert inner["data"] == {"a": HIDDEN}
    assert inner["metadata"]["annotations"] == {"kubectl.kubernetes.io/last-applied-configuration": HIDDEN, "b": "c"}
    assert hidden[1] == HIDDEN
    assert hidden[2] == obj({"a": "x"})
    assert hidden[3]["items"] == HIDDEN


def test_scrubbing():
    assert redact("got Value:12345} and c2VjcmV0", ["12345", "c2VjcmV0"]) == f"got Value:{HIDDEN}}} and {HIDDEN}"
    # A short value only where it stands alone: "a" is in many words.
    assert redact("a data a", ["a"]) == f"{HIDDEN} data {HIDDEN}"
    assert redact("a data a", ["a"], shortest=6) == "a data a"
    assert redact("abcdef abc", ["abc", "abcdef"]) == f"{HIDDEN} {HIDDEN}"
    assert redact("WordPress press admin1x", ["Press", "press", "admin1"]) == f"WordPress {HIDDEN} {HIDDEN}x"


def test_secrets_include_misspelt_fields_but_not_the_names_and_images_of_objects():
    secret = {**obj({"user": "wordpress", "proxy": "nginx"}, kind="Secret"), "dta": {"x": "hidden-one"}}
    secret["stringData"] = {"p": "pass word", "empty": " "}
    pod = {
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "local/nginx-light:1"}]},
    }
    deployment = {"kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": {"spec": pod["spec"]}}}
    for other in (pod, deployment):
        found = secrets_in([secret, {**obj(), "metadata": {"name": "wordpress"}}, other])
        assert {"hidden-one", "pass word"} <= found
        assert not {"wordpress", "nginx", " "} & found
    both = base64.b64encode(b"pass word").decode()
    assert secrets_in([obj({"p": both}, kind="Secret")]) == {"pass word", both}
