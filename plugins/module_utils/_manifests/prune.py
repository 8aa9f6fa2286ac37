# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the objects of a set that the set no longer has.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import METADATA_ONLY
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeConnectionError,
    KubeError,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import Prune, kind_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import (
    ManifestsError,
    Session,
    Step,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.diff import applied_label
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import SET_LABEL, Manifest
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

# Of the first release: sets that it labelled are pruned all the same.
OLD_SET_LABEL = "ft-services.fortytwo/set"
LABELS = (SET_LABEL, OLD_SET_LABEL)
# Seconds for a kind that the API server cannot list: a broken definition or server of somebody else's.
PATIENCE = 3.0


def prunable(body: Json, resource: Resource, keep: set[tuple[str, str, str, str]], with_data: bool) -> bool:
    """True for an object of the set that the set no longer has, unless a controller made it or it holds data."""
    metadata = body.get("metadata") or {}
    rule = kind_of(resource.group, resource.kind).prune
    if rule is Prune.NEVER or (rule is Prune.WITH_DATA and not with_data):
        return False
    if (resource.group, resource.kind, metadata.get("namespace") or "", metadata.get("name", "")) in keep:
        return False
    # Labels are copied: by controllers to the objects they make, by people to the objects they clone.
    return not metadata.get("ownerReferences") and any(applied_label(body, label) for label in LABELS)


class _Search:
    """Lists the members of a set, kind by kind, and remembers what could not be listed."""

    def __init__(self, session: Session, set_name: str, spaces: list[str]) -> None:
        """``spaces``: where to look when this user may not look everywhere."""
        self.session, self.set_name, self.spaces = session, set_name, spaces
        self.hidden: list[str] = []
        self.broken: list[str] = []

    def members(self, resource: Resource) -> list[Json]:
        """The members of one kind that can be found."""
        found = self._listed(resource, resource.path())
        if found is None and resource.namespaced:
            # Not everyone may look at the whole cluster; most of a set is where the rest of it is.
            parts = [self._listed(resource, resource.path(space)) for space in self.spaces]
            known = [part for part in parts if part is not None]
            found = [body for part in known for body in part] if known else None
        if found is None:
            self.hidden.append(resource.plural)
        return found or []

    def _listed(self, resource: Resource, path: str) -> list[Json] | None:
        """The members in one collection; None when this user may not look."""
        client, found = self.session.client, []
        for label in LABELS:
            query = {"labelSelector": f"{label}={self.set_name}"}
            try:
                work = functools.partial(client.list_all, path, query, METADATA_ONLY)
                listed, _version = self.session.retry(work, patience=PATIENCE)
            except KubeConnectionError:
                raise
            except KubeError as error:
                if error.status == 403:
                    return None
                if error.status not in (404, 405):
                    self.broken.append(f"{resource.plural}.{resource.group}: {error.message}".replace(".:", ":"))
                return []
            found += listed
        return found

    def warn(self) -> None:
        """Say which kinds were left alone."""
        if self.hidden:
            shown, more = sorted(self.hidden)[:5], len(self.hidden) - 5
            names = ", ".join(shown) + (f" and {more} more kinds" if more > 0 else "")
            self.session.warn(f"prune: this user may not list {names}; objects of these kinds are left alone")
        for text in sorted(self.broken):
            self.session.warn(f"prune: {text}; objects of this kind are left alone")


def find_prunable(
    session: Session, steps: list[Step], set_name: str, with_data: bool, full: bool, namespaces: t.Iterable[str] = ()
) -> list[Step]:
    """Steps for labelled objects that the set no longer has; ``full`` also fetches their content.

    ``namespaces``: where to look besides those of the steps, for users who may not look everywhere.
    """
    keep = {step.manifest.key for step in steps}
    kinds = [
        resource
        for resource in session.retry(session.client.all_resources)
        if {"list", "delete", "patch"} <= set(resource.verbs)
        and kind_of(resource.group, resource.kind).prune is not Prune.NEVER
    ]
    spaces = sorted({step.manifest.namespace for step in steps if step.manifest.namespace} | set(namespaces))
    search = _Search(session, set_name, spaces)
    members = list(zip(kinds, session.client.parallel(search.members, kinds), strict=True))
    if kinds and len(search.hidden) == len(kinds):
        raise ManifestsError(
            f"prune: this user may list nothing in the whole cluster nor in {', '.join(spaces) or 'any namespace'}, so "
            f"the objects of the set {set_name} cannot be found. Name their namespaces in prune_namespaces, or use "
            "a kubeconfig with the right to list them. Nothing was changed."
        )
    search.warn()
    # One object may be served by several groups, and so be found under other names than the set uses: its UID is one.
    spared = {_uid(step.live) for step in steps if step.live}
    if not with_data:
        spared |= {
            _uid(body)
            for resource, bodies in members
            for body in bodies
            if kind_of(resource.group, resource.kind).prune is Prune.WITH_DATA
        }
    chosen: dict[str, tuple[Resource, Json]] = {}
    for resource, bodies in members:
        for body in bodies:
            if _uid(body) not in spared and prunable(body, resource, keep, with_data):
                chosen.setdefault(_uid(body), (resource, body))
    work = list(chosen.values())
    return session.client.parallel(lambda pair: _prune_step(session, *pair, set_name, full), work)


def _uid(body: Json | None) -> str:
    """What identifies an object in the whole cluster."""
    return str(((body or {}).get("metadata") or {}).get("uid") or id(body))


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
