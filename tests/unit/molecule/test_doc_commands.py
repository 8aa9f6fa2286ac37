# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands are found in pages; those that fail, and skipped ones that are not there, are told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]

PAGE = """# Title

Text with `code`.

    A=1
    echo "$A" \\
        two

- An item:

      echo in a list

```yaml
- name: no command

    neither is this
```

```sh
echo fenced
```

```python
print("no command of a shell")
```

| you see | do |
|---|---|
| `kubectl` fails: `no command` | `make up`, then `df -h ~` and `kubectl get x -o 'y|z'` |
"""
COMMANDS = ["A=1", 'echo "$A" \\\n    two', "echo in a list", "echo fenced", "df -h ~", "kubectl get x -o 'y|z'"]


@pytest.fixture(scope="module")
def doc_commands(program):
    return program("doc_commands")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "README.md").write_text(PAGE)
    (tmp_path / "docs").mkdir()
    return tmp_path


def test_commands_of_a_page_are_found_in_their_order(doc_commands):
    assert doc_commands.commands(PAGE) == COMMANDS
    assert doc_commands.programs(PAGE, "python") == ['print("no command of a shell")\n']
    assert doc_commands.commands("Text.\n") == []


def test_only_what_is_listed_is_skipped_and_a_stale_entry_is_told(doc_commands):
    assert doc_commands.script(PAGE, {"A=1": "why", "gone": "why"}) == (COMMANDS[1:], ["gone"])
    assert doc_commands.script(PAGE, {"*": "why"}) == ([], [])


def test_commands_of_make_are_tried_elsewhere(doc_commands):
    assert doc_commands.script("Text.\n\n    make up\n    true\n", {}) == (["true"], [])


def test_every_page_with_commands_is_tried_and_no_skipped_one_is_stale(doc_commands):
    told = yaml.safe_load((ROOT / "molecule/resources/vars/doc_commands.yml").read_text())
    assert doc_commands.with_commands(ROOT) == sorted(told["molecule_pages"])
    for page, skipped in told["molecule_pages_skipped"].items():
        assert doc_commands.script((ROOT / page).read_text(), skipped)[1] == []


def test_places_are_replaced_but_not_their_longer_namesakes(doc_commands):
    replace = {"--context ft-services": "--context mine", "192.0.2.1": "192.0.2.9"}
    assert doc_commands.replaced("k --context ft-services -n ft-services 192.0.2.1/", replace) == (
        "k --context mine -n ft-services 192.0.2.9/"
    )
    assert doc_commands.replaced("--context ft-services-other", replace) == "--context ft-services-other"


@pytest.mark.parametrize(
    ("todo", "wrong"),
    [
        (["true", "test -f README.md && test -d docs"], 0),
        (["echo first", "false", "true"], 1),
        (["no-such-program"], 1),
    ],
)
def test_a_command_that_fails_or_is_misspelt_is_told(doc_commands, root, todo, wrong):
    asked = {"path": [], "kubeconfig": "", "replace": {}}
    assert len(doc_commands.run(root, root / "README.md", todo, asked)) == wrong


def test_a_program_in_a_page_that_fails_is_told(doc_commands, root):
    (root / "README.md").write_text("```python\nraise SystemExit(3)\n```\n")
    asked = {"path": [], "kubeconfig": "", "replace": {}}
    assert "ended with 3" in doc_commands.run(root, root / "README.md", ["true"], asked)[0]


def test_pages_with_commands_are_listed(doc_commands, root):
    (root / "docs" / "without.md").write_text("Text.\n")
    assert doc_commands.with_commands(root) == ["README.md"]
