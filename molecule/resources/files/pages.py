# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the pages that people see in Chromium: on three screens, dark and light, with axe-core, and by what they say.

On pages of ours axe may find nothing serious, nothing may stand beside the screen, and the browser may complain of
nothing. What axe finds on pages that others made is listed in `measured`.

Reads from standard input, in JSON: `address`, `certificates` (folder of the servers' own), `report` (the page that
make verify wrote), `wordpress_password` of admin, `services` (names of all of them), and `folder` for pictures.
Prints, in JSON, what was `measured`, and what was `wrong`.
"""

from __future__ import annotations

import contextlib
import importlib.resources
import json
import pathlib
import sys
import time
import typing as t

from browser import Browser, BrowserError
from websites import BROKEN_PICTURES, LOADED, Visit

WIDTHS = (1440, 1024, 390)
HIGH = ("serious", "critical")
AXE = """axe.run().then((result) =>
    result.violations.map((each) => [each.impact, each.id, each.nodes[0].html.slice(0, 160)]))"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
STATES = """[...document.querySelectorAll('[data-service]')].map((card) =>
    [card.dataset.service, card.querySelector('.state').dataset.state,
     `${card.querySelector('.live').textContent} ${card.querySelector('.ends').textContent}`])"""
LINKS = """[...new Set([...document.querySelectorAll('a[href]')].map((each) => each.getAttribute('href')))]"""
# Site Health asks for itself what takes longer.
HEALTH = """document.readyState === 'complete'
    && !document.querySelector('.site-health-progress-wrapper.loading')
    && document.querySelectorAll('#health-check-issues-good .health-check-accordion-heading').length > 5"""
ISSUES = """(kind) => [...document.querySelectorAll(`#health-check-issues-${kind} .health-check-accordion-heading`)]
    .map((each) => each.querySelector('.title'))
    .map((each) => each.textContent.trim())"""
OUTSIDE = """performance.getEntriesByType('resource').map((each) => each.name)
    .filter((name) => !name.startsWith(location.origin) && !/^(data|blob):/.test(name))"""
COMMANDS = "document.querySelectorAll('dd > code').length"
BUTTONS = "document.querySelectorAll('dd > code + button').length"
TABBED = "[...document.querySelectorAll('a[href], button, summary')]"
UNFOLD = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
VERDICTS = """[...document.querySelectorAll('.entry')].filter((each) => each.checkVisibility())
    .map((each) => each.dataset.verdict)"""
NOTHING = "document.querySelector('.nothing').checkVisibility()"
INSERTER = ".editor-document-tools__inserter-toggle"

Json = dict[str, t.Any]


class Judge:
    """What was measured, and what was wrong."""

    def __init__(self, pictures: pathlib.Path) -> None:
        """Keep pictures in a folder."""
        self.pictures = pictures
        self.wrong: list[str] = []
        self.measured: Json = {}
        self.axe = importlib.resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")

    def check(self, good: object, what: str) -> None:
        """Keep what is wrong."""
        if not good:
            self.wrong.append(what)

    def violations(self, browser: Browser) -> list[list[str]]:
        """What axe-core finds on the page: impact, rule, element."""
        browser.evaluate(self.axe)
        found: list[list[str]] = browser.evaluate(AXE)
        return found

    def screens(self, browser: Browser, name: str) -> None:
        """Look at a page of ours on all screens."""
        for width in WIDTHS:
            browser.screen(width, 900, width == WIDTHS[-1])
            for dark in (False, True):
                browser.dark(dark)
                kind = f"{name} at {width} pixels{', dark' if dark else ''}"
                bad = [each for each in self.violations(browser) if each[0] in HIGH]
                self.check(not bad, f"{kind}: axe: {bad}")
                wide = browser.evaluate(WIDE)
                self.check(wide <= 0, f"{kind}: {wide} pixels stand beside the screen")
                browser.screenshot(self.pictures / f"{name}-{width}{'-dark' if dark else ''}.png")
        browser.dark(False)


def status_page(judge: Judge, asked: Json) -> None:
    """Lamps of all services, a button for each command, links that lead somewhere."""
    root = f"https://{asked['address']}"
    with Browser(pathlib.Path(asked["certificates"]) / "nginx.crt") as browser:
        browser.screen(1440, 900)
        browser.open(f"{root}/")
        # A file changes for nginx within a minute and a half.
        browser.wait_for("document.getElementById('summary')?.dataset.state === 'ready'")
        states = browser.evaluate(STATES)
        judge.measured["status"] = {name: text for name, _state, text in states}
        judge.check(
            sorted(name for name, state, _text in states if state == "ready") == sorted(asked["services"]),
            f"status page: not every service is shown as ready: {states}",
        )
        for word in ("restart", "up for", ":"):
            judge.check(
                all(word in text for _name, _state, text in states), f"status page: {word} is not said of each service"
            )
        judge.check(
            any("certificate ends in" in text for _name, _state, text in states),
            f"status page: the end of no certificate is told: {states}",
        )
        browser.evaluate(UNFOLD)
        for name in ("verify", "kubernetes"):
            text = browser.evaluate(f"document.getElementById('{name}').textContent")
            judge.measured[f"status {name}"] = text
            judge.check(text not in ("", "not known", "none yet"), f"status page: {name} is {text!r}")
        buttons = browser.evaluate(BUTTONS)
        judge.check(buttons > 0 and buttons == browser.evaluate(COMMANDS), "status page: a command cannot be copied")
        browser.evaluate("document.querySelector('dd > code + button').click()")
        browser.wait_for("['Copied', 'Selected'].includes(document.querySelector('dd > code + button').textContent)")
        for link in browser.evaluate(LINKS):
            if link.startswith("/"):
                code = browser.evaluate(f"fetch({json.dumps(link)}).then((answer) => answer.status)")
                judge.check(code == 200, f"status page: {link} answers {code}")
        judge.screens(browser, "status")
        for state in ("starting", "down", "unknown"):
            browser.evaluate(
                f"document.querySelectorAll('.state').forEach((each) => {{ each.dataset.state = '{state}'; }})"
            )
            judge.screens(browser, f"status-{state}")
        keyboard(judge, browser)
        judge.wrong += [f"status page: {message}" for message in browser.messages]


def keyboard(judge: Judge, browser: Browser) -> None:
    """Every link and button is reached with the tabulator, in the order of the page."""
    browser.screen(1440, 900)
    count = browser.evaluate(f"{TABBED}.length")
    browser.evaluate("document.activeElement.blur()")
    seen = []
    for _each in range(count):
        for kind in ("rawKeyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        seen.append(browser.evaluate(f"{TABBED}.indexOf(document.activeElement)"))
    judge.check(
        sorted(seen) == list(range(count)), f"status page: the tabulator reaches {sorted(set(seen))} of {count}"
    )


def report(judge: Judge, asked: Json) -> None:
    """The report of make verify: its filter hides what is not asked for."""
    with Browser(pathlib.Path(asked["certificates"]) / "nginx.crt") as browser:
        browser.screen(1440, 900)
        browser.open(pathlib.Path(asked["report"]).resolve().as_uri())
        browser.wait_for(LOADED)
        judge.screens(browser, "report")
        everything = browser.evaluate(VERDICTS)
        for verdict in ("failed", "skipped", "passed"):
            browser.evaluate(f"document.getElementById('only-{verdict}').click()")
            found = browser.evaluate(VERDICTS)
            judge.check(
                found == [each for each in everything if each == verdict], f"report: the filter {verdict} shows {found}"
            )
            judge.check(
                browser.evaluate(NOTHING) == (not found),
                f"report: the filter {verdict} does not say that there is none",
            )
        judge.measured["report"] = {verdict: everything.count(verdict) for verdict in set(everything)}
        judge.wrong += [f"report: {message}" for message in browser.messages]


def wordpress(judge: Judge, asked: Json) -> None:
    """Front page, lost password, administration, Site Health and the block editor."""
    site = f"https://{asked['address']}:5050"
    others: Json = {}
    with Browser(pathlib.Path(asked["certificates"]) / "wordpress.crt") as browser:
        visit = Visit(browser, judge.pictures)
        visit.go(f"{site}/", "main")
        others["front page"] = judge.violations(browser)
        for link in browser.evaluate(LINKS):
            judge.check(link not in ("#", ""), f"front page: a link leads nowhere: {link!r}")
            if link.startswith((site, "/")):
                code = browser.evaluate(f"fetch({json.dumps(link)}).then((answer) => answer.status)")
                judge.check(code == 200, f"front page: {link} answers {code}")
            else:
                judge.check(link.startswith("#"), f"front page: {link} needs the internet")
        visit.go(f"{site}/wp-login.php?action=lostpassword", "#login .message")
        judge.check(
            "make credentials" in browser.evaluate("document.body.textContent"), "lost password: there is no answer"
        )
        others["login"] = judge.violations(browser)
        visit.go(f"{site}/wp-login.php", "#user_login:focus")
        visit.write("#user_login", "admin")
        visit.write("#user_pass", asked["wordpress_password"])
        visit.click("#wp-submit")
        visit.see("#dashboard-widgets")
        judge.check(
            browser.evaluate("document.querySelector('#wp-admin-bar-ft-services a')?.href")
            == f"https://{asked['address']}/",
            "administration: there is no way back to the status page",
        )
        others["administration"] = judge.violations(browser)
        for page in ("plugin-install.php", "update-core.php", "theme-install.php"):
            visit.go(f"{site}/wp-admin/{page}", "body")
            judge.check(
                "services_wordpress_plugins" in browser.evaluate("document.body.textContent"),
                f"{page}: does not say how",
            )
        # The refusals are errors to the browser, as they have to be.
        browser.messages[:] = [message for message in browser.messages if "403" not in message]
        visit.go(f"{site}/wp-admin/site-health.php", "#health-check-issues-good")
        browser.wait_for(HEALTH)
        for kind in ("critical", "recommended"):
            found = browser.evaluate(f"({ISSUES})('{kind}')")
            judge.check(not found, f"Site Health, {kind}: {found}")
        editor(judge, browser, site)
        judge.wrong += [f"wordpress: {message}" for message in browser.messages]
    judge.measured["axe on pages of others"] = {
        name: [f"{impact} {rule}" for impact, rule, _html in found] for name, found in others.items()
    }


def editor(judge: Judge, browser: Browser, site: str) -> None:
    """A search for a block that does not exist ends; nothing outside is asked; no picture is missing."""
    browser.open(f"{site}/wp-admin/post-new.php")
    browser.wait_for(f"{LOADED} && document.querySelector('{INSERTER}') !== null")
    judge.check(
        browser.evaluate("document.querySelector('.components-guide, .edit-post-welcome-guide') === null"),
        "editor: the guide is there",
    )
    browser.evaluate(f"document.querySelector('{INSERTER}').click()")
    browser.wait_for("document.querySelector('.block-editor-inserter__search input') !== null")
    browser.evaluate("document.querySelector('.block-editor-inserter__search input').focus()")
    started = time.monotonic()
    browser.call("Input.insertText", text="nosuchblockanywhere")
    browser.wait_for("document.querySelector('.block-editor-inserter__no-results') !== null")
    judge.measured["editor: seconds of a search without a match"] = round(time.monotonic() - started, 1)
    judge.check(
        browser.evaluate("document.querySelector('.components-spinner') === null"),
        "editor: the search goes on for ever",
    )
    for what, found in (("pictures that are not there", BROKEN_PICTURES), ("asked outside", OUTSIDE)):
        seen = browser.evaluate(found)
        judge.check(not seen, f"editor: {what}: {seen}")
    browser.screenshot(judge.pictures / "wordpress-editor.png")


def main() -> int:
    """Look at everything that is asked for."""
    asked = json.load(sys.stdin)
    judge = Judge(pathlib.Path(asked["folder"]))
    parts: dict[str, t.Callable[[Judge, Json], None]] = {
        "status": status_page,
        "report": report,
        "wordpress": wordpress,
    }
    for name in asked.get("parts", parts):
        try:
            parts[name](judge, asked)
        except BrowserError as error:
            judge.wrong.append(f"{name}: {error}")
    print(json.dumps({"measured": judge.measured, "wrong": judge.wrong}, indent=1))
    return 1 if judge.wrong else 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
