# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that can be filled: small file systems in memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import until

NEEDS_MOUNT = pytest.mark.skipif(os.getuid() != 0, reason="needs the right to mount")


class Volume:
    """A small file system."""

    def __init__(self, path: Path, options: str) -> None:
        self.path, self.fillers = path, path / "fillers"
        path.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0777,{options}", "none", str(path)], check=True)

    def room(self) -> tuple[int, int]:
        """How many MiB and files are left."""
        stat = os.statvfs(self.path)
        return stat.f_bavail * stat.f_frsize >> 20, stat.f_favail

    def fill(self, left=0) -> None:
        """Leave so many MiB."""
        self.fillers.mkdir(exist_ok=True)
        with contextlib.suppress(OSError), (self.fillers / "bytes").open("ab", buffering=0) as file:
            while self.room()[0] > left or not left:
                file.write(bytes(1 << (20 if left else 12)))

    def fill_files(self, left=0) -> None:
        """Leave room for so many files."""
        self.fillers.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):
            for number in range(max(0, self.room()[1] - left)):
                (self.fillers / str(number)).touch()

    def empty(self) -> None:
        shutil.rmtree(self.fillers, ignore_errors=True)


@contextlib.contextmanager
def mounted(options: str):
    """A volume in a folder C(root/data) of its own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        volume = Volume(Path(folder) / "root/data", options)
        try:
            yield volume
        finally:
            subprocess.run(["umount", "--lazy", str(volume.path)], check=True)


@contextlib.contextmanager
def served(kind, volume: Volume):
    """A container of this kind whose data lie on the volume; in the end nothing of it is left."""
    server = kind(volume.path.parent)
    server.start()
    try:
        yield server
    finally:
        server.end()


def a_start_waits_for_room(server, volume: Volume) -> None:
    """Kill the server, start it on a full volume, and make room: it serves by itself, and not before."""
    server.stop(signal.SIGKILL)
    volume.fill()
    server.begin()
    until(lambda: "The server starts by itself when there is room" in server.log())
    time.sleep(3)
    assert server.process.poll() is None
    volume.empty()
    until(lambda: server.run("ready").returncode == 0)
