# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a folder of text files that are for the owner only."""

from __future__ import annotations

DOCUMENTATION = r"""
module: private_files
short_description: Keep a folder of text files that are for the owner only
version_added: 1.0.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Writes many small files at once, each whole or not at all, with mode C(0600). A new folder has mode C(0700).
  - Removes files that O(prune) matches and that are not wanted any more.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.full
options:
  path:
    description: The folder. It is made when it is missing.
    type: path
    required: true
  files:
    description: Content of each file by its name.
    type: dict
    required: true
  prune:
    description: Pattern for the names of files that are removed unless they are among O(files), such as V(*.yaml).
    type: str
"""

EXAMPLES = r"""
- name: Keep two manifests, and no others
  fortytwo.ft_services.private_files:
    path: ~/manifests
    prune: "*.yaml"
    files:
      00-namespace.yaml: |
        apiVersion: v1
        kind: Namespace
        metadata: {name: example}
      01-web.yaml: "{{ lookup('ansible.builtin.template', 'web.yml.j2') }}"
"""

RETURN = r"""
changed_files:
  description: Names of the files that were written.
  returned: success
  type: list
  elements: str
  sample: [01-web.yaml]
removed_files:
  description: Names of the files that were removed.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import fnmatch
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _files

MODE = 0o600


def text_of(path: Path) -> str | None:
    """What the file holds; None where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def keep(folder: Path, files: t.Mapping[str, str], prune: str | None, dry: bool) -> dict[str, t.Any]:
    """Make the folder hold the files; returns the result of the module. With ``dry`` nothing is written."""
    changed = _files.private_folder(folder, dry)
    there = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    before = {name: text_of(folder / name) for name in files}
    written = [name for name, text in files.items() if before[name] != text]
    gone = [name for name in there if prune and fnmatch.fnmatch(name, prune) and name not in files]
    for name in written:
        if not dry:
            _files.write_private(folder / name, files[name].encode(), MODE)
    for name in files:
        if name not in written:
            changed = _files.fix_mode(folder / name, MODE, dry) or changed
    diff = [{"header": str(folder / name), "before": before[name] or "", "after": files[name]} for name in written]
    for name in gone:
        diff.append({"header": str(folder / name), "before": text_of(folder / name) or "", "after": ""})
        if not dry:
            (folder / name).unlink()
    return {
        "changed": bool(changed or written or gone),
        "changed_files": written,
        "removed_files": gone,
        "diff": diff,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
            "prune": {"type": "str"},
        },
        supports_check_mode=True,
    )
    folder, files = Path(module.params["path"]), module.params["files"]
    for name, text in files.items():
        if "/" in name or name in ("", ".", "..") or not isinstance(text, str):
            module.fail_json(msg=f"Nothing was changed: files.{name} must be the name of a file, with its text.")
    try:
        module.exit_json(**keep(folder, files, module.params["prune"], module.check_mode))
    except OSError as error:
        module.fail_json(msg=f"Writing the files of {folder} failed: {error}. Correct the folder or its rights.")


if __name__ == "__main__":
    main()
