# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that takes mail by SMTP and keeps it: with STARTTLS, with TLS from the start, or without; with a login.

Reads from standard input, in JSON: `address` and `port` to listen on, `security` (starttls, tls or none),
`certificate` and `key` (files), `user` and `password` (empty for no login), and `folder`. Each message becomes a file
there, 1.eml and so on, with who was said to send it in `X-Sender`. Ends when the folder has a file `stop`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import pathlib
import re
import socket
import socketserver
import ssl
import sys
import typing as t

LONGEST = 1000  # bytes of a line, as RFC 5321 has it
TOO_LARGE = 1 << 20


class Message(t.NamedTuple):
    """What came: the envelope, the text, and how it came."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    encrypted: bool
    user: str


class Mailbox(socketserver.ThreadingTCPServer):
    """Takes mail; `messages` are those that came."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        security: str,
        certificate: tuple[str, str] | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        """Listen; without a certificate there is no STARTTLS."""
        self.security, self.login, self.messages = security, login, list[Message]()
        self.context = None
        if certificate:
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(*certificate)
        super().__init__(address, Session)

    def keep(self, message: Message) -> None:
        """Keep a message."""
        self.messages.append(message)


class Session(socketserver.BaseRequestHandler):
    """One connection of a client."""

    server: Mailbox
    request: socket.socket

    def handle(self) -> None:
        """Answer one command after the other."""
        self.user, self.encrypted = "", False
        self.lines = self.request.makefile("rb")
        self.forget()
        # A client that goes away or does not trust the certificate has no more questions.
        with contextlib.suppress(OSError, EOFError):
            if self.server.security == "tls":
                self.encrypt()
            self.say("220 mail.example.org ESMTP")
            while True:
                name, _blank, argument = self.line().partition(" ")
                if name.upper() == "QUIT":
                    self.say("221 bye")
                    return
                answer = getattr(self, f"on_{name.lower()}", None)
                self.say(answer(argument) if answer else "502 unknown")

    def finish(self) -> None:
        """Close what TLS has put in the place of the connection, which the server itself closes."""
        self.lines.close()
        self.request.close()

    def forget(self) -> None:
        """Begin a new envelope."""
        self.sender: str | None = None
        self.recipients: list[str] = []

    def say(self, text: str) -> None:
        """Write a line."""
        self.request.sendall(f"{text}\r\n".encode())

    def line(self) -> str:
        """Read a line."""
        line = self.lines.readline(LONGEST)
        if not line.endswith(b"\n"):
            raise EOFError
        return line.decode(errors="replace").rstrip("\r\n")

    def encrypt(self) -> None:
        """Go on with TLS."""
        assert self.server.context
        self.lines.close()
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.lines = self.request.makefile("rb")
        self.encrypted = True

    def on_ehlo(self, _name: str) -> str:
        """Say what is known here."""
        self.forget()
        can = ["mail.example.org"]
        if self.server.security == "starttls" and self.server.context and not self.encrypted:
            can.append("STARTTLS")
        elif self.server.login:
            can.append("AUTH PLAIN")
        return "\r\n".join([*(f"250-{each}" for each in can), "250 8BITMIME"])

    def on_starttls(self, _nothing: str) -> str:
        """Begin TLS; the client says EHLO again."""
        self.say("220 go on")
        self.encrypt()
        return self.on_ehlo("") if self.line().upper().startswith("EHLO") else "503 EHLO first"

    def on_auth(self, argument: str) -> str:
        """Take user and password, in one line."""
        kind, _blank, words = argument.partition(" ")
        if kind.upper() != "PLAIN":
            return "504 PLAIN only"
        if not words:
            self.say("334 ")
            words = self.line()
        _identity, user, password = base64.b64decode(words).decode().split("\0")
        if (user, password) != self.server.login:
            return "535 wrong user or password"
        self.user = user
        return "235 welcome"

    def on_mail(self, argument: str) -> str:
        """Take the sender."""
        if self.server.login and not self.user:
            return "530 log in first"
        found = re.match(r"FROM:<([^>]*)>", argument, re.I)
        self.sender = found[1] if found else None
        return "250 ok" if found else "501 whose?"

    def on_rcpt(self, argument: str) -> str:
        """Take a recipient."""
        found = re.match(r"TO:<([^>]+)>", argument, re.I)
        if self.sender is None or not found:
            return "503 no"
        self.recipients.append(found[1])
        return "250 ok"

    def on_data(self, _nothing: str) -> str:
        """Take the message."""
        if not self.recipients:
            return "503 for whom?"
        self.say("354 go on")
        content = bytearray()
        while (line := self.lines.readline()) not in (b".\r\n", b""):
            content += line.removeprefix(b".")
            if len(content) > TOO_LARGE:
                raise EOFError
        message = Message(self.sender or "", tuple(self.recipients), bytes(content), self.encrypted, self.user)
        self.server.keep(message)
        self.forget()
        return "250 kept"

    def on_rset(self, _nothing: str) -> str:
        """Forget what was begun."""
        self.forget()
        return "250 ok"


def main() -> None:
    """Serve, and keep messages in files."""
    asked = json.load(sys.stdin)
    folder = pathlib.Path(asked["folder"])

    class Files(Mailbox):
        """Keeps messages in files."""

        def keep(self, message: Message) -> None:
            """Write one, whole or not at all."""
            super().keep(message)
            part = folder / "part"
            part.write_bytes(f"X-Sender: {message.sender}\r\n".encode() + message.content)
            part.rename(folder / f"{len(self.messages)}.eml")

    certificate = (asked["certificate"], asked["key"]) if asked.get("certificate") else None
    login = (asked["user"], asked["password"]) if asked.get("user") else None
    with Files((asked["address"], asked["port"]), asked["security"], certificate, login) as server:
        server.timeout = 1
        while not (folder / "stop").exists():
            server.handle_request()


if __name__ == "__main__":
    main()
