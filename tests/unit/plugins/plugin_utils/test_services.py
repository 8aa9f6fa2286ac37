# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of services: what is refused, and which are on."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _services

ROW = {
    "name": "web",
    "title": "Web",
    "description": "Serves.",
    "type": "LoadBalancer",
    "uid": 10042,
    "ports": [{"name": "https", "port": 7000, "target": 7000}],
    "processes": ["nginx"],
    "liveness": ["healthy"],
    "resources": {"cpu": "10m", "cpu_limit": "1", "memory": "16Mi", "memory_limit": "48Mi"},
}


def row(**changes):
    return {**copy.deepcopy(ROW), **changes}


def complete(given, **choice):
    """The rows that are on, complete."""
    found = rows(*given)
    return _services.complete(_services.select(found, **choice), {path.name: path for path in found})


def check(changed):
    return _services.check_row(changed, Path("/own") / str(changed.get("name")) / "service.yml")


def rows(*given):
    return {Path("/own") / each["name"]: each for each in given}


def test_a_row_with_what_it_needs_is_taken_as_it_is():
    assert check(row()) == ROW


@pytest.mark.parametrize("key", sorted(ROW))
def test_a_missing_key_is_refused_with_its_name(key):
    changed = row()
    del changed[key]
    with pytest.raises(_services.ServicesError, match=f"service.yml: {key} is missing"):
        _services.check_row(changed, Path("/own/web/service.yml"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prot": 1}, "prot is not a key"),
        ({"uid": "10042"}, "uid must be a number"),
        ({"uid": 0}, "uid must be a number from 1000"),
        ({"uid": True}, "uid must be a number"),
        ({"type": "NodePort"}, "type must be one of LoadBalancer, ClusterIP"),
        ({"ports": {"https": 1}}, "ports must be a list"),
        ({"ports": [{"name": "https", "port": 70000, "target": 7000}]}, "ports.0.port must be a number"),
        ({"ports": [{"name": "https", "port": 80, "target": 80}]}, "ports.0.target must be a number from 1024"),
        (
            {"ports": [{"name": "https", "port": 80, "target": 8080, "protocol": "UDP"}]},
            "ports.0.protocol is not a key",
        ),
        ({"resources": {"cpu": 1}}, "resources.memory is missing.*resources.cpu must be a quantity in quotes"),
        ({"liveness": "healthy"}, "liveness must be a list"),
        ({"tls": "yes"}, "tls must be true or false"),
        ({"name": "Web"}, "name must be a name"),
        ({"backup": "tar"}, "backup needs storage"),
        ({"config": {"a": 5}}, "config.a must be a text"),
        ({"external": {"credentials": ["web_admin"]}}, "external.credentials names web_admin, which credentials does"),
        ({"kind": "job"}, "type is not a key"),
        ({"additions": {"extra": {"setting": "mine", "file": "*"}}}, "additions.extra.header is missing"),
        ({"port_range": {"name": "x", "first": 3000, "last": 2000}}, "port_range.first is greater"),
    ],
)
def test_a_wrong_row_is_refused_with_file_key_and_reason(changes, words):
    with pytest.raises(_services.ServicesError, match=f"/service.yml: .*{words}"):
        check(row(**changes))


@pytest.mark.parametrize("content", [None, [], "text"])
def test_a_file_without_a_mapping_is_refused(content):
    with pytest.raises(_services.ServicesError, match="must hold the keys of one service"):
        _services.check_row(content, Path("/own/web/service.yml"))


def test_the_folder_and_the_row_have_one_name():
    with pytest.raises(_services.ServicesError, match="name is web, but the folder is site"):
        _services.check_row(row(), Path("/own/site/service.yml"))


def test_a_template_may_stand_for_any_value():
    assert check(row(uid="{{ my_uid }}", ports="{{ my_ports }}"))


def test_order_decides_then_the_name():
    given = [("b", 1001, 100), ("a", 1002, 100), ("c", 1003, 1)]
    found = _services.select(rows(*(row(name=name, uid=uid, order=order, ports=[]) for name, uid, order in given)))
    assert [each["name"] for each in found] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"uid": 10042}, "uid 10042 is that of"),
        ({"ports": [{"name": "x", "port": 7000, "target": 7001}]}, "port 7000 is that of"),
        ({"port_range": {"name": "x", "first": 6999, "last": 7001}}, "port 7000 is that of"),
        ({"credentials": [{"name": "web_admin"}]}, "credential web_admin is that of"),
        ({"route": {"path": "/web", "mode": "redirect", "port": 7100}}, "route.path /web is that of"),
    ],
)
def test_two_services_do_not_want_the_same(other, words):
    one = row(credentials=[{"name": "web_admin"}], route={"path": "/web", "mode": "redirect", "port": 7000})
    two = row(**{"name": "zweb", "uid": 10043, "ports": [{"name": "https", "port": 7100, "target": 7100}], **other})
    with pytest.raises(
        _services.ServicesError, match=f"/own/zweb/service.yml: {words} web already .*/own/web/service.yml"
    ):
        complete([one, two])
    assert complete([one, two], disabled=["zweb"])


def test_inner_ports_may_be_the_same():
    two = row(name="zweb", uid=10043, type="ClusterIP")
    assert len(complete([row(), two])) == 2


def test_who_needs_a_service_that_is_off_is_named():
    store = row(name="store", uid=10043, ports=[])
    web = row(requires=["store"])
    assert len(_services.select(rows(store, web))) == 2
    for choice in ({"disabled": ["store"]}, {"enabled": ["web"]}):
        with pytest.raises(_services.ServicesError, match=r"/own/web/service.yml: web needs store"):
            _services.select(rows(store, web), **choice)
    assert [each["name"] for each in _services.select(rows(store, web), enabled=["store"])] == ["store"]


def test_a_peer_that_is_off_is_no_trouble_and_one_that_does_not_exist_is():
    store = row(name="store", uid=10043, ports=[])
    web = row(egress_to=["store"])
    assert len(_services.select(rows(store, web), disabled=["store"])) == 1
    with pytest.raises(_services.ServicesError, match="egress_to names store"):
        _services.select(rows(web))


@pytest.mark.parametrize("setting", ["enabled", "disabled"])
def test_an_unknown_name_in_a_setting_is_refused(setting):
    with pytest.raises(_services.ServicesError, match=f"services_{setting}: there is no service wep; there are web"):
        _services.select(rows(row()), **{setting: ["wep"]})


def test_the_front_door_connects_to_those_it_is_a_proxy_for():
    front = row(name="front", uid=10043, ports=[], serves_routes=True, egress_to=["web"])
    proxied = row(name="api", uid=10044, ports=[], route={"path": "/api", "mode": "proxy", "port": 7000})
    found = {each["name"]: each for each in complete([row(), front, proxied])}
    assert found["front"]["egress_to"] == ["web", "api"]


def test_the_ports_of_a_range_are_listed():
    (found,) = complete([row(port_range={"name": "passive", "first": 30000, "last": 30001})])
    assert [(port["name"], port["port"], port["target"]) for port in found["all_ports"]] == [
        ("https", 7000, 7000),
        ("passive-30000", 30000, 30000),
        ("passive-30001", 30001, 30001),
    ]


def test_folders_are_found_once(tmp_path):
    for place in ("one/web", "two/web", "two/none"):
        (tmp_path / place).mkdir(parents=True)
    for place in ("one", "two"):
        (tmp_path / place / "web/service.yml").touch()
    assert _services.find_folders([tmp_path / "two"]) == {"web": tmp_path / "two/web"}
    with pytest.raises(_services.ServicesError, match=r"two/web/service.yml: .*one/web has a service of that name"):
        _services.find_folders([tmp_path / "one", tmp_path / "two"])
    with pytest.raises(_services.ServicesError, match="services_paths: there is no folder"):
        _services.find_folders([tmp_path / "three"])
    with pytest.raises(_services.ServicesError, match="services_paths: services is no absolute path"):
        _services.find_folders(["services"])
