# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of an image on this host, as its container has them: in folders of a test, by an ordinary user."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE, until

IMAGES = Path(__file__).resolve().parents[3] / "images"
USER = 65534


def drop_rights():
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; all are held until the last is found."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _number in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def certificate(folder: Path, name: str) -> None:
    """Make a certificate of its own for a server, in the files that the platform's have."""
    folder.mkdir(exist_ok=True)
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split()
    words += ["-keyout", "tls.key", "-out", "tls.crt", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run(words, cwd=folder, capture_output=True, check=True)
    (folder / "ca.crt").write_bytes((folder / "tls.crt").read_bytes())


class Container:
    """What a container is: its folders, its programs, its first process, which starts anew when it ends."""

    # Programs by their names, each with its source below images/; paths of the container, each with a folder of ours.
    programs: t.ClassVar[dict[str, str]] = {}
    folders: t.ClassVar[dict[str, str]] = {}

    def __init__(self, root: Path) -> None:
        self.root, self.process = root, None
        folders = {**self.folders, "/usr/local/bin": "bin"}
        self.places = {place: root / name for place, name in folders.items()}
        for folder in (*self.places.values(), root / "bin", root / "etc/secrets", root / "etc/config"):
            folder.mkdir(parents=True, exist_ok=True)
        for name, source in self.programs.items():
            text = self.moved((IMAGES / source).read_text())
            text = text.replace("kill -TERM 1", f'kill -TERM "$(cat {root}/first)"')
            (root / "bin" / name).write_text(text)
            (root / "bin" / name).chmod(0o755)

    def owned(self) -> None:
        """Give all of it to the user of the container."""
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", str(USER), str(self.root)], check=True)

    def moved(self, text: str) -> str:
        """A script with the test's folders in place of the container's."""
        # In one go: the test's folders may lie below one of the container's.
        names = "|".join(map(re.escape, self.places))
        return re.sub(rf"(?<![\w/])({names})\b", lambda found: str(self.places[found[1]]), text)

    def popen(self, *words, **options):
        environment = {"PATH": f"{self.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": str(self.root)}
        return subprocess.Popen(words, env=environment, cwd=self.root, preexec_fn=drop_rights, **options)

    def run(self, *words, given: bytes | None = None, **options):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        if given is not None:
            pipes["stdin"] = subprocess.PIPE
        program = self.popen(*words, **pipes)
        out, errors = program.communicate(given, timeout=PATIENCE)
        return subprocess.CompletedProcess(words, program.returncode, out, errors)

    def begin(self) -> None:
        """Start the first process, and wait for nothing. Of one before nothing is left, as in a container."""
        self.end()
        with (self.root / "log").open("ab") as log:
            if os.getuid() == 0:
                os.chown(log.fileno(), USER, USER)
            self.process = self.popen("entrypoint", stdout=log, stderr=log, start_new_session=True)
        (self.root / "first").write_text(str(self.process.pid))

    def start(self) -> None:
        self.begin()
        until(self._ready, lambda: self.log()[-3000:])

    def _ready(self) -> bool:
        assert self.process.poll() is None, self.log()[-3000:]
        return self.run("ready").returncode == 0

    def stop(self, how=signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(timeout=PATIENCE)

    def end(self) -> None:
        """Nothing that it started is left."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait(timeout=PATIENCE)

    def started_anew(self) -> None:
        """The first process ends because it was told to; the container starts it again."""
        assert self.process.wait(timeout=PATIENCE) in (0, -signal.SIGTERM)
        self.start()

    def log(self) -> str:
        return (self.root / "log").read_text()

    def backup(self, target: Path):
        with target.open("wb") as file:
            return self.run("backup", str(self.data), stdout=file)

    def restore(self, source: Path):
        with source.open("rb") as file:
            return self.run("restore", str(self.data), stdin=file)

    @property
    def data(self) -> Path:
        return self.root / "data"
