# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the objects of a set that the set no longer has.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import METADATA_ONLY, Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import Prune, kind_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import Session, Step
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.diff import applied_label
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import SET_LABEL, Manifest
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json


def prunable(body: Json, resource: Resource, keep: set[tuple[str, str, str, str]], with_data: bool) -> bool:
    """True for an object of the set that the set no longer has, unless a controller made it or it holds data."""
    metadata = body.get("metadata") or {}
    rule = kind_of(resource.group, resource.kind).prune
    if rule is Prune.NEVER or (rule is Prune.WITH_DATA and not with_data):
        return False
    if (resource.group, resource.kind, metadata.get("namespace") or "", metadata.get("name", "")) in keep:
        return False
    # Labels are copied: by controllers to the objects they make, by people to the objects they clone.
    return not metadata.get("ownerReferences") and applied_label(body, SET_LABEL)


def find_prunable(session: Session, steps: list[Step], set_name: str, with_data: bool, full: bool) -> list[Step]:
    """Steps for labelled objects that the set no longer has; ``full`` also fetches their content."""
    client, keep = session.client, {step.manifest.key for step in steps}
    kinds = [
        resource
        for resource in session.retry(client.all_resources)
        if {"list", "delete", "patch"} <= set(resource.verbs)
        and kind_of(resource.group, resource.kind).prune is not Prune.NEVER
    ]
    spaces = sorted({step.manifest.namespace for step in steps if step.manifest.namespace})
    hidden: list[str] = []

    def labelled(path: str) -> list[Json] | None:
        """The members of the set in a collection; None when this user may not look."""
        query = {"labelSelector": f"{SET_LABEL}={set_name}"}
        try:
            return session.retry(lambda: client.list_all(path, query, METADATA_ONLY))[0]
        except KubeError as error:
            if error.status == 403:
                return None
            if error.status in (404, 405):
                return []
            raise

    def search(resource: Resource) -> list[Step]:
        found = labelled(resource.path())
        if found is None and resource.namespaced:
            # Not everyone may look at the whole cluster; most of a set is where the rest of it is.
            parts = [labelled(resource.path(space)) for space in spaces]
            known = [part for part in parts if part is not None]
            found = [body for part in known for body in part] if known else None
        if found is None:
            hidden.append(resource.plural)
            return []
        chosen = [body for body in found if prunable(body, resource, keep, with_data)]
        return [_prune_step(session, resource, body, set_name, full) for body in chosen]

    found = [step for steps in client.parallel(search, kinds) for step in steps]
    if hidden:
        names = ", ".join(sorted(hidden)[:5]) + (f" and {len(hidden) - 5} more kinds" if len(hidden) > 5 else "")
        session.warn(f"prune: this user may not list {names}; objects of these kinds are left alone")
    return found


def _prune_step(session: Session, resource: Resource, body: Json, set_name: str, full: bool) -> Step:
    metadata = body["metadata"]
    plain = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {key: metadata[key] for key in ("name", "namespace") if metadata.get(key)},
    }
    manifest = Manifest(
        plain, f"set {set_name}", metadata.get("namespace"), kind_of(resource.group, resource.kind).order
    )
    live = session.client.get(resource.path(manifest.namespace, manifest.name)) if full else body
    return Step(manifest, resource, live=live or body, action="pruned")
