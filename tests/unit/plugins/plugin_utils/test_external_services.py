# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers outside of the cluster in the place of services: what is refused, and what is left of a row."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _external_services, _services

STORE = {
    "name": "store",
    "title": "Store",
    "description": "Keeps.",
    "folder": "/own/store",
    "ports": [{"name": "db", "port": 3306, "target": 3306}],
    "credentials": [{"name": "store_root"}, {"name": "store_web"}],
    "external": {"credentials": ["store_web"]},
}
NAMED = {**STORE, "name": "named", "external": {"credentials": ["store_web"], "by_name": True}}
WEB = {
    "name": "web",
    "folder": "/own/web",
    "ports": "{{ not_known_yet }}",
    "secret_files": {
        "salt": {"credential": "web_salt"},
        "password": {"credential": "store_web", "part": "value"},
        "ca.crt": {"file": "/ca.crt"},
    },
}
SERVER = {"host": "10.1.2.3", "ca": "/etc/db.crt"}


def check(external, on=("store", "named", "web")):
    _external_services.check(external, [STORE, NAMED, WEB], on)


@pytest.mark.parametrize(
    "server",
    [
        SERVER,
        {**SERVER, "host": "2001:db8::5", "port": 3307, "secret": "my-store"},
        {**SERVER, "host": "db.example.org", "addresses": ["10.1.2.3", "10.9.0.0/16", "2001:db8::/64"]},
    ],
)
def test_a_server_that_can_be_reached_is_taken(server):
    check({"store": server})


@pytest.mark.parametrize(
    ("external", "words"),
    [
        ([], "services_external must be a mapping"),
        (
            {"web": SERVER},
            "services_external.web: this service cannot be outside of the cluster; there are named, store",
        ),
        ({"stroe": SERVER}, "services_external.stroe: .* there are named, store"),
        ({"store": "10.1.2.3"}, "services_external.store must be a mapping"),
        ({"store": {"host": "10.1.2.3"}}, "store.ca is missing"),
        ({"store": {**SERVER, "tls": False}}, "store.tls is not a key; there are: addresses, ca, host, port, secret"),
        ({"store": {**SERVER, "host": "https://db.example.org"}}, "store.host must be a host name or an address"),
        ({"store": {**SERVER, "host": "db.example.org:3306"}}, "store.host must be a host name or an address"),
        ({"store": {**SERVER, "host": "localhost"}}, "store.host is localhost, which for a pod is the pod itself"),
        ({"store": {**SERVER, "host": "::1"}}, "store.host is ::1, which for a pod is the pod itself"),
        ({"store": {**SERVER, "host": "db.example.org"}}, "store.addresses is missing: policies know no names"),
        (
            {"store": {**SERVER, "addresses": ["10.1.2.3/8"]}},
            "addresses.0 must be an address or a .* host bits",
        ),
        ({"store": {**SERVER, "port": "3306"}}, "store.port must be a number from 1 to 65535"),
        ({"store": {**SERVER, "ca": "db.crt"}}, "store.ca must be the absolute path of a file"),
        ({"store": {**SERVER, "secret": "My_Secret"}}, "store.secret must be a name"),
        ({"named": SERVER}, "named.host must be a name: who connects to it compares"),
        ({"store": {"host": 5}, "web": SERVER}, "store.ca is missing; .*store.host must be .*; services_external.web"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_its_place_and_reason(external, words):
    with pytest.raises(_services.ServicesError, match=words):
        check(external)


def test_a_service_that_is_off_is_not_outside():
    with pytest.raises(_services.ServicesError, match="services_disabled switches store off"):
        check({"store": SERVER}, on=["web"])


def test_an_endpoint_is_that_of_the_service_or_of_the_server_in_its_place():
    own = _external_services.endpoints([STORE, WEB], {}, "/ca.crt")
    assert own["store"] == {"host": "store", "port": 3306, "ca": "/ca.crt", "external": False}
    assert own["web"]["port"] == 0
    theirs = _external_services.endpoints([STORE, WEB], {"store": SERVER}, "/ca.crt")
    assert theirs["store"] == {"host": "10.1.2.3", "port": 3306, "ca": "/etc/db.crt", "external": True}
    assert theirs["web"] == own["web"]
    other = _external_services.endpoints([STORE], {"store": {**SERVER, "port": 3307}}, "/ca.crt")
    assert other["store"]["port"] == 3307


def test_a_row_keeps_the_accounts_that_others_use():
    store, web = _external_services.replace([STORE, WEB], {"store": SERVER})
    assert web == WEB
    assert store["kind"] == "external"
    assert store["credentials"] == [{"name": "store_web"}]
    assert store["external"]["networks"] == ["10.1.2.3/32"]
    assert not {"ports", "secret_files", "storage", "backup"} & set(store)


def test_addresses_that_are_named_are_the_only_ones():
    server = {**SERVER, "host": "db.example.org", "addresses": ["10.1.2.3", "2001:db8::/64"]}
    (store,) = _external_services.replace([STORE], {"store": server})
    assert store["external"]["networks"] == ["10.1.2.3/32", "2001:db8::/64"]


def test_passwords_in_a_secret_of_the_user_are_never_made():
    store, web = _external_services.replace([STORE, WEB], {"store": {**SERVER, "secret": "mine"}})
    assert store["credentials"] == []
    assert store["external"]["accounts"] == ["store_web"]
    assert set(web["secret_files"]) == {"salt", "ca.crt"}
    assert web["secret_sources"] == [{"secret": "mine", "key": "store_web", "path": "password"}]


def test_nothing_changes_without_the_setting():
    assert _external_services.replace([STORE, WEB], {}) == [STORE, WEB]
