# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins to the FTP server while other sessions of the user change what is in the folder all the time."""

from __future__ import annotations

import concurrent.futures
import contextlib
import ftplib
import io
import shutil
import tempfile
import threading
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.ftps_server import Ftps

pytestmark = pytest.mark.skipif(not shutil.which("proftpd"), reason="needs proftpd")
LOGINS = 1000
# The daemon pauses for 0.2 seconds when a session has ended: one alone takes minutes.
SERVERS = 5
EACH = 2


class Beside(Ftps):
    """A server of its own with the data of another one."""

    def __init__(self, root: Path, data: Path) -> None:
        self.folders = {**Ftps.folders, "/data": str(data)}
        super().__init__(root)


@pytest.fixture
def servers():
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        root = Path(folder)
        root.chmod(0o755)
        found = []
        for number in range(SERVERS):
            found.append(Beside(root / f"{number}", root / "0/data"))
            stack.callback(found[-1].end)
            found[-1].start()
        yield found


def churn(session, name, ended):
    """Make folders and files, and remove them again, until told to end; how often."""
    rounds = 0
    while not ended.is_set():
        folders = [name, f"{name}/a", f"{name}/a/b"]
        for folder in folders:
            session.mkd(folder)
            session.storbinary(f"STOR {folder}/file", io.BytesIO(b"x" * 100))
        for folder in reversed(folders):
            session.delete(f"{folder}/file")
            session.rmd(folder)
        rounds += 1
    return rounds


def log_in(server):
    """Log in, look around and leave; what went wrong, or nothing."""
    try:
        with contextlib.closing(server.login()) as session:
            assert "kept" in session.nlst()
            session.quit()
    except (OSError, EOFError, AssertionError, *ftplib.all_errors) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def test_no_login_fails_under_churn(servers):
    with contextlib.closing(servers[0].login()) as session:
        session.storbinary("STOR kept", io.BytesIO(b"kept"))
    ended = threading.Event()
    with contextlib.ExitStack() as stack:
        pools = [stack.enter_context(concurrent.futures.ThreadPoolExecutor(EACH)) for dummy in servers]
        others = stack.enter_context(concurrent.futures.ThreadPoolExecutor())
        stack.callback(ended.set)
        writers = [others.submit(churn, server.login(), f"churn-{server.port}", ended) for server in servers[:2]]
        logins = [
            pool.submit(log_in, server)
            for dummy in range(LOGINS // SERVERS)
            for pool, server in zip(pools, servers, strict=True)
        ]
        failed = [said for said in (login.result() for login in logins) if said]
        ended.set()
        rounds = [writer.result() for writer in writers]
    assert not failed, f"{len(failed)} of {LOGINS} failed, such as {failed[:3]}"
    # They were at work all the time.
    assert min(rounds) > LOGINS // 50
