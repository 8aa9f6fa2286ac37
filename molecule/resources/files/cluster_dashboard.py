# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walk through the dashboard of the cluster in Chromium, by its own links, and keep pictures.

The first page is the platform's namespace, also with a slash at the end of its address; every kind that the texts
promise is shown.

Reads from standard input, in JSON: `url`, `certificate` (of any server: none is asked for one here), `cluster`,
`namespace` and `folder` for the pictures. Prints, in JSON, what was seen.
"""

from __future__ import annotations

import json
import pathlib
import sys

from browser import Browser

LOADED = "document.readyState === 'complete' && !!document.querySelector('main')"
# Styles and scripts came too: a page without them is no page.
STYLED = "getComputedStyle(document.querySelector('.navbar')).display === 'flex' && !!document.querySelector('svg')"
# Of the kinds on a page that are Kubernetes' own or MetalLB's, those that answer with an error: name and status.
REFUSED = r"""Promise.all([...document.querySelectorAll('main tr:has(a)')]
    .filter((row) => !row.cells[2].textContent.includes('.') || /\b(k8s|metallb)\.io\//.test(row.cells[2].textContent))
    .map((row) => fetch(row.querySelector('a').href).then((answer) => [row.cells[1].textContent, answer.status])))
    .then((all) => all.filter((each) => each[1] !== 200))"""
# What may be secret; the second is a kind of MetalLB.
SECRET = {"secrets", "bgppeers"}


def follow(browser: Browser, end: str) -> None:
    """Click a link of the page, told by how its address ends."""
    found = browser.evaluate(
        f"""(() => {{
            const link = [...document.querySelectorAll('a')].find((each) => each.href.endsWith({json.dumps(end)}));
            if (link) setTimeout(() => link.click(), 0);
            return !!link;
        }})()"""
    )
    if not found:
        raise SystemExit(f"no link that ends in {end} on {browser.evaluate('location.href')}")
    browser.wait_for(f"location.href.endsWith({json.dumps(end)}) && {LOADED}")


def main() -> None:
    """Go from the first page to the nginx of the platform."""
    asked = json.load(sys.stdin)
    folder = pathlib.Path(asked["folder"])
    space = f"/clusters/{asked['cluster']}/namespaces/{asked['namespace']}"
    root = asked["url"].rstrip("/")
    pages = {
        "cluster": f"/clusters/{asked['cluster']}",
        "namespace": space,
        "deployments": f"{space}/deployments",
        "nginx": f"{space}/deployments/nginx",
    }
    seen = {}
    with Browser(pathlib.Path(asked["certificate"])) as browser:
        browser.screen(1440, 1000)
        browser.open(f"{root}{space}/")
        browser.wait_for(f"location.href === {json.dumps(root + space)} && {LOADED} && {STYLED}")
        for name, end in pages.items():
            follow(browser, end)
            browser.wait_for(STYLED)
            browser.screenshot(folder / f"dashboard-{name}.png")
            seen[name] = browser.evaluate("document.querySelector('main').innerText")
        # Before the refusals, which are errors to the browser, as they have to be.
        messages = list(browser.messages)
        refused: dict[str, int] = {}
        for kinds in (f"/clusters/{asked['cluster']}", space):
            browser.open(f"{root}{kinds}/_resource-types")
            browser.wait_for(f"location.href.endsWith('{kinds}/_resource-types') && {LOADED}")
            found = dict(browser.evaluate(REFUSED))
            # Of a kind that nobody has asked for yet the API server says "too many requests".
            refused.update(found if set(found.values()) <= {403} else browser.evaluate(REFUSED))
    if set(refused) - SECRET or set(refused.values()) - {403}:
        messages.append(f"not every kind is shown: {refused}")
    print(json.dumps({"seen": {name: len(text) for name, text in seen.items()}, "wrong": messages}))
    if messages or "nginx" not in seen["deployments"] or "fortytwo/nginx" not in seen["nginx"]:
        raise SystemExit(f"not what was expected: {messages}, {seen}")


if __name__ == "__main__":
    main()
