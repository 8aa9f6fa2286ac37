# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes and verifies the bundle: every file that the later stages need."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: bundle
short_description: Gather every file that a cluster needs into one folder
version_added: 0.1.0
description:
  - Makes the folder that all later stages work from, so that only this stage needs a network.
  - Each file is made once and recorded with its size and SHA-256; an interrupted run goes on where it was.
  - A bundle that is complete and unchanged is left alone, without any network access.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  path:
    description: The folder of the bundle.
    type: path
    required: true
  work_path:
    description:
      - The folder for intermediate files and compiler caches.
      - It is needed only until the bundle is complete and takes up to 20 GB.
    type: path
    required: true
  recipes:
    description: The folder with the pinned Go modules and the files of the node image.
    type: path
    required: true
  mode:
    description:
      - Where the files come from.
      - V(forge) builds them from package registries (Go modules, Debian, PyPI) with the registry settings of the host. It needs Debian bookworm and root.
      - V(offline) only verifies that the bundle is complete.
    type: str
    choices: [auto, forge, offline]
    default: auto
  versions:
    description: The versions of all parts, by name.
    type: dict
    required: true
  packages:
    description: The packages of the local Alpine repository, each with a list of the Debian packages that provide it.
    type: dict
    default: {}
  missing:
    description: What cannot be had in this mode, as dictionaries with C(name), C(reason) and C(instead); kept in the manifest.
    type: list
    elements: dict
    default: []
  thorough:
    description: Hash every file again instead of trusting an unchanged size, time and inode.
    type: bool
    default: false
  keep_work:
    description: Keep the compiler caches (about 15 GB) after the bundle is complete.
    type: bool
    default: false
requirements:
  - tar, apt-get, dpkg-deb, unshare, debootstrap, qemu-img, debugfs, openssl and gcc for O(mode=forge)
notes:
  - In check mode RV(host_packages) names the Debian packages that a forging host needs.
seealso:
  - module: fortytwo.ft_services.bundle_info
author:
  - The fortytwo.ft_services contributors
"""

EXAMPLES = r"""
- name: Say what a forge would make
  fortytwo.ft_services.bundle:
    path: ~/.cache/ft_services/bundle
    work_path: ~/.cache/ft_services/forge
    recipes: /srv/recipes
    versions: "{{ bundle_versions }}"
    packages: "{{ bundle_packages }}"
  check_mode: true
  register: __bundle_plan

- name: Verify a bundle that was copied here
  fortytwo.ft_services.bundle:
    path: /media/usb/bundle
    work_path: ~/.cache/ft_services/forge
    recipes: /srv/recipes
    versions: "{{ bundle_versions }}"
    mode: offline
    thorough: true
"""

RETURN = r"""
path:
  description: The folder of the bundle.
  returned: success
  type: str
  sample: /root/.cache/ft_services/bundle
todo:
  description: The steps that ran, or in check mode would run, in order.
  returned: success
  type: list
  elements: str
  sample: [kubelet, images/host/node.tar]
host_packages:
  description: Debian packages that the host needs for the steps in RV(todo); empty when there is nothing to do.
  returned: success
  type: list
  elements: str
  sample: [gcc, libc6-dev, debootstrap]
versions:
  description: The versions of the parts in the bundle.
  returned: success
  type: dict
  sample: {kubernetes: 1.34.4}
missing:
  description: What this bundle does not hold, why, and what serves instead.
  returned: success
  type: list
  elements: dict
  sample: [{name: Alpine packages, reason: no mirror, instead: Debian programs}]
seconds:
  description: How long the steps took, in seconds.
  returned: success
  type: float
  sample: 1200.5
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle import BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle_stage import ensure


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "work_path": {"type": "path", "required": True},
            "recipes": {"type": "path", "required": True},
            "mode": {"type": "str", "choices": ["auto", "forge", "offline"], "default": "auto"},
            "versions": {"type": "dict", "required": True},
            "packages": {"type": "dict", "default": {}},
            "missing": {"type": "list", "elements": "dict", "default": []},
            "thorough": {"type": "bool", "default": False},
            "keep_work": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        result = ensure(module)
    except BundleError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
