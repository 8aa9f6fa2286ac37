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
        "services_ssh_port": 22,
        "__services_ssh_hosts": ["platform.example"],
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


VARIABLES = {
    "services_address": "192.168.1.5",
    "services_namespace": "n",
    "services_profile": "p",
    "services_state_path": "/s",
    "services_kubectl_words": "kubectl -n n",
    "services_public_name": "192.168.1.5",
    "services_front_name": "192.168.1.5",
    "services_panels": True,
    "services_metrics_retention": "14d",
    "services_mail": {"mail": {}, "ca": "", "rules": []},
    "services_mail_password_file": "",
}


def test_who_uses_a_service_asks_where_it_is():
    options = {"enabled": ["mysql", "wordpress", "phpmyadmin"], "variables": VARIABLES, "ca": "/s/ca.crt"}
    own = run(**options)
    assert '"database_host": "mysql", "database_port": 3306' in own["wordpress"]["config"]["wordpress.json"]
    assert own["phpmyadmin"]["secret_files"]["database_ca.crt"] == {"file": "/s/ca.crt"}
    # What no setting fills is left out.
    assert "smtp_password" not in own["wordpress"]["secret_files"]
    assert "smtp_ca.crt" not in own["wordpress"]["config"]
    server = {"host": "10.1.2.3", "port": 3307, "ca": "/etc/db.crt", "secret": "mine"}
    rows = run(**options, external={"mysql": server})
    assert rows["mysql"]["kind"] == "external"
    assert rows["mysql"]["endpoint"] == {"host": "10.1.2.3", "port": 3307, "ca": "/etc/db.crt", "external": True}
    assert '"database_host": "10.1.2.3", "database_port": 3307' in rows["wordpress"]["config"]["wordpress.json"]
    assert rows["wordpress"]["secret_sources"][0]["key"] == "mysql_wordpress"
    for name in ("wordpress", "phpmyadmin"):
        assert rows[name]["secret_files"]["database_ca.crt"] == {"file": "/etc/db.crt"}


def test_the_measurements_may_go_to_a_server_outside():
    server = {"host": "influx.example.org", "ca": "/etc/i.crt", "addresses": ["10.1.2.4"]}
    names = ["influxdb", "telegraf", "grafana"]
    rows = run(enabled=names, variables=VARIABLES, external={"influxdb": server})
    for name in ("telegraf", "grafana"):
        url = {"name": "INFLUXDB_URL", "value": "https://influx.example.org:8086"}
        assert url in rows[name]["env"]
        assert {"file": "/etc/i.crt"} in rows[name]["secret_files"].values()


def test_a_server_outside_that_cannot_work_is_refused_before_anything_changes():
    with pytest.raises(AnsibleLookupError, match=r"Nothing was changed\. services_external.nginx: this service cannot"):
        run(render=False, external={"nginx": {"host": "10.1.2.3", "ca": "/ca"}})


def test_the_server_that_takes_mail_is_told_and_its_password_is_in_a_file():
    mail = {"mail": {"host": "192.0.2.7", "user": "site"}, "ca": "-----BEGIN", "rules": [{"ports": [{"port": 587}]}]}
    variables = {**VARIABLES, "services_mail": mail, "services_mail_password_file": "/s/smtp_password"}
    row = run(enabled=["mysql", "wordpress"], variables=variables)["wordpress"]
    assert '"mail": {"host": "192.0.2.7", "user": "site"}' in row["config"]["wordpress.json"]
    assert row["config"]["smtp_ca.crt"] == "-----BEGIN"
    assert row["secret_files"]["smtp_password"] == {"file": "/s/smtp_password"}
    assert row["egress_rules"] == mail["rules"]


def test_without_rights_in_the_cluster_services_are_off_or_ask_for_nothing():
    names = ["influxdb", "telegraf", "dashboard"]
    assert set(run(enabled=names, render=False)) == set(names)
    rows = run(enabled=names, variables=VARIABLES, cluster_rights=False)
    assert set(rows) == {"influxdb", "telegraf"}
    assert not {"cluster_rules", "egress_rules"} & set(rows["telegraf"])
    loader = DataLoader()
    plugin = service_rows.LookupModule(loader=loader, templar=Templar(loader=loader))
    (found,) = plugin.run([], enabled=names, render=False, problem=True, cluster_rights=False)
    assert found["off"] == ["telegraf measures no processors, memory and restarts", "dashboard is off"]
    (found,) = plugin.run([], enabled=["influxdb"], render=False, problem=True, cluster_rights=False)
    assert found["off"] == []


def test_a_service_with_an_address_of_its_own_is_called_by_it():
    variables = {**VARIABLES, "services_front_name": "10.0.0.1"}
    names = ["mysql", "wordpress", "phpmyadmin"]
    rows = run(enabled=names, variables=variables, addresses={"wordpress": "10.0.0.2"})
    assert rows["wordpress"]["links"][0]["url"] == "https://10.0.0.2:5050/"
    assert '"url": "https://10.0.0.2:5050"' in rows["wordpress"]["config"]["wordpress.json"]
    urls = [link["url"] for link in rows["phpmyadmin"]["links"] if "url" in link]
    assert urls == ["https://192.168.1.5:5000/", "https://10.0.0.1/phpmyadmin/"]
