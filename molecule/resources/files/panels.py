# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Use panels in Chromium as a person does: zoom, switch, search, small screens, a failing network; and look for leaks.

Reads from standard input, in JSON: `url`, `certificate` (file of the server's), `user`, `password` and `rounds` (how
many switches and zooms). Prints, in JSON, what was `measured`, and what was `wrong`.
"""

from __future__ import annotations

import importlib.resources
import json
import pathlib
import sys
import time
import typing as t
import urllib.parse

from browser import Browser

READY = "document.body?.matches('.ready:not(.busy)') ?? false"
IDLE = "!document.body.matches('.busy')"
WIDTHS = (320, 360, 390, 600, 768, 1024, 1280, 1440, 1920, 2560)
QUERIES = "performance.getEntriesByType('resource').filter((each) => each.name.includes('/query?')).length"
PANELS = "document.querySelectorAll('.panel:not([hidden])').length"
WIDE = """({
    page: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    texts: [...document.querySelectorAll('.stat .large')].filter((text) => {
        const inside = text.getBoundingClientRect(), tile = text.closest('.panel').getBoundingClientRect();
        return inside.left < tile.left || inside.right > tile.right || inside.bottom > tile.bottom;
    }).map((text) => text.textContent),
    out: [...document.querySelectorAll('.tools button, .tools select')].filter((each) => {
        const place = each.getBoundingClientRect();
        return place.width && (place.left < 0 || place.right > document.documentElement.clientWidth);
    }).map((each) => each.id),
})"""
MIDDLE = """(() => {
    const graph = document.querySelector('.panel.timeseries .u-over');
    graph.scrollIntoView({ block: 'center' });
    const place = graph.getBoundingClientRect();
    return { left: place.left, top: place.top + place.height / 2, width: place.width };
})()"""
VIOLATIONS = (
    """axe.run().then((result) => result.violations.map((each) => [each.impact, each.id, each.nodes[0].html]))"""
)
SEARCH = """(words) => {
    document.getElementById('search').value = words;
    document.getElementById('search').dispatchEvent(new Event('input'));
    return [...document.querySelectorAll('#list a:not([hidden]) strong')].map((each) => each.textContent);
}"""
SORT = (
    """(title) => [...document.querySelectorAll('.viewed .sort')].find((each) => each.textContent === title).click()"""
)

Json = dict[str, t.Any]


def sign_in(browser: Browser, url: str, user: str, password: str) -> None:
    """Log in by the form, as a person does, and come to the page that was asked for."""
    browser.open(f"{url}/d/ft-overview?from=now-15m&to=now")
    browser.wait_for("document.getElementById('form') !== null && document.readyState === 'complete'")
    for field, text in (("user", user), ("password", password)):
        browser.evaluate(f"document.getElementById('{field}').value = {json.dumps(text)}")
    browser.evaluate("document.querySelector('#form button').click()")
    browser.wait_for(READY)


class Page:
    """The page, and what was wrong with it."""

    def __init__(self, browser: Browser, url: str) -> None:
        """Take the browser and the address of panels."""
        self.browser, self.url = browser, url
        self.wrong: list[str] = []

    def check(self, good: object, what: str) -> None:
        """Keep what is wrong."""
        if not good:
            self.wrong.append(what)

    def open(self, path: str) -> float:
        """Open an address and return the seconds until its last panel is drawn."""
        started = time.monotonic()
        self.browser.open(self.url + path)
        self.browser.wait_for(READY)
        return time.monotonic() - started

    def run(self, expression: str) -> t.Any:
        """Return the value of an expression."""
        return self.browser.evaluate(expression)

    def settle(self) -> None:
        """Wait until everything that was asked for is there."""
        self.run("new Promise((done) => setTimeout(() => done(true), 30))")
        self.browser.wait_for(READY)

    def mouse(self, kind: str, x: float, y: float) -> None:
        """Move or press the mouse."""
        self.browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, first: float = 0.3, last: float = 0.7) -> None:
        """Draw a range in the first graph."""
        place = self.run(MIDDLE)
        start, end = (place["left"] + place["width"] * part for part in (first, last))
        self.mouse("mouseMoved", start, place["top"])
        self.mouse("mousePressed", start, place["top"])
        for step in range(1, 5):
            self.mouse("mouseMoved", start + (end - start) * step / 4, place["top"])
        self.mouse("mouseReleased", end, place["top"])

    def key(self, key: str) -> None:
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            self.browser.call("Input.dispatchKeyEvent", type=kind, key=key, text=key if len(key) == 1 else "")

    def metrics(self) -> Json:
        """Return the page's memory, listeners and elements after what nobody needs was thrown away."""
        self.browser.call("HeapProfiler.collectGarbage")
        counted = self.browser.call("Memory.getDOMCounters")
        return {"heap": self.browser.call("Runtime.getHeapUsage")["usedSize"], "listeners": counted["jsEventListeners"]}


def logins(page: Page, user: str, password: str) -> None:
    """Nobody sees anything without a login; a wrong password is told, and a logout ends the session."""
    page.browser.open(f"{page.url}/d/ft-mysql?from=now-5m&to=now")
    page.browser.wait_for("document.getElementById('form') !== null && document.readyState === 'complete'")
    page.run("document.getElementById('password').value = 'wrong'; document.querySelector('#form button').click()")
    page.browser.wait_for("document.getElementById('message').textContent.includes('wrong')")
    page.browser.messages.clear()  # the browser's log says that the login was refused
    sign_in(page.browser, page.url, user, password)
    page.check(page.run("location.pathname + location.search") == "/d/ft-overview?from=now-15m&to=now", "another page")
    page.browser.open(f"{page.url}/logout")
    page.browser.wait_for("location.pathname === '/login' && document.getElementById('form') !== null")
    sign_in(page.browser, page.url, user, password)


def zooms(page: Page) -> None:
    """One drag is one step of history and one query for each panel; back is one step."""
    page.open("/d/ft-overview?from=now-15m&to=now&refresh=off")
    before, panels = page.run("history.length"), page.run(PANELS)
    page.run("performance.setResourceTimingBufferSize(100000); performance.clearResourceTimings()")
    page.drag()
    page.settle()
    asked = page.run(QUERIES)
    page.check(page.run("history.length") == before + 1, "a zoom is not one step of history")
    page.check(panels <= asked <= panels + 1, f"a zoom asked {asked} times for {panels} panels")
    page.check("from=now" not in page.run("location.search"), "a zoom did not change the time")
    page.run("history.back()")
    page.browser.wait_for("location.search.includes('from=now-15m')")
    page.settle()
    page.run("document.getElementById('out').click()")
    page.settle()
    page.check(page.run("document.querySelectorAll('.empty').length") < panels, "zooming out emptied all panels")


def forms(page: Page) -> None:
    """The forms of Grafana's addresses are understood, and what is none is told."""
    for query in (
        "from=now-1h%2Fh&to=now",
        "from=now%2Fd&to=now%2Fd&refresh=1m",
        "from=now-2d&to=now-1m&var-x=1&kiosk",
    ):
        page.open(f"/d/ft-mysql/any-name?{query}")
        page.check(page.run("document.getElementById('message').hidden"), f"not understood: {query}")
    page.browser.open(f"{page.url}/d/ft-mysql?from=now&to=now-1h&refresh=off")
    page.browser.wait_for("document.getElementById('message')?.textContent.includes('ends before')")
    page.browser.open(f"{page.url}/dashboards")
    page.browser.wait_for(READY)
    shown = page.run(f"({SEARCH})('mysql')")
    page.check("mysql" in shown and "nginx" not in shown, f"the search for mysql shows {shown}")
    front = page.run("(({href, textContent}) => [href, textContent])(document.getElementById('front'))")
    host = urllib.parse.urlsplit(page.url).netloc.removesuffix(":3000")
    page.check(front == [f"https://{host}/", "All services"], f"the way back to the status page is {front}")


def views(page: Page) -> None:
    """A panel fills the page with a table of its values, and goes back to its place."""
    page.open("/d/ft-mysql?from=now-15m&to=now&refresh=off")
    page.run("document.querySelector('.panel.timeseries .tool:last-child').click()")
    page.settle()
    page.check(page.run(PANELS) == 1, "more than one panel is in full view")
    page.check(page.run("document.querySelectorAll('.viewed table tbody tr').length") > 0, "no table of values")
    page.run(f"({SORT})('Max')")
    head = page.run("document.querySelector('.viewed th[aria-sort] button')?.textContent")
    page.check(head == "Max", f"sorted by {head}")
    page.key("Escape")
    page.settle()
    page.check(page.run(PANELS) > 1, "Escape does not leave the full view")


def keyboard(page: Page) -> None:
    """A graph is used without a mouse, and a legend keeps the focus while it is refreshed."""
    page.open("/d/ft-mysql?from=now-15m&to=now&refresh=off")
    page.run("document.querySelector('.canvas').focus()")
    page.key("ArrowLeft")
    page.check(page.run("!document.querySelector('.tip').hidden"), "arrows show no values")
    before = page.run("location.search")
    page.key("+")
    page.settle()
    page.check(page.run("location.search") != before, "+ does not zoom")
    page.run("document.querySelector('.legend .series').focus()")
    page.run("document.getElementById('again').click()")
    page.settle()
    page.check(page.run("document.activeElement.matches('.series')"), "a refresh takes the focus of a legend away")


def failures(page: Page) -> None:
    """A refresh that fails keeps what was shown, with a mark."""
    page.open("/d/ft-mysql?from=now-15m&to=now&refresh=off")
    page.browser.call("Network.enable")
    lost: Json = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.browser.call("Network.emulateNetworkConditions", offline=True, **lost)
    page.run("document.getElementById('again').click()")
    page.browser.wait_for(f"{IDLE} && document.querySelectorAll('.panel.old').length > 0")
    page.check(page.run("document.querySelectorAll('.panel.empty').length") == 0, "a failed refresh empties panels")
    page.browser.call("Network.emulateNetworkConditions", offline=False, **lost)
    page.run("document.getElementById('again').click()")
    page.settle()
    page.check(page.run("document.querySelectorAll('.panel.old').length") == 0, "the mark of a failed refresh stays")
    # The browser itself says in its log that it was offline.
    page.browser.messages.clear()


def small(page: Page, axe: str) -> None:
    """At every width everything is there, and nothing stands out; on a phone the list opens and closes."""
    for width in WIDTHS:
        page.browser.screen(width, 900, width < 500)
        page.open("/d/ft-overview?from=now-15m&to=now&refresh=off")
        wide = page.run(WIDE)
        page.check(wide["page"] <= 0 and not wide["texts"] and not wide["out"], f"at {width} pixels: {wide}")
        page.run(axe)
        bad = [each for each in page.run(VIOLATIONS) if each[0] in ("serious", "critical")]
        page.check(not bad, f"axe at {width} pixels: {bad}")
    page.browser.screen(390, 800, True)
    page.open("/d/ft-overview?from=now-15m&to=now&refresh=off")
    shown = "getComputedStyle(document.getElementById('side')).display !== 'none'"
    for close in ("document.getElementById('shut').click()", "document.getElementById('shade').click()"):
        page.run("document.getElementById('menu').click()")
        page.check(page.run(shown), "the list does not open")
        page.run(close)
        page.check(not page.run(shown), f"not closed by {close}")
    page.run("document.getElementById('menu').click()")
    page.key("Escape")
    page.check(not page.run(shown), "the list is not closed by Escape")
    page.browser.screen(1440, 900)


def leaks(page: Page, rounds: int) -> Json:
    """After many switches and zooms the page needs no more memory than before."""
    page.open("/d/ft-overview?from=now-15m&to=now&refresh=off")

    def switch(name: str) -> float:
        started = time.monotonic()
        page.run(f"document.querySelector('#list a[data-uid={name}]').click()")
        page.settle()
        return time.monotonic() - started

    for name in ("ft-mysql", "ft-nginx", "ft-overview"):
        switch(name)
    before = page.metrics()
    times = [switch(("ft-mysql", "ft-overview")[number % 2]) for number in range(rounds)]
    for dummy in range(rounds):
        page.drag(0.05, 0.95)
        page.settle()
        page.run("history.back()")
        page.settle()
    after = page.metrics()
    page.check(after["heap"] < before["heap"] * 1.5, f"memory grew: {before} {after}")
    page.check(after["listeners"] <= before["listeners"] + 10, f"listeners grew: {before} {after}")
    return {"before": before, "after": after, "switch": round(sorted(times)[len(times) // 2], 2)}


def main() -> int:
    """Do all of it."""
    asked = json.load(sys.stdin)
    # The rules for pages that everybody can use, by Deque; its package is nothing but this file.
    axe = importlib.resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    with Browser(pathlib.Path(asked["certificate"])) as browser:
        page = Page(browser, asked["url"])
        browser.screen(1440, 900)
        logins(page, asked["user"], asked["password"])
        cold = sorted(page.open("/d/ft-overview?from=now-15m&to=now") for dummy in range(5))[2]
        for part in (zooms, forms, views, keyboard, failures):
            part(page)
        small(page, axe)
        measured = {"cold": round(cold, 2), **leaks(page, asked["rounds"])}
        page.wrong += browser.messages
    print(json.dumps({"measured": measured, "wrong": page.wrong}, indent=1))
    return 1 if page.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
