# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no list of pages names is on no page of the documentation."""

from __future__ import annotations

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_every_page_and_every_role_stands_in_the_index():
    lines = (ROOT / "docs" / "index.md").read_text(encoding="utf-8").splitlines()
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    roles = {f"../roles/{readme.parent.name}/README" for readme in ROOT.glob("roles/*/README.md")}
    assert roles
    assert sorted((pages | roles) - {*lines}) == []
