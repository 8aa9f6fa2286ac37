# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real MariaDB that is started by the scripts of its image, as in the container."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

IMAGES = Path(__file__).resolve().parents[3] / "images"
USER = 65534
PROGRAMS = {
    **{name: f"mysql/{name}.sh" for name in ("accounts", "backup", "entrypoint", "healthy", "initialise", "restore")},
    "compare_backup": "mysql/compare.sh",
    "upgrade": "mysql/upgrade.sh",
    "room": "mysql/room.sh",
    **{name: f"common/{name}.sh" for name in ("aside", "swap", "written_by")},
}
TLS = ("require_secure_transport", "ssl_")


def drop_rights():
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)


class Server:
    """What the container is: its folders, its programs, its first process, which starts anew when it ends."""

    def __init__(self, root: Path) -> None:
        self.root, self.process = root, None
        self.places = {"/data": root / "data", "/run/mysqld": root / "run", "/etc/service": root / "etc"}
        for folder in (*self.places.values(), root / "bin", root / "etc/secrets"):
            folder.mkdir(parents=True, exist_ok=True)
        for name, source in PROGRAMS.items():
            text = self.moved((IMAGES / source).read_text()).replace(
                "kill -TERM 1", f'kill -TERM "$(cat {root}/first)"'
            )
            (root / "bin" / name).write_text(text)
        (root / "bin/ready").write_text(f"#!/bin/sh\nmariadb --defaults-file={root}/run/root.cnf --execute='DO 1'\n")
        for path in (root / "bin").iterdir():
            path.chmod(0o755)
        (root / "bin/mysqld").symlink_to(shutil.which("mariadbd"))
        self.version = subprocess.run(["mariadbd", "--version"], capture_output=True, text=True, check=True).stdout
        self.version = "MariaDB " + re.search(r"Ver (\d[\d.]*)", self.version)[1]
        self.is_version(self.version)
        for account in ("root", "wordpress", "admin", "phpmyadmin", "backup"):
            (root / f"etc/secrets/{account}_password").write_text(account)
        lines = self.moved((IMAGES / "mysql/server.cnf").read_text()).splitlines()
        # Root comes by the socket, as in the container; the test needs no port and no certificate.
        lines = [line for line in lines if not line.startswith(TLS)]
        (root / "etc/server.cnf").write_text("\n".join([*lines, "skip_networking", f"secure_file_priv = {root}", ""]))
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", str(USER), str(root)], check=True)

    def moved(self, text: str) -> str:
        for place, folder in self.places.items():
            text = re.sub(rf"{place}\b", str(folder), text)
        # Both accounts that the client could take would be the tester's.
        return text.replace("[client]", f"[client]\\nsocket = {self.root}/run/mysqld.sock")

    def is_version(self, text: str) -> None:
        (self.root / "etc/version").write_text(f"{text}\n")

    def popen(self, *words, **options):
        environment = {"PATH": f"{self.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": str(self.root)}
        return subprocess.Popen(words, env=environment, cwd=self.root, preexec_fn=drop_rights, **options)

    def run(self, *words, **options):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        program = self.popen(*words, **pipes)
        out, errors = program.communicate(timeout=240)
        return subprocess.CompletedProcess(words, program.returncode, out, errors)

    def start(self) -> None:
        with (self.root / "log").open("ab") as log:
            self.process = self.popen("entrypoint", stdout=log, stderr=log)
        (self.root / "first").write_text(str(self.process.pid))
        deadline = time.monotonic() + 90
        while self.run("ready").returncode:
            assert self.process.poll() is None, (self.root / "log").read_text()[-3000:]
            assert time.monotonic() < deadline, (self.root / "log").read_text()[-3000:]
            time.sleep(0.3)

    def stop(self, how=signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(timeout=90)

    def started_anew(self) -> None:
        """The first process ends because it was told to; the container starts it again."""
        assert self.process.wait(timeout=90) == 0
        self.start()

    def sql(self, statement: str, check=True, login="root") -> str:
        command = [
            f"--defaults-file={self.root}/run/{login}.cnf",
            "--batch",
            "--skip-column-names",
            f"--execute={statement}",
        ]
        done = self.run("mariadb", *command)
        assert not check or done.returncode == 0, done.stderr
        return (done.stdout if done.returncode == 0 else done.stderr).decode().strip()

    def login(self, name: str) -> None:
        """Let somebody in who may write to the database wordpress, and no more; the name is the password."""
        self.sql(f"CREATE USER {name}@localhost IDENTIFIED BY '{name}'; GRANT ALL ON wordpress.* TO {name}@localhost")
        text = (self.root / "run/root.cnf").read_text()
        path = self.root / f"run/{name}.cnf"
        path.write_text(text.replace("user = root", f"user = {name}").replace('"root"', f'"{name}"'))
        path.chmod(0o644)

    def backup(self, target: Path):
        with target.open("wb") as file:
            return self.run("backup", str(self.places["/data"]), stdout=file)

    def restore(self, source: Path):
        with source.open("rb") as file:
            return self.run("restore", str(self.places["/data"]), stdin=file)

    def compare(self, source: Path):
        # Where the server's account may read it.
        copy = self.root / "compared"
        shutil.copyfile(source, copy)
        copy.chmod(0o644)
        return self.run("compare_backup", str(self.places["/data"]), str(copy))

    def folders(self) -> list[str]:
        return sorted(path.name for path in self.places["/data"].iterdir() if path.name not in ("lock", "tmp"))
