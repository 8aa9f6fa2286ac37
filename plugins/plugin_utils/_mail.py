# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that takes the platform's mail, the setting services_smtp. Private to this collection."""

from __future__ import annotations

import ipaddress
import pathlib
import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _external_services, _services

SETTING = "services_smtp"
PORTS = {"starttls": 587, "tls": 465, "none": 25}
# Enough to notice what is none; the server knows better.
ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+")


def address(value: object) -> str:
    """An address of mail, alone."""
    good = isinstance(value, str) and ADDRESS.fullmatch(value)
    return "" if good else "must be an address such as site@example.org"


def path(value: object) -> str:
    """A path that does not depend on where a playbook runs."""
    good = isinstance(value, str) and value.startswith("/")
    return "" if good else "must be the absolute path of a file on the machine that runs Ansible"


SERVER = _services.Keys(
    {"host": _external_services.host, "from": address},
    {
        "port": _services.PORT,
        "security": _services.one_of(*PORTS),
        "user": _services.text,
        "password": _services.text,
        "addresses": _services.Items(_external_services.network),
        "ca": path,
    },
)


def settings(given: t.Any) -> dict[str, t.Any]:
    """What may be known of the setting: ``mail`` without the password, ``ca`` as text, ``rules`` for a NetworkPolicy.

    ``problem`` is what is wrong with it; the others are then empty, as they are without a value.
    """
    nothing: dict[str, t.Any] = {"problem": "", "mail": {}, "ca": "", "rules": []}
    if not given:
        return nothing
    if not isinstance(given, dict):
        return nothing | {"problem": f"{SETTING} must be a mapping."}
    found = list(_services.problems(given, SERVER, SETTING)) or list(unclear(given))
    ca = ""
    if not found and given.get("ca"):
        try:
            ca = pathlib.Path(given["ca"]).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            found = [f"{SETTING}.ca: {given['ca']}: {error.strerror}"]
        if not found and "-----BEGIN CERTIFICATE-----" not in ca:
            found = [f"{SETTING}.ca: {given['ca']} has no certificate in PEM form"]
    if found:
        return nothing | {"problem": f"{'; '.join(found)}."}
    security = given.get("security") or "starttls"
    mail = {
        "host": given["host"],
        "port": given.get("port") or PORTS[security],
        "security": security,
        "user": given.get("user") or "",
        "from": given["from"],
    }
    # A host without them is an address.
    networks = [str(ipaddress.ip_network(each)) for each in given.get("addresses") or [given["host"]]]
    rule = {
        "to": [{"ipBlock": {"cidr": network}} for network in networks],
        "ports": [{"port": mail["port"], "protocol": "TCP"}],
    }
    return nothing | {"mail": mail, "ca": ca, "rules": [rule]}


def unclear(given: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """What is wrong for who knows the whole of it."""
    if _external_services.address_of(given["host"]) is None and not given.get("addresses"):
        yield f"{SETTING}.addresses is missing: policies know no names, so list those that {given['host']} leads to"
    if bool(given.get("user")) != bool(given.get("password")):
        yield f"{SETTING}.user and {SETTING}.password belong together"
    elif given.get("password") and given.get("security") == "none":
        yield f"{SETTING}.security none would send the password as it is: take starttls or tls"
