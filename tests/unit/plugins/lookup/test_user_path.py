# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest
from ansible.errors import AnsibleLookupError

from ansible_collections.fortytwo.ft_services.plugins.lookup.user_path import LookupModule

ROLES = pathlib.Path(__file__).resolve().parents[4] / "roles"


@pytest.fixture
def run(monkeypatch):
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return LookupModule().run


def test_the_folders_are_those_of_the_user(run):
    assert run(["bundle", "images"], {}) == ["~/.cache/ft_services/bundle", "~/.cache/ft_services/images"]
    assert run(["x"], {}, base="state") == ["~/.local/state/ft_services/x"]


def test_the_environment_may_name_others(run, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache")
    monkeypatch.setenv("XDG_STATE_HOME", "")
    assert run(["bundle"], {}) == ["/var/cache/ft_services/bundle"]
    assert run(["x"], {}, base="state") == ["~/.local/state/ft_services/x"]


def test_another_base_is_refused(run):
    with pytest.raises(AnsibleLookupError, match="cache, state"):
        run(["x"], {}, base="data")


def test_no_role_or_playbook_has_the_rule_itself():
    files = [*ROLES.glob("*/*/*.yml"), *ROLES.parent.glob("playbooks/**/*.yml")]
    texts = {file: file.read_text(encoding="utf-8") for file in files if file.name != "argument_specs.yml"}
    assert len(texts) > 30
    assert [str(file) for file, text in texts.items() if "XDG_" in text] == []
