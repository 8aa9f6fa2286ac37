# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real FTP server that is started by the scripts of its image, as in the container."""

from __future__ import annotations

import contextlib
import ftplib
import re
import ssl
import typing as t
from pathlib import Path

from ansible_collections.fortytwo.ft_services.tests.integration.images.containers import (
    IMAGES,
    Container,
    certificate,
    free_ports,
)


class Ftps(Container):
    """The FTP server in its container, with the user C(ft), whose password is its name."""

    programs: t.ClassVar[dict[str, str]] = {
        **{name: f"ftps/{name}.sh" for name in ("entrypoint", "healthy", "home", "nolinks")},
        **{name: f"common/folder/{name}.sh" for name in ("backup", "restore")},
        **{name: f"common/{name}.sh" for name in ("room", "untar")},
    }
    folders: t.ClassVar[dict[str, str]] = {"/data": "data", "/etc/service": "etc", "/run/ftps": "run", "/tmp": "tmp"}

    def __init__(self, root: Path) -> None:
        self.port, *self.passive = free_ports(11)
        self._sessions = contextlib.ExitStack()
        super().__init__(root)
        (root / "bin/ready").write_text((root / "bin/healthy").read_text())
        (root / "bin/ready").chmod(0o755)
        certificate(root / "etc/tls", "ftps")
        (root / "etc/secrets/ft").write_text("ft")
        for name in ("modules", "proftpd"):
            text = self.moved((IMAGES / f"ftps/{name}.conf").read_text())
            text = re.sub(r"^User ftps\nGroup ftps$", "User nobody\nGroup nogroup", text, flags=re.MULTILINE)
            (root / f"etc/{name}.conf").write_text(text)
        passive = f"PassivePorts {min(self.passive)} {max(self.passive)}\nMaxClients 10\n"
        (root / "etc/config/passive.conf").write_text(passive)
        self.owned()

    def moved(self, text: str) -> str:
        return re.sub(r"\b2121\b", str(self.port), super().moved(text))

    def login(self) -> ftplib.FTP_TLS:
        """A session that is logged in, with both channels encrypted."""
        trust = ssl.create_default_context(cafile=str(self.root / "etc/tls/ca.crt"))
        trust.check_hostname = False
        session = self._sessions.enter_context(ftplib.FTP_TLS(context=trust, timeout=30))
        session.connect("127.0.0.1", self.port)
        session.login("ft", "ft")
        session.prot_p()
        return session

    def end(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            self._sessions.close()
        super().end()
