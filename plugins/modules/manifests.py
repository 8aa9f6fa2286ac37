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
  - Objects that C(kubectl apply) made client-side are taken over as C(kubectl apply --server-side) does it; fields that
    the manifest does not have any more are removed. A warning names these objects, and RV(objects) says whose fields
    they were. As with kubectl, a field with another value than the manifest's is a conflict until O(force_conflicts)
    is true.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.kubernetes
attributes:
  check_mode:
    support: full
    details:
      - The prediction comes from a dry run in the API server.
      - Objects whose namespace or kind is created in the same call are predicted as created. Their form and values are
        tried in another namespace of the set, or in V(default). What the rules of that namespace say is passed over,
        and their own namespace's rules (quota, policies, webhooks) are met only when they are written.
      - An object whose admission webhook does not answer is predicted as updated when it exists, with a warning.
  diff_mode:
    support: full
    details:
      - Before and after of the changed objects, without the server's bookkeeping, values of Secrets hidden.
      - Each changed object of RV(objects) has its own part of it too.
  idempotent:
    support: partial
    details: An object with C(generateName) is made anew by each call. All others are idempotent.
options:
  definitions:
    description:
      - The objects. A mapping, a YAML text of one or more documents, or a list of these.
      - Texts are read as C(kubectl) reads them, in every form of numbers, booleans, anchors and merges. What
        C(kubectl) would read and lose, such as a key that stands twice, is refused with the reason.
      - Documents that are empty or hold only comments are passed over, and so is a template that renders nothing.
        Lists, such as those of the kind C(List) or C(ConfigMapList), are taken apart.
      - An object with C(generateName) in place of a name is created by each call, so each is a change. RV(objects) has
        the name that it got, in check mode what the name will begin with. Refused with O(prune) and
        O(state=absent), as nothing could find it again.
      - Reviews, such as C(SelfSubjectAccessReview), are questions. They are asked, also in check mode, change nothing,
        and the answer is returned with O(return_objects=true).
    type: raw
  src:
    description:
      - YAML or JSON files on the target.
      - Of a folder, its files that end in C(.yaml), C(.yml) or C(.json), without those of subfolders.
        A folder with a C(kustomization.yaml) is refused, as it has to be built first (C(kubectl kustomize)).
      - URLs that begin with C(https://), or with C(http://) when O(checksums) holds their checksum.
        They are fetched by the target, through the proxies of its environment.
        A query in a URL shows in the invocation.
    type: list
    elements: path
  checksums:
    description:
      - SHA-256 of files and URLs in O(src), as hexadecimal digits, with or without C(sha256:) in front.
      - The keys are the entries as they stand in O(src). Nothing is applied when one of them differs.
    type: dict
    version_added: 1.0.0
  kind:
    description:
      - Instead of O(definitions) and O(src), the kind of the object O(name), or of the objects that O(label_selectors)
        finds, such as C(Namespace).
      - With O(state=present), the object is applied with nothing but its name, as C(kubectl create namespace) makes it;
        fields that an earlier call applied are removed.
    type: str
    version_added: 1.1.0
  api_version:
    description:
      - The apiVersion of O(kind). Needed for a kind that the cluster serves in more than one API group.
      - With O(state=absent), there is nothing to remove where the cluster does not serve it.
    type: str
    version_added: 1.1.0
  name:
    description: The name of the object of O(kind). O(namespace) is where it lies.
    type: str
    version_added: 1.1.0
  label_selectors:
    description:
      - Take only objects whose labels fulfil all of these conditions, such as V(app=shop), V(tier!=cache),
        V(app in (shop, api)) or V(!canary).
      - Of O(definitions) and O(src) the labels are those that are written there. When none is left, nothing is done.
      - With O(kind), the objects in O(namespace) that have these labels in the cluster. Needs O(state=absent).
      - Refused with O(prune), and when it is an empty list.
    type: list
    elements: str
    version_added: 1.1.0
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
  replace_immutable:
    description:
      - Remove an object and make it anew when the manifest changes fields that Kubernetes cannot change, such as the
        template of a Job or the selector of a Deployment. B(It and what it owns is gone for a moment.)
      - The new object is tried in a dry run first, under another name.
      - What O(prune_data) protects is never replaced.
    type: bool
    default: false
    version_added: 1.0.0
  delete_options:
    description: How objects are removed, by O(state=absent), O(prune) or O(replace_immutable).
    type: dict
    version_added: 1.0.0
    suboptions:
      propagation:
        description:
          - V(Foreground) removes what an object owns before it, V(Background) after it, V(Orphan) lets it stay.
          - Without it V(Foreground), and V(Background) for objects of a kind that is younger than a minute.
        type: str
        choices: [Foreground, Background, Orphan]
      grace_period:
        description:
          - Seconds that pods get to end, instead of their own C(terminationGracePeriodSeconds).
          - With V(0) the API server forgets a pod before its containers have ended.
        type: int
      uid:
        description:
          - Remove the object only when it has this UID. Otherwise nothing is changed, and the module fails.
          - Needs exactly one object, O(state=absent), and no O(prune).
        type: str
      resource_version:
        description: Remove the object only when it has this C(resourceVersion), on the same terms as the UID.
        type: str
  set_name:
    description:
      - Name of the set. Every object gets it as the value of the label C(manifests.fortytwo/set).
      - Two calls that use one name prune each other's objects.
      - Version 0.1.0 used the label C(ft-services.fortytwo/set). The first call changes it on the objects of the set;
        objects that have only the old label are still pruned.
    type: str
  prune:
    description:
      - Also remove the objects of the set O(set_name) that are not among the given ones.
      - Spares objects that a controller made, those that O(prune_data) protects, and what is in the set under another
        name (an object that the cluster serves in several API groups has one UID).
      - A kind that this user may not list, or that the cluster cannot list because its server or its definition is
        broken, is left alone with a warning.
      - Refused with O(state=present) when there is no object at all, for example because a template rendered nothing.
      - With O(state=absent), removes the whole set.
    type: bool
    default: false
  prune_data:
    description:
      - Let O(prune) also remove Namespaces, PersistentVolumes, PersistentVolumeClaims and CustomResourceDefinitions,
        B(and with them the data that they hold).
    type: bool
    default: false
  prune_namespaces:
    description:
      - Where O(prune) looks for objects of the set when the user may not list the whole cluster,
        besides O(namespace) and the namespaces of the given objects.
    type: list
    elements: str
    version_added: 1.0.0
  wait:
    description:
      - Wait until the objects are ready, or gone with O(state=absent).
      - Deployments, StatefulSets, DaemonSets, ReplicaSets and ReplicationControllers are ready when their newest pods
        are available and none is left of those scaled away, Jobs when complete (also when C(ttlSecondsAfterFinished)
        removes them at once), Pods when ready or succeeded, Services of type LoadBalancer when they have an address,
        Namespaces when active, PersistentVolumeClaims when bound (or pending, when their storage class waits for the
        first pod, or this user may not read it), CustomResourceDefinitions when established, APIServices when
        available, admission webhooks when the Service behind them has a ready endpoint. Other kinds are ready when
        they exist.
      - Stops early for an image that cannot be pulled, a container that cannot be made or crashes again and again, a
        pod that fits no node, a failed Job, pods that the namespace's rules forbid, and an exceeded progress deadline.
        What may pass by itself must last for some seconds first. See O(fail_fast).
    type: bool
    default: true
  fail_fast:
    description:
      - Stop the wait early when an object shows that it cannot become ready.
      - Set it to V(false) where others put things right meanwhile, such as an operator that makes a missing Secret, an
        autoscaler that brings a node, or a database without which a program crashes. Then only time ends the wait, and
        what Kubernetes itself calls final, which is a failed Job or Pod and a lost claim.
    type: bool
    default: true
    version_added: 1.0.0
  fail_fast_after:
    description:
      - Seconds that a sign of failure must last before it ends the wait.
      - Without it each sign has its own. An image that cannot be pulled 30, one that is not there and never pulled 5,
        a missing Secret or ConfigMap 20, a container that cannot be made 30, a pod that fits no node 30, pods that the
        namespace's rules forbid 15, an exceeded progress deadline 30. A crash loop counts from its fourth crash on.
    type: int
    version_added: 1.0.0
  wait_timeout:
    description: Seconds for the whole call, repetitions after passing errors included.
    type: int
    default: 300
  wait_for:
    description:
      - More conditions to wait for, after everything is applied. Needs O(wait=true).
      - Their kinds must be served by the cluster or be defined by the given objects; otherwise nothing is changed.
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
  return_objects:
    description:
      - Return each object too, as it is after the call, or in check mode would be; without C(managedFields), the values
        of Secrets hidden.
    type: bool
    default: false
    version_added: 1.0.0
requirements:
  - jmespath, for O(wait_for)
notes:
  - Rights for one namespace are enough for sets that lie in it.
  - The values of the given Secrets are hidden in messages, log lines and events, short ones where they stand alone.
    A value that is also a name or an image of the given objects, or a word of one, is shown.
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

- name: Wait for what an operator completes, for up to ten minutes
  fortytwo.ft_services.manifests:
    src:
      - /srv/manifests/shop
    fail_fast: false
    wait_timeout: 600

- name: Apply and prune with rights for two namespaces only, and keep the address of the Service
  fortytwo.ft_services.manifests:
    kubeconfig: /home/team/kubeconfig
    src:
      - /srv/manifests/team
    namespace: team
    set_name: team
    prune: true
    prune_namespaces:
      - team-jobs
    return_objects: true
  register: result

- name: Apply a release of a project, with the checksum that was looked at before
  fortytwo.ft_services.manifests:
    src:
      - https://example.com/releases/v1.2.3/install.yaml
    checksums:
      https://example.com/releases/v1.2.3/install.yaml: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

- name: Apply the output of kustomize
  fortytwo.ft_services.manifests:
    definitions: "{{ lookup('ansible.builtin.pipe', 'kubectl kustomize overlays/production') }}"

- name: Run a job once more; each call makes a new one
  fortytwo.ft_services.manifests:
    definitions:
      apiVersion: batch/v1
      kind: Job
      metadata:
        generateName: import-
      spec:
        ttlSecondsAfterFinished: 3600
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: import
                image: example/import:1.0

- name: Apply a Job under the same name after its template has changed
  fortytwo.ft_services.manifests:
    src:
      - /srv/manifests/migration.yaml
    replace_immutable: true

- name: Ask whether this account may create Deployments
  fortytwo.ft_services.manifests:
    definitions:
      apiVersion: authorization.k8s.io/v1
      kind: SelfSubjectAccessReview
      spec:
        resourceAttributes:
          verb: create
          group: apps
          resource: deployments
          namespace: web
    return_objects: true
  register: review
  failed_when: not review.objects[0].object.status.allowed

- name: Remove a pod that was looked at before, and give it five seconds
  fortytwo.ft_services.manifests:
    state: absent
    definitions:
      apiVersion: v1
      kind: Pod
      metadata:
        name: debug
        namespace: web
    delete_options:
      grace_period: 5
      uid: "{{ pod.metadata.uid }}"

- name: Apply only the part of a release that has this label
  fortytwo.ft_services.manifests:
    src:
      - /srv/manifests/shop
    label_selectors:
      - tier=frontend

- name: Have an empty namespace
  fortytwo.ft_services.manifests:
    kind: Namespace
    name: shop

- name: Remove all finished imports
  fortytwo.ft_services.manifests:
    state: absent
    kind: Job
    namespace: shop
    label_selectors:
      - app=import
      - run notin (latest)

- name: Remove the set, volumes included
  fortytwo.ft_services.manifests:
    state: absent
    set_name: shop
    prune: true
    prune_data: true
"""

RETURN = r"""
objects:
  description: What became of every object; in check mode, what would.
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
      description: One of V(created), V(updated), V(replaced), V(unchanged), V(deleted), V(pruned).
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
    migrated_from:
      description: Managers of client-side apply whose fields went over to O(field_manager).
      type: list
      elements: str
      sample: [kubectl-client-side-apply]
    diff:
      description: Before and after of a changed object.
      returned: in diff mode, when the object changed
      type: dict
      sample: {"before": "data:\n  a: 1\n", "after": "data:\n  a: 2\n"}
    object:
      description: The object itself, values of Secrets hidden; none for one that is not there.
      returned: with O(return_objects=true)
      type: dict
      sample: {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}
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

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.connection import (
    KUBE_ARGUMENTS,
    require_kubernetes,
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
            "checksums": {"type": "dict"},
            "kind": {"type": "str"},
            "api_version": {"type": "str"},
            "name": {"type": "str"},
            "label_selectors": {"type": "list", "elements": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "namespace": {"type": "str", "default": "default"},
            "field_manager": {"type": "str", "default": "fortytwo.ft_services"},
            "force_conflicts": {"type": "bool", "default": False},
            "replace_immutable": {"type": "bool", "default": False},
            "delete_options": {
                "type": "dict",
                "options": {
                    "propagation": {"type": "str", "choices": ["Foreground", "Background", "Orphan"]},
                    "grace_period": {"type": "int"},
                    "uid": {"type": "str"},
                    "resource_version": {"type": "str"},
                },
            },
            "set_name": {"type": "str"},
            "prune": {"type": "bool", "default": False},
            "prune_data": {"type": "bool", "default": False},
            "prune_namespaces": {"type": "list", "elements": "str"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 300},
            "fail_fast": {"type": "bool", "default": True},
            "fail_fast_after": {"type": "int"},
            "return_objects": {"type": "bool", "default": False},
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
        mutually_exclusive=[("kind", "definitions"), ("kind", "src")],
        supports_check_mode=True,
    )
    require_kubernetes(module)
    if module.params["wait_for"] and JMESPATH_ERROR:
        module.fail_json(msg=missing_required_lib("jmespath"), exception=JMESPATH_ERROR)
    execute(module)


if __name__ == "__main__":
    main()
