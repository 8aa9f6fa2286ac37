# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading phpMyAdmin's pages, and judging a login by them."""

from __future__ import annotations

import json

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks import registry
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import Countdown
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.phpmyadmin import Page, Site, judge

LOGIN = """
<div class="alert alert-danger" role="alert">An older message</div>
<div class="alert alert-danger" role="alert">
  <img src="themes/dot.gif" alt=""> Access
  denied!</div>
<form method="get" action="index.php?route=/"><input type="hidden" name="lang" value="en"></form>
<form method="post" id="login_form" action="index.php?route=/">
  <input type="hidden" name="token" value="a&amp;b">
  <input type="hidden" name="set_session" value="s1">
  <input type="text" name="pma_username" value="root">
  <input type="hidden" name="server" value="1"/>
</form>
<input type="hidden" name="stranger" value="no">
"""
LISTING = """
<a href="index.php?route=/database/structure&amp;db=information_schema">information_schema</a>
<a href="index.php?route=/database/structure&amp;server=1&amp;db=wordpress">wordpress</a>
<a href="index.php?route=/table/search&amp;db=wordpress&amp;table=wp_comments">wp_comments</a>
<a href="https://www.phpmyadmin.net/">home</a>
"""
CHECK = {
    "id": "pma",
    "kind": "phpmyadmin",
    "url": "https://127.0.0.1:9/",
    "username": "admin",
    "credential": "mysql_admin",
    "database": "wordpress",
    "refused": False,
}


def test_only_the_hidden_fields_of_the_form_for_logins_are_sent_back():
    assert Page(LOGIN).fields == {"token": "a&b", "set_session": "s1", "server": "1"}
    assert Page(LISTING).fields is None


def test_the_last_message_says_why_a_login_is_refused():
    assert Page(LOGIN).alert == "Access denied!"


def test_databases_are_those_that_links_lead_to():
    assert Page(LISTING).databases == ["information_schema", "wordpress"]
    assert Page(LOGIN).databases == []


@pytest.mark.parametrize(
    ("more", "pages", "ok", "seen"),
    [
        ({}, (LISTING, LISTING), True, "login worked, databases: information_schema, wordpress"),
        ({"database": None}, (LISTING, ""), True, "login worked, databases: none"),
        ({"database": "shop"}, (LISTING, LISTING), False, "login worked, databases: information_schema, wordpress"),
        ({}, (LOGIN, LOGIN), False, "login refused: Access denied!"),
        ({"refused": True}, (LOGIN, LOGIN), True, "login refused: Access denied!"),
        ({"refused": True}, (LISTING, LISTING), False, "login worked, databases: information_schema, wordpress"),
        # A page that is neither a form nor a list is no refusal.
        ({"refused": True}, ("", ""), False, "login worked, databases: none"),
    ],
)
def test_a_login_is_judged_by_the_pages_after_it(more, pages, ok, seen):
    outcome = judge({**CHECK, **more}, "a login", Page(pages[0]), Page(pages[1]))
    assert outcome.ok is ok
    assert outcome.measured == seen
    assert bool(outcome.advice) is not ok


def checked(tmp_path, credentials, **more):
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"format": 1, "checksum_key": "0" * 64, "credentials": credentials}))
    file.chmod(0o600)
    check = {**CHECK, "credentials_file": str(file), **more}
    (result,) = registry.run_checks([check], lambda command: (1, "", ""), timeout=2, deadline=0, interval=0.01)
    return result


def test_without_the_credential_nobody_is_asked(tmp_path):
    result = checked(tmp_path, {})
    assert not result["ok"]
    assert "has no credential 'mysql_admin'" in result["measured"]


def test_a_server_that_is_away_is_no_traceback(tmp_path):
    result = checked(tmp_path, {"mysql_admin": {"kind": "password", "value": "hidden-from-all"}})
    assert result["measured"] == "connection refused"
    assert "hidden-from-all" not in str(result)


@pytest.mark.parametrize("url", ["ftp://h/", "https:///x", "https://h/?a=b"])
def test_addresses_that_cannot_be_asked(url):
    assert registry.problems([{**CHECK, "url": url}])


@pytest.mark.parametrize("url", ["http://h/phpmyadmin", "http://h/phpmyadmin/"])
def test_all_addresses_begin_with_the_folder(url):
    assert Site({"url": url}, Countdown(1)).url == "http://h/phpmyadmin/"
