# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what the plan found: apply by rank, delete in reverse.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeConnectionError,
    KubeError,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import Order
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import Session, Step
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.diff import differs
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import Manifest
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.refusals import refuse


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
            if rank == Order.DEFINITION:
                self._learn_kinds(batch)

    def _refuse(self, problems: list[tuple[Manifest, KubeError]]) -> t.NoReturn:
        refuse(
            self.session, problems, changed_before=any(step.done and step.action != "unchanged" for step in self.steps)
        )

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
        refuse(session, problems, changed_before=any(step.done for step in batch))
