# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of a TLS server. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import ssl
import time
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import (
    Check,
    Countdown,
    Outcome,
    RunCommand,
    client_context,
    connect,
    ended_by,
    explain,
)

SECONDS_PER_DAY = 86400
# Each protocol that may be the minimum, with itself and with the one just below it.
PROTOCOLS: dict[str, tuple[ssl.TLSVersion, ssl.TLSVersion]] = {
    "TLSv1.2": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_1),
    "TLSv1.3": (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2),
}
# What OpenSSL says when the refusal comes from this machine, not from the server.
LOCAL_REFUSALS = ("NO_PROTOCOLS_AVAILABLE", "UNSUPPORTED_PROTOCOL", "NO_CIPHERS_AVAILABLE")


def probe_tls(check: Check, timeout: float, run: RunCommand) -> Outcome:
    """Check the chain, the name or address, the time to expiry, and the oldest protocol of a server."""
    countdown = Countdown(timeout)
    name = check.get("server_name") or check["host"]
    days = check.get("min_days") or 0
    minimum = check.get("minimum_protocol")
    expected = f"certificate valid for {name}"
    if days:
        expected += f" for {days} days or more"
    if minimum:
        expected += f", nothing older than {minimum}"
    try:
        certificate, protocol = handshake(check, name, minimum, countdown)
    except OSError as error:
        return ended_by(error, timeout, expected)
    left = days_left(certificate["notAfter"], time.time())
    measured = f"{protocol}, certificate valid for {name} for {left} days"
    if left < days:
        return Outcome(False, measured, expected, "Renew the certificate.")
    if minimum:
        try:
            old = accepts_older(check, minimum, countdown)
        except OSError as error:
            seen = f"{measured}; older protocol not tried: {explain(error, timeout)[0]}"
            return Outcome(False, seen, expected, "Leave out minimum_protocol, or check from another machine.")
        if old:
            return Outcome(
                False, f"{measured}; {old} accepted too", expected, f"Set {minimum} as minimum in the server."
            )
    return Outcome(True, measured, expected)


def handshake(check: Check, name: str, minimum: str | None, countdown: Countdown) -> tuple[dict[str, t.Any], str]:
    """The server's certificate, which the CA vouches for and which has the ``name``, and the protocol agreed on."""
    context = client_context(check.get("ca_file"))
    if minimum:
        context.minimum_version = PROTOCOLS[minimum][0]
    with connect(check["host"], check["port"], countdown) as plain:
        plain.settimeout(countdown.left())
        with context.wrap_socket(plain, server_hostname=name) as wrapped:
            return t.cast("dict[str, t.Any]", wrapped.getpeercert()), str(wrapped.version())


def days_left(not_after: str, now: float) -> int:
    """Whole days from ``now``, in epoch seconds, to the end of a certificate as OpenSSL writes it."""
    return int((ssl.cert_time_to_seconds(not_after) - now) // SECONDS_PER_DAY)


def accepts_older(check: Check, minimum: str, countdown: Countdown) -> str | None:
    """The protocol below ``minimum`` if the server speaks it. OSError when that could not be found out."""
    older = PROTOCOLS[minimum][1]
    context = client_context(None, verify=False)
    # At its default security level OpenSSL itself refuses old protocols: then it would not ask the server at all.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = older
    context.maximum_version = older
    with connect(check["host"], check["port"], countdown) as plain:
        plain.settimeout(countdown.left())
        try:
            with context.wrap_socket(plain) as wrapped:
                return wrapped.version()
        except ssl.SSLError as error:
            if error.reason in LOCAL_REFUSALS:
                raise
            return None
        except ConnectionResetError:
            return None
