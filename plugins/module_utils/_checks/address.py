# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses as browsers send them. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import typing as t
from urllib.parse import quote, urlsplit, urlunsplit

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import Check

HAS_IDNA = True
try:
    import idna
except ImportError:
    HAS_IDNA = False

# What browsers leave as it is, beside letters and digits. "%" is there because what is encoded already stays so.
_PATH = "!$%&'()*+,-./:;=@[\\]_|~"
_QUERY = "!$%&()*+,-./:;=?@[\\]^_`{|}~"


def ascii_host(name: str) -> str:
    """A host name in the form that the domain name system has (IDNA, UTS 46); ValueError for what is none."""
    if name.isascii():
        return name
    if not HAS_IDNA:
        raise ValueError(f"the name {name} has other letters than ASCII, which needs the Python package idna")
    # Its strict functions refuse names that browsers open, such as those with emoji; the mapping is the same.
    mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in mapped.split(".")
    )


def ascii_url(url: str) -> str:
    """A web address (IRI) in the form that goes over the wire; ValueError for what cannot be brought there."""
    parts = urlsplit(url)
    host, netloc = parts.hostname or "", parts.netloc
    if not host.isascii():
        port = f":{parts.port}" if parts.port is not None else ""
        user, at, _rest = netloc.rpartition("@")
        netloc = f"{user}{at}{ascii_host(host)}{port}"
    path, query = (
        quote(text, safe=safe, errors="surrogateescape") for text, safe in ((parts.path, _PATH), (parts.query, _QUERY))
    )
    return urlunsplit((parts.scheme, netloc, path, query, parts.fragment))


def asked(check: Check) -> dict[str, t.Any]:
    """The check with its addresses as they are sent; ValueError for those that cannot be."""
    found = dict(check)
    for name, encode in (("host", ascii_host), ("server_name", ascii_host), ("url", ascii_url)):
        if found.get(name):
            found[name] = encode(found[name])
    return found


def header_text(value: str) -> str:
    """The text of a header, which the standard library reads as Latin-1 and servers write in UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
