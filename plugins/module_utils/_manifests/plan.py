# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would applying a set of objects change? Asks the cluster, changes nothing.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import difflib
import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import Response
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeConnectionError,
    KubeError,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import Order, Prune, kind_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import (
    ManifestsError,
    Session,
    Step,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.diff import differs
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import (
    Manifest,
    duplicates,
    place,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.migrate import (
    client_side_managers,
    without_dropped,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.noop import is_noop
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.refusals import refuse

# From so many objects of one kind in one namespace on, one list is cheaper than single requests.
LIST_FROM = 3
# Objects whose own namespace is yet to be created are tried in another one of the set, or in this one, which always
# exists. A dry run changes nothing there.
TRIAL_NAMESPACE = "default"
# Words of admission: policies, webhooks and plugins.
_RULES = re.compile(r"denied (the )?request|admission webhook|does not support dry run|is forbidden:")


def defined_kinds(manifests: t.Iterable[Manifest]) -> dict[tuple[str, str], Resource]:
    """The kinds that CustomResourceDefinitions among the objects define, by (apiVersion, kind)."""
    found = {}
    for manifest in manifests:
        if kind_of(manifest.group, manifest.kind).order != Order.DEFINITION:
            continue
        spec = manifest.body.get("spec") or {}
        names = spec.get("names") or {}
        for version in spec.get("versions") or []:
            if version.get("served") and names.get("kind") and names.get("plural"):
                api_version = f"{spec.get('group')}/{version.get('name')}"
                namespaced = spec.get("scope") == "Namespaced"
                found[(api_version, names["kind"])] = Resource(api_version, names["kind"], names["plural"], namespaced)
    return found


def unknown_kind(session: Session, api_version: str, kind: str) -> str:
    """Why the cluster has nothing of a kind, with the most likely remedy."""
    text = f"the cluster serves no kind {kind} in {api_version}"
    try:
        served = session.client.all_resources()
    except KubeError:
        return f"{text}."
    homes = sorted({each.api_version for each in served if each.kind == kind})
    if homes:
        return f"{text}. Did you mean the apiVersion {' or '.join(homes)}?"
    kinds = {each.kind for each in served if each.api_version == api_version}
    close = difflib.get_close_matches(kind, kinds, 1) or [each for each in kinds if each.lower() == kind.lower()]
    if close:
        return f"{text}. Did you mean the kind {close[0]}?"
    return f"{text}. Install its CustomResourceDefinition first, or add it to the definitions."


def resolve(session: Session, manifests: list[Manifest], namespace: str, unknown_ok: bool = False) -> list[Step]:
    """A step for every object. Refuses duplicates and, unless ``unknown_ok``, kinds that the cluster does not know."""
    client = session.client
    versions = sorted({manifest.api_version for manifest in manifests})
    client.parallel(lambda version: session.retry(lambda: client.resource(version, "")), versions)
    defined, steps, problems = defined_kinds(manifests), [], []
    for manifest in manifests:
        resource = client.resource(manifest.api_version, manifest.kind)
        new_kind = resource is None
        if new_kind and not unknown_ok:
            resource = defined.get((manifest.api_version, manifest.kind))
            if resource is None:
                why = unknown_kind(session, manifest.api_version, manifest.kind)
                problems.append(f"{manifest.label} ({manifest.source}): {why}")
                continue
        place(manifest, resource is None or resource.namespaced, namespace)
        steps.append(Step(manifest, resource, new_kind=new_kind))
    problems += duplicates(manifests)
    if problems:
        raise ManifestsError("\n".join(["Nothing was changed.", *problems]))
    return steps


def read_live(session: Session, steps: t.Iterable[Step]) -> None:
    """Fetch what exists in the cluster: by list where several objects share a collection, else one by one."""
    collections: dict[str, list[Step]] = {}
    for step in steps:
        nameless = step.manifest.generated or step.manifest.review
        if step.resource is not None and not step.new_kind and not nameless:
            collections.setdefault(step.resource.path(step.manifest.namespace), []).append(step)
    lists = [path for path, members in collections.items() if len(members) >= LIST_FROM]
    singles = [step for path, members in collections.items() if path not in lists for step in members]

    def fetch(work: str | Step) -> None:
        step = work if isinstance(work, Step) else collections[work][0]
        try:
            if isinstance(work, Step):
                resource = t.cast(Resource, work.resource)
                path = resource.path(work.manifest.namespace, work.manifest.name)
                work.live = session.retry(lambda: session.client.get(path))
            else:
                found, _version = session.retry(lambda: session.client.list_all(work))
                by_name = {each["metadata"]["name"]: each for each in found}
                for member in collections[work]:
                    member.live = by_name.get(member.manifest.name)
        except KubeError as error:
            refuse(session, [(step.manifest, error)], changed_before=False)

    work: list[str | Step] = [*lists, *singles]
    session.client.parallel(fetch, work)


def _worth_waiting(error: KubeError) -> bool:
    """In a dry run only the server's own trouble passes; what the set itself will put right is put off instead."""
    return not error.webhook_down and error.status not in (403, 409)


def _about_the_object(error: KubeError) -> bool:
    """True for what the API server itself finds wrong with an object, wherever it lies.

    The rules of the namespace of the trial (policies, webhooks, quota, rights) say nothing about another one.
    """
    if error.transient or error.webhook_down or _RULES.search(error.message):
        return False
    if error.status == 422:
        return all(cause.get("field") for cause in error.causes)
    return error.status in (400, 500)


def _holds_data(step: Step) -> bool:
    """True for an object that would take data, or other people's objects, along."""
    return kind_of(step.manifest.group, step.manifest.kind).prune is Prune.WITH_DATA


def write(
    session: Session, resource: Resource, manifest: Manifest, dry_run: bool = False, force: bool | None = None
) -> Response:
    """Send one object: applied by its name, or created where the server has to find the name or only answers."""
    if manifest.generated or manifest.review:
        return session.client.create(resource, manifest.body, session.manager, dry_run)
    force = session.force if force is None else force
    return session.client.apply(resource, manifest.body, session.manager, force, dry_run)


class Planner:
    """Predicts every step by a dry run in the API server; collects all refusals before it reports them."""

    def __init__(self, session: Session, steps: list[Step]) -> None:
        """``steps`` have been resolved and their live state read."""
        self.session = session
        self.steps = steps
        self.fresh_namespaces = {
            step.manifest.name for step in steps if step.manifest.kind == "Namespace" and not step.live
        }
        homes = sorted({step.manifest.namespace for step in steps if step.live and step.manifest.namespace})
        self.trial_namespace = homes[0] if homes else TRIAL_NAMESPACE
        self.problems: list[tuple[Step, KubeError]] = []

    def predict(self) -> None:
        """Set action and wanted state of every step; refuse the whole set when one object is refused."""
        results = self.session.client.parallel(self._try, self.steps)
        for step, error in zip(self.steps, results, strict=True):
            if error is not None:
                self.problems.append((step, error))
        problems = [(step.manifest, error) for step, error in self.problems if not self._explained(step, error)]
        if problems:
            refuse(self.session, problems, changed_before=False)

    def _try(self, step: Step) -> KubeError | None:
        """Dry run of one step. Returns the refusal, if any: the others shall be tried all the same."""
        if step.manifest.review:
            return self._ask(step)
        if step.new_kind:
            self._defer(step, "its kind is created in the same call")
            return None
        if step.manifest.namespace in self.fresh_namespaces:
            self._defer(step, "its namespace is created in the same call")
            return self._trial(step)
        step.migrates = client_side_managers(step.live)
        if not step.migrates and is_noop(step.live, step.manifest.body, self.session.manager):
            step.wanted = step.live
            return None
        try:
            response = self.session.retry(lambda: self._dry_run(step), again=_worth_waiting)
        except KubeError as error:
            if error.webhook_down or "does not support dry run" in error.message:
                self._defer(step, error.message)
                if self.session.check:
                    self.session.warn(f"{step.manifest.label}: the prediction is a guess, for {error.message}")
                return None
            if error.immutable and self.session.replace and step.live and not _holds_data(step):
                step.action, step.wanted = "replaced", step.manifest.body
                return self._trial(step, f"{step.manifest.name[:40]}-new".replace(".-", "-"))
            return error
        self.session.pass_on(step.manifest, response.warnings)
        step.wanted = response.data
        if step.live is None:
            step.action = "created"
        elif step.migrates:
            step.action, step.wanted = "updated", without_dropped(response.data, step.live, self.session.manager)
        elif differs(step.live, step.wanted, self.session.manager):
            step.action = "updated"
        return None

    def _dry_run(self, step: Step) -> Response:
        return write(self.session, t.cast(Resource, step.resource), step.manifest, dry_run=True)

    def _ask(self, step: Step) -> KubeError | None:
        """Send a review and keep the answer. It leaves no object, so check mode asks too."""
        try:
            response = self.session.retry(lambda: self._dry_run(step), again=_worth_waiting)
        except KubeError as error:
            return error
        step.wanted, step.done = response.data, True
        return None

    def _defer(self, step: Step, why: str) -> None:
        step.deferred = why
        step.action = "updated" if step.live else "created"

    def _trial(self, step: Step, name: str | None = None) -> KubeError | None:
        """Dry run in a namespace that exists, or under another name where the object's own is taken.

        Only what is wrong with the object itself counts there.
        """
        client, resource, body = self.session.client, t.cast(Resource, step.resource), step.manifest.body
        elsewhere = {"name": name} if name else {"namespace": self.trial_namespace}
        trial = Manifest({**body, "metadata": {**body["metadata"], **elsewhere}}, step.manifest.source)
        try:
            response = self.session.retry(
                lambda: write(self.session, resource, trial, dry_run=True, force=True), again=_worth_waiting
            )
        except KubeConnectionError as error:
            return error
        except KubeError as error:
            if not _about_the_object(error):
                return None
            if name or step.manifest.generated:
                return error
            # An object of the same name there has its own rules of what may change.
            path = resource.path(self.trial_namespace, step.manifest.name)
            return None if error.status == 422 and client.get(path) else error
        self.session.pass_on(step.manifest, response.warnings)
        return None

    def _explained(self, step: Step, error: KubeError) -> bool:
        """True when the refusal passes once other objects of the set are applied; then the step is put off."""
        manifest = step.manifest
        if error.status in (400, 422, 500) and not error.transient:
            for other in self.steps:
                kinds = defined_kinds([other.manifest]) if other.action == "updated" else {}
                if (manifest.api_version, manifest.kind) in kinds:
                    self._defer(step, "the definition of its kind changes in the same call")
                    return True
        if error.status in (403, 404) and "not found" in error.message:
            for other in self.steps:
                if other.action == "created" and f'"{other.manifest.name}"' in error.message:
                    self._defer(step, f"it needs {other.manifest.label}, which is created in the same call")
                    return True
        return False


def settle_endings(session: Session, steps: list[Step], wait_gone: t.Callable[[list[Step]], None]) -> None:
    """Let objects that are being deleted go first: they cannot be applied. In check mode they count as gone."""
    ending = [step for step in steps if step.live and step.live.get("metadata", {}).get("deletionTimestamp")]
    if not ending:
        return
    if not session.check:
        wait_gone(ending)
    namespaces = {step.manifest.name for step in ending if step.manifest.kind == "Namespace"}
    for step in steps:
        if step in ending or step.manifest.namespace in namespaces:
            step.live = None
    if session.check:
        for step in ending:
            step.new_kind = True  # No dry run: the API server would still see the old object.
