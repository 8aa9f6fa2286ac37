# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at every dashboard of panels in Chromium, demand data in every panel, and keep pictures.

Reads from standard input, in JSON: `url`, `certificate` (file of the server's), `user`, `password`, `dashboards`
(names) and `folder` for the pictures. Prints, in JSON, what each dashboard showed.
"""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

from browser import Browser, BrowserError
from panels import READY, sign_in

SHOWN = """({
    title: document.getElementById('title').textContent,
    panels: document.querySelectorAll('.panel').length,
    graphs: document.querySelectorAll('.panel.timeseries canvas').length,
    empty: [...document.querySelectorAll('.panel.empty')].map((panel) =>
        panel.querySelector('h2').textContent + ': ' + panel.querySelector('.note').textContent),
    height: document.documentElement.scrollHeight,
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
})"""
WIDTH, PHONE = 1440, 390


def look(browser: Browser, url: str, width: int, file: pathlib.Path) -> dict[str, t.Any]:
    """Open a dashboard, wait for its data, and keep a picture of all of it."""
    browser.screen(width, 900, width == PHONE)
    browser.open(url)
    browser.wait_for(READY)
    shown: dict[str, t.Any] = browser.evaluate(SHOWN)
    # All of it at once: what is not on the screen is not drawn.
    browser.screen(width, min(shown["height"], 6000), width == PHONE)
    browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    browser.screenshot(file)
    return shown


def main() -> int:
    """Look at all of them, and at the first one in other ways too."""
    asked = json.load(sys.stdin)
    folder = pathlib.Path(asked["folder"])
    wrong, seen = [], []
    with Browser(pathlib.Path(asked["certificate"])) as browser:
        sign_in(browser, asked["url"], asked["user"], asked["password"])
        pictures = [(name, f"{name}.png", WIDTH, False) for name in asked["dashboards"]]
        first = asked["dashboards"][0]
        pictures += [
            (first, f"{first}-dark.png", WIDTH, True),
            (first, f"{first}-phone.png", PHONE, False),
            ("mysql", "mysql-dark.png", WIDTH, True),
            ("mysql", "mysql-phone.png", PHONE, True),
        ]
        for name, picture, width, dark in pictures:
            browser.dark(dark)
            try:
                shown = look(
                    browser, f"{asked['url']}/d/ft-{name}?from=now-15m&to=now", width, folder / f"panels-{picture}"
                )
            except BrowserError as error:
                wrong.append(f"{picture}: {error}")
                continue
            seen.append({"picture": picture, **shown})
            if shown["empty"] or not shown["graphs"] or shown["wide"]:
                wrong.append(f"{picture}: {shown}")
        wrong += browser.messages
    print(json.dumps({"seen": seen, "wrong": wrong}, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
