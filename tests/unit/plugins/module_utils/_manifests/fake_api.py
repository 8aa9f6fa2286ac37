# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that is a dictionary, and a call of the module against it."""

from __future__ import annotations

import copy
import time

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import Response
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError, is_transient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import parse
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.runner import Run

KINDS = [
    Resource("v1", "Namespace", "namespaces", False, ("list", "delete", "patch")),
    Resource("v1", "ConfigMap", "configmaps", True, ("list", "delete", "patch")),
    Resource("v1", "Secret", "secrets", True, ("list", "delete", "patch")),
    Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims", True, ("list", "delete", "patch")),
    Resource("v1", "Event", "events", True, ("list", "delete", "patch")),
    Resource("apps/v1", "Deployment", "deployments", True, ("list", "delete", "patch")),
    Resource(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        False,
        ("list", "delete", "patch"),
    ),
]
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.test"},
    "spec": {
        "group": "example.test",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1", "served": True}],
    },
}


class Server:
    """As much of KubeClient as the run uses; ``refuse`` may raise for (body, dry_run)."""

    def __init__(self, refuse=lambda body, dry_run: None):
        self.objects = {}
        self.kinds = list(KINDS)
        self.refuse = refuse
        self.writes = []
        self.propagation = {}
        self.options = {}
        self.created = 0
        # Collections that cannot be listed, and why.
        self.closed = {}
        self.lists = []

    def resource(self, api_version, kind):
        return next((each for each in self.kinds if (each.api_version, each.kind) == (api_version, kind)), None)

    def all_resources(self):
        return self.kinds

    def forget(self, api_version):
        pass

    def parallel(self, work, items):
        return [work(item) for item in items]

    def get(self, path, query=None):
        return copy.deepcopy(self.objects.get(path))

    def list_all(self, path, query=None, accept=""):
        plural = path.rpartition("/")[2]
        key, _equals, label = (query or {}).get("labelSelector", "").partition("=")
        self.lists.append(path)
        if path in self.closed:
            raise self.closed[path]
        found = [
            body
            for where, body in self.objects.items()
            if where.split("/")[-2] == plural
            and (where.startswith(path) or "/namespaces/" not in path)
            and (not label or body["metadata"].get("labels", {}).get(key) == label)
        ]
        return copy.deepcopy(found), "1"

    def create(self, resource, body, manager, dry_run=False):
        self.refuse(body, dry_run)
        after = copy.deepcopy(body)
        if resource.verbs == ("create",):
            after["status"] = {"allowed": True}
            return Response(201, after, [])
        self.created += not dry_run
        after["metadata"]["name"] = f"{body['metadata']['generateName']}x{self.created}"
        if not dry_run:
            self.writes.append(f"create {body['kind']} {after['metadata']['name']}")
            self.objects[resource.path(body["metadata"].get("namespace"), after["metadata"]["name"])] = after
        return Response(201, copy.deepcopy(after), [])

    def apply(self, resource, body, manager, force=False, dry_run=False):
        self.refuse(body, dry_run)
        path = resource.path(body["metadata"].get("namespace"), body["metadata"]["name"])
        after = copy.deepcopy(body)
        labels = {f"f:{key}": {} for key in body["metadata"].get("labels", {})}
        fields = {"f:metadata": {"f:labels": labels}}
        after["metadata"]["managedFields"] = [{"manager": manager, "operation": "Apply", "fieldsV1": fields}]
        after["metadata"]["uid"] = path
        status = 200 if path in self.objects else 201
        if not dry_run:
            self.writes.append(f"{body['kind']} {body['metadata']['name']}")
            if body["kind"] == "CustomResourceDefinition":
                after["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
                self.kinds.append(Resource("example.test/v1", "Widget", "widgets", True, ("list", "delete", "patch")))
            if body["kind"] == "Namespace":
                after["status"] = {"phase": "Active"}
            self.objects[path] = after
        return Response(status, copy.deepcopy(after), [])

    def delete(
        self, resource, namespace, name, uid=None, propagation="Foreground", grace_period=None, resource_version=None
    ):
        there = self.objects.get(resource.path(namespace, name))
        if uid and there and there["metadata"]["uid"] != uid:
            message = f"Precondition failed: UID in precondition: {uid}, UID in object meta: another"
            raise KubeError(message, 409, "Conflict", transient=is_transient(409, "Conflict", message, []))
        self.writes.append(f"delete {resource.kind} {name}")
        self.propagation[name] = propagation
        self.options[name] = (grace_period, resource_version)
        self.objects.pop(resource.path(namespace, name), None)


def cm(name, namespace="default", **more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, **more}


def run(
    server,
    definitions,
    check=False,
    state="present",
    set_name=None,
    prune_data=False,
    wait_for=(),
    spaces=(),
    **options,
):
    session = Session(server, time.monotonic() + 5, 5, check=check, wait=False, **options)
    work = Run(session, "default")
    manifests = parse(definitions, None, set_name)
    if state == "present":
        work.present(manifests, set_name, prune_data, wait_for, prune_namespaces=spaces)
    else:
        work.absent(manifests, set_name, prune_data, prune_namespaces=spaces)
    return work


def actions(work):
    return {f"{each['kind']} {each['name']}": each["action"] for each in work.objects() if each["changed"]}
