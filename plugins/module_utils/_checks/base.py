# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all probes share. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import socket
import ssl
import subprocess
import time
import typing as t

Check = t.Mapping[str, t.Any]
# Takes a command as a list, gives exit code, standard output and standard error.
RunCommand = t.Callable[[list[str]], tuple[int, str, str]]

NO_ROUTE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one attempt saw, what was expected, and what to do if the two differ."""

    ok: bool
    measured: str
    expected: str
    advice: str = ""


class Countdown:
    """Seconds that are left of a limit, on a clock which nobody can set back."""

    def __init__(self, seconds: float) -> None:
        """Start with so many seconds."""
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left; TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def connect(host: str, port: int, countdown: Countdown) -> socket.socket:
    """A TCP connection. The caller closes it."""
    return socket.create_connection((host, port), timeout=countdown.left())


def client_context(ca_file: str | None, verify: bool = True) -> ssl.SSLContext:
    """TLS settings which trust the certificates in ``ca_file``, or the system's; none of it without ``verify``."""
    if ca_file:
        must_be_readable(ca_file)
    context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def must_be_readable(path: str) -> None:
    """Raise an OSError with the name of the file if it cannot be read."""
    with open(path, "rb"):
        pass


def explain(error: OSError, seconds: float) -> tuple[str, str]:
    """Why a connection failed, and what to do; ``seconds`` is the time limit it had."""
    if error.filename:
        return f"{error.filename}: {error.strerror}", "Check the path and the rights of this file."
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = "Compare the server's certificate with the CA file, the name, and the clock of this machine."
        return f"certificate refused: {error.verify_message.rstrip('.')}", advice
    advice = "Look whether the service runs, which ports it publishes, and at its log."
    if isinstance(error, TimeoutError):
        return f"no answer in {seconds:g} s", advice
    if isinstance(error, ConnectionRefusedError):
        return "connection refused", advice
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)):
        return "connection closed by the other side", advice
    if isinstance(error, socket.gaierror):
        return "host name not known", "Check the name, or use the address."
    if isinstance(error, ssl.SSLError):
        return f"TLS error: {(error.reason or str(error)).replace('_', ' ').lower()}", advice
    if error.errno in NO_ROUTE:
        return "no route to the host", "Check the address, and the network between this machine and the service."
    return error.strerror or str(error), advice


def ended_by(error: OSError, seconds: float, expected: str, *before: str) -> Outcome:
    """The outcome of an attempt that an error ended; ``before`` is what was seen until then."""
    seen, advice = explain(error, seconds)
    return Outcome(False, "; ".join([*before, seen]), expected, advice)


def run_program(command: list[str], environment: t.Mapping[str, str]) -> tuple[int, str, str]:
    """Run a program without input; its code, output and errors. Raises an OSError when it cannot be started.

    Not by AnsibleModule's run_command: that runs Python in the child, which a process with threads must not do.
    """

    async def ended() -> tuple[int, str, str]:
        program = await asyncio.create_subprocess_exec(
            *command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        output, errors = await program.communicate()
        return program.returncode or 0, output.decode(errors="replace"), errors.decode(errors="replace")

    return asyncio.run(ended())
