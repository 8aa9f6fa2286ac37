# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use WordPress and phpMyAdmin in Chromium as a person does, and keep pictures.

Logs in, leaves a comment, and finds it in the database.

Reads from standard input, in JSON: `address`, `certificates` (folder of the servers' own), `wordpress_password`,
`mysql_password`, `comment` (what to say), and `folder` for the pictures. Prints, in JSON, what went wrong.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import sys
import typing as t

from browser import Browser, BrowserError

DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
LOADED = "document.readyState === 'complete'"
BROKEN_PICTURES = (
    "[...document.images].filter((image) => image.complete && !image.naturalWidth).map((image) => image.src)"
)


class Visit:
    """One person at one server, who keeps pictures of what the screen shows."""

    def __init__(self, browser: Browser, pictures: pathlib.Path) -> None:
        """Sit down at a screen."""
        self._browser, self._pictures = browser, pictures
        browser.screen(1280, 800)

    def go(self, url: str, selector: str) -> None:
        """Open a page, and wait for a part of it."""
        self._browser.open(url)
        self.see(selector)

    def see(self, selector: str, text: str = "") -> None:
        """Wait until a page is there, complete, with a part that has a text in it."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})]"
        self._browser.wait_for(f"{LOADED} && {found}.some((part) => part.textContent.includes({json.dumps(text)}))")

    def write(self, selector: str, text: str) -> None:
        """Write into a field; a page that moves its cursor meanwhile is an error, which does not tell the text."""
        field = f"document.querySelector({json.dumps(selector)})"
        self._browser.evaluate(f"{field}.focus()")
        self._browser.call("Input.insertText", text=text)
        if self._browser.evaluate(f"{field}.value") != text:
            raise BrowserError(f"{selector}: does not hold what was written into it")

    def click(self, selector: str) -> None:
        """Click on a part."""
        self._browser.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def clear(self) -> None:
        """Empty all fields: there may be a password in one."""
        self._browser.evaluate("document.querySelectorAll('input').forEach((field) => { field.value = ''; })")

    def picture(self, name: str, selector: str = "", text: str = "") -> None:
        """Keep a picture with this part of the page in its middle; a picture that the page lacks is an error."""
        if selector:
            found = f"[...document.querySelectorAll({json.dumps(selector)})]"
            part = f"{found}.filter((part) => part.textContent.includes({json.dumps(text)})).pop()"
            self._browser.evaluate(f"{part}.scrollIntoView({{block: 'center', inline: 'center'}})")
        self._browser.evaluate(DRAWN)
        broken = self._browser.evaluate(BROKEN_PICTURES)
        if broken:
            raise BrowserError(f"pictures that are not there: {', '.join(broken)}")
        self._browser.screenshot(self._pictures / f"{name}.png")


def wordpress(visit: Visit, asked: dict[str, t.Any]) -> None:
    """Front page, login of the administrator, a comment."""
    site = f"https://{asked['address']}:5050"
    visit.go(f"{site}/", "main")
    visit.picture("wordpress-site")
    # The page puts its cursor there a moment after it is complete, wherever the cursor is by then.
    visit.go(f"{site}/wp-login.php", "#user_login:focus")
    visit.write("#user_login", "admin")
    visit.write("#user_pass", asked["wordpress_password"])
    visit.click("#wp-submit")
    visit.see("#wpadminbar .display-name", "admin")
    visit.see("#dashboard-widgets")
    visit.picture("wordpress-administration")
    visit.go(f"{site}/?p=1", "#comment")
    visit.write("#comment", asked["comment"])
    visit.click("#submit")
    visit.see(".wp-block-comment-content", asked["comment"])
    visit.picture("wordpress-comment", ".wp-block-comment-content", asked["comment"])


def phpmyadmin(visit: Visit, asked: dict[str, t.Any], base: str, name: str) -> None:
    """Login, and the table of comments with the one that was left."""
    visit.go(base, "#input_username")
    visit.picture(f"{name}-login")
    visit.write("#input_username", "admin")
    visit.write("#input_password", asked["mysql_password"])
    visit.click("#input_go")
    visit.see("#pma_navigation_tree", "wordpress")
    visit.go(f"{base}index.php?route=/sql&db=wordpress&table=wp_comments&pos=0&session_max_rows=500", ".table_results")
    visit.see(".table_results td", asked["comment"])
    visit.picture(f"{name}-comments", ".table_results td", asked["comment"])


def main() -> int:
    """Visit each server; what the browser complains about is wrong too."""
    asked = json.load(sys.stdin)
    address, pictures = asked["address"], pathlib.Path(asked["folder"])
    wrong = []
    visits: list[tuple[str, t.Callable[[Visit], None]]] = [
        ("wordpress", lambda visit: wordpress(visit, asked)),
        ("phpmyadmin", lambda visit: phpmyadmin(visit, asked, f"https://{address}:5000/", "phpmyadmin")),
        ("nginx", lambda visit: phpmyadmin(visit, asked, f"https://{address}/phpmyadmin/", "phpmyadmin-front-door")),
    ]
    for server, use in visits:
        with Browser(pathlib.Path(asked["certificates"]) / f"{server}.crt") as browser:
            visit = Visit(browser, pictures)
            try:
                use(visit)
            except BrowserError as error:
                wrong.append(f"{server}: {error}")
                # Where there is no page there is no picture of it.
                with contextlib.suppress(BrowserError):
                    visit.clear()
                    browser.screenshot(pictures / f"{server}-failed.png")
            wrong += [f"{server}: {message}" for message in browser.messages]
    print(json.dumps({"wrong": wrong}, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
