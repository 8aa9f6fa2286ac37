# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading objects of a cluster. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import METADATA_ONLY, KubeClient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import hide_values
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

# Kinds that every cluster serves: no need to ask for their apiVersion and path.
COMMON: dict[str, Resource] = {
    kind: Resource(api_version, kind, plural, namespaced)
    for api_version, kind, plural, namespaced in (
        ("v1", "ConfigMap", "configmaps", True),
        ("v1", "Event", "events", True),
        ("v1", "Namespace", "namespaces", False),
        ("v1", "Node", "nodes", False),
        ("v1", "PersistentVolume", "persistentvolumes", False),
        ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", True),
        ("v1", "Pod", "pods", True),
        ("v1", "Secret", "secrets", True),
        ("v1", "Service", "services", True),
        ("v1", "ServiceAccount", "serviceaccounts", True),
        ("apps/v1", "DaemonSet", "daemonsets", True),
        ("apps/v1", "Deployment", "deployments", True),
        ("apps/v1", "ReplicaSet", "replicasets", True),
        ("apps/v1", "StatefulSet", "statefulsets", True),
        ("batch/v1", "CronJob", "cronjobs", True),
        ("batch/v1", "Job", "jobs", True),
        ("networking.k8s.io/v1", "Ingress", "ingresses", True),
        ("networking.k8s.io/v1", "IngressClass", "ingressclasses", False),
        ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", True),
    )
}


def find_resources(client: KubeClient, kinds: t.Sequence[str], api_version: str | None) -> list[Resource]:
    """How the cluster serves each kind. KubeError for one that it does not serve, or serves more than once."""
    if api_version is None and all(kind in COMMON for kind in kinds):
        return [COMMON[kind] for kind in kinds]
    if api_version is not None:
        found = [client.resource(api_version, kind) for kind in kinds]
        for kind, resource in zip(kinds, found, strict=True):
            if resource is None:
                served = client.kinds_of(api_version)
                known = "does not know that apiVersion" if served is None else f"has there only {', '.join(served)}"
                meant = did_you_mean(kind, served or ())
                raise KubeError(f"The cluster serves no kind {kind} of apiVersion {api_version}: it {known}.{meant}")
        return [resource for resource in found if resource]
    every = [resource for resource in client.all_resources() if not resource.verbs or "list" in resource.verbs]
    return [COMMON.get(kind) or the_one(every, kind) for kind in kinds]


def the_one(every: t.Sequence[Resource], kind: str) -> Resource:
    """The only resource of a kind."""
    found = [resource for resource in every if resource.kind == kind]
    if not found:
        known = [*COMMON.values(), *every]
        plurals = {resource.plural: resource.kind for resource in known}
        meant = did_you_mean(plurals.get(kind.lower(), kind), [resource.kind for resource in known])
        raise KubeError(
            f"The cluster serves no kind {kind}.{meant or ' Check its spelling; kinds look like Deployment.'}"
        )
    if len(found) > 1:
        versions = ", ".join(sorted(resource.api_version for resource in found))
        raise KubeError(f"The cluster serves the kind {kind} more than once: set api_version to one of {versions}.")
    return found[0]


def did_you_mean(kind: str, kinds: t.Iterable[str]) -> str:
    """A sentence with the kind that was probably meant; empty when none is near."""
    by_lower = {known.lower(): known for known in kinds}
    near = difflib.get_close_matches(kind.lower(), by_lower, n=1, cutoff=0.75)
    return f" Did you mean {by_lower[near[0]]}?" if near else ""


def read_objects(
    client: KubeClient,
    resources: t.Sequence[Resource],
    namespace: str | None,
    name: str | None,
    label_selectors: t.Sequence[str],
    field_selectors: t.Sequence[str] = (),
    metadata_only: bool = False,
) -> list[Json]:
    """All objects that match, in the order of ``resources``, then by namespace and name; values of Secrets masked.

    ``metadata_only``: without anything but kind, apiVersion and metadata; the server sends no more.
    """
    query: dict[str, str] = {}
    fields = [*([f"metadata.name={name}"] if name else []), *field_selectors]
    if fields:
        query["fieldSelector"] = ",".join(fields)
    if label_selectors:
        query["labelSelector"] = ",".join(label_selectors)

    def read(resource: Resource) -> list[Json]:
        accept = METADATA_ONLY if metadata_only else "application/json"
        found = client.list_all(resource.path(namespace), query, accept)[0]
        # In a list of metadata all objects are of the kind PartialObjectMetadata.
        own = {"apiVersion": resource.api_version, "kind": resource.kind} if metadata_only else {}
        objects = [clean({**each, **own}) for each in found]
        return sorted(objects, key=lambda found: (found["metadata"].get("namespace", ""), found["metadata"]["name"]))

    return [found for objects in client.parallel(read, resources) for found in objects]


def clean(found: Json) -> Json:
    """An object without the record of its managers, and without the values of a Secret."""
    metadata = {key: content for key, content in found.get("metadata", {}).items() if key != "managedFields"}
    return hide_values({**found, "metadata": metadata})
