# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import json
import pathlib
import runpy
import sys

import pytest
import yaml

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _python

PLUGINS = pathlib.Path(_python.__file__).parents[1]
MODULES = sorted((PLUGINS / "modules").glob("*.py"))
FLOORS = {"certificates": (3, 9)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_an_older_python_gets_one_sentence(path, monkeypatch, capsys):
    major, minor = FLOORS.get(path.stem, (3, 11))
    monkeypatch.setattr(sys, "version_info", (major, minor - 1, 18, "final", 0))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path))
    assert ended.value.code == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["failed"]
    assert f"needs Python {major}.{minor} or newer" in answer["msg"]
    assert f"is {major}.{minor - 1}." in answer["msg"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_nothing_is_imported_before_the_question(path):
    """What an older Python reads of a module must be of its own syntax, and ask before it imports anything else."""
    body = ast.parse(path.read_text(), feature_version=(3, 8)).body
    imports = [node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [node.module for node in imports[:2]] == [
        "__future__",
        "ansible_collections.fortytwo.ft_services.plugins.module_utils._python",
    ]
    following = body[body.index(imports[1]) + 1]
    assert isinstance(following, ast.Expr)
    assert following.value.func.id == "require_python"


def test_the_question_itself_is_of_any_syntax():
    ast.parse(pathlib.Path(_python.__file__).read_text(), feature_version=(3, 8))
    for folder in (PLUGINS / "module_utils", PLUGINS):
        assert not (folder / "__init__.py").exists()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_documentation_says_the_same(path):
    namespace = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "DOCUMENTATION":
            namespace = yaml.safe_load(ast.literal_eval(node.value))
    major, minor = FLOORS.get(path.stem, (3, 11))
    wanted = list(namespace.get("requirements", []))
    if "fortytwo.ft_services.kubernetes" in namespace["extends_documentation_fragment"]:
        wanted.append("python >= 3.11")
    assert [each for each in wanted if each.startswith("python ")] == [f"python >= {major}.{minor}"]


def test_the_certificates_stay_within_their_python():
    """Python 3.9 has neither match nor `X | Y` outside of annotations."""
    root = PLUGINS / "module_utils"
    for path in (PLUGINS / "modules" / "certificates.py", root / "_certificates.py", root / "_files.py"):
        tree = ast.parse(path.read_text(), feature_version=(3, 9))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                assert not any(word.arg == "strict" for word in node.keywords), f"{path}: zip(strict=) is of 3.10"
            if isinstance(node, ast.Attribute):
                assert (getattr(node.value, "id", ""), node.attr) != ("datetime", "UTC"), f"{path}: UTC is of 3.11"


@pytest.mark.parametrize(
    ("found", "old"),
    [("34.1.0", False), ("33.9", True), ("34.0.9", True), ("37.0.2", False), ("34.1.0b1", False), ("unknown", False)],
)
def test_versions_of_packages(found, old):
    message = _python.too_old("kubernetes", found, (34, 1, 0))
    assert bool(message) is old
    assert not old or "34.1.0 or newer is needed" in message
