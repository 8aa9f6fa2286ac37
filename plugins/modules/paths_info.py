# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell of several paths at once what is there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: paths_info
short_description: Tell of several paths at once what is there
version_added: 1.1.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Tells of each path whether there is a file, a folder or a link, whose it is, and what it holds, by its checksum.
  - One call does what a loop over M(ansible.builtin.stat) does with a call for each path.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.info
options:
  paths:
    description: Paths. One may begin with C(~).
    type: list
    elements: str
    required: true
  checksum:
    description: Whether to read files for their checksum.
    type: bool
    default: false
seealso:
  - module: ansible.builtin.stat
"""

EXAMPLES = r"""
- name: Look at a unit and where it is enabled
  fortytwo.ft_services.paths_info:
    paths:
      - /etc/systemd/system/example.service
      - /etc/systemd/system/multi-user.target.wants/example.service
    checksum: true
  register: unit
"""

RETURN = r"""
paths:
  description: What is there, by the path as it was given.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether there is anything. A link counts, wherever it leads.
      type: bool
      sample: true
    path:
      description: The path, without C(~).
      type: str
      sample: /etc/systemd/system/example.service
    type:
      description: V(file), V(directory), V(link) or V(other); null where there is nothing.
      type: str
      sample: file
    owner:
      description: The name of its owner, or the number of one without a name; null where there is nothing.
      type: str
      sample: root
    size:
      description: Its size in bytes; null where there is nothing.
      type: int
      sample: 1024
    mtime:
      description: When it was changed, in seconds since 1970; null where there is nothing.
      type: float
      sample: 1764518400.5
    sha256:
      description: SHA-256 of a file as hexadecimal text; null of all else, and without O(checksum).
      type: str
      sample: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._host.paths import look


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "str", "required": True},
            "checksum": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        found = {path: look(path, module.params["checksum"]) for path in module.params["paths"]}
    except (OSError, RuntimeError) as error:
        # Without a home folder there is no meaning of ~.
        reason = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        module.fail_json(msg=f"Cannot look at {reason}.")
    module.exit_json(changed=False, paths=found)


if __name__ == "__main__":
    main()
