# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's docker-registry on a port of this machine, with what skopeo pushes into it."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time


def _program(folder: pathlib.Path) -> str:
    """Return the registry's program: the host's own, else one that is unpacked but not installed."""
    own = shutil.which("docker-registry")
    if own:
        return own
    subprocess.run(["apt-get", "download", "-qq", "docker-registry"], cwd=folder, check=True, capture_output=True)
    (package,) = folder.glob("docker-registry_*.deb")
    subprocess.run(["dpkg-deb", "-x", package, folder / "unpacked"], check=True)
    return str(folder / "unpacked/usr/bin/docker-registry")


class Registry:
    """Ends with the process that started it."""

    def __init__(self, folder: pathlib.Path, accounts: str = "") -> None:
        """``accounts``: lines of NAME:BCRYPT; without any everybody may do all."""
        folder.mkdir(parents=True)
        (folder / "accounts").write_text(accounts, encoding="utf-8")
        auth = {"htpasswd": {"realm": "test", "path": str(folder / "accounts")}}
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{free.getsockname()[1]}"
        settings = folder / "settings.yml"
        # YAML takes JSON.
        settings.write_text(
            json.dumps(
                {
                    "version": 0.1,
                    "log": {"level": "error", "accesslog": {"disabled": True}},
                    "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
                    "http": {"addr": self.host, "secret": os.urandom(16).hex()},
                    **({"auth": auth} if accounts else {}),
                }
            ),
            encoding="utf-8",
        )
        command = ["setpriv", "--pdeathsig", "KILL", _program(folder), "serve", str(settings)]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 20
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.close()
                raise RuntimeError(f"the registry does not answer: {(folder / 'log').read_text()[-500:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.host, timeout=1)
        try:
            connection.request("GET", "/v2/")
            return connection.getresponse().status in (200, 401)
        except OSError:
            return False
        finally:
            connection.close()

    def push(self, archive: pathlib.Path, reference: str) -> None:
        """Put an image under the path that it has at its vendor: the vendor's host becomes the first part."""
        target = f"docker://{self.host}/{reference}"
        options = ["--quiet", "--dest-tls-verify=false", "--dest-compress-level", "0"]
        command = ["skopeo", "copy", *options, f"docker-archive:{archive}", target]
        subprocess.run(command, check=True, capture_output=True)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
