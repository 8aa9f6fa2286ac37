# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of the corpus are manifests, and which differences are as they should be."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def corpus(program):
    return program("corpus")


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: here}\n"
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: here}\n"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (POD, True),
        (f"# c\n---\n{POD}---\n{POD}", True),
        ("a: b\n", False),
        ("# nothing\n", False),
        (f"{POD}---\nspec: {{}}\n", False),
        (POD.replace("here", "{{ here }}"), False),
        ("apiVersion: kustomize.config.k8s.io/v1\nkind: Component\n", False),
    ],
)
def test_manifests_are_told_from_other_files(corpus, tmp_path, text, is_one):
    (tmp_path / "a.yaml").write_text(text)
    assert corpus.is_manifest(tmp_path / "a.yaml") is is_one


@pytest.mark.parametrize(
    ("text", "ours", "theirs", "reason"),
    [
        (SPACE + "---\n" + POD, "", 'Error from server (NotFound): namespaces "here" not found', "counts as made"),
        (SPACE + "---\n" + POD, "", 'namespaces "here" not found\nError: quota exceeded', ""),
        (POD, "", 'namespaces "here" not found', ""),
        (POD, "line 2: the key a stands here again", "", "on purpose"),
        (POD, "refused", "", ""),
    ],
)
def test_differences_need_a_reason(corpus, tmp_path, text, ours, theirs, reason):
    (tmp_path / "a.yaml").write_text(text)
    found = corpus.exception(tmp_path / "a.yaml", ours, theirs)
    assert reason in found
    assert bool(found) is bool(reason)
