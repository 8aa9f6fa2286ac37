# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.texts import ManifestError, documents


def values(text):
    return [value for value, _place in documents(text, "x")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("default: =", [{"default": "="}]),
        ("a: &a {x: 1}\nb: {<<: *a, z: 2}", [{"a": {"x": 1}, "b": {"x": 1, "z": 2}}]),
        ("a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: [*a, *b]}", [{"a": {"x": 1}, "b": {"x": 2}, "c": {"x": 1}}]),
        ("a: &a {x: 1}\nb: {<<: *a, <<: {z: 1}}", [{"a": {"x": 1}, "b": {"x": 1, "z": 1}}]),
        ("a: &a {x: 1}\nb: {x: 2, <<: *a}", [{"a": {"x": 1}, "b": {"x": 1}}]),  # kubectl goes by the order
        ('{"<<": {a: 1}}', [{"<<": {"a": 1}}]),
        ("a: &x 1\nb: &x 2\nc: *x", [{"a": 1, "b": 2, "c": 2}]),
        ("a: ! 12\nb: !!set {x, z}", [{"a": "12", "b": {"x": None, "z": None}}]),
        ("a: 1\r\n---\r\nb: |\r\n  x\r\n", [{"a": 1}, {"b": "x\n"}]),
        # The line break before a separator is the document's.
        ("a: |\n  x\n---\nb: |\n  y", [{"a": "x\n"}, {"b": "y\n"}]),
        ("--- # c\na: 1\n---\n\n---  \n# c\n--- \nb: 1\n---", [{"a": 1}, {"b": 1}]),
        ("\ufeffa: 1\n---\n\ufeffb: 1", [{"a": 1}, {"b": 1}]),
        ('{"a": "\\ud83d\\ude00", "b": "\\/", "c": 1e3, "d": 1.0}', [{"a": "😀", "b": "/", "c": 1000, "d": 1}]),
        ('{"a": 1}{"b": 2}\n{"c": 3}', [{"a": 1}, {"b": 2}, {"c": 3}]),
        ('{"a": 1}\n---\nb: 2', [{"a": 1}, {"b": 2}]),
        ("{a: 1, b: yes}", [{"a": 1, "b": True}]),
        ("null", [None]),
        ("a: |\n  x", [{"a": "x\n"}]),
        ("a: |+\n  x\n\n", [{"a": "x\n\n"}]),
    ],
)
def test_documents_as_kubectl_reads_them(text, found):
    assert values(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\n--- b", "line 2: a line that begins with three dashes"),
        ("a: 1\n----", "three dashes"),
        ("a: 1\n...\nb: 1", "follows the end of the document"),
        ("a: {b: 1, b: 2}", "line 1: the key b stands here again"),
        ("a: 1\n---\n{1: a, '1': b}", "x, document 2: line 3: the key 1 stands here again"),
        ('{"a": {"b": 1, "b": 2}}', "the key b stands there twice"),
        ('{"a": 1}\n{"b": 2}\n---\nc: 3', "x, document 3: not valid JSON"),
        ('{"a": "\\ud83d"}', "half of a surrogate pair"),
        ('{"a": 1e400}', "infinite"),
        ('{"a": 1', "nor is it JSON: Expecting ',' delimiter (line 1"),
        ('a: "\\ud83d\\ude00"', "not valid YAML"),
        ("a: .inf", "line 1: JSON, and so Kubernetes"),
        ("a: *b", "an alias has no anchor before it"),
        ("a: &a [*a]", "contains itself"),
        ("{<<: x}", "the value of << is not a mapping"),
        ("a: &a [{}]\nb: {<<: *a}", "the value of << is not a mapping"),
        ("? [a]\n: 1", "a key is a list or a mapping"),
        ("a: " + "[" * 300 + "]" * 300, "nested more than 200 deep"),
        ('{"a": ' + "[" * 100000 + "]" * 100000 + "}", "nested too deep"),
        ("a: !!int hunter22", "does not fit its tag !!int"),
    ],
)
def test_what_is_refused_and_why(text, words):
    with pytest.raises(ManifestError) as caught:
        values(text)
    assert words in str(caught.value)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("leaf", ["x", "x" * 100_000])
def test_alias_bombs_end_at_once(leaf):
    lines = [f"a0: &a0 {leaf}"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]" for number in range(1, 30)]
    began = time.monotonic()
    with pytest.raises(ManifestError, match="the aliases add more than"):
        values("\n".join(lines))
    assert time.monotonic() - began < 2


def test_places_count_the_lines_of_the_whole_text():
    found = [place for _value, place in documents("# c\na: 1\n---\n# c\n\nb: 1\n", "f")]
    assert found == ["f, document 1 (line 2)", "f, document 2 (line 6)"]
    found = [place for _value, place in documents('{"a": 1}\n\n{"b":\n1} {"c": 1}', "f")]
    assert found == ["f, document 1 (line 1)", "f, document 2 (line 3)", "f, document 3 (line 4)"]
