# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real MariaDB that is started by the scripts of its image, as in the container."""

from __future__ import annotations

import re
import shutil
import typing as t
from pathlib import Path

from ansible_collections.fortytwo.ft_services.tests.integration.images.containers import IMAGES, Container
from ansible_collections.fortytwo.ft_services.tests.patience import until

PROGRAMS = {
    **{name: f"mysql/{name}.sh" for name in ("accounts", "backup", "entrypoint", "healthy", "initialise", "restore")},
    "compare_backup": "mysql/compare.sh",
    **{name: f"mysql/{name}.sh" for name in ("upgrade", "writes")},
    **{name: f"common/{name}.sh" for name in ("aside", "room", "swap", "written_by")},
}
TLS = ("require_secure_transport", "ssl_")


class Server(Container):
    """MariaDB in its container."""

    programs: t.ClassVar[dict[str, str]] = PROGRAMS
    folders: t.ClassVar[dict[str, str]] = {"/data": "data", "/run/mysqld": "run", "/etc/service": "etc"}

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        (root / "bin/ready").write_text(f"#!/bin/sh\nmariadb --defaults-file={root}/run/root.cnf --execute='DO 1'\n")
        (root / "bin/ready").chmod(0o755)
        (root / "bin/mysqld").symlink_to("/usr/sbin/mariadbd")
        said = self.run("mysqld", "--no-defaults", "--version").stdout.decode()
        self.version = "MariaDB " + re.search(r"Ver (\d[\d.]*)", said)[1]
        self.is_version(self.version)
        for account in ("root", "wordpress", "admin", "phpmyadmin", "backup"):
            (root / f"etc/secrets/{account}_password").write_text(account)
        lines = self.moved((IMAGES / "mysql/server.cnf").read_text()).splitlines()
        # Root comes by the socket, as in the container; the test needs no port and no certificate.
        lines = [line for line in lines if not line.startswith(TLS)]
        (root / "etc/server.cnf").write_text("\n".join([*lines, "skip_networking", f"secure_file_priv = {root}", ""]))
        self.owned()

    def moved(self, text: str) -> str:
        # Both accounts that the client could take would be the tester's.
        return super().moved(text).replace("[client]", f"[client]\\nsocket = {self.root}/run/mysqld.sock")

    def is_version(self, text: str) -> None:
        (self.root / "etc/version").write_text(f"{text}\n")

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

    def compare(self, source: Path):
        # Where the server's account may read it.
        copy = self.root / "compared"
        shutil.copyfile(source, copy)
        copy.chmod(0o644)
        return self.run("compare_backup", str(self.places["/data"]), str(copy))

    def started_anew(self) -> None:
        """As of any container; what served before is then removed in the background, once the new data serve."""
        super().started_anew()
        until(lambda: self.kept() == ["mysql"])

    def kept(self) -> list[str]:
        return sorted(path.name for path in self.places["/data"].iterdir() if path.name not in ("lock", "tmp"))
