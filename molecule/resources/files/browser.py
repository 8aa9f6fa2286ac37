# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium without a screen, told by its DevTools protocol through a pipe; for the other scripts here."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import time
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --force-color-profile=srgb"
).split()

Json = dict[str, t.Any]


class BrowserError(Exception):
    """The page or the browser did not do what was asked."""


def key_hash(certificate: pathlib.Path) -> str:
    """Return by what Chromium knows the key of a server that it has to trust."""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(info).digest()).decode()


class Browser:
    """One Chromium with one page and a profile of its own; use it in a ``with``."""

    def __init__(self, certificate: pathlib.Path, timeout: float = 60.0) -> None:
        """Trust this server's certificate."""
        self._timeout = timeout
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        command = [
            "chromium",
            *FLAGS,
            f"--user-data-dir={self._profile.name}",
            f"--ignore-certificate-errors-spki-list={key_hash(certificate)}",
            "--remote-debugging-pipe",
            "about:blank",
        ]
        # The browser reads commands from its descriptor 3 and answers on 4.
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        shell = f'exec "$@" 3<&{commands} 4>&{answers}'
        self._program = subprocess.Popen(
            ["/bin/bash", "-c", shell, "bash", *command],
            pass_fds=(commands, answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._rest, self._number, self._session = b"", 0, ""
        self.messages: list[str] = []

    def __enter__(self) -> Browser:
        """Open the page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for area in ("Page", "Runtime", "Log"):
            self.call(f"{area}.enable")
        return self

    def __exit__(self, *unused: object) -> None:
        """End the browser, and remove its profile."""
        self._program.terminate()
        try:
            self._program.wait(10)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()
        os.close(self._commands)
        os.close(self._answers)
        self._profile.cleanup()

    def call(self, method: str, **parameters: t.Any) -> Json:
        """Send a command and return its result."""
        number = self._send(method, parameters)
        end = time.monotonic() + self._timeout
        while time.monotonic() < end:
            message = self._receive()
            if message.get("id") == number:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']['message']}")
                return t.cast(Json, message["result"])
            self._event(message)
        raise BrowserError(f"{method}: no answer within {self._timeout:.0f} s")

    def _send(self, method: str, parameters: Json) -> int:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        return self._number

    def _receive(self) -> Json:
        while b"\0" not in self._rest:
            more = os.read(self._answers, 1 << 20)
            if not more:
                raise BrowserError("Chromium ended")
            self._rest += more
        message, self._rest = self._rest.split(b"\0", 1)
        return t.cast(Json, json.loads(message))

    def _event(self, message: Json) -> None:
        method, told = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.messages.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.messages.append(f"{told['entry']['text']} {told['entry'].get('url', '')}".strip())

    def evaluate(self, expression: str) -> t.Any:
        """Return the value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise BrowserError(f"{expression}: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def _true(self, expression: str) -> bool:
        try:
            return bool(self.evaluate(expression))
        except BrowserError:
            if self._program.poll() is not None:
                raise
            return False

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true in the page, which may be on its way to another one."""
        end = time.monotonic() + self._timeout
        while not self._true(expression):
            if time.monotonic() > end:
                raise BrowserError(f"not true within {self._timeout:.0f} s: {expression}; {'; '.join(self.messages)}")
            time.sleep(0.1)

    def open(self, url: str) -> None:
        """Go to an address."""
        error = self.call("Page.navigate", url=url).get("errorText")
        if error:
            raise BrowserError(f"{url}: {error}")

    def screen(self, width: int, height: int, mobile: bool = False) -> None:
        """Give the page a screen of this size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def dark(self, wanted: bool) -> None:
        """Say that the device likes dark or light pages."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if wanted else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def screenshot(self, file: pathlib.Path) -> None:
        """Write what the screen shows."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
