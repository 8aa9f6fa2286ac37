# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import (
    SET_LABEL,
    ManifestError,
    duplicates,
    parse,
    place,
)


def cm(name="a", **more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


@pytest.mark.parametrize("empty", [None, "", "# only a comment", "---\n---\n# x\n", [], {}, [{}, "", "# y"]])
def test_input_without_objects(empty):
    assert parse(empty) == []


def test_documents_lists_and_mappings_keep_their_place(tmp_path):
    (tmp_path / "b.yml").write_text("# first\n---\n" + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: file}\n")
    (tmp_path / "a.txt").write_text("not: read")
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: item}\n---\n" + str(
        cm("doc")
    )
    found = parse([cm("inline"), text], [str(tmp_path)])
    assert [(each.name, each.source) for each in found] == [
        ("inline", "definitions[1]"),
        ("item", "definitions[2], document 1 (line 1), item 1"),
        ("doc", "definitions[2], document 2 (line 8)"),
        ("file", f"{tmp_path}/b.yml, document 1 (line 3)"),
    ]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("a: [1,", "not valid YAML"),
        ("a: 1\nb: 2\na: 3", "line 3: the key a stands here again (first in line 1)"),
        ("just text", "a mapping is needed"),
        ("kind: Pod\nmetadata: {name: x}", "apiVersion is missing"),
        ({"apiVersion": "v1", "kind": "Pod"}, "has no metadata"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": 5}}, "has no metadata.name"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {~: a}", "put it in quotes"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: &loop {a: *loop}", "contains itself"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: !!binary //8=", "not text"),
        ("apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization", "kubectl kustomize"),
        ({"kind": "ConfigMap", "items": []}, "has the field items"),
        ({"data": float("inf")}, ".data: JSON, and so Kubernetes"),
        ({"data": {1.5, 2}}, "of the YAML type set"),
        ("a: \x00", "characters that YAML does not allow"),
    ],
)
def test_bad_input_is_refused_with_its_place(bad, words):
    with pytest.raises(ManifestError, match=r"definitions\[1\]") as caught:
        parse(bad)
    assert words in str(caught.value)


def test_yaml_errors_never_quote_the_text():
    for text in (
        "password: *hunter22",
        "password: &hunter22",
        "password: 'hunter22",
        "password: hunter22: x",
        "a: %hunter22",
    ):
        with pytest.raises(ManifestError) as caught:
            parse(text)
        assert "hunter22" not in str(caught.value)


def test_missing_file_and_empty_folder(tmp_path):
    with pytest.raises(ManifestError, match=r"cannot read .*/nope on the target"):
        parse(None, [f"{tmp_path}/nope"])
    with pytest.raises(ManifestError, match="holds no file"):
        parse(None, [str(tmp_path)])


def test_dates_stay_text_and_numbers_become_keys():
    (found,) = parse("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {8080: 2024-01-01}")
    assert found.body["data"] == {"8080": "2024-01-01"}


def test_typed_lists_say_what_their_objects_are():
    found = parse({"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {"name": "a"}}, cm("b")]})
    assert [(each.api_version, each.kind, each.name) for each in found] == [
        ("v1", "ConfigMap", "a"),
        ("v1", "ConfigMap", "b"),
    ]
    assert parse({"apiVersion": "v1", "kind": "List", "items": None}) == []
    with pytest.raises(ManifestError, match="item 1: apiVersion is missing"):
        parse({"apiVersion": "v1", "kind": "List", "items": [{"metadata": {"name": "a"}}]})


def test_inline_numbers_are_those_of_kubectl():
    (found,) = parse(cm(data={"a": 1e3, "b": 2**64, "c": 1.5, True: "d"}))
    assert found.body["data"] == {"a": 1000, "b": 18446744073709552000, "c": 1.5, "true": "d"}


def test_what_the_server_writes_is_dropped_and_the_label_added():
    body = cm(status={"a": 1})
    body["metadata"].update(uid="u", resourceVersion="1", managedFields=[], creationTimestamp=None, labels={"app": "x"})
    (found,) = parse(body, None, "shop")
    assert found.body == cm(metadata={"name": "a", "labels": {"app": "x", SET_LABEL: "shop"}})
    assert "uid" in body["metadata"]  # The option's own value is left alone.


def test_string_data_becomes_data_and_wins():
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "eA=="}}
    (found,) = parse({**secret, "stringData": {"a": "new", "b": "two"}})
    decoded = {key: base64.b64decode(value).decode() for key, value in found.body["data"].items()}
    assert decoded == {"a": "new", "b": "two"}
    assert "stringData" not in found.body
    with pytest.raises(ManifestError, match=r"stringData\.pin .* not a string"):
        parse({**secret, "stringData": {"pin": 1234}})


def test_order_of_kinds():
    kinds = [
        ("metallb.io/v1beta1", "IPAddressPool"),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
        ("apps/v1", "Deployment"),
        ("v1", "Service"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        ("v1", "Secret"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("v1", "Namespace"),
    ]
    found = parse([{"apiVersion": version, "kind": kind, "metadata": {"name": "x"}} for version, kind in kinds])
    assert [each.kind for each in sorted(found, key=lambda each: each.rank)] == [
        kind for dummy, kind in reversed(kinds)
    ]


def test_namespace_is_filled_in_or_taken_out():
    own, plain, wide = parse([cm(metadata={"name": "a", "namespace": "own"}), cm("b"), cm("c")])
    place(own, True, "default")
    place(plain, True, "web")
    wide.body["metadata"]["namespace"] = "web"
    place(wide, False, "web")
    assert [each.namespace for each in (own, plain, wide)] == ["own", "web", None]
    assert "namespace" not in wide.body["metadata"]
    assert plain.label == "ConfigMap web/b"


def test_duplicates_name_both_places():
    found = parse([cm(), cm("b"), cm()])
    for each in found:
        place(each, True, "web")
    assert duplicates(found) == ["ConfigMap web/a is defined twice: definitions[1] and definitions[3]"]
