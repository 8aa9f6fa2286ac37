# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services as the lookup plugin finds them: the collection's own and those of a user."""

from __future__ import annotations

import pathlib

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.fortytwo.ft_services.plugins.lookup import service_rows

SAMPLES = pathlib.Path(__file__).resolve().parents[3] / "integration/roles/services/samples"


def run(*terms, variables=None, **options):
    loader = DataLoader()
    plugin = service_rows.LookupModule(loader=loader, templar=Templar(loader=loader, variables=variables or {}))
    (rows,) = plugin.run([str(term) for term in terms], variables=variables or {}, **options)
    return {row["name"]: row for row in rows}


def test_settings_stand_in_the_place_of_templates_when_asked_for():
    variables = {
        "services_public_name": "platform.example",
        "services_address": "192.168.1.5",
        "services_state_path": "/s",
    }
    assert run(enabled=["nginx"], render=False)["nginx"]["links"][0]["url"] == "https://{{ services_public_name }}/"
    assert run(enabled=["nginx"], variables=variables)["nginx"]["links"][0]["url"] == "https://platform.example/"


def test_every_folder_with_a_row_is_a_service_and_knows_its_place():
    rows = run(SAMPLES, render=False)
    assert {"nginx", "backup", "sample-web"} <= set(rows)
    assert pathlib.Path(rows["sample-web"]["folder"]) == SAMPLES / "sample-web"
    assert rows["backup"]["kind"] == "job"


def test_a_value_is_checked_when_it_is_known(tmp_path):
    text = (SAMPLES / "sample-web/service.yml").read_text().replace("uid: 10091", 'uid: "{{ my_uid }}"')
    file = tmp_path / "sample-web/service.yml"
    file.parent.mkdir()
    file.write_text(text)
    options = {"enabled": ["sample-web"]}
    with pytest.raises(AnsibleLookupError, match=r"sample-web/service.yml: egress_to names sample-store"):
        run(tmp_path, **options, variables={"my_uid": 0})
    file.write_text(text.replace("egress_to", "# "))
    with pytest.raises(AnsibleLookupError, match=r"Nothing was changed. .*web/service.yml: uid must be a number"):
        run(tmp_path, **options, variables={"my_uid": 0})
    assert run(tmp_path, **options, variables={"my_uid": 10091})["sample-web"]["uid"] == 10091


def test_what_is_wrong_can_be_asked_for():
    def tried(**options):
        loader = DataLoader()
        (found,) = service_rows.LookupModule(loader=loader, templar=Templar(loader=loader)).run(
            [], render=False, problem=True, **options
        )
        return found

    good, bad = tried(), tried(disabled=["mysql"])
    assert (good["problem"], bad["rows"]) == ("", [])
    assert "mysql" in [row["name"] for row in good["rows"]]
    assert "wordpress needs mysql" in bad["problem"] or "phpmyadmin needs mysql" in bad["problem"]


def test_a_selection_may_be_a_text_of_the_command_line():
    assert set(run(enabled="influxdb,telegraf", render=False)) == {"influxdb", "telegraf"}
