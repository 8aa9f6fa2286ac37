# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of pyproject.toml, about who may import whom, find what breaks them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_plugins_keep_the_rules(clone):
    done = lint_imports(clone)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("module_utils/_kubernetes/client.py", "module_utils._manifests.plan"),
        ("module_utils/_files.py", "module_utils._kubernetes.client"),
        ("module_utils/_bundle/fetch/plan.py", "module_utils._bundle.build.plan"),
        ("module_utils/_bundle/build/plan.py", "module_utils._bundle.fetch.plan"),
        ("module_utils/_image/plan.py", "module_utils._minikube.versions"),
        ("modules/image_build.py", "module_utils._minikube.versions"),
        ("plugin_utils/_status.py", "modules.manifests"),
        ("module_utils/_types.py", "plugin_utils._status"),
    ],
)
def test_an_import_against_the_rules_is_found(clone, importer, imported):
    file = clone / "plugins" / importer
    file.write_text(f"{file.read_text()}\nimport {PLUGINS}.{imported}\n")
    done = lint_imports(clone)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{PLUGINS}.{imported}" in done.stdout


def test_a_package_without_a_place_is_found(clone):
    folder = clone / "plugins" / "module_utils" / "_stranger"
    folder.mkdir()
    (folder / "thing.py").touch()
    done = lint_imports(clone)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "_stranger" in done.stdout
