# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads that resume, never hang and are checked.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import dataclasses
import email.utils
import http.client
import ipaddress
import pathlib
import re
import shutil
import ssl
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import digest_of

# What may be gone a moment later; every other status is an answer.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
# Seconds that a server may ask to wait; one that asks for more is tried again all the same.
LONGEST_WAIT = 300.0
CHUNK = 1 << 16
MEGABYTE = 1_000_000
# Kinds of published checksums, and how many hexadecimal digits each has.
DIGITS = {"sha256": 64, "sha1": 40}
_Outcome = t.TypeVar("_Outcome")
_Response: t.TypeAlias = http.client.HTTPResponse


@dataclasses.dataclass(frozen=True)
class Patience:
    """How long to wait for a server: times in seconds, amounts in bytes."""

    silence: float = 30  # for a connection, and for each answer
    window: float = 60  # in which at least ``trickle`` bytes have to come
    trickle: int = 1 << 16
    tries: int = 4  # in a row without a megabyte gained
    pause: float = 1  # before the second try; doubles with each


class Transient(Exception):
    """The server or the network failed in a way that may pass."""

    def __init__(self, reason: str, gained: int = 0, status: int = 0, wait: float = 0) -> None:
        """Tell the reason, how many bytes came before, the HTTP status, and the seconds that it asks to wait."""
        super().__init__(reason)
        self.gained, self.status, self.wait = gained, status, wait


class HttpStatusError(Exception):
    """The server answered with an HTTP status that stands."""

    def __init__(self, status: int) -> None:
        """Keep the status."""
        super().__init__(f"HTTP {status}")
        self.status = status


def loopback(host: str) -> bool:
    """Say whether a host name means this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_site(name: str, url: str) -> bool:
    """Refuse what is no address of a site; say whether anyone on the way could change what it sends."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BundleError(
            f"bundle_mirrors: {name} is no address of a site (https://HOST/PATH): {parts.hostname or url!r}"
        )
    if parts.username or parts.password:
        raise BundleError(
            f"bundle_mirrors: the address for {name} holds a user name or password, which would show up in logs and "
            "in the manifest. Use a mirror that needs none inside your network."
        )
    return parts.scheme == "http" and not loopback(parts.hostname)


def kind_of(digest: str) -> str:
    """Return the kind of a hexadecimal digest, told by its length."""
    return {length: kind for kind, length in DIGITS.items()}[len(digest)]


def parse_checksum(text: str, name: str, kind: str = "sha256") -> str:
    """Return the digest out of a published checksum file: the hash alone, or followed by the file's name."""
    match = re.fullmatch(rf"\s*([0-9a-fA-F]{{{DIGITS[kind]}}})(?:\s+\*?(\S+))?\s*", text)
    if not match or (match.group(2) and match.group(2).rpartition("/")[2] != name):
        raise BundleError(
            f"what the server has as the checksum of {name} is none: {text.strip()[:80]!r}. "
            f"A mirror has to offer the vendor's own .{kind} file; look what is in front of it (a login page, a proxy)."
        )
    return match.group(1).lower()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, as vendors use them, but never from HTTPS to something weaker."""

    def redirect_request(
        self, req: urllib.request.Request, fp: t.Any, code: int, msg: str, headers: t.Any, newurl: str
    ) -> urllib.request.Request | None:
        scheme = urllib.parse.urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme == "http"):
            raise BundleError(f"{req.full_url} leads to {newurl}, which is no HTTPS: refused.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def open_url(url: str, silence: float, headers: tuple[tuple[str, str], ...] = ()) -> _Response:
    """Start a download; the proxies and certificates of the environment apply."""
    opener = urllib.request.build_opener(_Redirects())
    opener.addheaders = [("User-Agent", "fortytwo.ft_services"), ("Accept-Encoding", "identity"), *headers]
    try:
        return t.cast(_Response, opener.open(url, timeout=silence))
    except urllib.error.HTTPError as error:
        status, wait = error.code, retry_after(error.headers.get("Retry-After"))
        error.close()
        if status in PASSING:
            raise Transient(f"HTTP {status}", status=status, wait=wait) from None
        raise HttpStatusError(status) from None
    except (OSError, http.client.HTTPException) as error:
        raise _failure(error, silence) from error


def retry_after(value: str | None) -> float:
    """Seconds that a server asks to wait, by a number or a date, at most ``LONGEST_WAIT``; 0 when it asks nothing."""
    text = (value or "").strip()
    try:
        seconds = float(text) if text.isdigit() else email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError):
        return 0
    return min(max(seconds, 0), LONGEST_WAIT)


def _failure(error: Exception, silence: float, gained: int = 0) -> Exception:
    """Translate what Python says of a connection."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return Transient(f"nothing came for {silence:.0f} s", gained)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return BundleError(
            f"its certificate is not trusted here: {reason.verify_message}. If a proxy of your network signs "
            "certificates, add its authority to this host (update-ca-certificates) or name it in SSL_CERT_FILE."
        )
    return Transient(getattr(reason, "strerror", None) or str(reason) or type(reason).__name__, gained)


class Downloader:
    """Fetches files by URL and checksum; what came so far stays in a folder and is gone on with."""

    def __init__(self, parts: pathlib.Path, say: t.Callable[[str], None], patience: Patience = Patience()) -> None:
        """Keep unfinished files in ``parts`` and tell ``say`` how it goes."""
        self._parts, self._say, self._patience = parts, say, patience

    def text(self, url: str) -> str | None:
        """Return a small text, or None when the server has no such file."""

        def attempt() -> str | None:
            try:
                with open_url(url, self._patience.silence) as response:
                    return response.read(CHUNK).decode("utf-8", errors="replace")
            except HttpStatusError as error:
                if error.status in (404, 410):
                    return None
                raise
            except (OSError, http.client.HTTPException) as error:
                raise _failure(error, self._patience.silence) from error

        return self._patiently(url, attempt)

    def file(self, url: str, digest: str, target: pathlib.Path, title: str, mode: int = 0o644) -> None:
        """Fetch a file to ``target``; it is there only when its SHA-256 (or SHA-1, by its length) is the given one."""
        kind = kind_of(digest)
        self._parts.mkdir(parents=True, exist_ok=True)
        # Named by what it has to become, a part is never continued with another file's bytes.
        part = self._parts / f"{digest}.part"
        resumed = part.exists()
        self._patiently(url, lambda: self._append(url, part, title))
        found = digest_of(part, kind)
        if found != digest and resumed:
            # Begun by an earlier run, perhaps with a broken server: once more from its start.
            part.unlink()
            self._patiently(url, lambda: self._append(url, part, title))
            found = digest_of(part, kind)
        if found != digest:
            size = part.stat().st_size
            part.unlink()
            raise BundleError(
                f"{url}: what came ({size} bytes) has the {kind.replace('sha', 'SHA-')} {found}, expected is {digest}. "
                "It was thrown away. Somebody on the way changed or cut the file, or the mirror has another one: try "
                "again, or another mirror (bundle_mirrors)."
            )
        part.chmod(mode)
        shutil.move(part, target)

    def _patiently(self, url: str, attempt: t.Callable[[], _Outcome]) -> _Outcome:
        """Try until it works, something final happens, or nothing is gained any more."""
        pause, left = self._patience.pause, self._patience.tries
        while True:
            try:
                return attempt()
            except HttpStatusError as error:
                raise BundleError(f"{url}: {error}. {_advice(error.status)}") from error
            except BundleError as error:
                raise BundleError(f"{url}: {error}") from error
            except Transient as error:
                left -= 1
                if error.gained >= MEGABYTE:
                    pause, left = self._patience.pause, self._patience.tries
                if left <= 0:
                    raise BundleError(
                        f"{url}: {error}; given up after {self._patience.tries} tries. Run again to go on from there, "
                        "or name another mirror (bundle_mirrors)."
                    ) from error
                self._say(f"{url}: {error}; trying again")
                time.sleep(max(pause, error.wait))
                pause = min(2 * pause, 30)

    def _append(self, url: str, part: pathlib.Path, title: str) -> None:
        """Fetch what a part lacks; it may be the whole file."""
        have = part.stat().st_size if part.exists() else 0
        try:
            response = open_url(url, self._patience.silence, (("Range", f"bytes={have}-"),) if have else ())
        except HttpStatusError as error:
            if error.status == 416 and have:
                return  # Nothing is left to send; the hash decides.
            raise
        with response, part.open("ab") as out:
            if have and not (response.headers.get("Content-Range") or "").startswith(f"bytes {have}-"):
                # A server without ranges sends all of it.
                out.truncate(0)
                have = 0
            length = response.headers.get("Content-Length")
            self._copy(response, out, Meter(self._say, title, have, have + int(length) if length else None))

    def _copy(self, response: _Response, out: t.BinaryIO, meter: Meter) -> None:
        opened, in_window = time.monotonic(), 0
        while True:
            try:
                chunk = response.read1(CHUNK)
            except (OSError, http.client.HTTPException) as error:
                raise _failure(error, self._patience.silence, meter.gained) from error
            if not chunk:
                break
            out.write(chunk)
            meter.add(len(chunk))
            in_window += len(chunk)
            if time.monotonic() - opened >= self._patience.window:
                if in_window < self._patience.trickle:
                    raise Transient(f"only {in_window} bytes came in {self._patience.window:.0f} s", meter.gained)
                opened, in_window = time.monotonic(), 0
        if meter.total is not None and meter.have < meter.total:
            raise Transient(f"the connection ended after {meter.have} of {meter.total} bytes", meter.gained)


class Meter:
    """Tells once a second how much came, and how fast."""

    def __init__(self, say: t.Callable[[str], None], title: str, have: int, total: int | None) -> None:
        """Start at ``have`` bytes of ``total``, where the server told it."""
        self._say, self._title = say, title
        self.have, self.total, self.gained = have, total, 0
        self._started = self._told = time.monotonic()

    def add(self, count: int) -> None:
        """Count bytes."""
        self.have += count
        self.gained += count
        now = time.monotonic()
        if now - self._told >= 1:
            self._told = now
            whole = f" of {self.total / MEGABYTE:.0f}" if self.total else ""
            rate = self.gained / MEGABYTE / (now - self._started)
            self._say(f"{self._title}: {self.have / MEGABYTE:.0f}{whole} MB, {rate:.1f} MB/s")


def _advice(status: int) -> str:
    """Return what to do about an HTTP status."""
    if status in (404, 410):
        return "There is no such file: compare bundle_versions with what is there, or name a mirror (bundle_mirrors)."
    if status in (401, 403, 407):
        return (
            "The server or a proxy refuses it: see https_proxy and no_proxy, or name another mirror (bundle_mirrors)."
        )
    return "Try again later, or name another mirror (bundle_mirrors)."
