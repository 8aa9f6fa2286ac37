# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uses the service ftps as a program of a user's would, with Python's ftplib: ftps.py CASE ADDRESS STATE_FOLDER.

Prints what was seen; ends with a traceback when that is not what it should be.
The password comes from the state folder.
"""

from __future__ import annotations

import concurrent.futures
import ftplib
import hashlib
import io
import json
import random
import secrets
import ssl
import sys
import threading
import typing as t
from pathlib import Path

USER = "ft"
SECONDS = 60
BLOCK = 1 << 20
LARGE = 200 * BLOCK
# What a user of the service has no business with.
OUTSIDE = ("etc/passwd", "etc/service/secrets/ft", "etc/service/tls/tls.key", "run/ftps/users", "proc/self/environ")


class Wrong(Exception):
    """What the server did otherwise than it should have."""


class Client(ftplib.FTP_TLS):
    """A client that goes where the server sends it: a wrong address in its answers is noticed."""

    trust_server_pasv_ipv4_address = True

    def put(self, name: str, content: bytes) -> None:
        """Upload."""
        self.storbinary(f"STOR {name}", io.BytesIO(content))

    def take(self, name: str, start: int | None = None) -> bytes:
        """Download, from a place on."""
        back = io.BytesIO()
        self.retrbinary(f"RETR {name}", back.write, rest=start)
        return back.getvalue()

    def length(self, name: str) -> int:
        """Size of a file in bytes."""
        self.voidcmd("TYPE I")
        return self.size(name) or 0

    def facts(self, folder: str = "") -> dict[str, dict[str, str]]:
        """What MLSD tells about the files of a folder."""
        return {name: facts for name, facts in self.mlsd(folder) if facts["type"] not in ("cdir", "pdir")}


class Platform:
    """Where the service is, and what to trust and to log in with."""

    def __init__(self, address: str, state: Path) -> None:
        """Read the credentials."""
        self.address = address
        self.context = ssl.create_default_context(cafile=str(state / "certificates" / "ca.crt"))
        credentials = json.loads((state / "credentials.json").read_text(encoding="utf-8"))["credentials"]
        self.password: str = credentials["ftps_user"]["value"]

    def connect(self) -> Client:
        """A connection without a login, in the clear so far."""
        client = Client(context=self.context, timeout=SECONDS)
        client.connect(self.address, 21)
        return client

    def log_in(self) -> Client:
        """A session with TLS on both channels."""
        client = self.connect()
        client.login(USER, self.password)
        client.prot_p()
        return client


def demand(truth: bool, what: str) -> None:
    """Fail unless it is true, also where asserts are switched off."""
    if not truth:
        raise Wrong(what)


def refused(ask: t.Callable[..., t.Any], *words: t.Any) -> str:
    """The answer by which the server refuses; it must refuse for good (5xx)."""
    try:
        answer = ask(*words)
    except ftplib.error_perm as error:
        return str(error)
    # Of a command only its name: what follows may be a password.
    raise Wrong(f"{str(words[0]).partition(' ')[0] if words else 'it'} was not refused: {answer!r}")


def plain(platform: Platform) -> str:
    """A name without TLS is refused; the password is not asked for."""
    client = platform.connect()
    answer = refused(client.sendcmd, f"USER {USER}")
    again = refused(client.sendcmd, "PASS never-sent-by-a-real-client")
    return f"{answer}; {again}"


def clear_data(platform: Platform) -> str:
    """After a login with TLS, listings, uploads and downloads without TLS on the data channel are refused."""
    client = platform.connect()
    client.login(USER, platform.password)
    answers = {refused(client.nlst), refused(client.put, "clear", b"clear"), refused(client.take, "clear")}
    client.prot_p()
    demand("clear" not in client.facts(), "a refused upload left a file")
    return "; ".join(sorted(answers))


def wrong_password(platform: Platform) -> str:
    """A wrong password and an unknown user get the same answer, and the connection ends after three attempts."""
    client = platform.connect()
    client.auth()
    answers = []
    for user, password in ((USER, "wrong"), ("nobody-of-this-name", "wrong"), (USER, platform.password[:-1])):
        client.sendcmd(f"USER {user}")
        answers.append(refused(client.sendcmd, f"PASS {password}"))
    demand(answers[0] == answers[1], f"the answers differ: {answers}")
    try:
        client.sendcmd("NOOP")
    except (EOFError, OSError) as error:
        return f"{answers[0]}; after the third {type(error).__name__}"
    raise Wrong("a third wrong password did not end the connection")


def locked_out(platform: Platform) -> str:
    """The password of the state folder is no longer the right one."""
    client = platform.connect()
    return refused(client.login, USER, platform.password)


def names(platform: Platform) -> str:
    """Folders, listings in both forms, renames and deletions, with names as people give them."""
    client = platform.log_in()
    folder = f"names-{secrets.token_hex(4)}"
    client.mkd(folder)
    client.cwd(folder)
    client.put("plain.txt", b"12345")
    client.put("with space ä.txt", b"")
    client.mkd("inner")
    facts = client.facts()
    demand(set(facts) == {"plain.txt", "with space ä.txt", "inner"}, f"MLSD: {facts}")
    demand(facts["plain.txt"]["size"] == "5" and facts["inner"]["type"] == "dir", f"MLSD: {facts}")
    lines: list[str] = []
    client.retrlines("LIST", lines.append)
    demand(len(lines) == 3 and any(line.endswith(" with space ä.txt") for line in lines), f"LIST: {lines}")
    client.rename("plain.txt", "inner/renamed.txt")
    demand(set(client.facts("inner")) == {"renamed.txt"}, "the file did not move")
    refused(client.rmd, "inner")
    client.put("with space ä.txt", b"overwritten")
    demand(client.take("with space ä.txt") == b"overwritten", "a second upload did not replace the first")
    for name in ("inner/renamed.txt", "with space ä.txt"):
        client.delete(name)
    client.rmd("inner")
    demand(not client.facts(), "something was left after all was deleted")
    client.cwd("/")
    client.rmd(folder)
    return "MLSD, LIST, rename, delete, folders"


def several(client: Client, sizes: t.Iterable[int]) -> int:
    """Upload files of these sizes, then get all of them back and compare; then delete them. Returns their number."""
    sent = {f"several-{secrets.token_hex(6)}": secrets.token_bytes(size) for size in sizes}
    for name, content in sent.items():
        client.put(name, content)
    for name, content in sent.items():
        demand(client.length(name) == len(content), f"{name} has another size there")
        demand(client.take(name) == content, f"{name} came back changed")
    for name in sent:
        client.delete(name)
    return len(sent)


def ten(platform: Platform) -> str:
    """Ten files up and down, from empty to some MiB."""
    return f"{several(platform.log_in(), [0, 1, 100, 4095, 4096, 4097, 70000, BLOCK, 2 * BLOCK + 1, 5 * BLOCK])} files"


def together(platform: Platform) -> str:
    """Three clients that are logged in at the same time and transfer at the same time."""
    ready = threading.Barrier(3, timeout=SECONDS)

    def one(number: int) -> int:
        client = platform.log_in()
        ready.wait()
        return several(client, [4 * BLOCK] * 3)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        return f"{list(pool.map(one, range(3)))} files"


def resume(platform: Platform) -> str:
    """An upload and a download that were cut off in the middle go on where they were."""
    name, content, part = f"resume-{secrets.token_hex(6)}", secrets.token_bytes(8 * BLOCK), 3 * BLOCK
    # Cut off without a word, as by a network that fails: both channels are just closed.
    client = platform.log_in()
    client.voidcmd("TYPE I")
    data = client.transfercmd(f"STOR {name}")
    data.sendall(content[:part])
    data.close()
    client.close()
    client = platform.log_in()
    there = client.length(name)
    demand(0 < there <= part, f"{there} bytes are there after {part} were sent")
    client.storbinary(f"STOR {name}", io.BytesIO(content[there:]), rest=there)
    demand(client.length(name) == len(content), "the upload did not go on where it was")

    client.voidcmd("TYPE I")
    data = client.transfercmd(f"RETR {name}")
    got = b""
    while len(got) < part:
        got += data.recv(65536)
    data.close()
    client.close()
    client = platform.log_in()
    demand(got + client.take(name, len(got)) == content, "the download did not go on where it was")
    client.delete(name)
    return f"upload went on at {there}, download at {len(got)} of {len(content)} bytes"


class Stream(io.RawIOBase):
    """Bytes that are made while they are read, and their checksum."""

    def __init__(self, size: int) -> None:
        """So many bytes in all."""
        self.left, self.hash, self.source = size, hashlib.sha256(), random.Random(size)

    def read(self, size: int = -1) -> bytes:
        """Some more of them."""
        block = self.source.randbytes(min(self.left, BLOCK if size < 0 else size))
        self.left -= len(block)
        self.hash.update(block)
        return block


def large(platform: Platform) -> str:
    """A file of 200 MB."""
    client, name, stream, back = platform.log_in(), f"large-{secrets.token_hex(6)}", Stream(LARGE), hashlib.sha256()
    try:
        client.storbinary(f"STOR {name}", stream, blocksize=1 << 16)
        demand(client.length(name) == LARGE, f"its size there is {client.length(name)}")
        client.retrbinary(f"RETR {name}", back.update, blocksize=1 << 16)
    finally:
        client.delete(name)
    demand(back.digest() == stream.hash.digest(), "it came back changed")
    return f"{LARGE} bytes, SHA-256 {back.hexdigest()}"


def jail(platform: Platform) -> str:
    """Nothing outside of the user's folder is to be had, by no path and by no link. The links were laid before."""
    client = platform.log_in()
    client.put("inside", b"inside")
    answers: list[str] = []
    of_folder: tuple[t.Callable[..., t.Any], ...] = (client.cwd, client.facts, client.rmd)
    of_file: tuple[t.Callable[..., t.Any], ...] = (client.take, client.length, client.delete)
    folders = ["/etc", "../../etc", "//etc/service", "/data", "../outside", "/proc/self"]
    for folder in [*folders, "link-root", "link-up", "link-outside", "link-outside/folder", "deeper/link-outside"]:
        for ask in of_folder:
            answers.append(refused(ask, folder))
        answers.append(refused(client.mkd, f"{folder}/made"))
        answers.append(refused(client.put, f"{folder}/made", b"made"))
        answers.append(refused(client.rename, "inside", f"{folder}/made"))
    paths = [f"{way}{path}" for way in ("/", "../../", "../../../../", "link-root/", "link-up/../") for path in OUTSIDE]
    for path in [*paths, "link-file", "link-relative", "link-outside/file", "deeper/link-outside/file"]:
        for ask in of_file:
            answers.append(refused(ask, path))
        answers.append(refused(client.rename, path, "stolen"))
        answers.append(refused(client.sendcmd, f"MFMT 20200101000000 {path}"))
    answers.append(refused(client.storbinary, "APPE link-outside/file", io.BytesIO(b"made")))
    # Where a link was, there may be a file of the user's own.
    for path in ("link-file", "link-new"):
        client.put(path, b"made")
        demand(client.facts()[path]["type"] == "file", f"{path} is no file of its own")
        client.delete(path)
    for command in ("SITE SYMLINK / link", "SITE CPFR /etc/passwd", "SITE EXEC id"):
        answers.append(refused(client.sendcmd, command))
    # To the user, the own folder is the root; nothing leads above it.
    for path in ("..", "../..", "/../../..", "/"):
        client.cwd(path)
        demand(client.pwd() == "/" and client.take("inside") == b"inside", f"{path} leads to {client.pwd()}")
        demand(not {"etc", "data", "outside"} & set(client.facts()), f"{path} leads out")
    client.delete("inside")
    client.rmd("deeper")
    return f"{len(answers)} refusals"


def memory(platform: Platform) -> bytes:
    """Bytes that follow from the password: who knows them later needs no other note of what was written."""
    return hashlib.shake_256(f"remember {platform.password}".encode()).digest(3 * BLOCK)


def remember(platform: Platform) -> str:
    """Write a file for later."""
    client = platform.log_in()
    client.put("remembered", memory(platform))
    return f"{client.length('remembered')} bytes"


def recall(platform: Platform) -> str:
    """The same user with the same password finds the same file; it is removed."""
    client = platform.log_in()
    demand(client.take("remembered") == memory(platform), "another content than was written")
    client.delete("remembered")
    return "as it was written"


CASES: dict[str, t.Callable[[Platform], str]] = {
    case.__name__: case
    for case in (
        plain,
        clear_data,
        wrong_password,
        locked_out,
        names,
        ten,
        together,
        resume,
        large,
        jail,
        remember,
        recall,
    )
}

if __name__ == "__main__":
    sys.stdout.write(CASES[sys.argv[1]](Platform(sys.argv[2], Path(sys.argv[3]))) + "\n")
