# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible loads all filters of a collection in each of its processes, one for each task: they must be quick to load."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
# SDKs of modules: a second or more each. Ansible itself has loaded cryptography.
SLOW = {"acme", "cyclonedx", "docker", "jsonschema", "kubernetes", "urllib3"}
PROGRAM = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
import conftest
for name in sys.argv[2].split():
    importlib.import_module("ansible_collections.fortytwo.ft_services.plugins." + name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize("kind", ["callback", "filter", "lookup"])
def test_no_sdk_is_loaded(kind):
    names = [f"{kind}.{file.stem}" for file in (ROOT / "plugins" / kind).glob("*.py")]
    assert names
    command = [sys.executable, "-c", PROGRAM, str(ROOT / "tests"), " ".join(names)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(SLOW & set(done.stdout.split())) == []
