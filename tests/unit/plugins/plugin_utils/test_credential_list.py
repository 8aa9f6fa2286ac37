# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where credentials are, and what they are when asked."""

from __future__ import annotations

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._credential_list import credential_list

TABLE = [
    {
        "name": "nginx",
        "title": "Front door",
        "credentials": [{"name": "login", "kind": "ssh_key", "file": "/s/id"}, {"name": "host", "kind": "ssh_key"}],
    },
    {"name": "mysql", "title": "Database", "credentials": [{"name": "root"}, {"name": "later"}]},
    {"name": "none", "title": "Nothing"},
]
HELD = {
    "login": {"kind": "ssh_key", "private": "PRIVATE", "public": "ssh-ed25519 AAAA login\n"},
    "host": {"kind": "ssh_key", "private": "PRIVATE", "public": "ssh-ed25519 BBBB host\n"},
    "root": {"kind": "password", "value": "hunter2"},
}


def test_only_names_and_places_without_the_wish_to_see_more():
    text = str(credential_list(TABLE, HELD, False))
    assert "hunter2" not in text
    assert "PRIVATE" not in text
    assert "login: ssh_key, /s/id" in text
    assert "root: password, in credentials.json" in text
    assert "later: not made yet" in text
    assert "Nothing" not in text


def test_values_on_request_but_no_private_key():
    sections = credential_list(TABLE, HELD, True)
    assert sections[0]["lines"][0] == "login: ssh-ed25519 AAAA login; private key /s/id"
    assert "root: hunter2" in sections[1]["lines"]
    assert "PRIVATE" not in str(sections)


def test_accounts_in_a_secret_of_the_user_have_their_place():
    server = {"kind": "external", "external": {"secret": "mine", "accounts": ["mysql_admin"]}, "credentials": []}
    sections = credential_list([{"name": "mysql", "title": "Database", **server}], HELD, True)
    assert sections == [{"title": "Database (mysql)", "lines": ["mysql_admin: in the Secret mine, which is yours"]}]
