# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell the profiles of minikube, their settings, state and connections."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minikube_info
short_description: Tell the profiles of minikube, their settings, state and connections
version_added: 0.1.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Lists the profiles in minikube's folder with their settings and state, and with what is needed to reach their
    API server and docker daemon.
  - Changes nothing.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.info
  - fortytwo.ft_services.minikube
options:
  profile:
    description: Tell this profile only. The list is empty when there is none of this name.
    type: str
  query:
    description:
      - JMESPath expression, applied to the list of profiles. Its outcome is returned as RV(result).
      - Needs the Python package C(jmespath) on the host.
    type: str
seealso:
  - module: fortytwo.ft_services.minikube
"""

EXAMPLES = r"""
- name: Ask for all profiles
  fortytwo.ft_services.minikube_info:
  register: minikube

- name: Ask for the addresses of the running clusters
  fortytwo.ft_services.minikube_info:
    query: "[?state=='running'].{name: profile, address: ip}"
  register: running

- name: Ask for one profile
  fortytwo.ft_services.minikube_info:
    profile: ft-services
  register: cluster
"""

RETURN = r"""
profiles:
  description:
    - The profiles, sorted by name, each with the keys that M(fortytwo.ft_services.minikube) returns about a profile.
    - C(state) is C(running), C(stopped) or C(degraded).
  returned: success
  type: list
  elements: dict
  sample:
    - profile: ft-services
      state: running
      valid: true
      status: {host: Running, kubelet: Running, api_server: Running, kubeconfig: Configured}
      nodes: [{name: ft-services, ip: 192.168.49.2, control_plane: true}]
      ip: 192.168.49.2
      api_server: https://192.168.49.2:8443
      kubeconfig: /root/.kube/config
      context: ft-services
      docker_host: tcp://192.168.49.2:2376
      docker_tls_path: /root/.minikube/certs
      network: ft-services
      subnet: 192.168.49.0/24
      gateway: 192.168.49.1
      home: /root/.minikube
      settings: {driver: docker, container_runtime: docker, kubernetes_version: v1.34.4, cpus: 2, memory: 4096}
result:
  description: Outcome of O(query); null without one.
  returned: success
  type: raw
  sample:
    - name: ft-services
      address: 192.168.49.2
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import info
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.facts import connection_spec


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**connection_spec(), "profile": {"type": "str"}, "query": {"type": "str"}},
        supports_check_mode=True,
    )
    module.exit_json(**info.run(module))


if __name__ == "__main__":
    main()
