# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe by a login to phpMyAdmin. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import html.parser
import http.client
import typing as t
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import (
    Check,
    Countdown,
    Outcome,
    RunCommand,
    client_context,
    ended_by,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.login import Differs, password_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.web import USER_AGENT

PAGE_BYTES = 4 << 20
FORM = "login_form"
LOOK = "Log in by hand with a browser, and look at the log of phpMyAdmin."


class Page(html.parser.HTMLParser):
    """What is looked for in a page of phpMyAdmin."""

    def __init__(self, text: str) -> None:
        """Read the whole page."""
        super().__init__()
        # The hidden ones of the form for logins; None when there is no such form.
        self.fields: dict[str, str] | None = None
        self.databases: list[str] = []  # all to which a link leads
        self.alert = ""  # the last message
        self._in_form = self._in_alert = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note form, fields, links and messages."""
        given = {name: text or "" for name, text in attrs}
        if tag == "form":
            self._in_form = given.get("id") == FORM
            self.fields = {} if self._in_form else self.fields
        elif tag == "input" and self._in_form and self.fields is not None and given.get("type") == "hidden":
            self.fields[given.get("name", "")] = given.get("value", "")
        elif tag == "a":
            names = parse_qs(urlsplit(given.get("href", "")).query).get("db", [])
            self.databases += [name for name in names if name not in self.databases]
        elif tag == "div" and "alert" in given.get("class", "").split():
            self.alert, self._in_alert = "", True

    def handle_endtag(self, tag: str) -> None:
        """End what has ended."""
        if tag == "form":
            self._in_form = False
        elif tag == "div":
            self._in_alert = False

    def handle_data(self, data: str) -> None:
        """Keep the words of a message."""
        if self._in_alert:
            self.alert = " ".join(f"{self.alert} {data}".split())


class Site:
    """phpMyAdmin, with the cookies that it has given. The addresses begin with ``url``, which ends in a slash."""

    def __init__(self, check: Check, countdown: Countdown) -> None:
        """Nothing is asked yet."""
        self.url = f"{check['url'].rstrip('/')}/"
        context = client_context(check.get("ca_file"), check.get("validate_certs") is not False)
        self._countdown = countdown
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(),
        )
        self._opener.addheaders = [("User-Agent", USER_AGENT)]

    def page(self, route: str, fields: t.Mapping[str, str] | None = None) -> Page:
        """A page, redirects followed; sends the fields of a form when there are any."""
        data = urlencode(fields).encode() if fields is not None else None
        address = urljoin(self.url, f"index.php?{urlencode({'route': route})}")
        with self._opener.open(address, data, timeout=self._countdown.left()) as answer:
            if not answer.url.startswith(self.url):
                raise Differs(f"it leads away to {answer.url}")
            return Page(answer.read(PAGE_BYTES).decode("utf-8", "replace"))


def phpmyadmin_problems(check: Check) -> list[str]:
    """What is wrong with the options of a check, before anything is asked."""
    parts = urlsplit(check["url"])
    if parts.scheme in ("http", "https") and parts.hostname and not parts.query:
        return []
    return [f"url {check['url']!r} must start with http:// or https://, name a host, and have no query"]


def expectation(check: Check) -> str:
    """The check in words."""
    if check.get("refused"):
        return f"{check['url']}: login of {check['username']} refused, with the right password"
    listed = f", which lists the database {check['database']}" if check.get("database") else ""
    return f"{check['url']}: login of {check['username']}{listed}"


def probe_phpmyadmin(check: Check, timeout: float, run: RunCommand) -> Outcome:
    """Log in with a credential from the state file, and look for a database; or see the login refused."""
    expected = expectation(check)
    try:
        form, front = logged_in(check, Countdown(timeout))
    except Differs as error:
        return Outcome(False, str(error), expected, LOOK)
    except http.client.HTTPException as error:
        return Outcome(False, f"no HTTP answer: {type(error).__name__}", expected, LOOK)
    except urllib.error.HTTPError as error:
        return Outcome(False, f"{error.code} {error.reason} at {error.url}", expected, LOOK)
    except urllib.error.URLError as error:
        if not isinstance(error.reason, OSError):
            return Outcome(False, str(error.reason), expected, LOOK)
        return ended_by(error.reason, timeout, expected)
    except OSError as error:
        return ended_by(error, timeout, expected)
    return judge(check, expected, form, front)


def logged_in(check: Check, countdown: Countdown) -> tuple[Page, Page]:
    """The page that answers the login, and the list of databases after it."""
    password = password_of(check)
    site = Site(check, countdown)
    fields = site.page("/").fields
    if fields is None:
        raise Differs("no form for a login")
    answer = site.page("/", {**fields, "pma_username": check["username"], "pma_password": password})
    return answer, site.page("/server/databases")


def judge(check: Check, expected: str, answer: Page, listing: Page) -> Outcome:
    """Read the two pages. Whoever is not logged in gets the form for the login as every page."""
    refused = answer.fields is not None and listing.fields is not None
    if refused:
        seen = f"login refused: {answer.alert or 'no reason given'}"
    else:
        seen = f"login worked, databases: {', '.join(listing.databases) or 'none'}"
    if check.get("refused"):
        return Outcome(refused, seen, expected, "" if refused else "Set AllowRoot to false in its configuration.")
    wanted = check.get("database")
    good = not refused and (not wanted or wanted in listing.databases)
    return Outcome(good, seen, expected, "" if good else LOOK)
