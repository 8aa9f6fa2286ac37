# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at every page of phpMyAdmin in Chromium: none may show a message of its programs to the person who reads it.

Reads from standard input, in JSON: `url`, `certificate` (file of the server's), `password` of admin. Prints, in JSON,
what was `measured`, and what was `wrong`.
"""

from __future__ import annotations

import json
import pathlib
import sys
import time
import typing as t

from browser import Browser, BrowserError

LOADED = "document.readyState === 'complete'"
# Pages of the server, of a database, of a table.
SERVER = """/ /server/databases /server/sql /server/status /server/status/advisor /server/status/monitor
    /server/status/processes /server/status/queries /server/status/variables /server/privileges /server/export
    /server/import /server/variables /server/collations /server/engines /server/plugins /server/user-groups
    /preferences/manage /preferences/features /preferences/main-panel""".split()
DATABASE = """/database/structure /database/sql /database/search /database/multi-table-query /database/export
    /database/import /database/operations /database/routines /database/events /database/triggers /database/privileges
    /database/data-dictionary""".split()
TABLE = """/sql /table/structure /table/sql /table/search /table/zoom-search /table/find-replace /table/change
    /table/export /table/import /table/privileges /table/operations /table/triggers /table/relation
    /table/chart""".split()
# What phpMyAdmin collected while it made the page; and what it says of a feature that is off.
ERRORS = """[...document.querySelectorAll('#pma_errors .alert')]
    .concat([...document.querySelectorAll('.alert')]
        .filter((each) => /eprecated/.test(each.textContent)))
    .map((each) => each.textContent.trim().slice(0, 200))"""

Json = dict[str, t.Any]


def sign_in(browser: Browser, url: str, password: str) -> None:
    """Log in as admin."""
    browser.open(url)
    browser.wait_for(f"{LOADED} && document.getElementById('input_username') !== null")
    for field, text in (("username", "admin"), ("password", password)):
        browser.evaluate(f"document.getElementById('input_{field}').value = {json.dumps(text)}")
    # What its scripts do with the form is known only when they ran.
    time.sleep(1)
    browser.evaluate("document.getElementById('input_go').click()")
    browser.wait_for(f"{LOADED} && document.getElementById('pma_navigation_tree') !== null")


def pages() -> t.Iterator[str]:
    """Query of each page."""
    for routes, more in ((SERVER, ""), (DATABASE, "&db=wordpress"), (TABLE, "&db=wordpress&table=wp_posts")):
        for route in routes:
            yield f"index.php?route={route}{more}"


def tour(browser: Browser, url: str) -> tuple[Json, list[str]]:
    """Look at each page once, as the first person does after a start."""
    wrong, seconds = [], []
    for page in pages():
        started = time.monotonic()
        try:
            browser.open(url + page)
            browser.wait_for(f"{LOADED} && document.getElementById('page_content') !== null")
            seconds.append(time.monotonic() - started)
            wrong += [f"{page}: {text}" for text in browser.evaluate(ERRORS)]
        except BrowserError as error:
            wrong.append(f"{page}: {error}")
    return {"pages": len(seconds), "slowest_seconds": round(max(seconds), 2)}, wrong


def main() -> int:
    """Look at all of them, and say what was wrong."""
    asked = json.load(sys.stdin)
    with Browser(pathlib.Path(asked["certificate"])) as browser:
        browser.screen(1440, 900)
        sign_in(browser, asked["url"], asked["password"])
        measured, wrong = tour(browser, asked["url"])
    print(json.dumps({"measured": measured, "wrong": wrong}, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
