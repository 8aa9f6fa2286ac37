# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell how much room there is on the file systems of some folders."""

from __future__ import annotations

DOCUMENTATION = r"""
module: room_info
short_description: Tell how much room there is on the file systems of some folders
version_added: 1.0.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Tells size and free space of each file system that some folders are on, and how many more files it takes.
  - Unlike the facts of Ansible it looks at these file systems alone, so none of another server can hold it up.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.info
options:
  paths:
    description: Folders. Of one that does not exist, the nearest folder above it counts.
    type: list
    elements: str
    required: true
seealso:
  - module: fortytwo.ft_services.host_check
"""

EXAMPLES = r"""
- name: Look at the disks of docker and of the home
  fortytwo.ft_services.room_info:
    paths:
      - /var/lib/docker
      - "~"
  register: room
"""

RETURN = r"""
file_systems:
  description: Each file system once, in the order of the first of its folders.
  returned: success
  type: list
  elements: dict
  contains:
    paths:
      description: The folders that are on it, as they were given.
      type: list
      elements: str
      sample: [/var/lib/docker]
    mount:
      description: Where it is mounted.
      type: str
      sample: /
    size:
      description: Its size in bytes.
      type: int
      sample: 269490393088
    free:
      description: Bytes that are free for users other than root.
      type: int
      sample: 81604378624
    inodes:
      description: How many files it can hold; null where it does not count them.
      type: int
      sample: 16777216
    inodes_free:
      description: How many more it takes; null where it does not count them.
      type: int
      sample: 16411392
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._host.room import file_systems


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"paths": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
    )
    try:
        found = file_systems(module.params["paths"])
    except OSError as error:
        module.fail_json(msg=f"Cannot look at the file system of {error.filename}: {error.strerror}.")
    module.exit_json(changed=False, file_systems=found)


if __name__ == "__main__":
    main()
