# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the module manifests from beginning to end.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.info import clean
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import (
    kind_of,
    state_of,
    waitable,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.readiness import (
    READY,
    State,
    Surroundings,
    gone_state,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import is_secret, secrets_in
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.apply import Applier, delete_rank
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import (
    ManifestsError,
    Session,
    Step,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.diff import difference
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import Manifest
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.plan import (
    Planner,
    defined_kinds,
    read_live,
    resolve,
    settle_endings,
    unknown_kind,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.prune import find_prunable
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.report import fail
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.wait import (
    WAIT_FOR,
    Target,
    Waiter,
    WaitFailed,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._query import jmespath
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

ADMISSION = "admissionregistration.k8s.io"


class Run:
    """Plans, applies, prunes and waits; ``steps`` and ``pruned`` hold what happened, also after a failure."""

    def __init__(self, session: Session, namespace: str) -> None:
        """``namespace`` is for objects that name none."""
        self.session = session
        self.namespace = namespace
        self.steps: list[Step] = []
        self.pruned: list[Step] = []

    def present(
        self,
        manifests: list[Manifest],
        set_name: str | None = None,
        prune_data: bool = False,
        wait_for: t.Sequence[Json] = (),
        diff: bool = False,
        prune_namespaces: t.Iterable[str] = (),
    ) -> None:
        """Bring the cluster to what the manifests say; prune when ``set_name`` is given."""
        session = self.session
        conditions = [_compile(each) for each in wait_for]
        steps = resolve(session, manifests, self.namespace)
        for condition in conditions:
            condition.resource = self._resource_of(condition, manifests)
        read_live(session, steps)
        self._learn_secrets(steps)
        settle_endings(session, steps, lambda ending: self._wait_gone(ending, steps=False))
        Planner(session, steps).predict()
        spaces = {self.namespace, *prune_namespaces}
        pruned = find_prunable(session, steps, set_name, prune_data, diff, spaces) if set_name else []
        self.steps, self.pruned = steps, pruned
        self._tell_migrations()
        if session.check:
            return
        waited_for = [step for step in steps if session.wait and waitable(step.manifest.group, step.manifest.kind)]
        writes = sum(1 for step in steps if step.action != "unchanged" or step.deferred)
        waits = len(waited_for) + len(conditions) + len(pruned) if session.wait else 0
        session.progress.total = writes + len(pruned) + waits
        gone = functools.partial(self._wait_gone, steps=False)
        Applier(session, steps, self._await_definitions, self._await_webhooks, gone).run()
        self._delete(self.pruned, "pruned")
        if session.wait:
            targets = [self._target(step) for step in waited_for]
            others = [self._own_target(condition) for condition in conditions]
            self._wait([*targets, *others, *(_gone_target(step) for step in self.pruned)])
            for step, target in zip(waited_for, targets, strict=True):
                step.latest = target.known

    def absent(
        self,
        manifests: list[Manifest],
        set_name: str | None = None,
        prune_data: bool = False,
        diff: bool = False,
        prune_namespaces: t.Iterable[str] = (),
    ) -> None:
        """Remove the objects, and the rest of the set when ``set_name`` is given; the last applied go first."""
        session = self.session
        steps = resolve(session, manifests, self.namespace, unknown_ok=True)
        read_live(session, steps)
        spaces = {self.namespace, *prune_namespaces}
        pruned = find_prunable(session, steps, set_name, prune_data, diff, spaces) if set_name else []
        self.steps, self.pruned = steps, pruned
        there = [step for step in steps if step.live]
        self._check_preconditions(there)
        if session.check:
            for step in there:
                step.action = "deleted"
            return
        session.progress.total = (len(there) + len(pruned)) * (2 if session.wait else 1)
        for rank in sorted({step.manifest.rank for step in [*there, *pruned]}, reverse=True):
            batch = [step for step in there if step.manifest.rank == rank]
            others = [step for step in pruned if step.manifest.rank == rank]
            delete_rank(session, batch, "deleted")
            delete_rank(session, others, "pruned")
            # A controller must outlive the objects whose finalizers it has to remove.
            if session.wait:
                self._wait_gone([*batch, *others])

    def objects(self, with_content: bool = False, with_diff: bool = False) -> list[Json]:
        """The result's entries: what happened, in check mode what would.

        ``with_content``: also the object as it is now; ``with_diff``: also before and after. Values of Secrets hidden.
        """
        found = []
        for step in [*self.steps, *self.pruned]:
            entry = step.outcome(done_only=not self.session.check)
            if with_content:
                body = self._newest(step, entry["action"])
                entry["object"] = clean(body) if body else None
            if with_diff and entry["changed"]:
                shown = self._difference(step)
                entry["diff"] = {"before": shown["before"], "after": shown["after"]}
            found.append(entry)
        return found

    def diffs(self) -> list[Json]:
        """Before and after of every changed object."""
        steps = [*self.steps, *self.pruned]
        return [self._difference(step) for step in steps if step.outcome(done_only=not self.session.check)["changed"]]

    def _difference(self, step: Step) -> dict[str, str]:
        # A new object is shown as it was written: the server's defaults would drown it.
        written = step.manifest.body
        after = {"created": written, "replaced": written, "updated": step.wanted or written}.get(step.action)
        return difference(step.manifest.label, step.live, after, self.session.manager)

    def _newest(self, step: Step, action: str) -> Json | None:
        """The object as it is now, or in check mode would be; None for one that is not there."""
        if action in ("deleted", "pruned"):
            return None
        if self.session.check:
            return step.wanted or (step.manifest.body if action == "created" else step.live)
        return step.body

    def _learn_secrets(self, steps: list[Step]) -> None:
        """Also what the Secrets held before may stand in a log."""
        live = [step.live for step in steps if step.live and is_secret(step.live)]
        self.session.secrets |= secrets_in([*live, *(step.manifest.body for step in steps)])

    def _tell_migrations(self) -> None:
        steps = [step for step in self.steps if step.migrates]
        if steps:
            labels = ", ".join(step.manifest.label for step in steps[:5])
            more = f" and {len(steps) - 5} more" if len(steps) > 5 else ""
            managers = ", ".join(sorted({name for step in steps for name in step.migrates}))
            self.session.warn(
                f"{labels}{more}: made by kubectl apply (client-side). The fields of {managers} go over to "
                f"{self.session.manager}; those that the manifest does not have any more are removed."
            )

    def _check_preconditions(self, there: list[Step]) -> None:
        """Refuse to remove an object that is not the one, or not as, the options say; also in check mode."""
        options = self.session.delete_options
        for step in there:
            metadata = (step.live or {}).get("metadata") or {}
            for key, wanted in {"uid": options.uid, "resourceVersion": options.resource_version}.items():
                if wanted and metadata.get(key) != wanted:
                    raise ManifestsError(
                        f"{step.manifest.label} has the {key} {metadata.get(key)}, not {wanted} as delete_options "
                        "says. It was changed or made anew since that was read: look at it, and read it again. "
                        "Nothing was changed."
                    )

    def _delete(self, steps: list[Step], action: str) -> None:
        for rank in sorted({step.manifest.rank for step in steps}, reverse=True):
            delete_rank(self.session, [step for step in steps if step.manifest.rank == rank], action)

    def _wait(self, targets: list[Target], also_watch: t.Sequence[Target] = (), steps: bool = True) -> None:
        try:
            Waiter(self.session, steps).wait(targets, also_watch)
        except WaitFailed as failure:
            fail(self.session, failure, len(targets))

    def _wait_gone(self, gone: list[Step], steps: bool = True) -> None:
        self._wait([_gone_target(step) for step in gone], steps=steps)

    def _await_definitions(self, batch: list[Step]) -> None:
        self._wait([self._target(step) for step in batch], steps=False)

    def _await_webhooks(self) -> None:
        """Let the webhooks of the set come up; a workload of the set that cannot start ends the wait."""
        done = [(step, kind_of(step.manifest.group, step.manifest.kind)) for step in self.steps if step.body]
        webhooks = [self._target(step) for step, kind in done if kind.ready and step.manifest.group == ADMISSION]
        if webhooks:
            workloads = [self._target(step) for step, kind in done if kind.pods]
            self._wait(webhooks, workloads, steps=False)

    def _target(self, step: Step) -> Target:
        manifest, resource = step.manifest, t.cast(Resource, step.resource)
        group, kind = manifest.group, manifest.kind

        def check(body: Json | None, around: Surroundings) -> State:
            return state_of(group, kind, body, around)

        return Target(resource, manifest.namespace, manifest.name, manifest.source, check, step.body)

    def _resource_of(self, condition: Condition, manifests: list[Manifest]) -> Resource:
        """The kind of an object of wait_for: one that the cluster serves, or that the set defines."""
        session, (api_version, kind) = self.session, condition.kind
        found = session.retry(lambda: session.client.resource(api_version, kind))
        found = found or defined_kinds(manifests).get((api_version, kind))
        if found is None:
            why = unknown_kind(session, api_version, kind)
            raise ManifestsError(f"wait_for {kind} {condition.entry['name']}: {why} Nothing was changed.")
        return found

    def _own_target(self, condition: Condition) -> Target:
        client, entry, resource = self.session.client, condition.entry, t.cast(Resource, condition.resource)
        namespace = (entry.get("namespace") or self.namespace) if resource.namespaced else None
        known = self.session.retry(lambda: client.get(resource.path(namespace, entry["name"])))

        def check(body: Json | None, _around: Surroundings) -> State:
            if body is None:
                return State(False, "it does not exist")
            try:
                value = condition.expression.search(body)
            except jmespath.exceptions.JMESPathError as error:
                return State(False, f"the expression {entry['query']} cannot be answered yet: {error}")
            return READY if holds(value) else State(False, f"the expression {entry['query']} is not true")

        return Target(resource, namespace, entry["name"], WAIT_FOR, check, known)


def _gone_target(step: Step) -> Target:
    manifest, resource = step.manifest, t.cast(Resource, step.resource)
    uid = (step.live or {}).get("metadata", {}).get("uid", "unknown")

    def check(body: Json | None, _around: Surroundings) -> State:
        return gone_state(body)

    return Target(resource, manifest.namespace, manifest.name, manifest.source, check, step.live, uid)


def holds(value: t.Any) -> bool:
    """Truth as JMESPath sees it: a number is true, also 0."""
    return value is not None and value is not False and value not in ("", [], {})


@dataclass
class Condition:
    """One entry of wait_for, its expression compiled."""

    entry: Json
    expression: t.Any
    resource: Resource | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """The apiVersion and the kind of its object."""
        return self.entry["api_version"], self.entry["kind"]


def _compile(entry: Json) -> Condition:
    try:
        return Condition(entry, jmespath.compile(entry["query"]))
    except jmespath.exceptions.JMESPathError as error:
        raise ManifestsError(
            f"wait_for: {entry['query']} is not a JMESPath expression: {error}. Nothing was changed."
        ) from error
