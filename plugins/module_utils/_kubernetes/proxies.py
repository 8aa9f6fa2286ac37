# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxy leads to a cluster. This module util is private to the collection fortytwo.ft_services.

A proxy of the environment is for the internet: it is not asked for addresses that only this network knows.
"""

from __future__ import annotations

import ipaddress
import typing as t
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment

# Private and loopback networks, in the words that programs written in Go understand too.
PRIVATE = (
    "localhost,127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,::1/128,fc00::/7,fe80::/10,"
    ".local,.internal,.localhost"
)
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal")


class Proxy(t.NamedTuple):
    """A proxy, and what named it."""

    url: str
    source: str

    @property
    def shown(self) -> str:
        """The URL as messages may show it."""
        return without_user(self.url)

    @property
    def user(self) -> str | None:
        """User and password, as user:password."""
        parts = urlsplit(self.url)
        if parts.username is None:
            return None
        return f"{unquote(parts.username)}:{unquote(parts.password or '')}"


def without_user(url: str) -> str:
    """A URL without user and password."""
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


def direct_environment() -> dict[str, str]:
    """Variables for kubectl and minikube, so that they too reach private addresses without the environment's proxy."""
    names = ",".join(filter(None, [getproxies_environment().get("no", ""), PRIVATE]))
    return {"NO_PROXY": names, "no_proxy": names}


def is_private(host: str) -> bool:
    """True for a name or an address that no proxy of the internet knows."""
    name = host.strip("[]").lower().rstrip(".")
    try:
        return not ipaddress.ip_address(name).is_global
    except ValueError:
        return "." not in name or name.endswith(_LOCAL_SUFFIXES)


def is_excepted(host: str, port: int | None, no_proxy: str) -> bool:
    """True when a list such as that of NO_PROXY names the host, a domain above it, its address or its network."""
    name = host.strip("[]").lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        address = None
    for entry in (part.strip().lower() for part in no_proxy.split(",")):
        if not entry:
            continue
        if entry == "*" or entry in (name, f"{name}:{port}"):
            return True
        if address is not None:
            try:
                if address in ipaddress.ip_network(entry, strict=False):
                    return True
            except ValueError:
                pass
        elif name.endswith("." + entry.removeprefix("*").lstrip(".")):
            return True
    return False


def choose_proxy(url: str, option: str | None, kubeconfig: str | None, no_proxy: str | None) -> Proxy | None:
    """The proxy for an API server: that of the option, of the kubeconfig, or of the environment; else none."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    environment = getproxies_environment()
    if option:
        proxy: Proxy | None = Proxy(option, "the option proxy")
        exceptions = no_proxy or ""
    elif kubeconfig:
        # As for kubectl, this one was named for this very cluster.
        proxy, exceptions = Proxy(kubeconfig, "proxy-url in the kubeconfig"), no_proxy or ""
    else:
        found = environment.get(parts.scheme) or environment.get("all")
        variable = f"{parts.scheme.upper()}_PROXY" if environment.get(parts.scheme) else "ALL_PROXY"
        proxy = Proxy(found, f"{variable} in the environment") if found and not is_private(host) else None
        exceptions = environment.get("no", "") if no_proxy is None else no_proxy
    if proxy is None or is_excepted(host, port, exceptions):
        return None
    return proxy if "://" in proxy.url else proxy._replace(url=f"http://{proxy.url}")
