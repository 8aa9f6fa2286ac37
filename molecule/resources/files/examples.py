# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the examples in the documentation of the modules as task files that can be included.

Usage: examples.py FOLDER, with the table of molecule/resources/vars/examples.yml as JSON on standard input, its
replacements included. For each module FOLDER gets a file of its runnable examples.
"""

from __future__ import annotations

import ast
import json
import pathlib
import sys
import typing as t

import yaml

MODULES = pathlib.Path(__file__).resolve().parents[3] / "plugins/modules"
COLLECTION = "fortytwo.ft_services."


def examples_of(module: pathlib.Path, replacements: dict[str, str]) -> list[dict[str, t.Any]]:
    """The tasks in a module's EXAMPLES, some texts replaced by others."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "EXAMPLES":
            text = str(ast.literal_eval(node.value))
            for old, new in replacements.items():
                text = text.replace(old, new)
            return list(yaml.safe_load(text))
    return []


def runnable(task: dict[str, t.Any], how: dict[str, t.Any]) -> dict[str, t.Any]:
    """The task as it is run here: some options set, or in check mode only."""
    found = dict(task)
    for key in [key for key in task if key.startswith(COLLECTION)]:
        found[key] = {**(task[key] or {}), **(how.get("set") or {})}
    if how.get("check"):
        found["check_mode"] = True
    return found


def main() -> None:
    """Write the files; end with a message when the table and the documentation differ."""
    folder, given = pathlib.Path(sys.argv[1]), json.load(sys.stdin)
    problems = []
    for path in sorted(MODULES.glob("*.py")):
        table = given["examples"].get(path.stem, {})
        tasks = examples_of(path, given["replacements"])
        problems += [f"{path.stem}: {name}" for name in {task["name"] for task in tasks} ^ set(table)]
        ours = [runnable(task, table[task["name"]]) for task in tasks if isinstance(table.get(task["name"]), dict)]
        (folder / f"{path.stem}.yml").write_text(json.dumps(ours, indent=2), encoding="utf-8")
    if problems:
        sys.exit("Not in both, the documentation and the table of examples: " + "; ".join(sorted(problems)))


if __name__ == "__main__":
    main()
