# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real WordPress in PHP with a real MariaDB, set up by the scripts of its image, as in the container."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.containers import (
    IMAGES,
    USER,
    Container,
    drop_rights,
    free_ports,
)
from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE, until

# The code as a package of Debian or Alpine has it, or a folder of one's own.
PLACES = (os.environ.get("WORDPRESS", ""), "/usr/share/wordpress", "/usr/share/webapps/wordpress")
CODE = next((Path(place) for place in PLACES if place and (Path(place) / "wp-includes/version.php").is_file()), None)
PHP = next(filter(None, map(shutil.which, ("php84", "php8.4", "php"))), None)
NEEDS_WORDPRESS = pytest.mark.skipif(
    not (CODE and PHP and shutil.which("mariadbd")), reason="needs WordPress, PHP and MariaDB's server"
)
MUST_USE = ("mail", "pages", "platform", "screens")
FOLDERS = {
    "/usr/local/lib/service": "lib",
    "/etc/service": "etc",
    "/usr/share/webapps/wordpress": "site",
    "/var/lib/wordpress": "data",
    "/run": "run",
    "/tmp": "tmp",
}
# What a web server says of itself when it is one with https.
PREPEND = "<?php $_SERVER['HTTPS'] = 'on'; $_SERVER['HTTP_HOST'] = 'site.example:5050';\n"
ADDRESS = "127.0.0.1"


def self_signed(folder: Path, address: str) -> None:
    """Make a server's certificate for an address, which is its own CA."""
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout tls.key -out tls.crt"
    words += f" -subj /CN={address} -addext subjectAltName=IP:{address}"
    subprocess.run(words.split(), cwd=folder, capture_output=True, check=True)


class Database:
    """MariaDB with an empty database wordpress, by TLS only."""

    def __init__(self, root: Path) -> None:
        self.root, self.process = root, None
        (self.port,) = free_ports(1)
        root.mkdir()
        self_signed(root, ADDRESS)
        (root / "first.sql").write_text(
            "CREATE DATABASE wordpress;\nCREATE USER wordpress@'%' IDENTIFIED BY 'database';\n"
            "GRANT ALL ON wordpress.* TO wordpress@'%';\n"
        )
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", str(USER), str(root)], check=True)
        make = ["mariadb-install-db", "--no-defaults", f"--datadir={root}/data", "--skip-test-db"]
        make += ["--auth-root-authentication-method=normal"]
        subprocess.run(make, capture_output=True, check=True, preexec_fn=drop_rights)

    def start(self) -> None:
        options = [f"--datadir={self.root}/data", f"--socket={self.root}/socket", f"--port={self.port}"]
        options += [f"--bind-address={ADDRESS}", f"--ssl-cert={self.root}/tls.crt", f"--ssl-key={self.root}/tls.key"]
        options += ["--skip-name-resolve", f"--pid-file={self.root}/pid", "--innodb-use-native-aio=OFF"]
        if not (self.root / "began").exists():
            options += [f"--init-file={self.root}/first.sql"]
            (self.root / "began").touch()
        self.process = subprocess.Popen(
            ["mariadbd", "--no-defaults", *options], preexec_fn=drop_rights, stderr=subprocess.DEVNULL
        )
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None
        return subprocess.run([*self.client, "--execute=DO 1"], capture_output=True, check=False).returncode == 0

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)

    @property
    def client(self) -> list[str]:
        return [
            "mariadb",
            "--no-defaults",
            "--user=root",
            f"--socket={self.root}/socket",
            "--batch",
            "--skip-column-names",
        ]

    def sql(self, statement: str) -> str:
        done = subprocess.run(
            [*self.client, "wordpress", f"--execute={statement}"], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


class Site(Container):
    """WordPress in its container; the test asks PHP's own web server for pages."""

    programs: t.ClassVar[dict[str, str]] = {"plugins": "wordpress/plugins.sh"}
    folders: t.ClassVar[dict[str, str]] = FOLDERS

    def __init__(self, root: Path, database: Database, mail: dict[str, t.Any] | None = None) -> None:
        super().__init__(root)
        self.database, self.server = database, None
        (self.port,) = free_ports(1)
        for source in [*(IMAGES / "wordpress").glob("*.php"), *(IMAGES / "common/php").glob("*.php")]:
            (root / "lib" / source.name).write_text(self.moved(source.read_text()))
        (root / "etc/php.ini").write_text(self.moved((IMAGES / "common/php/php.ini").read_text()))
        (root / "bin/php84").write_text(f'#!/bin/sh\nPHPRC={root}/etc exec {PHP} "$@"\n')
        (root / "bin/php84").chmod(0o755)
        if shutil.which("busybox"):
            # The container's own, which differs from others.
            (root / "bin/timeout").write_text('#!/bin/sh\nexec busybox timeout "$@"\n')
            (root / "bin/timeout").chmod(0o755)
        self.lay_code()
        self.give_secrets(
            {
                "database_password": "database",
                "salt": "0" * 64,
                "database_ca.crt": (database.root / "tls.crt").read_text(),
            }
        )
        self.give_secrets({f"{name}_password": f"{name}-password" for name in ("admin", "editor", "author")})
        self.configure(mail or {})
        (root / "lib/prepend.php").write_text(PREPEND)
        self.begin_anew()
        self.owned()

    def lay_code(self) -> None:
        """The site's folder as the Dockerfile makes it."""
        site, content = self.root / "site", self.root / "site/wp-content"
        shutil.copytree(
            CODE, site, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("wp-content", "wp-config.php")
        )
        for folder in ("mu-plugins", "plugins", "themes/plain"):
            (content / folder).mkdir(parents=True)
        (content / "themes/plain/style.css").write_text("/*\nTheme Name: Plain\n*/\n")
        (content / "themes/plain/index.php").write_text("<?php wp_head(); echo get_bloginfo('name'); wp_footer();\n")
        (content / "uploads").symlink_to(self.root / "data/uploads")
        (self.root / "data/uploads").mkdir()
        (site / "wp-config.php").symlink_to(self.root / "lib/wp-config.php")
        for name in MUST_USE:
            if (self.root / f"lib/{name}.php").exists():
                (content / f"mu-plugins/{name}.php").symlink_to(self.root / f"lib/{name}.php")

    def give_secrets(self, files: dict[str, str]) -> None:
        """As the kubelet lays a Secret: files in a folder that a link leads to."""
        folder = self.root / "etc/secrets/..2026"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
            path = self.root / "etc/secrets" / name
            if not path.is_symlink():
                path.symlink_to(f"..data/{name}")
        if not (self.root / "etc/secrets/..data").is_symlink():
            (self.root / "etc/secrets/..data").symlink_to("..2026")

    def configure(self, mail: dict[str, t.Any]) -> None:
        config = {"url": "https://site.example:5050", "title": "Example", "mail": mail}
        config |= {"database_host": ADDRESS, "database_port": self.database.port}
        (self.root / "etc/config/wordpress.json").write_text(json.dumps(config))

    def begin_anew(self) -> None:
        """What a start of the container leaves in its memory."""
        (self.root / "run/start").write_text(f"{time.monotonic_ns()}\n")
        (self.root / "run/plugins").unlink(missing_ok=True)

    def php(self, code: str) -> str:
        """What a program in the site prints."""
        done = self.run(
            "php84", "-r", f"require '{self.root}/lib/settings.php'; require '{self.root}/site/wp-load.php'; {code}"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.decode()

    def set_up(self):
        """What the loop beside the daemons does at a start; the program's answer."""
        done = self.run("php84", f"{self.root}/lib/setup.php")
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        done = self.run("plugins")
        return done.returncode, (done.stdout + done.stderr).decode()

    def ready(self) -> str:
        """What readiness says; empty for ready."""
        done = self.run("php84", f"{self.root}/lib/ready.php")
        text = done.stdout.decode().strip()
        return "" if text == "ok" else text + done.stderr.decode()

    def plugin(self, name: str, code: str, header: str = "") -> Path:
        """Put a plugin into the image."""
        file = self.root / f"site/wp-content/plugins/{name}/{name}.php"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"<?php\n/**\n * Plugin Name: {name}\n{header} */\n{code}\n")
        return file

    def active(self) -> list[str]:
        return json.loads(self.php("echo json_encode(array_values(get_option('active_plugins')));"))

    def serve(self) -> None:
        words = [
            "php84",
            "-d",
            f"auto_prepend_file={self.root}/lib/prepend.php",
            "-S",
            f"{ADDRESS}:{self.port}",
            "-t",
            f"{self.root}/site",
        ]
        with (self.root / "log").open("ab") as log:
            self.server = self.popen(*words, stdout=log, stderr=log)
        until(lambda: self.ask("/wp-login.php")[0] == 200, lambda: self.log()[-2000:])

    def ask(self, path: str, *options: str) -> tuple[int, str]:
        """Status and content of a page, with the headers."""
        done = subprocess.run(
            ["curl", "--silent", "--include", *options, f"http://{ADDRESS}:{self.port}{path}"],
            capture_output=True,
            text=True,
            check=False,
        )
        return int([*done.stdout.split(), "", "0"][1] or 0), done.stdout

    def front(self) -> str:
        """The front page, as people get it."""
        if not self.server:
            self.serve()
        return self.ask("/")[1]

    def end(self) -> None:
        if self.server:
            self.server.kill()
            self.server.wait()


@contextlib.contextmanager
def running() -> t.Iterator[Site]:
    """A site with a database of its own, both in a folder that the container's user reaches."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        database = Database(Path(folder) / "database")
        (Path(folder) / "root").mkdir()
        try:
            database.start()
            site = Site(Path(folder) / "root", database)
            try:
                yield site
            finally:
                site.end()
        finally:
            database.stop()
