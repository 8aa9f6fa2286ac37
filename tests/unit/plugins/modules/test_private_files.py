# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of private files."""

from __future__ import annotations

from ansible_collections.fortytwo.ft_services.plugins.modules.private_files import keep


def modes(folder):
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_files_are_written_once_and_are_private(tmp_path):
    folder = tmp_path / "new/manifests"
    wanted = {"a.yaml": "a\n", "b.yaml": "b\n"}
    told = keep(folder, wanted, "*.yaml", True)
    assert told["changed"]
    assert not folder.parent.exists()
    assert keep(folder, wanted, "*.yaml", False) == told
    assert modes(folder) == {"a.yaml": 0o600, "b.yaml": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert keep(folder, wanted, "*.yaml", False) == {
        "changed": False,
        "changed_files": [],
        "removed_files": [],
        "diff": [],
    }


def test_what_changed_is_told_and_what_is_gone_is_removed(tmp_path):
    keep(tmp_path, {"a.yaml": "a\n", "b.yaml": "b\n"}, None, False)
    (tmp_path / "mine.txt").write_text("stays")
    for dry in (True, False):
        told = keep(tmp_path, {"b.yaml": "new\n"}, "*.yaml", dry)
        assert (told["changed_files"], told["removed_files"]) == (["b.yaml"], ["a.yaml"])
        assert told["diff"][0] == {"header": str(tmp_path / "b.yaml"), "before": "b\n", "after": "new\n"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.yaml", "mine.txt"]
    assert (tmp_path / "b.yaml").read_text() == "new\n"


def test_without_a_pattern_others_stay(tmp_path):
    (tmp_path / "other.yaml").write_text("x")
    assert keep(tmp_path, {"a.yaml": "a"}, None, False)["removed_files"] == []
    assert (tmp_path / "other.yaml").exists()


def test_a_mode_that_others_may_read_is_mended(tmp_path):
    keep(tmp_path, {"a.yaml": "a"}, None, False)
    (tmp_path / "a.yaml").chmod(0o644)
    assert keep(tmp_path, {"a.yaml": "a"}, None, True)["changed"]
    assert keep(tmp_path, {"a.yaml": "a"}, None, False)["changed"]
    assert modes(tmp_path) == {"a.yaml": 0o600}
