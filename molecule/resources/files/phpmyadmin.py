# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at every page of phpMyAdmin in Chromium, and import a large file with its progress.

No page may show a message of phpMyAdmin's programs to the person who reads it. The import makes a table of its own,
which is removed at the end.

Reads from standard input, in JSON: `url`, `certificate` (file of the server's), `password` of admin, and `megabytes`
(size of the imported file). Prints, in JSON, what was `measured`, and what was `wrong`.
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
ANSWERED = "document.querySelector('#sqlqueryresultsouter .alert, .result_query .alert') !== null"
SAID = """[...document.querySelectorAll('.alert-success, .alert-danger')]
    .map((each) => each.textContent.trim().slice(0, 160)).join('; ')"""
PERCENT = "document.getElementById('upload_form_status_info')?.textContent.trim() ?? ''"
TOTAL = r"document.body.textContent.match(/\(([0-9,]+) total/)?.[1].replaceAll(',', '') ?? ''"
IMPORT_SECONDS = 240

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


def query(browser: Browser, url: str, statement: str) -> None:
    """Run a statement in phpMyAdmin's own form."""
    browser.open(f"{url}index.php?route=/database/sql&db=wordpress")
    browser.wait_for(f"{LOADED} && typeof codeMirrorEditor !== 'undefined' && !!codeMirrorEditor")
    browser.evaluate(f"codeMirrorEditor.setValue({json.dumps(statement)})")
    browser.evaluate("document.getElementById('button_submit_query').click()")
    # It asks whether a table may really be removed.
    browser.wait_for(
        f"{ANSWERED} || document.querySelector('.functionConfirmModal.show, #functionConfirmModal.show') !== null"
    )
    if not browser.evaluate(ANSWERED):
        browser.evaluate("document.querySelector('#functionConfirmOkButton').click()")
        browser.wait_for(ANSWERED)


def write_statements(file: pathlib.Path, size: int) -> int:
    """Write statements of this size in bytes; return how many rows they make."""
    row = "INSERT INTO ft_import VALUES ('" + "x" * 40000 + "');\n"
    rows = size // len(row) - 1
    text = "CREATE TABLE ft_import (line TEXT);\n" + row * rows
    file.write_text(text + " " * (size - len(text)))
    return rows


def limit(browser: Browser, upload: int) -> None:
    """Let the page send so many bytes a second; -1 for as many as it can."""
    browser.call(
        "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=upload
    )


def load(browser: Browser, url: str, size: int) -> tuple[Json, list[str]]:
    """Import a file; the page has to show how it goes on, and all rows have to be there at the end."""
    query(browser, url, "DROP TABLE IF EXISTS ft_import")
    shown: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "import.sql"
        rows = write_statements(file, size)
        browser.open(f"{url}index.php?route=/database/import&db=wordpress")
        browser.wait_for(f"{LOADED} && document.getElementById('input_import_file') !== null")
        browser.call("Network.enable")
        # As slow as a good line at home: what is over in a moment shows no progress.
        browser.call(
            "Network.emulateNetworkConditions",
            offline=False,
            latency=5,
            downloadThroughput=-1,
            uploadThroughput=8 * 2**20,
        )
        root = browser.call("DOM.getDocument")["root"]["nodeId"]
        field = browser.call("DOM.querySelector", nodeId=root, selector="#input_import_file")["nodeId"]
        browser.call("DOM.setFileInputFiles", files=[str(file)], nodeId=field)
        started = time.monotonic()
        browser.evaluate("document.getElementById('buttonGo').click()")
        while not (said := browser.evaluate(SAID)) and time.monotonic() - started < IMPORT_SECONDS:
            shown += [text for text in [browser.evaluate(PERCENT)] if text not in shown]
            time.sleep(0.3)
        seconds = time.monotonic() - started
        limit(browser, -1)
    browser.open(f"{url}index.php?route=/sql&db=wordpress&table=ft_import&pos=0&session_max_rows=25")
    browser.wait_for(f"{LOADED} && document.querySelector('.table_results, .alert') !== null")
    there = browser.evaluate(
        "document.body.textContent.match(/of ([0-9,]+) total|\\(([0-9,]+) total/)?.slice(1).join('') ?? ''"
    )
    query(browser, url, "DROP TABLE IF EXISTS ft_import")
    measured = {"bytes": size, "rows": rows, "seconds": round(seconds, 1), "shown": shown, "said": said, "there": there}
    percents = [text for text in shown if text[:1].isdigit()]
    wrong = []
    if there != str(rows):
        wrong.append(f"of {rows} rows {there or 'none'} are there after the import, which said: {said}")
    if len(percents) < 2:
        wrong.append(f"the import of {size} bytes showed no progress: {shown}")
    return {"import": measured}, wrong


def main() -> int:
    """Do all of it, and say what was wrong."""
    asked = json.load(sys.stdin)
    measured, wrong = {}, []
    with Browser(pathlib.Path(asked["certificate"])) as browser:
        browser.screen(1440, 900)
        sign_in(browser, asked["url"], asked["password"])
        for found, bad in (tour(browser, asked["url"]), load(browser, asked["url"], asked["megabytes"] * 2**20)):
            measured.update(found)
            wrong += bad
        wrong += browser.messages
    print(json.dumps({"measured": measured, "wrong": wrong}, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
