# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worked example of docs/add_a_service.md: followed to the letter, its service passes the tests of every other."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent


def example():
    path = REPOSITORY / "tests/examples/add_a_service.py"
    spec = importlib.util.spec_from_file_location("add_a_service", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """A copy of the collection in which the page was followed, and the paths that the page is about."""
    module = example()
    folder = tmp_path_factory.mktemp("example")
    collection = module.copy(folder)
    return collection, module.follow((REPOSITORY / module.PAGE).read_text(), collection)


def run(collection, *command):
    environment = {**os.environ, "PYTHONPATH": str(collection.parents[2]), "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=collection, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_file_in_the_page_is_a_step():
    module = example()
    page = (REPOSITORY / module.PAGE).read_text()
    assert page.count("\n```") == 2 * len(module.steps(page))
    assert all(step.create for step in module.steps(page))


def test_the_linters_accept_its_files(followed):
    collection, paths = followed
    run(collection, "yamllint", "--strict", "images/hello/service.yml")
    run(collection, "hadolint", *(path for path in paths if path.endswith("Dockerfile")))
    run(collection, "shellcheck", *(path for path in paths if path.endswith(".sh")))


def test_the_tests_of_all_services_pass_with_it(followed):
    collection, dummy = followed
    run(collection, sys.executable, "tools/dashboards.py")
    tests = ["tests/integration/roles/services", "tests/unit/tools/test_dashboards.py"]
    said = run(collection, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert " passed" in said
