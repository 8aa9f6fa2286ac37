# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs of the roles, as the lookup plugin finds them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.fortytwo.ft_services.plugins.lookup import role_specs


@pytest.fixture
def lookup(tmp_path, monkeypatch):
    for role, folder, name, text in (
        ("one", "meta", "argument_specs.yml", "argument_specs: {main: {options: {one_size: {type: int}}}}"),
        ("one", "vars", "table.yml", "one_table: []"),
        ("one", "vars", "main.yml", "# nothing\n"),
        ("two", "meta", "argument_specs.yml", "argument_specs: {main: {options: {}}}"),
        ("bare", "meta", "main.yml", "galaxy_info: {}"),
    ):
        path = tmp_path / role / folder
        path.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    monkeypatch.setattr(role_specs, "ROLES", tmp_path)
    return role_specs.LookupModule(loader=DataLoader())


def test_every_role_with_specs_is_found(lookup):
    (specs,) = lookup.run([])
    assert list(specs) == ["one", "two"]
    assert specs["one"]["argument_specs"]["main"]["options"] == {"one_size": {"type": "int"}}
    assert specs["one"]["internal_variables"] == ["one_table"]


def test_some_roles(lookup):
    assert list(lookup.run(["two"])[0]) == ["two"]
    with pytest.raises(AnsibleLookupError, match="bare"):
        lookup.run(["bare"])


@pytest.mark.parametrize("role", sorted(path.parents[1].name for path in role_specs.ROLES.glob("*/defaults/main.yml")))
def test_every_default_of_a_role_is_a_documented_setting(role):
    loader = DataLoader()
    (specs,) = role_specs.LookupModule(loader=loader).run([role])
    documented = {name for entry in specs[role]["argument_specs"].values() for name in entry["options"]}
    defaults = loader.load_from_file(str(role_specs.ROLES / role / "defaults" / "main.yml"))
    # Otherwise playbooks/tasks/check_settings.yml would refuse the role's own default.
    assert set(defaults) <= documented
