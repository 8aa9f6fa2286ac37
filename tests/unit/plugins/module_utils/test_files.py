# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import digest_of, sha256_of, write_private

# A process that has the collection's name for this clone, as pytest has by conftest.
CONFTEST = os.path.abspath(f"{__file__}/../../../../conftest.py")
CHILD = f"import runpy, os, pathlib, signal; runpy.run_path({CONFTEST!r})\n"
UTILS = "from ansible_collections.fortytwo.ft_services.plugins.module_utils"


def test_a_failed_write_leaves_the_old_text_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "state"
    write_private(file, b"old")

    def fail(*names):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_private(file, b"new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("state", "old")]


def test_a_kill_while_writing_leaves_the_old_text(tmp_path):
    file = tmp_path / "state"
    write_private(file, b"old")
    code = f"""{CHILD}
{UTILS}._files import write_private
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
write_private(pathlib.Path({str(file)!r}), b"new")
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert file.read_text() == "old"
    write_private(file, b"newer")
    assert file.read_text() == "newer"


@pytest.mark.parametrize("kind", ["sha256", "sha512"])
def test_digest_of_a_file(tmp_path, kind):
    (tmp_path / "file").write_bytes(b"x" * 3_000_000)
    assert digest_of(tmp_path / "file", kind) == hashlib.new(kind, b"x" * 3_000_000).hexdigest()
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"x" * 3_000_000).hexdigest()
