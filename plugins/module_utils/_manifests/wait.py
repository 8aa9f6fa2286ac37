# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for many objects under one deadline, by watches.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import queue
import threading
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient, Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import label_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.failure import (
    Failure,
    container_statuses,
    final_kinds,
    newest_pods,
    object_failures,
    pod_failures,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.ready import (
    WEBHOOKS,
    WORKLOADS,
    State,
    webhook_services,
)

Json = dict[str, t.Any]

PODS = Resource("v1", "Pod", "pods", True)
REPLICA_SETS = Resource("apps/v1", "ReplicaSet", "replicasets", True)
SLICES = Resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", True)
# Seconds: the longest life of one watch, and the pause before a broken one is opened again.
WATCH_LIFE = 240.0
PAUSE = 1.0


class View:
    """What the watches have seen so far: objects by collection path."""

    def __init__(self) -> None:
        """Empty at first."""
        self._objects: dict[str, dict[tuple[str, str], Json]] = {}

    def replace(self, path: str, bodies: t.Iterable[Json]) -> None:
        """Take over a complete list."""
        self._objects[path] = {_key(body): body for body in bodies}

    def change(self, path: str, kind: str, body: Json) -> None:
        """Take over one watch event."""
        objects = self._objects.setdefault(path, {})
        if kind == "DELETED":
            objects.pop(_key(body), None)
        else:
            objects[_key(body)] = body

    def seen(self, path: str) -> bool:
        """True once the collection was listed."""
        return path in self._objects

    def one(self, path: str, namespace: str | None, name: str) -> Json | None:
        """One object of a collection."""
        return self._objects.get(path, {}).get((namespace or "", name))

    def all(self, path: str) -> list[Json]:
        """All objects of a collection."""
        return list(self._objects.get(path, {}).values())


def _key(body: Json) -> tuple[str, str]:
    metadata = body.get("metadata") or {}
    return (metadata.get("namespace") or "", metadata.get("name", ""))


@dataclass
class Target:
    """One object to wait for; ``check`` judges its newest body."""

    resource: Resource
    namespace: str | None
    name: str
    source: str
    check: t.Callable[[Json | None, View], State]
    known: Json | None = None
    # When it waits for its end: the uid of the object that shall go.
    gone_uid: str | None = None
    state: State = field(default_factory=lambda: State(False, "it has not been looked at yet"))
    failures: list[Failure] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The object in words."""
        return label_of(self.resource.kind, self.namespace, self.name)

    @property
    def path(self) -> str:
        """Path of the collection that the object is in."""
        return self.resource.path(self.namespace)

    def side_paths(self) -> list[str]:
        """Collections that tell more about it: pods of a workload, endpoints behind a webhook."""
        if self.gone_uid:
            return []
        kind = self.resource.kind
        if kind in WEBHOOKS:
            return [SLICES.path(namespace) for namespace, _name in webhook_services(self.known or {})]
        if kind in WORKLOADS:
            paths = [PODS.path(self.namespace)]
            return [*paths, REPLICA_SETS.path(self.namespace)] if kind == "Deployment" else paths
        return []

    def pods(self, view: View) -> list[Json]:
        """The pods that its newest version made."""
        kind = self.resource.kind
        if kind == "Pod":
            return [self.known] if self.known else []
        if kind not in WORKLOADS or not self.known:
            return []
        sets = view.all(REPLICA_SETS.path(self.namespace))
        return newest_pods(kind, self.known, view.all(PODS.path(self.namespace)), sets)


class WaitFailed(Exception):
    """Some targets are not ready: time is up, or one cannot become ready. ``view`` is what was seen last."""

    def __init__(self, targets: list[Target], view: View, final: bool) -> None:
        """``final``: waiting longer would not help."""
        super().__init__()
        self.targets = targets
        self.view = view
        self.final = final


class Waiter:
    """Follows targets until all are ready."""

    def __init__(self, session: Session, steps: bool = True) -> None:
        """Shares the session's deadline; ``steps``: what becomes ready counts as a step of the progress."""
        self.session = session
        self.steps = steps
        self.view = View()
        self._events: queue.Queue[tuple[str, str, t.Any]] = queue.Queue()
        self._stop = threading.Event()
        self._first_seen: dict[tuple[str, str], float] = {}
        self._restarts: dict[str, dict[str, int]] = {}

    def wait(self, targets: list[Target], beside: t.Sequence[Target] = ()) -> None:
        """Return when all ``targets`` are ready; ``beside`` need not be, but their final failures end the wait."""
        began = time.monotonic()
        pending = [target for target in targets if not self._done(target)]
        try:
            if pending:
                self._start([*pending, *beside])
                self._follow(pending, list(beside))
        finally:
            self._stop.set()
            self.session.waited += time.monotonic() - began

    def _done(self, target: Target) -> bool:
        """Judge a target, and tell the progress what is new."""
        before = target.state.why
        if self._judge(target):
            if self.steps:
                self.session.progress.step(f"{target.label} {'gone' if target.gone_uid else 'ready'}")
            return True
        if target.state.why != before:
            self.session.progress.message(f"{target.label}: {target.state.why}")
        return False

    def _judge(self, target: Target) -> bool:
        """Bring a target's state up to date; True when it is ready."""
        if self.view.seen(target.path):
            target.known = self.view.one(target.path, target.namespace, target.name)
        body = target.known
        if target.gone_uid and body and body["metadata"].get("uid") != target.gone_uid:
            body = None  # Another object of the same name took its place: this one is gone.
        target.state = target.check(body, self.view)
        return target.state.ready

    def _follow(self, pending: list[Target], beside: list[Target]) -> None:
        while True:
            now = time.monotonic()
            pending = [target for target in pending if not self._done(target)]
            if not pending:
                return
            for target in beside:
                self._judge(target)
            watched = [*pending, *(target for target in beside if not target.state.ready)]
            next_look = self._look_for_failures(watched, now)
            if any(target.failures for target in watched):
                raise WaitFailed([t for t in watched if t in pending or t.failures], self.view, final=True)
            left = self.session.deadline - now
            if left <= 0:
                raise WaitFailed(pending, self.view, final=False)
            self._take_events(min(left, next_look))

    def _look_for_failures(self, targets: list[Target], now: float) -> float:
        """Record final failures in the targets; seconds until the next suspicion becomes final."""
        next_look, current = 3600.0, set()
        for target in targets:
            if target.gone_uid:
                continue
            signs = object_failures(target.resource.group, target.resource.kind, target.known)
            for pod in target.pods(self.view):
                first = self._restarts.get(pod["metadata"].get("uid", ""), {})
                signs += [sign for sign in pod_failures(pod, first) if final_kinds(target.resource.kind, sign)]
            target.failures = []
            for sign in signs:
                key = (target.label, sign.key)
                current.add(key)
                age = now - self._first_seen.setdefault(key, now)
                if age >= sign.grace:
                    target.failures.append(sign)
                else:
                    next_look = min(next_look, sign.grace - age)
        for key in set(self._first_seen) - current:
            del self._first_seen[key]
        return next_look

    def _take_events(self, timeout: float) -> None:
        """Sleep until something happens, then take over all that happened."""
        try:
            event = self._events.get(timeout=max(0.01, timeout))
        except queue.Empty:
            return
        while True:
            path, kind, content = event
            if kind == "ERROR":
                raise content
            bodies = content if kind == "LIST" else [content]
            if kind == "LIST":
                self.view.replace(path, bodies)
            else:
                self.view.change(path, kind, content)
            for body in bodies:
                counts = {each["name"]: each.get("restartCount", 0) for each in container_statuses(body)}
                if counts:
                    self._restarts.setdefault(body["metadata"].get("uid", ""), counts)
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                return

    def _start(self, targets: list[Target]) -> None:
        """One thread and one watch for every collection that the targets need."""
        names: dict[str, set[str]] = {}
        optional: set[str] = set()
        for target in targets:
            names.setdefault(target.path, set()).add(target.name)
        for target in targets:
            for path in target.side_paths():
                if path not in names:
                    optional.add(path)
        for path in [*names, *optional]:
            # A single object needs no watch over all its neighbours, unless they tell more about another target.
            needed = {side for target in targets for side in target.side_paths()}
            only = names.get(path, set())
            query = (
                {"fieldSelector": f"metadata.name={next(iter(only))}"} if len(only) == 1 and path not in needed else {}
            )
            arguments = (self.session.client, path, query, path in names)
            threading.Thread(target=self._stream, args=arguments, daemon=True).start()

    def _stream(self, client: KubeClient, path: str, query: dict[str, str], essential: bool) -> None:
        """Put a list and then every change of a collection into the queue, until the wait ends."""
        version = ""
        while not self._stop.is_set():
            try:
                if not version:
                    bodies, version = client.list_all(path, query)
                    self._events.put((path, "LIST", bodies))
                life, began = min(WATCH_LIFE, max(1.0, self.session.left())), time.monotonic()
                for kind, body in client.watch(path, version, query, life):
                    if self._stop.is_set():
                        return
                    if kind == "ERROR":
                        version = ""  # Mostly 410: the version is too old to go on from. Start with a new list.
                        self._stop.wait(PAUSE)
                        break
                    version = (body.get("metadata") or {}).get("resourceVersion") or version
                    if kind != "BOOKMARK":
                        self._events.put((path, kind, body))
                if time.monotonic() - began < PAUSE:
                    self._stop.wait(PAUSE)  # Something between here and the server cuts watches short.
            except KubeError as error:
                if error.status == 410 or error.transient:
                    version = ""
                elif version and error.status in (403, 405):
                    version = ""  # May list, but not watch: list now and then.
                elif error.status == 404:
                    self._events.put((path, "LIST", []))  # The kind itself is gone, and its objects with it.
                else:
                    if essential:
                        self._events.put((path, "ERROR", error))
                    return
                self._stop.wait(PAUSE)
            except Exception as error:  # A thread must not die in silence: the wait would hang until its deadline.
                self._events.put((path, "ERROR", error))
                return
