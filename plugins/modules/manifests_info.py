# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read objects of a Kubernetes cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests_info
short_description: Read objects of a Kubernetes cluster
version_added: 0.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Reads any number of kinds in one call and at the same time, from one namespace or from all.
  - Values of Secrets are replaced by a text that hides them, also in the outcome of O(query).
  - Changes nothing.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.info
  - fortytwo.ft_services.kubernetes
options:
  kind:
    description: Kinds to read, such as C(Service).
    type: list
    elements: str
    required: true
    aliases: [kinds]
  api_version:
    description:
      - The apiVersion of all these kinds.
      - Needed only for a kind that the cluster serves in more than one API group.
    type: str
  namespace:
    description: Namespace to read from. Without it all namespaces are read. Kinds without a namespace are always read.
    type: str
  name:
    description: Read only objects of this name.
    type: str
  label_selectors:
    description: Read only objects whose labels fulfil all of these conditions.
    type: list
    elements: str
    default: []
  field_selectors:
    description:
      - Read only objects whose fields fulfil all of these conditions, such as C(spec.nodeName=node-1) or
        C(status.phase!=Running).
      - The API server knows a few fields of each kind, and those that a CustomResourceDefinition names.
    type: list
    elements: str
    default: []
    version_added: 1.0.0
  metadata_only:
    description: Read nothing but kind, apiVersion and metadata, which is much less where objects are many or large.
    type: bool
    default: false
    version_added: 1.0.0
  usage:
    description:
      - Also read what the containers use of the processors and of the memory now, as the kubelets measure it.
      - Needs the right to C(get) the resource C(nodes/proxy).
    type: bool
    default: false
  query:
    description:
      - JMESPath expression, applied to the list of objects. Its outcome is returned as RV(result).
      - Needs the Python package C(jmespath) on the target.
    type: str
seealso:
  - module: fortytwo.ft_services.manifests
"""

EXAMPLES = r"""
- name: Read the Deployments and Services of a namespace
  fortytwo.ft_services.manifests_info:
    kind: [Deployment, Service]
    namespace: ft-services
  register: found

- name: Ask for all addresses that the load balancer gave away
  fortytwo.ft_services.manifests_info:
    kind: Service
    query: "[?spec.type=='LoadBalancer'].{name: metadata.name, address: status.loadBalancer.ingress[0].ip}"
  register: addresses

- name: Read the pods of one service
  fortytwo.ft_services.manifests_info:
    kind: Pod
    namespace: ft-services
    label_selectors:
      - app.kubernetes.io/name=nginx
  register: pods

- name: Read the names of all pods of one node that do not run
  fortytwo.ft_services.manifests_info:
    kind: Pod
    field_selectors:
      - spec.nodeName=ft-services
      - status.phase!=Running
    metadata_only: true
"""

RETURN = r"""
objects:
  description:
    - The objects, in the order of O(kind), then by namespace and name.
    - Without C(metadata.managedFields).
  returned: success
  type: list
  elements: dict
  sample:
    - apiVersion: v1
      kind: Namespace
      metadata:
        name: ft-services
usage:
  description: What each running container in O(namespace) uses, by namespace, pod and container.
  returned: with O(usage=true)
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the pod.
      type: str
      returned: always
      sample: ft-services
    pod:
      description: Name of the pod.
      type: str
      returned: always
      sample: nginx-6d4cf56db6-8jq2x
    container:
      description: Name of the container.
      type: str
      returned: always
      sample: nginx
    cpu_cores:
      description: Processors in use; null when not measured yet.
      type: float
      returned: always
      sample: 0.003
    memory_bytes:
      description: Memory that cannot be taken back, in bytes; null when not measured yet.
      type: int
      returned: always
      sample: 12582912
result:
  description: Outcome of O(query); null without one.
  returned: success
  type: raw
  sample:
    - name: nginx
      address: 192.168.49.200
"""


from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()


from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.connection import (
    KUBE_ARGUMENTS,
    Connection,
    KubeModule,
    require_kubernetes,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.info import find_resources, read_objects
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.usage import read_usage
from ansible_collections.fortytwo.ft_services.plugins.module_utils._query import Query


def main() -> None:
    """Read, query and report."""
    module = KubeModule(
        argument_spec={
            **KUBE_ARGUMENTS,
            "kind": {"type": "list", "elements": "str", "required": True, "aliases": ["kinds"]},
            "api_version": {"type": "str"},
            "namespace": {"type": "str"},
            "name": {"type": "str"},
            "label_selectors": {"type": "list", "elements": "str", "default": []},
            "field_selectors": {"type": "list", "elements": "str", "default": []},
            "metadata_only": {"type": "bool", "default": False},
            "usage": {"type": "bool", "default": False},
            "query": {"type": "str"},
        },
        supports_check_mode=True,
    )
    params = module.params
    require_kubernetes(module)
    query = Query(module)
    try:
        client = KubeClient(Connection.from_options(params))
        resources = find_resources(client, params["kind"], params["api_version"])
        objects = read_objects(
            client,
            resources,
            params["namespace"],
            params["name"],
            params["label_selectors"],
            params["field_selectors"],
            params["metadata_only"],
        )
        usage = {"usage": read_usage(client, params["namespace"])} if params["usage"] else {}
    except KubeError as error:
        module.fail_json(msg=f"Cannot read {', '.join(params['kind'])}. {error.message}", status=error.status)
    module.exit_json(changed=False, objects=objects, result=query.search(objects, "the objects"), **usage)


if __name__ == "__main__":
    main()
