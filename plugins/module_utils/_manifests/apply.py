# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what the plan found: apply by rank, delete in reverse, prune.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import METADATA_ONLY, Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeConnectionError,
    KubeError,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import Session, Step, refuse
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.diff import applied_label, differs
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import (
    RANK_CRD,
    SET_LABEL,
    Manifest,
    rank_of,
)

Json = dict[str, t.Any]

# Kinds that hold data, or whose removal takes other people's objects along.
PROTECTED = {
    ("", "Namespace"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
}
_NEVER_PRUNED = {("", "Event"), ("events.k8s.io", "Event"), ("", "Endpoints"), ("discovery.k8s.io", "EndpointSlice")}


@dataclass
class Applier:
    """Applies steps rank by rank. The two callbacks wait: for definitions to serve, for webhooks to answer."""

    session: Session
    steps: list[Step]
    await_definitions: t.Callable[[list[Step]], None]
    await_webhooks: t.Callable[[], None]

    def run(self) -> None:
        """Write every object that the plan says changes; stop after the first rank with a refusal."""
        todo = [step for step in self.steps if step.action != "unchanged" or step.deferred]
        for rank in sorted({step.manifest.rank for step in todo}):
            batch = [step for step in todo if step.manifest.rank == rank]
            errors = self.session.client.parallel(lambda step: self._write(step, patient=False), batch)
            stuck = [
                step for step, error in zip(batch, errors, strict=True) if error is not None and error.webhook_down
            ]
            problems = [
                (step.manifest, error)
                for step, error in zip(batch, errors, strict=True)
                if error and not error.webhook_down
            ]
            if problems:
                self._refuse(problems)
            if stuck:
                # The webhook may be one of this very set, whose pods are only starting.
                self.await_webhooks()
                errors = self.session.client.parallel(lambda step: self._write(step, patient=True), stuck)
                problems = [(step.manifest, error) for step, error in zip(stuck, errors, strict=True) if error]
                if problems:
                    self._refuse(problems)
            if rank == RANK_CRD:
                self._learn_kinds(batch)

    def _refuse(self, problems: list[tuple[Manifest, KubeError]]) -> t.NoReturn:
        refuse(problems, changed_before=any(step.done and step.action != "unchanged" for step in self.steps))

    def _write(self, step: Step, patient: bool) -> KubeError | None:
        session, resource = self.session, t.cast(Resource, step.resource)

        def apply() -> t.Any:
            try:
                return session.client.apply(resource, step.manifest.body, session.manager, session.force)
            except KubeError as error:
                # The API server needs a moment until it serves a new kind, also after it says so.
                if step.new_kind and error.status == 404:
                    error.transient = True
                raise

        try:
            answer = session.retry(apply, again=lambda error: patient or not error.webhook_down)
        except KubeConnectionError:
            raise
        except KubeError as error:
            return error
        session.pass_on(step.manifest, answer.warnings)
        step.wanted, step.done = answer.data, True
        if step.deferred:
            if step.live is None:
                step.action = "created"
            else:
                step.action = "updated" if differs(step.live, step.wanted, session.manager) else "unchanged"
        session.progress.step(f"{step.manifest.label} {step.action}")
        return None

    def _learn_kinds(self, batch: list[Step]) -> None:
        self.await_definitions(batch)
        for step in batch:
            group = (step.manifest.body.get("spec") or {}).get("group")
            for version in (step.manifest.body.get("spec") or {}).get("versions") or []:
                self.session.client.forget(f"{group}/{version.get('name')}")


def delete_rank(session: Session, batch: list[Step], action: str) -> None:
    """Ask for the deletion of some objects at the same time; each goes after the objects it owns."""

    def remove(step: Step) -> KubeError | None:
        resource, manifest = t.cast(Resource, step.resource), step.manifest
        uid = (step.live or {}).get("metadata", {}).get("uid")
        try:
            session.retry(lambda: session.client.delete(resource, manifest.namespace, manifest.name, uid))
        except KubeConnectionError:
            raise
        except KubeError as error:
            return error
        step.action, step.done = action, True
        session.progress.step(f"{manifest.label} {action}")
        return None

    errors = session.client.parallel(remove, batch)
    problems = [(step.manifest, error) for step, error in zip(batch, errors, strict=True) if error is not None]
    if problems:
        refuse(problems, changed_before=any(step.done for step in batch))


def prunable(body: Json, resource: Resource, keep: set[tuple[str, str, str, str]], with_data: bool) -> bool:
    """True for an object of the set that the set no longer has, unless a controller made it or it holds data."""
    metadata = body.get("metadata") or {}
    kind = (resource.group, resource.kind)
    if kind in _NEVER_PRUNED or (kind in PROTECTED and not with_data):
        return False
    if (*kind, metadata.get("namespace") or "", metadata.get("name", "")) in keep:
        return False
    # Labels are copied: by controllers to the objects they make, by people to the objects they clone.
    return not metadata.get("ownerReferences") and applied_label(body, SET_LABEL)


def find_prunable(session: Session, steps: list[Step], set_name: str, with_data: bool, full: bool) -> list[Step]:
    """Steps for labelled objects that the set no longer has; ``full`` also fetches their content."""
    client, keep = session.client, {step.manifest.key for step in steps}
    kinds = [
        resource
        for resource in session.retry(client.all_resources)
        if {"list", "delete", "patch"} <= set(resource.verbs) and (resource.group, resource.kind) not in _NEVER_PRUNED
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
    manifest = Manifest(plain, f"set {set_name}", metadata.get("namespace"), rank_of(resource.group, resource.kind))
    live = session.client.get(resource.path(manifest.namespace, manifest.name)) if full else body
    return Step(manifest, resource, live=live or body, action="pruned")
