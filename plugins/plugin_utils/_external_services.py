# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services whose place a server outside of the cluster takes. Private to this collection.

The setting services_external says which, and where. Rows and templates ask for the endpoint of a service, whoever
it is.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _services

Row = _services.Row

SETTING = "services_external"
HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*", re.I)


def address_of(host: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is; None for a name."""
    try:
        return ipaddress.ip_address(str(host))
    except ValueError:
        return None


def host(value: object) -> str:
    """A name or an address that pods can reach."""
    address = address_of(value)
    if value == "localhost" or (address and (address.is_loopback or address.is_unspecified)):
        return (
            f"is {value}, which for a pod is the pod itself: name an address at which other machines reach the server"
        )
    if not isinstance(value, str) or not (address or HOST_NAME.fullmatch(value)):
        return "must be a host name or an address, without a scheme or a port"
    return ""


def network(value: object) -> str:
    """An address or a network, as policies name them."""
    try:
        ipaddress.ip_network(str(value))
    except ValueError as error:
        return f"must be an address or a network such as 10.1.0.0/24: {error}"
    return ""


def path(value: object) -> str:
    """A path that does not depend on where a playbook runs."""
    good = isinstance(value, str) and value.startswith("/")
    return "" if good else "must be the absolute path of a file on the host that reaches the cluster"


SERVER = _services.Keys(
    {"host": host, "ca": path},
    {"port": _services.PORT, "addresses": _services.Items(network), "secret": _services.name},
)


def check(external: object, rows: t.Iterable[Row], on: t.Collection[str]) -> None:
    """Refuse a setting that cannot work, with everything that is wrong with it. ``on``: names of services that are on.

    Raises ServicesError.
    """
    known = {row["name"]: row["external"] for row in rows if "external" in row}
    if not isinstance(external, dict):
        raise _services.ServicesError(f"{SETTING} must be a mapping, from the name of a service to its server.")
    found: list[str] = []
    for service, server in external.items():
        place = f"{SETTING}.{service}"
        if service not in known:
            found.append(
                f"{place}: this service cannot be outside of the cluster; there are {', '.join(sorted(known))}"
            )
        elif service not in on:
            found.append(f"{place}: services_enabled or services_disabled switches {service} off")
        else:
            wrong = list(_services.problems(server, SERVER, place))
            found += wrong or list(unclear(server, known[service], place))
    if found:
        raise _services.ServicesError(f"{'; '.join(found)}.")


def unclear(server: Row, rules: Row, place: str) -> t.Iterator[str]:
    """What is missing for who knows the whole of it."""
    if address_of(server["host"]) is None and not server.get("addresses"):
        yield f"{place}.addresses is missing: policies know no names, so list those that {server['host']} leads to"
    if rules.get("by_name") and address_of(server["host"]) is not None:
        yield f"{place}.host must be a name: who connects to it compares its certificate with a name only"


def endpoints(rows: t.Iterable[Row], external: t.Mapping[str, Row], ca: str) -> dict[str, Row]:
    """Where each service is reached, by its name: ``host``, ``port``, ``ca`` (a file) and whether it is ``external``.

    ``ca`` is the file of the local CA.
    """
    found = {}
    for row in rows:
        server = external.get(row["name"])
        found[row["name"]] = {
            "host": server["host"] if server else row["name"],
            "port": (server or {}).get("port") or own_port(row),
            "ca": server["ca"] if server else ca,
            "external": bool(server),
        }
    return found


def own_port(row: Row) -> int:
    """The first port of a row; 0 where it has none, or none that is known yet."""
    ports = row.get("ports")
    first = ports[0] if isinstance(ports, list) and ports else {}
    port = first.get("port") if isinstance(first, dict) else None
    return port if isinstance(port, int) else 0


def replace(rows: t.Sequence[Row], external: t.Mapping[str, Row]) -> list[Row]:
    """The rows, those of external servers in the place of the services'.

    Where the accounts are in a Secret of the user's, files come from there: ``secret_sources`` of a row lists them.
    """
    theirs = {
        credential: server["secret"]
        for row in rows
        for server in [external.get(row["name"]) or {}]
        if server.get("secret")
        for credential in row["external"]["credentials"]
    }
    return [
        server_row(row, external[row["name"]]) if row["name"] in external else with_sources(row, theirs) for row in rows
    ]


def server_row(row: Row, server: Row) -> Row:
    """What is left of a row whose service is elsewhere."""
    accounts = row["external"]["credentials"]
    return {
        **{key: row[key] for key in ("name", "title", "description", "folder")},
        "kind": "external",
        "external": {
            "host": server["host"],
            "port": server.get("port") or own_port(row),
            # A host without them is an address.
            "networks": [str(ipaddress.ip_network(each)) for each in server.get("addresses") or [server["host"]]],
            "secret": server.get("secret", ""),
            "accounts": accounts,
        },
        "credentials": [
            entry for entry in row.get("credentials") or [] if entry["name"] in accounts and not server.get("secret")
        ],
    }


def with_sources(row: Row, theirs: t.Mapping[str, str]) -> Row:
    """The row with files of other Secrets listed apart: ``secret``, ``key``, and ``path``, the name of the file."""
    files = row.get("secret_files") or {}
    moved = [
        {"secret": theirs[entry["credential"]], "key": entry["credential"], "path": name}
        for name, entry in files.items()
        if entry.get("credential") in theirs
    ]
    if not moved:
        return row
    gone = {entry["path"] for entry in moved}
    return {
        **row,
        "secret_files": {name: entry for name, entry in files.items() if name not in gone},
        "secret_sources": moved,
    }
