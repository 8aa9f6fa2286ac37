# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at every page of phpMyAdmin in Chromium, and import a file of 64 MB.

No page may show a message of its programs to the person who reads it. The import has to show how it goes on, and all
rows have to be there at its end; its table is removed again.

Reads from standard input, in JSON: `url`, `certificate` (file of the server's), `password` of admin. Prints, in JSON,
what was `measured`, and what was `wrong`.
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
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
# What an import takes at most.
IMPORT_BYTES = 64 * 2**20
IMPORT_SECONDS = 600
# As fast as a good line at home: of what is over in a moment no progress can be seen.
BYTES_PER_SECOND = 8 * 2**20
FIELD = "input_import_file"
SHOWN = "document.getElementById('upload_form_status_info')?.innerText ?? ''"
ENDED = """[...document.querySelectorAll('#page_content .alert-success, #page_content .alert-danger')]
    .map((each) => each.textContent.trim()).join('; ')"""
FOUND = r"document.body.textContent.match(/\(([0-9,]+) total/)?.[1].replaceAll(',', '') ?? ''"

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


def load(browser: Browser, url: str, file: pathlib.Path) -> tuple[list[str], str]:
    """Import a file; what the page said meanwhile, and at the end."""
    browser.open(f"{url}index.php?route=/database/import&db=wordpress")
    browser.wait_for(f"{LOADED} && document.getElementById('{FIELD}') !== null")
    # What its scripts do with the form is known only when they ran.
    time.sleep(1)
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    field = browser.call("DOM.querySelector", nodeId=root, selector=f"#{FIELD}")["nodeId"]
    browser.call("DOM.setFileInputFiles", files=[str(file)], nodeId=field)
    browser.evaluate("document.getElementById('buttonGo').click()")
    shown: list[str] = []
    deadline = time.monotonic() + IMPORT_SECONDS
    while not (said := browser.evaluate(ENDED)):
        if time.monotonic() > deadline:
            raise BrowserError(f"an import did not end within {IMPORT_SECONDS} s: {shown[-1:]}")
        shown += [text for text in [browser.evaluate(SHOWN)] if text not in shown]
        time.sleep(0.3)
    return shown, said


def slow(browser: Browser, upload: int) -> None:
    """Let the page send so many bytes a second; -1 for as many as it can."""
    browser.call("Network.enable")
    browser.call(
        "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=upload
    )


def imports(browser: Browser, url: str) -> tuple[Json, list[str]]:
    """Import the largest file that may come; see what was said, and what is there."""
    row = "INSERT INTO ft_import VALUES ('" + "x" * 40000 + "');\n"
    first = "DROP TABLE IF EXISTS ft_import;\nCREATE TABLE ft_import (line TEXT);\n"
    rows = IMPORT_BYTES // len(row) - 1
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "import.sql"
        file.write_text((first + row * rows).ljust(IMPORT_BYTES))
        started = time.monotonic()
        slow(browser, BYTES_PER_SECOND)
        shown, said = load(browser, url, file)
        slow(browser, -1)
        seconds = time.monotonic() - started
        browser.open(f"{url}index.php?route=/sql&db=wordpress&table=ft_import&pos=0")
        browser.wait_for(f"{LOADED} && ({FOUND}) !== ''")
        found = browser.evaluate(FOUND)
        file.write_text("DROP TABLE ft_import;\n")
        removed = load(browser, url, file)[1]
    percents = [text for text in shown if " %, " in text]
    wrong = []
    if found != str(rows) or "successfully finished" not in said:
        wrong.append(f"of {rows} rows {found} are there after an import, which said: {said}")
    if len(percents) < 2:
        wrong.append(f"an import showed no progress: {shown}")
    if "DROP TABLE" not in browser.evaluate("document.getElementById('page_content').innerText"):
        wrong.append(f"a statement that was imported is not shown: {removed}")
    return {"import": {"rows": rows, "seconds": round(seconds, 1), "said": said, "shown": len(percents)}}, wrong


def main() -> int:
    """Look at all of them, and say what was wrong."""
    asked = json.load(sys.stdin)
    with Browser(pathlib.Path(asked["certificate"])) as browser:
        browser.screen(1440, 900)
        sign_in(browser, asked["url"], asked["password"])
        measured, wrong = tour(browser, asked["url"])
        # Some of the pages answer 404 to who may not see them.
        told = len(browser.messages)
        found, bad = imports(browser, asked["url"])
        wrong += bad + browser.messages[told:]
    print(json.dumps({"measured": measured | found, "wrong": wrong}, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
