# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test in a folder that pytest passes over would seem to pass for ever."""

from __future__ import annotations

import fnmatch
import pathlib

TESTS = pathlib.Path(__file__).resolve().parents[2]


def test_no_folder_with_tests_is_passed_over(pytestconfig):
    passed_over = pytestconfig.getini("norecursedirs")
    folders = {parent for file in TESTS.rglob("test_*.py") for parent in file.relative_to(TESTS).parents}
    assert folders
    assert [
        str(folder) for folder in folders if any(fnmatch.fnmatch(folder.name, pattern) for pattern in passed_over)
    ] == []
