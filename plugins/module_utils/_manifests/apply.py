# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what the plan found: apply by rank, delete in reverse.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import contextlib
import datetime
import typing as t
from dataclasses import dataclass

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import JSON_PATCH, Response
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeConnectionError,
    KubeError,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import Order
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import Session, Step
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.diff import differs
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import Manifest
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.migrate import migration
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.plan import write
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.refusals import refuse
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

# Seconds after which the cluster's garbage collector surely knows of a new kind.
YOUNG = 60


@dataclass
class Applier:
    """Applies steps rank by rank.

    The callbacks wait: for definitions to serve, for webhooks to answer, for objects that are replaced to be gone.
    """

    session: Session
    steps: list[Step]
    await_definitions: t.Callable[[list[Step]], None]
    await_webhooks: t.Callable[[], None]
    await_gone: t.Callable[[list[Step]], None]

    def run(self) -> None:
        """Write every object that the plan says changes; stop after the first rank with a refusal."""
        todo = [step for step in self.steps if step.action != "unchanged" or step.deferred]
        for rank in sorted({step.manifest.rank for step in todo}):
            batch = [step for step in todo if step.manifest.rank == rank]
            replaced = [step for step in batch if step.action == "replaced"]
            if replaced:
                delete_rank(self.session, replaced, "deleted")
                self.await_gone(replaced)
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
            if rank == Order.DEFINITION:
                self._learn_kinds(batch)

    def _refuse(self, problems: list[tuple[Manifest, KubeError]]) -> t.NoReturn:
        refuse(
            self.session, problems, changed_before=any(step.done and step.action != "unchanged" for step in self.steps)
        )

    def _write(self, step: Step, patient: bool) -> KubeError | None:
        session, resource = self.session, t.cast(Resource, step.resource)

        def apply() -> Response:
            try:
                if step.migrates:
                    self._migrate(step)
                return write(session, resource, step.manifest)
            except KubeError as error:
                if step.manifest.generated:
                    _once_only(error)
                # The API server needs a moment until it serves a new kind, also after it says so.
                if step.new_kind and error.status == 404:
                    error.transient = True
                raise

        try:
            response = session.retry(apply, again=lambda error: patient or not error.webhook_down)
        except KubeConnectionError:
            raise
        except KubeError as error:
            return error
        session.pass_on(step.manifest, response.warnings)
        step.wanted, step.done = response.data, True
        if step.action == "deleted":
            step.action = "replaced"
        if step.manifest.generated:
            step.manifest.body = _with_name(step.manifest.body, response.data)
        if step.deferred:
            if step.live is None:
                step.action = "created"
            else:
                step.action = "updated" if differs(step.live, step.wanted, session.manager) else "unchanged"
        session.progress.step(f"{step.manifest.label} {step.action}")
        return None

    def _migrate(self, step: Step) -> None:
        """Take the fields over that `kubectl apply` wrote. The dry run has shown that the apply is accepted."""
        client, resource = self.session.client, t.cast(Resource, step.resource)
        path = resource.path(step.manifest.namespace, step.manifest.name)
        patch = migration(client.get(path) or {}, self.session.manager)
        if patch:
            client.request("PATCH", path, None, patch, JSON_PATCH)

    def _learn_kinds(self, batch: list[Step]) -> None:
        self.await_definitions(batch)
        for step in batch:
            group = (step.manifest.body.get("spec") or {}).get("group")
            for version in (step.manifest.body.get("spec") or {}).get("versions") or []:
                self.session.client.forget(f"{group}/{version.get('name')}")


def delete_rank(session: Session, batch: list[Step], action: str) -> None:
    """Ask for the deletion of some objects at the same time; each goes after the objects it owns."""
    custom = {step.resource: step for step in batch if step.manifest.rank == Order.CUSTOM}
    young = {resource: _is_young(session, step) for resource, step in custom.items()}

    options = session.delete_options

    def remove(step: Step) -> KubeError | None:
        resource, manifest = t.cast(Resource, step.resource), step.manifest
        how = options.propagation or ("Background" if young.get(resource) else "Foreground")

        def delete() -> None:
            try:
                uid = (step.live or {}).get("metadata", {}).get("uid")
                grace, version = options.grace_period, options.resource_version
                session.client.delete(resource, manifest.namespace, manifest.name, uid, how, grace, version)
            except KubeError as error:
                if not error.other_uid or options.uid:
                    raise
                # The object is gone, and another one took its name meanwhile: that one is not of this set.
                if action == "deleted":
                    step.live = session.client.get(resource.path(manifest.namespace, manifest.name))
                    error.transient = step.live is not None
                    if error.transient:
                        raise

        try:
            session.retry(delete)
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
        refuse(session, problems, changed_before=any(step.done for step in batch))


def _once_only(error: KubeError) -> None:
    """Let nothing be created twice: a request without an answer may have had its effect."""
    if error.status not in (403, 404, 409, 429) and not error.webhook_down:
        error.transient = False
        if error.status in (0, 502, 503, 504):
            error.message += " The object may have been created all the same: look before you run this again"


def _with_name(body: Json, made: Json) -> Json:
    """The object with the name that the server found."""
    metadata = {key: value for key, value in body["metadata"].items() if key != "generateName"}
    return {**body, "metadata": {**metadata, "name": made["metadata"]["name"]}}


def _is_young(session: Session, step: Step) -> bool:
    """True for a kind that was defined less than a minute ago.

    The cluster's garbage collector learns of new kinds only twice a minute. Until then it does not see that an object
    has no dependents, and a deletion that waits for them hangs.
    """
    resource, born = t.cast(Resource, step.resource), (step.live or {}).get("metadata", {}).get("creationTimestamp")
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{resource.plural}.{resource.group}"
    # Without the right to read definitions the object's own age has to do: it is younger than its kind.
    with contextlib.suppress(KubeError):
        born = (session.client.get(path) or {}).get("metadata", {}).get("creationTimestamp") or born
    try:
        then = datetime.datetime.fromisoformat(str(born).replace("Z", "+00:00"))
    except ValueError:
        return False
    return (datetime.datetime.now(datetime.UTC) - then).total_seconds() < YOUNG
