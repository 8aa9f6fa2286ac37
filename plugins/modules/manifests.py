# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests
short_description: Apply a set of Kubernetes objects in one call
version_added: 0.1.0
description:
  - Brings any number of objects into a cluster by server-side apply, in the order in which they need each other,
    those that do not need each other at the same time.
  - Every object is tried in a dry run first. When one is refused, for example for a misspelt field, nothing is changed.
    Only objects that would change are written.
  - Waits for all objects under one deadline, by watches. Stops early when an object cannot become ready, and says why.
  - Values of Secrets appear neither in the result nor in the diff nor in the log of the target.
  - C(stringData) of a Secret is applied as C(data), so that a key removed from the manifest goes from the cluster too.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.kubernetes
attributes:
  check_mode:
    support: full
    details:
      - The prediction comes from a dry run in the API server.
      - Objects whose namespace or kind is created in the same call are predicted as created.
      - An object whose admission webhook does not answer is predicted as updated when it exists, with a warning.
  diff_mode:
    support: full
    details: Before and after of the changed objects, without the server's bookkeeping, values of Secrets hidden.
  idempotent:
    support: full
options:
  definitions:
    description:
      - The objects. A mapping, a YAML text of one or more documents, or a list of these.
      - Documents that are empty or hold only comments are passed over; objects of the kind C(List) are taken apart.
    type: raw
  src:
    description:
      - YAML or JSON files on the target.
      - Of a folder, its files that end in C(.yaml), C(.yml) or C(.json), without those of subfolders.
    type: list
    elements: path
  state:
    description:
      - V(present) applies the objects.
      - V(absent) removes them in reverse order, each after the objects it owns.
        Objects and kinds that do not exist are fine.
    type: str
    choices: [present, absent]
    default: present
  namespace:
    description: Namespace of objects that need one and name none.
    type: str
    default: default
  field_manager:
    description: Name under which the API server records which fields this module stands for.
    type: str
    default: fortytwo.ft_services
  force_conflicts:
    description:
      - Take over fields that another field manager owns and that have another value.
      - Otherwise such a conflict is an error that names the manager and the fields.
    type: bool
    default: false
  set_name:
    description:
      - Name of the set. Every object gets it as the value of the label C(ft-services.fortytwo/set).
      - Two calls that use one name prune each other's objects.
    type: str
  prune:
    description:
      - Also remove the objects of the set O(set_name) that are not among the given ones.
      - Spares objects that a controller made, and those that O(prune_data) protects.
      - With O(state=absent), removes the whole set.
    type: bool
    default: false
  prune_data:
    description:
      - Let O(prune) also remove Namespaces, PersistentVolumes, PersistentVolumeClaims and CustomResourceDefinitions,
        B(and with them the data that they hold).
    type: bool
    default: false
  wait:
    description:
      - Wait until the objects are ready, or gone with O(state=absent).
      - Deployments, StatefulSets, DaemonSets and ReplicaSets are ready when their newest pods are available, Jobs when
        complete, Pods when ready or succeeded, Services of type LoadBalancer when they have an address, Namespaces
        when active, PersistentVolumeClaims when bound (or pending, when their storage class waits for the first pod),
        CustomResourceDefinitions when established, APIServices when available, admission webhooks when the Service
        behind them has a ready endpoint. Other kinds are ready when they exist.
      - Stops early for an image that cannot be pulled, a container that cannot be made or crashes again and again, a
        pod that fits no node, a failed Job, pods that the namespace's rules forbid, and an exceeded progress deadline.
        What may pass by itself must last for some seconds first.
    type: bool
    default: true
  wait_timeout:
    description: Seconds for the whole call, repetitions after passing errors included.
    type: int
    default: 300
  wait_for:
    description: More conditions to wait for, after everything is applied. Needs O(wait=true).
    type: list
    elements: dict
    suboptions:
      api_version:
        description: The apiVersion of the object.
        type: str
        default: v1
      kind:
        description: The kind of the object.
        type: str
        required: true
      name:
        description: The name of the object.
        type: str
        required: true
      namespace:
        description: The namespace of the object; O(namespace) when it names none.
        type: str
      query:
        description: JMESPath expression on the object that must be true.
        type: str
        required: true
requirements:
  - jmespath, for O(wait_for)
notes:
  - The waits read pods, replica sets, endpoint slices, events and logs.
    Without the right to do so they notice less, and the reports are shorter.
seealso:
  - module: fortytwo.ft_services.manifests_info
author:
  - The fortytwo.ft_services contributors (@fortytwo)
"""

EXAMPLES = r"""
- name: Apply a namespace and a rendered template
  fortytwo.ft_services.manifests:
    definitions:
      - apiVersion: v1
        kind: Namespace
        metadata:
          name: web
      - "{{ lookup('ansible.builtin.template', 'nginx.yml.j2') }}"
    namespace: web

- name: Apply a folder as a set, and remove what the folder no longer has
  fortytwo.ft_services.manifests:
    src:
      - /srv/manifests/shop
    set_name: shop
    prune: true

- name: Show what would change
  fortytwo.ft_services.manifests:
    src:
      - /srv/manifests/shop
    set_name: shop
    prune: true
  check_mode: true
  diff: true

- name: Install an operator and wait until its resource reports success
  fortytwo.ft_services.manifests:
    src:
      - /srv/manifests/operator.yaml
    wait_timeout: 600
    wait_for:
      - api_version: example.com/v1
        kind: Backup
        name: nightly
        namespace: backups
        query: status.phase == 'Ready'

- name: Remove the set, volumes included
  fortytwo.ft_services.manifests:
    state: absent
    set_name: shop
    prune: true
    prune_data: true
"""

RETURN = r"""
objects:
  description: What became of every object; in check mode, what would. Never an object's content.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object.
      type: str
      sample: Deployment
    api_version:
      description: The apiVersion of the object.
      type: str
      sample: apps/v1
    namespace:
      description: Namespace of the object; none for kinds that belong to the whole cluster.
      type: str
      sample: web
    name:
      description: Name of the object.
      type: str
      sample: nginx
    action:
      description: One of V(created), V(updated), V(unchanged), V(deleted), V(pruned).
      type: str
      sample: updated
    changed:
      description: Whether the object changed.
      type: bool
      sample: true
    source:
      description: Where the object was written.
      type: str
      sample: "/srv/manifests/shop/nginx.yml, document 2 (line 14)"
waited:
  description: Seconds spent waiting for objects to become ready or to go.
  returned: always
  type: float
  sample: 12.3
retries:
  description: How often a request was repeated after a passing error.
  returned: always
  type: int
  sample: 0
retry_reasons:
  description: The different errors that led to repetitions, at most ten.
  returned: always
  type: list
  elements: str
  sample: []
errors:
  description: Every object that the API server refused, and why.
  returned: when objects were refused
  type: list
  elements: dict
  sample:
    - kind: Deployment
      api_version: apps/v1
      namespace: web
      name: nginx
      source: "/srv/manifests/shop/nginx.yml, document 2 (line 14)"
      status: 500
      reason: ""
      fields: [.spec.replicsa]
      message: "unknown field .spec.replicsa: check its spelling and indentation"
      hint: ""
not_ready:
  description: Every object that did not become ready, or did not go, and all that is known about it.
  returned: when the wait failed
  type: list
  elements: dict
  sample:
    - kind: Deployment
      api_version: apps/v1
      namespace: web
      name: nginx
      source: "/srv/manifests/shop/nginx.yml, document 2 (line 14)"
      state: 0 of 1 pods are available
      failures: ["ImagePullBackOff: Back-off pulling image"]
      conditions: []
      containers: []
      events: []
      hint: Check the image name and tag.
"""

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import (
    KUBE_ARGUMENTS,
    KUBERNETES_IMPORT_ERROR,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.module import SecretiveModule, execute
from ansible_collections.fortytwo.ft_services.plugins.module_utils._query import JMESPATH_ERROR


def main() -> None:
    """Entry point."""
    module = SecretiveModule(
        argument_spec={
            **KUBE_ARGUMENTS,
            "definitions": {"type": "raw"},
            "src": {"type": "list", "elements": "path"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "namespace": {"type": "str", "default": "default"},
            "field_manager": {"type": "str", "default": "fortytwo.ft_services"},
            "force_conflicts": {"type": "bool", "default": False},
            "set_name": {"type": "str"},
            "prune": {"type": "bool", "default": False},
            "prune_data": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 300},
            "wait_for": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "api_version": {"type": "str", "default": "v1"},
                    "kind": {"type": "str", "required": True},
                    "name": {"type": "str", "required": True},
                    "namespace": {"type": "str"},
                    "query": {"type": "str", "required": True},
                },
            },
        },
        required_if=[("prune", True, ("set_name",))],
        supports_check_mode=True,
    )
    if KUBERNETES_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=KUBERNETES_IMPORT_ERROR)
    if module.params["wait_for"] and JMESPATH_ERROR:
        module.fail_json(msg=missing_required_lib("jmespath"), exception=JMESPATH_ERROR)
    execute(module)


if __name__ == "__main__":
    main()
