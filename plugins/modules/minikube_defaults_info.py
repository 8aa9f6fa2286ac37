# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what a host offers to a profile of minikube: a network, and a folder for programs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: minikube_defaults_info
short_description: Tell what a host offers to a profile of minikube, a network and a folder for programs
version_added: 1.0.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Tells the network of a profile that is there. For another one, it looks which networks docker has and which the host
    has routes to, and tells the first free one, in minikube's own order.
  - Tells the first of some folders that the user of the connection may write programs to.
  - Quick, as it does not ask minikube. Changes nothing.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.info
  - fortytwo.ft_services.minikube
options:
  profile:
    description: Name of the profile.
    type: str
    default: minikube
  bin_paths:
    description: Folders for programs, the best one first. They need not be there yet.
    type: list
    elements: path
    default: [/usr/local/bin, ~/.local/bin]
seealso:
  - module: fortytwo.ft_services.minikube
  - module: fortytwo.ft_services.minikube_info
"""

EXAMPLES = r"""
- name: Ask for a network that nothing else has
  fortytwo.ft_services.minikube_defaults_info:
    profile: demo
  register: free

- name: Have a cluster in it
  fortytwo.ft_services.minikube:
    profile: demo
    static_ip: "{{ free.node_address }}"
"""

RETURN = r"""
network:
  description: The network, a /24; empty when no private network is free.
  returned: success
  type: str
  sample: 192.168.49.0/24
node_address:
  description: Address of the first node in it; empty without a network.
  returned: success
  type: str
  sample: 192.168.49.2
bin_path:
  description: The first folder of O(bin_paths) that the user may write; the first one when there is none.
  returned: success
  type: str
  sample: /usr/local/bin
exists:
  description: Whether the profile is there and has this network.
  returned: success
  type: bool
  sample: false
taken:
  description: The networks that were avoided. Empty when the profile is there.
  returned: success
  type: list
  elements: str
  sample:
    - the network compose (192.168.48.0/20) of docker
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import info
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.facts import connection_spec


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **connection_spec(),
            "profile": {"type": "str", "default": "minikube"},
            "bin_paths": {"type": "list", "elements": "path", "default": ["/usr/local/bin", "~/.local/bin"]},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **info.defaults(module))


if __name__ == "__main__":
    main()
