# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of a server of FTP with explicit TLS. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import contextlib
import ftplib
import hashlib
import io
import secrets
import ssl
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import (
    Check,
    Countdown,
    Outcome,
    RunCommand,
    client_context,
    ended_by,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.login import Differs, password_of

FILES = 3
FILE_BYTES = 64 << 10
# The options of a login; they only make sense together.
LOGIN = ("username", "credentials_file", "credential")
LOOK = "Look at the server's settings for TLS, and at its log."


def ftps_problems(check: Check) -> list[str]:
    """What is wrong with the options of a check, before anything is asked."""
    given = [name for name in LOGIN if check.get(name)]
    missing = [name for name in LOGIN if name not in given]
    return [f"{' and '.join(given)} cannot be used without {' and '.join(missing)}"] if given and missing else []


def expectation(check: Check) -> str:
    """The check in words."""
    name = check.get("server_name") or check["host"]
    texts = ["login without TLS refused before the password", f"certificate valid for {name}"]
    if check.get("credential"):
        texts += [f"login of {check['username']}", "data without TLS refused", f"{FILES} files up, down and deleted"]
    return ", ".join(texts)


def probe_ftps(check: Check, timeout: float, run: RunCommand) -> Outcome:
    """See plain logins refused and TLS work; with a credential also log in and send files there and back."""
    expected, countdown = expectation(check), Countdown(timeout)
    seen: list[str] = []
    try:
        seen.append(f"login without TLS: {refusal_of_plain_login(check, countdown)}")
        with connected(Server(client_context(check.get("ca_file"))), check, countdown) as server:
            server.auth()
            seen.append(f"{server.protocol()}, certificate valid for {server.host}")
            if check.get("credential"):
                log_in(server, check, countdown)
                seen.append(f"data without TLS: {refusal_of_plain_data(server, countdown)}")
                send_files(server, countdown)
                seen.append(f"{FILES} files came back as they were sent")
                server.limit(countdown)
                seen.append(contents(server.mlsd()))
            server.quit()
    except Differs as error:
        return Outcome(False, "; ".join([*seen, str(error)]), expected, LOOK)
    except (ftplib.Error, EOFError) as error:
        return Outcome(False, "; ".join([*seen, one_line(str(error)) or "connection closed"]), expected, LOOK)
    except OSError as error:
        return ended_by(error, timeout, expected, *seen)
    return Outcome(True, "; ".join(seen), expected)


class Server(ftplib.FTP_TLS):
    """The other side, which may say by itself where to send the data: a wrong address there is to be noticed."""

    trust_server_pasv_ipv4_address = True

    def __init__(self, context: ssl.SSLContext) -> None:
        """Nothing is connected yet."""
        super().__init__(context=context)

    def protocol(self) -> str:
        """The version of TLS on the control channel."""
        return str(t.cast(ssl.SSLSocket, self.sock).version())

    def limit(self, countdown: Countdown) -> None:
        """Let what follows take no longer than what is left."""
        self.timeout = countdown.left()
        t.cast(ssl.SSLSocket, self.sock).settimeout(self.timeout)


@contextlib.contextmanager
def connected(server: ftplib.FTP, check: Check, countdown: Countdown) -> t.Iterator[t.Any]:
    """The server, connected; closed at the end whatever happens."""
    try:
        server.connect(check["host"], check["port"], countdown.left())
        # What the certificate is held against.
        server.host = check.get("server_name") or check["host"]
        yield server
    finally:
        server.close()


def refusal_of_plain_login(check: Check, countdown: Countdown) -> str:
    """How the server refuses a name without TLS. It must not ask for the password."""
    with connected(ftplib.FTP(), check, countdown) as server:  # noqa: S321 this is what must not work
        return refusal(lambda: server.sendcmd(f"USER {check.get('username') or 'anonymous'}"), "a login without TLS")


def refusal_of_plain_data(server: Server, countdown: Countdown) -> str:
    """How the server refuses a listing without TLS on the data channel."""
    server.limit(countdown)
    return refusal(server.nlst, "a listing without TLS on the data channel")


def refusal(ask: t.Callable[[], t.Any], what: str) -> str:
    """The answer by which the server refuses for good; raises Differs when it does not."""
    try:
        answer = ask()
    except ftplib.error_perm as error:
        return one_line(str(error))
    raise Differs(f"{what} is not refused" + (f": {one_line(answer)}" if isinstance(answer, str) else ""))


def log_in(server: Server, check: Check, countdown: Countdown) -> None:
    """Log in with the credential from the state file."""
    password = password_of(check)
    server.limit(countdown)
    server.login(check["username"], password)


def send_files(server: Server, countdown: Countdown) -> None:
    """Upload files under names of their own, get them back, compare, and delete them."""
    server.prot_p()
    for dummy in range(FILES):
        name, content = f"service_check-{secrets.token_hex(8)}", secrets.token_bytes(FILE_BYTES)
        server.limit(countdown)
        try:
            server.storbinary(f"STOR {name}", io.BytesIO(content))
            back = io.BytesIO()
            server.retrbinary(f"RETR {name}", back.write)
        except BaseException:
            # What went wrong is worth more than a file that is left over.
            with contextlib.suppress(*ftplib.all_errors):
                server.delete(name)
            raise
        server.delete(name)
        if back.getvalue() != content:
            raise Differs(f"a file came back changed: {len(content)} bytes sent, {len(back.getvalue())} received")


def contents(listing: t.Iterable[tuple[str, t.Mapping[str, str]]]) -> str:
    """What is in a folder, from its listing by MLSD: a number, and a checksum over names, kinds, sizes and times."""
    entries = sorted(
        "\0".join([name, *(facts.get(fact, "") for fact in ("type", "size", "modify"))])
        for name, facts in listing
        if facts.get("type") not in ("cdir", "pdir")
    )
    checksum = hashlib.sha256("\n".join(entries).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{len(entries)} entries in the user's folder, checksum {checksum[:16]}"


def one_line(answer: str) -> str:
    """An answer of the server on one line."""
    return " ".join(answer.split())
