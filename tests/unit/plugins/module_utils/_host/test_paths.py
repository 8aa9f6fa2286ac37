# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at some paths."""

from __future__ import annotations

import getpass
import os

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._host import paths

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_each_kind_is_told(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    kinds = {"file": "file", "link": "link", "pipe": "other", ".": "directory"}
    assert {name: paths.look(str(tmp_path / name), True)["type"] for name in kinds} == kinds
    assert paths.look(str(tmp_path / "file"), True)["sha256"] == EMPTY
    assert paths.look(str(tmp_path / "file"), False)["sha256"] is None
    assert paths.look(str(tmp_path / "link"), True)["sha256"] is None
    assert paths.look(str(tmp_path), True)["owner"] == getpass.getuser()


@pytest.mark.parametrize("name", ["none", "file/below"])
def test_what_is_not_there_is_told_too(tmp_path, name):
    (tmp_path / "file").touch()
    path = str(tmp_path / name)
    nothing = {"exists": False, "path": path, "type": None, "owner": None, "size": None, "mtime": None, "sha256": None}
    assert paths.look(path, True) == nothing


def test_size_and_time_are_told(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    os.utime(path, (1, 2.5))
    told = paths.look(str(path), False)
    assert (told["size"], told["mtime"]) == (3, 2.5)


def test_the_home_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.look("~/none", False)["path"] == str(tmp_path / "none")


def test_an_owner_without_a_name_is_a_number():
    assert paths.owner_of(987654) == "987654"
