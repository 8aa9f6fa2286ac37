# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a test waits for what has to come: it ends what hangs, and says nothing about how fast a machine is."""

from __future__ import annotations

import socket
import time
import typing as t

# Seconds. A busy machine may need ten times what a quiet one does.
PATIENCE = 600


def until(true: t.Callable[[], t.Any], told: t.Callable[[], str] = lambda: "", pause: float = 0.2) -> None:
    """Wait until a condition is met; who waits in vain is told C(told)."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(told())
        time.sleep(pause)


def until_listening(port: int) -> None:
    """Wait until a server of this machine takes connections at a port."""

    def listens() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    until(listens, lambda: f"nothing listens on port {port}")
