# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what a bundle holds, and whether it is whole."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: bundle_info
short_description: Tell what a bundle holds, and whether it is whole
version_added: 0.1.0
description:
  - Reads the manifest of a bundle that M(fortytwo.ft_services.bundle) made, and compares the files with it.
  - Changes nothing and asks no network.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.info
requirements:
  - python >= 3.11
options:
  path:
    description: The folder of the bundle. One that does not exist is an incomplete bundle.
    type: path
    required: true
  thorough:
    description:
      - Hash every file instead of trusting those that look as they did when M(fortytwo.ft_services.bundle) verified
        them.
    type: bool
    default: false
  query:
    description:
      - JMESPath expression, applied to the other returned facts. Its outcome is returned as RV(result).
      - Needs the Python package C(jmespath) on the host.
    type: str
seealso:
  - module: fortytwo.ft_services.bundle
author:
  - The fortytwo.ft_services contributors (@fortytwo)
"""

EXAMPLES = r"""
- name: Look whether a copied bundle is whole
  fortytwo.ft_services.bundle_info:
    path: /media/usb/bundle
    thorough: true
  register: bundle
  failed_when: not bundle.complete

- name: Ask where the images came from
  fortytwo.ft_services.bundle_info:
    path: ~/.cache/ft_services/bundle
    query: "artifacts[?starts_with(path, 'images/')].{image: path, source: source}"
  register: images
"""

RETURN = r"""
complete:
  description: Whether every file that a cluster needs is there and unchanged.
  returned: success
  type: bool
  sample: true
architecture:
  description: The processors that the programs are for.
  returned: success
  type: str
  sample: amd64
versions:
  description: The versions of the parts; empty until the bundle was complete once.
  returned: success
  type: dict
  sample: {kubernetes: 1.34.4, minikube: 1.38.1}
missing:
  description: What this bundle does not hold by design, why, and what serves instead.
  returned: success
  type: list
  elements: dict
  sample: [{name: Alpine packages, reason: no mirror, instead: Debian programs}]
artifacts:
  description: The files, sorted by path.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The path below the folder of the bundle.
      type: str
      returned: always
    sha256:
      description: The SHA-256 of the content.
      type: str
      returned: always
    size:
      description: The size in bytes.
      type: int
      returned: always
    source:
      description: The address it was fetched from, or C(forge).
      type: str
      returned: always
    recipe:
      description: A hash of all that decided the content when it was made.
      type: str
      returned: always
  sample:
    - path: bin/minikube
      sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
      size: 100741984
      source: forge
      recipe: c4715ebe549955eb
sources:
  description: What was downloaded, with the SHA-256 (of an image, its digest) that later downloads are held against.
  returned: success
  type: list
  elements: dict
  sample:
    - name: registry.k8s.io/pause:3.10.1
      sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
      url: docker://registry.k8s.io/pause@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
size:
  description: The size of all files together, in bytes.
  returned: success
  type: int
  sample: 1700000000
problems:
  description: What is missing or changed, with C(path) and C(problem).
  returned: success
  type: list
  elements: dict
  sample: [{path: images/host/node.tar, problem: missing}]
result:
  description: Outcome of O(query); null without one.
  returned: success
  type: raw
  sample: [{image: images/host/pause.tar, source: forge}]
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle import info


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "thorough": {"type": "bool", "default": False},
            "query": {"type": "str"},
        },
        supports_check_mode=True,
    )
    module.exit_json(**info.run(module))


if __name__ == "__main__":
    main()
