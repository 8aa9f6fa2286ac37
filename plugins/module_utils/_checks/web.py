# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of a web address. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import http.client
import re
import typing as t
from urllib.parse import urljoin, urlsplit

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.address import ascii_url, header_text
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import (
    Check,
    Countdown,
    Outcome,
    RunCommand,
    client_context,
    ended_by,
)

BODY_BYTES = 1 << 20
REDIRECTS = (301, 302, 303, 307, 308)
USER_AGENT = "fortytwo.ft_services service_check"


class Response(t.NamedTuple):
    """What a web server said. Header names are in lower case."""

    url: str
    status: int
    phrase: str
    headers: dict[str, str]
    body: str


def probe_http(check: Check, timeout: float, run: RunCommand) -> Outcome:
    """Ask for an address, and compare status, headers and body."""
    expected = expectation(check)
    try:
        answer = ask(check, Countdown(timeout))
    except http.client.HTTPException as error:
        said = " ".join(str(error).split()) or type(error).__name__
        return Outcome(False, f"no HTTP answer: {said}", expected, "Look what listens there.")
    except OSError as error:
        return ended_by(error, timeout, expected)
    wrong = differences(check, answer)
    measured = f"{answer.status} {answer.phrase}".strip() + "".join(f"; {text}" for text in described(check, answer))
    return Outcome(not wrong, measured, expected, f"Differs: {', '.join(wrong)}." if wrong else "")


def http_problems(check: Check) -> list[str]:
    """What is wrong with the options of a check, before anything is asked."""
    problems = []
    try:
        parts = urlsplit(check["url"])
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            problems.append(f"url {check['url']!r} must start with http:// or https:// and name a host")
    except ValueError as error:
        problems.append(f"url {check['url']!r}: {error}")
    for name, pattern in (check.get("headers_match") or {}).items():
        try:
            re.compile(str(pattern))
        except re.error as error:
            problems.append(f"headers_match {name}: {pattern!r} is no regular expression ({error})")
    return problems


def ask(check: Check, countdown: Countdown) -> Response:
    """Send the request, and follow as many redirects as the check allows."""
    url, method = check["url"], check.get("method") or "GET"
    for follow in range(check.get("redirects") or 0, -1, -1):
        answer = request(url, method, check, countdown)
        target = answer.headers.get("location")
        if not follow or answer.status not in REDIRECTS or not target:
            break
        url = ascii_url(urljoin(url, target))
        if urlsplit(url).scheme not in ("http", "https"):
            break
        method = "GET" if answer.status == 303 else method
    return answer


def request(url: str, method: str, check: Check, countdown: Countdown) -> Response:
    """One request, without redirects."""
    parts = urlsplit(url)
    host = t.cast(str, parts.hostname)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = client_context(check.get("ca_file"), check.get("validate_certs") is not False)
        connection = http.client.HTTPSConnection(host, parts.port, timeout=countdown.left(), context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=countdown.left())
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, headers={"User-Agent": USER_AGENT, "Accept": "*/*"})
        response = connection.getresponse()
        headers = {name.lower(): header_text(text) for name, text in response.getheaders()}
        body = read_body(response, countdown) if check.get("body_contains") else ""
        return Response(url, response.status, response.reason, headers, body)
    finally:
        connection.close()


def read_body(response: http.client.HTTPResponse, countdown: Countdown) -> str:
    """The first part of the body; it ends by size or time, however slowly the server sends."""
    body = b""
    while len(body) < BODY_BYTES:
        countdown.left()
        chunk = response.read1(65536)
        if not chunk:
            break
        body += chunk
    return body.decode("utf-8", "replace")


def statuses(check: Check) -> list[int]:
    """The status codes that are right."""
    return [int(status) for status in check.get("status") or [200]]


def expectation(check: Check) -> str:
    """The check in words."""
    texts = [f"{check.get('method') or 'GET'} {check['url']}: " + " or ".join(str(code) for code in statuses(check))]
    texts += [f"{name}: {text}" for name, text in (check.get("headers") or {}).items()]
    texts += [f"{name} matching {text}" for name, text in (check.get("headers_match") or {}).items()]
    if check.get("body_contains"):
        texts.append(f"body with {check['body_contains']!r}")
    return "; ".join(texts)


def differences(check: Check, answer: Response) -> list[str]:
    """Names of what is not as expected."""
    wrong = []
    if answer.status not in statuses(check):
        wrong.append("status")
    for name, text in (check.get("headers") or {}).items():
        if answer.headers.get(name.lower()) != str(text):
            wrong.append(name)
    for name, pattern in (check.get("headers_match") or {}).items():
        if not re.fullmatch(str(pattern), answer.headers.get(name.lower(), "")):
            wrong.append(name)
    if check.get("body_contains") and check["body_contains"] not in answer.body:
        wrong.append("body")
    return wrong


def described(check: Check, answer: Response) -> list[str]:
    """The parts of the answer that the check is about. Of a body only whether the text is there: it may be private."""
    names = [*(check.get("headers") or {}), *(check.get("headers_match") or {})]
    if answer.status in REDIRECTS and "location" not in [name.lower() for name in names]:
        names.append("Location")
    texts = [f"{name}: {answer.headers.get(name.lower(), '(none)')}" for name in names]
    if answer.url != check["url"]:
        texts.insert(0, f"at {answer.url}")
    if check.get("body_contains"):
        texts.append("body with the text" if check["body_contains"] in answer.body else "body without the text")
    return texts
