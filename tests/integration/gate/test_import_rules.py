# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of pyproject.toml, about who may import whom, find what breaks them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[3]
PLUGINS = "ansible_collections.fortytwo.ft_services.plugins"


@pytest.fixture
def clone(tmp_path):
    """A folder with the plugins and the rules."""
    folder = tmp_path / "ansible_collections" / "fortytwo" / "ft_services"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "plugins", folder / "plugins", ignore=ignore)
    shutil.copy2(REPOSITORY / "pyproject.toml", folder)
    return folder


def lint_imports(clone):
    program = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(clone.parents[2]), "COLUMNS": "200"}
    command = [program, "--no-cache"]
    return subprocess.run(
        command, cwd=clone, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_the_plugins_keep_the_rules(clone):
    done = lint_imports(clone)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


PLANTED = {
    "module_utils._kubernetes.client": "module_utils._manifests.plan",
    "module_utils._files": "module_utils._kubernetes.client",
    "module_utils._bundle.fetch.plan": "module_utils._bundle.build.plan",
    "module_utils._bundle.build.plan": "module_utils._bundle.fetch.plan",
    "module_utils._image.plan": "module_utils._certificates",
    "modules.image_build": "module_utils._minikube.versions",
    "plugin_utils._status": "modules.manifests",
    "module_utils._types": "plugin_utils._status",
}


def test_imports_against_the_rules_are_found(clone):
    for importer, imported in PLANTED.items():
        file = clone / "plugins" / f"{importer.replace('.', '/')}.py"
        file.write_text(f"{file.read_text()}\nimport {PLUGINS}.{imported}\n")
    stranger = clone / "plugins" / "module_utils" / "_stranger"
    stranger.mkdir()
    (stranger / "thing.py").touch()
    done = lint_imports(clone)
    assert done.returncode == 1, done.stdout + done.stderr
    # Lines are broken where they are wide.
    said = re.sub(r"\s+", "", done.stdout)
    for importer, imported in PLANTED.items():
        assert f"{PLUGINS}.{importer}->{PLUGINS}.{imported}" in said
    # A package that the rules do not name.
    assert f"{PLUGINS}.module_utils._stranger" in said
