# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of the repository leads where it says."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PAGE = (REPOSITORY / "docs" / "layout.md").read_text(encoding="utf-8")
ROOMS = ("inventory", "playbooks", "roles", "images", "plugins", "molecule", "tests", "tools", "benchmarks")
# Files of the walks of which the earlier one names the later one, by an import, as a module in a task, or as a file.
CALLS = {
    "playbooks/site.yml": ["playbooks/tasks/check_settings.yml"],
    "roles/minikube/tasks/main.yml": ["plugins/modules/minikube.py"],
    "plugins/modules/minikube.py": ["plugins/module_utils/_minikube/cluster.py"],
    "plugins/module_utils/_minikube/cluster.py": ["plugins/module_utils/_minikube/cli.py"],
    "plugins/lookup/service_rows.py": ["plugins/plugin_utils/_services.py"],
    "roles/images/tasks/main.yml": ["plugins/modules/image_build.py"],
    "plugins/modules/manifests.py": ["plugins/module_utils/_manifests/module.py"],
    "plugins/module_utils/_manifests/module.py": [
        "plugins/module_utils/_manifests/documents.py",
        "plugins/module_utils/_manifests/runner.py",
    ],
    "plugins/module_utils/_manifests/runner.py": [
        "plugins/module_utils/_manifests/plan.py",
        "plugins/module_utils/_manifests/apply.py",
        "plugins/module_utils/_manifests/prune.py",
        "plugins/module_utils/_manifests/wait.py",
        "plugins/module_utils/_manifests/report.py",
    ],
    "plugins/module_utils/_manifests/plan.py": ["plugins/module_utils/_manifests/noop.py"],
    "plugins/module_utils/_manifests/wait.py": ["plugins/module_utils/_kubernetes/kinds.py"],
}


def walks(page):
    """The files of each walk, in their order."""
    parts = re.split(r"^## Walk \d: .*$", page, flags=re.MULTILINE)[1:]
    return [re.findall(r"`([\w./-]+/[\w./-]+\.\w+)`", part.partition("\n## ")[0]) for part in parts]


def imported(file):
    """The modules of the collection that a Python file imports, as paths."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ansible_collections.fortytwo."):
            base = node.module.split(".", 3)[3].replace(".", "/")
            found |= {f"{base}.py", *(f"{base}/{alias.name}.py" for alias in node.names)}
    return found


def names(earlier, later):
    """Whether a file names another one."""
    if earlier.suffix == ".py":
        return later in imported(earlier)
    path = pathlib.PurePosixPath(later)
    text = earlier.read_text(encoding="utf-8")
    return path.name in text or f"fortytwo.ft_services.{path.stem}:" in text


def test_there_are_three_walks_of_several_rooms():
    assert [len(set(walk)) >= 8 for walk in walks(PAGE)] == [True] * 3


def test_a_walk_ends_before_the_next_part():
    assert walks("## Walk 1: a\n1. `a/b.py`\n2. `a/c.yml`\n\n## Rest\n`d/e.py`\n## Walk 2: b\n`f/g.py`") == [
        ["a/b.py", "a/c.yml"],
        ["f/g.py"],
    ]


@pytest.mark.parametrize("name", sorted({name for walk in walks(PAGE) for name in walk} | set(CALLS)))
def test_every_file_of_a_walk_exists(name):
    assert (REPOSITORY / name).is_file()


@pytest.mark.parametrize(("earlier", "later"), [(one, other) for one, others in CALLS.items() for other in others])
def test_a_file_of_a_walk_leads_to_the_next_one(earlier, later):
    assert names(REPOSITORY / earlier, later)
    walk = next(walk for walk in walks(PAGE) if earlier in walk)
    assert walk.index(earlier) < walk.index(later)


@pytest.mark.parametrize("name", sorted(set(re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w./-]*)`", PAGE))))
def test_every_place_on_the_page_exists(name):
    assert any(word in name for word in ("NAME", "PACKAGE")) or (REPOSITORY / name).exists()
