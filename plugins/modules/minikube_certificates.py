# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renew Kubernetes' own certificates in a cluster of minikube."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: minikube_certificates
short_description: Renew Kubernetes' own certificates in a cluster of minikube
version_added: 1.1.0
description:
  - Tells the certificates that kubeadm made in a profile of minikube, with the days that are left, and renews them in
    time. They end after a year, and then nothing in the cluster can be changed any more.
  - Renewed are all of them at once, by kubeadm; then etcd, the API server, the controller manager and the scheduler are
    started anew, which takes some seconds. What runs in the cluster goes on.
  - The cluster's certificate authorities are told only. They last for ten years. The kubelet renews its own
    certificate.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.full
  - fortytwo.ft_services.minikube
options:
  profile:
    description: Name of the profile. It has to run, in nodes of docker.
    type: str
    default: minikube
  renew_before_days:
    description: Renew when less than this number of days is left of any of them. Some 360 renews always.
    type: int
    default: 60
  wait_timeout:
    description: How long the API server may take to answer again, in seconds.
    type: int
    default: 180
requirements:
  - python >= 3.11
seealso:
  - module: fortytwo.ft_services.certificates
  - module: fortytwo.ft_services.minikube
author:
  - The fortytwo.ft_services contributors (@fortytwo)
"""

EXAMPLES = r"""
- name: Renew the certificates of a cluster in time
  fortytwo.ft_services.minikube_certificates:
    profile: demo

- name: Only tell how long they last
  fortytwo.ft_services.minikube_certificates:
    profile: demo
  check_mode: true
  register: known
"""

RETURN = r"""
due:
  description: Names of the certificates that were due, and made all of them be renewed.
  returned: success
  type: list
  elements: str
  sample: [admin.conf, etcd-server]
certificates:
  description: All certificates as they are now, the authorities last.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name, as kubeadm has it.
      returned: success
      type: str
      sample: etcd-server
    authority:
      description: Whether it is a certificate authority.
      returned: success
      type: bool
      sample: false
    not_after:
      description: The last day of validity (UTC).
      returned: success
      type: str
      sample: "2027-12-25"
    days_left:
      description: Whole days until then, negative after it.
      returned: success
      type: int
      sample: 364
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import certificates
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.facts import connection_spec


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **connection_spec(),
            "profile": {"type": "str", "default": "minikube"},
            "renew_before_days": {"type": "int", "default": 60},
            "wait_timeout": {"type": "int", "default": 180},
        },
        supports_check_mode=True,
    )
    try:
        result = certificates.run(module)
    except certificates.CertificatesError as error:
        module.fail_json(msg=f"Kubernetes' certificates of the profile {module.params['profile']}: {error}.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
