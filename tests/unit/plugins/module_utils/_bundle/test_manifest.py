# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import shutil

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle import manifest as manifest_util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import (
    Bundle,
    BundleError,
)


@pytest.fixture
def bundle(tmp_path):
    made = Bundle(tmp_path / "bundle")
    for name, text in (("bin/tool", "a program"), ("apk/x/one", "1"), ("apk/x/two", "22")):
        file = made.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    made.record_tree("bin/tool", "recipe", "forge")
    made.record_tree("apk", "recipe", "forge")
    return made


def hashed(monkeypatch):
    """Return the list that the names of hashed files go to from now on."""
    names = []
    real = manifest_util.sha256_of
    monkeypatch.setattr(manifest_util, "sha256_of", lambda path: names.append(path.name) or real(path))
    return names


def test_an_untouched_file_is_not_hashed_again(bundle, monkeypatch):
    names = hashed(monkeypatch)
    assert Bundle(bundle.root).problems() == {}
    assert names == []
    assert Bundle(bundle.root).problems(thorough=True) == {}
    assert sorted(names) == ["one", "tool", "two"]


def test_a_copy_is_hashed_once(bundle, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(bundle.root, copy)
    names = hashed(monkeypatch)
    copied = Bundle(copy)
    assert copied.problems() == {}
    assert sorted(names) == ["one", "tool", "two"]
    copied.save_stamps()
    assert Bundle(copy).problems() == {}
    assert len(names) == 3


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda file: file.unlink(), "missing"),
        (lambda file: os.truncate(file, 3), "3 bytes instead of 9: truncated or changed"),
        (lambda file: file.write_text("A program"), "content changed: its SHA-256 is not the recorded one"),
    ],
)
def test_a_damaged_file_is_told_and_not_current(bundle, change, problem):
    change(bundle.root / "bin/tool")
    found = Bundle(bundle.root)
    assert found.problems() == {"bin/tool": problem}
    assert not found.current("bin/tool")
    assert found.current("apk")


def test_a_change_that_keeps_size_and_time_is_found_thoroughly_and_remembered(bundle):
    file = bundle.root / "bin/tool"
    before = file.stat()
    file.write_text("A program")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = Bundle(bundle.root)
    assert found.problems() == {}
    assert list(found.problems(thorough=True)) == ["bin/tool"]
    found.save_stamps()
    assert list(Bundle(bundle.root).problems()) == ["bin/tool"]


def test_a_folder_is_current_only_with_all_its_files_and_an_accepted_recipe(bundle):
    assert bundle.current("apk", {"other", "recipe"})
    assert not bundle.current("apk", {"other"})
    assert not bundle.current("ap")
    (bundle.root / "apk/x/one").unlink()
    assert not bundle.current("apk", {"recipe"})


def test_the_memory_of_what_was_verified_may_be_lost(bundle):
    (bundle.root / manifest_util.STAMPS).write_text("half a f")
    assert Bundle(bundle.root).problems() == {}


@pytest.mark.parametrize("text", ["half a f", "[]", json.dumps({"format": 2, "artifacts": {}})])
def test_a_manifest_that_cannot_be_used_is_an_error_that_names_it(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        Bundle(tmp_path)
