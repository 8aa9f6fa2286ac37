# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a Kubernetes cluster what its user may do."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_info
short_description: Ask a Kubernetes cluster which of some rights its user has
version_added: 1.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Asks the API server for each right of some rules whether the user of the kubeconfig has it.
  - Every user may ask that. All that is missing is told at once; that something is missing is no failure.
  - The API server answers for whatever decides there, RBAC or something else.
  - Changes nothing.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.info
  - fortytwo.ft_services.kubernetes
options:
  rules:
    description:
      - What the user should be allowed, as in a Role, with C(apiGroups), C(resources), C(verbs) and C(resourceNames).
    type: list
    elements: dict
    required: true
  namespace:
    description:
      - Namespace in which the user should be allowed it. Without it, in all namespaces and for kinds without one.
    type: str
seealso:
  - module: fortytwo.ft_services.manifests
"""

EXAMPLES = r"""
- name: Stop where Deployments cannot be applied in a namespace
  fortytwo.ft_services.access_info:
    namespace: team
    rules:
      - {apiGroups: [apps], resources: [deployments], verbs: [get, list, watch, create, patch, delete]}
  register: access
  failed_when: access.missing | length > 0
"""

RETURN = r"""
missing:
  description: Rights that the user does not have, in the order of O(rules).
  returned: success
  type: list
  elements: dict
  contains:
    verb:
      description: What the user may not do.
      type: str
      returned: always
      sample: create
    group:
      description: API group of the kind, empty for that of pods.
      type: str
      returned: always
      sample: apps
    resource:
      description: The kind, in its plural.
      type: str
      returned: always
      sample: deployments
    subresource:
      description: The part of an object that is meant.
      type: str
      returned: when it is not the object itself
      sample: log
    name:
      description: The only object that is meant.
      type: str
      returned: with C(resourceNames)
      sample: state
    namespace:
      description: The namespace.
      type: str
      returned: with O(namespace)
      sample: team
lines:
  description: The same for people, a line for all kinds of which the same is missing.
  returned: success
  type: list
  elements: str
  sample:
    - create, patch deployments.apps, services
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.access import (
    RuleError,
    lines,
    questions,
    refused,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.connection import (
    KUBE_ARGUMENTS,
    Connection,
    KubeModule,
    require_kubernetes,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError


def main() -> None:
    """Ask and report."""
    module = KubeModule(
        argument_spec={
            **KUBE_ARGUMENTS,
            "rules": {"type": "list", "elements": "dict", "required": True},
            "namespace": {"type": "str"},
        },
        supports_check_mode=True,
    )
    require_kubernetes(module)
    try:
        asked = questions(module.params["rules"], module.params["namespace"])
        missing = refused(KubeClient(Connection.from_options(module.params)), asked)
    except RuleError as error:
        module.fail_json(msg=f"{error}.")
    except KubeError as error:
        module.fail_json(msg=f"Cannot ask what this user may do. {error.message}", status=error.status)
    module.exit_json(changed=False, missing=missing, lines=lines(missing))


if __name__ == "__main__":
    main()
