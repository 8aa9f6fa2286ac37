# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that takes the platform's mail: what of the setting services_smtp is known, and what is refused."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _mail as subject

GIVEN = {"host": "mail.example.org", "from": "site@example.org", "addresses": ["192.0.2.0/28"]}


def test_without_a_value_no_mail_is_sent():
    assert subject.settings({}) == {"problem": "", "mail": {}, "ca": "", "rules": []}
    assert subject.settings(None)["mail"] == {}


@pytest.mark.parametrize(
    ("more", "security", "port"),
    [
        ({}, "starttls", 587),
        ({"security": "tls"}, "tls", 465),
        ({"security": "none"}, "none", 25),
        ({"security": "none", "port": 2525}, "none", 2525),
    ],
)
def test_the_port_follows_from_the_security(more, security, port):
    found = subject.settings(GIVEN | more)
    assert found["mail"] == {
        "host": "mail.example.org",
        "port": port,
        "security": security,
        "user": "",
        "from": "site@example.org",
    }
    assert found["rules"] == [
        {"to": [{"ipBlock": {"cidr": "192.0.2.0/28"}}], "ports": [{"port": port, "protocol": "TCP"}]}
    ]


def test_an_address_is_its_own_network():
    found = subject.settings({"host": "192.0.2.7", "from": "site@example.org"})
    assert found["rules"][0]["to"] == [{"ipBlock": {"cidr": "192.0.2.7/32"}}]


def test_the_password_stays_out_of_what_is_known(tmp_path):
    (tmp_path / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    found = subject.settings(GIVEN | {"user": "site", "password": "s3cret", "ca": f"{tmp_path}/ca.crt"})
    assert found["mail"]["user"] == "site"
    assert found["ca"].startswith("-----BEGIN")
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("mail.example.org", "must be a mapping"),
        ({}, None),
        ({"host": "mail.example.org"}, "services_smtp.from is missing"),
        (GIVEN | {"hots": "x"}, "services_smtp.hots is not a key"),
        (GIVEN | {"host": "smtp://mail.example.org"}, "services_smtp.host must be a host name or an address"),
        (GIVEN | {"host": "127.0.0.1"}, "for a pod is the pod itself"),
        (GIVEN | {"from": "site"}, "services_smtp.from must be an address such as"),
        (GIVEN | {"from": "a@b.org\nBcc: c@d.org"}, "services_smtp.from must be an address such as"),
        (GIVEN | {"port": "587"}, "services_smtp.port must be a number"),
        (GIVEN | {"security": "ssl"}, "services_smtp.security must be one of"),
        (GIVEN | {"addresses": []}, "services_smtp.addresses is missing: policies know no names"),
        (GIVEN | {"addresses": ["mail.example.org"]}, "services_smtp.addresses.0 must be an address or a network"),
        (GIVEN | {"user": "site"}, "services_smtp.user and services_smtp.password belong together"),
        (GIVEN | {"password": "s3cret"}, "services_smtp.user and services_smtp.password belong together"),
        (GIVEN | {"user": "a", "password": 7}, "services_smtp.password must be a text"),
        (GIVEN | {"user": "a", "password": "s3cret", "security": "none"}, "would send the password as it is"),
        (GIVEN | {"ca": "ca.crt"}, "services_smtp.ca must be the absolute path"),
        (GIVEN | {"ca": "/no/such/ca.crt"}, "services_smtp.ca: /no/such/ca.crt: No such file"),
        (GIVEN | {"ca": pytest.__file__}, "has no certificate in PEM form"),
    ],
)
def test_what_cannot_work_is_refused_with_the_key(given, words):
    found = subject.settings(given)
    assert "s3cret" not in repr(found)
    assert words in found["problem"] if words else found["problem"] == ""
    assert (found["mail"], found["rules"]) == ({}, [])
