# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy files and folders to a target as one archive, only when they changed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: folder_copy
short_description: Copy files and folders to a target as one archive, only when they changed
version_added: 1.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Makes a folder on the target hold exactly what the given files and folders of the controller hold. What is gone here
    is gone there.
  - Names, modes and contents are compared by one SHA-256 on each side. When they are the same, nothing travels;
    otherwise all of it does, compressed, in one transfer.
  - The folder is replaced as a whole, so that nobody sees a part of it.
  - Links are followed. Owners and times are not kept.
requirements:
  - python >= 3.11
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.full
attributes:
  action:
    description: Has an action plugin, which runs on the controller.
    support: full
options:
  sources:
    description: Files and folders on the controller. Each is in O(dest) under its own name.
    type: list
    elements: path
    required: true
  additions:
    description:
      - Folders and zip files on the controller that go to a place of their own. A zip file is unpacked; it has to have
        one folder, and that goes there.
      - Links and paths that lead out of a folder or zip file are refused.
    type: list
    elements: dict
    default: []
    version_added: 1.1.0
    suboptions:
      source:
        description: Absolute path of the folder or zip file.
        type: path
        required: true
      path:
        description: Its path in O(dest).
        type: str
        required: true
  dest:
    description: The folder on the target. It holds nothing else; folders above it are made when they are missing.
    type: path
    required: true
  sha256:
    description: What O(dest) has to hold. Set by the action plugin; whatever a task says here is refused.
    type: str
  archive:
    description: What was sent. Set by the action plugin, as O(sha256).
    type: path
"""

EXAMPLES = r"""
- name: Copy two folders and a file
  fortytwo.ft_services.folder_copy:
    sources:
      - "{{ playbook_dir }}/images/common"
      - "{{ playbook_dir }}/images/web"
      - "{{ playbook_dir }}/images/.dockerignore"
    dest: ~/.cache/example/images

- name: Copy a folder, and put what a zip file holds into it
  fortytwo.ft_services.folder_copy:
    sources: ["{{ playbook_dir }}/images/web"]
    additions:
      - {source: "{{ playbook_dir }}/files/theme.zip", path: web/themes/plain}
    dest: ~/.cache/example/web
"""

RETURN = r"""
dest:
  description: The folder on the target, as an absolute path.
  returned: success
  type: str
  sample: /home/operator/.cache/example/images
sha256:
  description: Of what it holds, or in check mode would hold - over the names, modes and contents.
  returned: success
  type: str
  sample: 4d7b3f9f0d1e6bb4a4ad1d7a7e6d6a0e2f8e1a6c9c1b2d3e4f5a6b7c8d9e0f1a
files:
  description: How many files those are.
  returned: success
  type: int
  sample: 129
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _folders as util


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Compare the folder with the digest, and replace it when there is an archive."""
    params = module.params
    folder = Path(params["dest"]).absolute()
    before = util.held(folder)
    current = util.digest(before)
    changed = current != params["sha256"]
    if changed and params["archive"] and not module.check_mode:
        util.unpack(Path(params["archive"]), folder)
        now = util.digest(util.held(folder))
        if now != params["sha256"]:
            raise util.FoldersError(f"{folder} does not hold what was sent: is somebody else writing to it?")
    result: dict[str, t.Any] = {"changed": changed, "dest": str(folder), "sha256": params["sha256"]}
    result["paths"] = [entry.path for entry in before]
    return result


def main() -> None:
    """Entry point. The action plugin hands over what it sends; nobody calls this module without it."""
    module = AnsibleModule(
        argument_spec={
            "dest": {"type": "path", "required": True},
            "sources": {"type": "list", "elements": "path", "required": True},
            "additions": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "source": {"type": "path", "required": True},
                    "path": {"type": "str", "required": True},
                },
            },
            "sha256": {"type": "str"},
            "archive": {"type": "path"},
        },
        supports_check_mode=True,
    )
    if not module.params["sha256"]:
        module.fail_json(msg="folder_copy has to run as an action: name it with its collection, fortytwo.ft_services.")
    try:
        result = run(module)
    except util.FoldersError as error:
        module.fail_json(msg=f"{error}.")
    except OSError as error:
        module.fail_json(msg=f"{error.filename or module.params['dest']}: {error.strerror}.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
