# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import pathlib
import subprocess

from ansible_collections.fortytwo.ft_services.plugins.module_utils._host import room as util


def test_folders_of_one_file_system_are_told_once(tmp_path):
    (found, other) = util.file_systems([str(tmp_path), "/proc", str(tmp_path / "not/there"), str(tmp_path)])
    assert found["paths"] == [str(tmp_path), str(tmp_path / "not/there")]
    assert other["mount"] == "/proc"
    assert other["inodes"] is other["inodes_free"] is None


def test_it_agrees_with_df(tmp_path):
    (found,) = util.file_systems([str(tmp_path)])
    words = ["df", "--block-size=1", "--output=target,size,avail,itotal,iavail", str(tmp_path)]
    mount, size, free, inodes, inodes_free = (
        subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[1].split()
    )
    assert (found["mount"], found["size"], found["inodes"] or 0) == (mount, int(size), int(inodes))
    # Others write meanwhile.
    assert abs(found["free"] - int(free)) < 2**30
    assert abs((found["inodes_free"] or 0) - int(inodes_free)) < 100_000


def test_a_link_leads_to_the_file_system_of_its_target(tmp_path):
    (tmp_path / "link").symlink_to("/proc")
    assert util.mount_of(str(tmp_path / "link")) == "/proc"
    assert pathlib.Path(util.mount_of(str(tmp_path))).is_mount()
    assert os.path.ismount(util.mount_of("/"))
