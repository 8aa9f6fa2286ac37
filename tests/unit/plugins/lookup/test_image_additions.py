# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What settings add to images, as the lookup plugin finds it."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.fortytwo.ft_services.plugins.lookup import image_additions

ROWS = [{"name": "web", "additions": {"more": {"setting": "my_pages", "file": "*.html", "header": "Title"}}}]


def run(variables, **options):
    templar = Templar(loader=DataLoader(), variables=variables)
    (found,) = image_additions.LookupModule(loader=DataLoader(), templar=templar).run([ROWS], **options)
    return found


def test_a_setting_may_be_a_template_and_need_not_be_there(tmp_path):
    (tmp_path / "start").mkdir()
    (tmp_path / "start/index.html").write_text("Title: Start\n")
    assert run({}) == []
    (found,) = run({"my_pages": [trust_as_template("{{ here }}/start")], "here": str(tmp_path)})
    assert (found["service"], found["path"], found["title"]) == ("web", "more/start", "Start")


def test_what_is_wrong_is_raised_or_told():
    with pytest.raises(AnsibleLookupError, match=r"Nothing was changed. my_pages: there is no /none"):
        run({"my_pages": ["/none"]})
    told = run({"my_pages": ["/none"]}, problem=True)
    assert told["additions"] == []
    assert told["problem"].startswith("my_pages: there is no /none")
    assert run({}, problem=True) == {"additions": [], "problem": ""}
