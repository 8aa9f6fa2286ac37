# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of a TCP port. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import (
    Check,
    Countdown,
    Outcome,
    RunCommand,
    connect,
    explain,
)


def probe_tcp(check: Check, timeout: float, run: RunCommand) -> Outcome:
    """Open a connection, or see that none can be opened when the check says ``refused``."""
    closed = bool(check.get("refused"))
    expected = "no connection" if closed else "connection accepted"
    try:
        connect(check["host"], check["port"], Countdown(timeout)).close()
    except OSError as error:
        seen, advice = explain(error, timeout)
        return Outcome(closed, seen, expected, advice)
    return Outcome(
        not closed, "connection accepted", expected, "This port must not be published: look for what listens there."
    )
