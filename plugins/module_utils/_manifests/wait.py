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

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.failures import (
    Failure,
    container_statuses,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import (
    PODS,
    REPLICA_SETS,
    Kind,
    kind_of,
    pod_signs,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.readiness import State, Surroundings
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import label_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

# Seconds: the longest life of one watch, and the pause before a broken one is opened again.
WATCH_LIFE = 240.0
PAUSE = 1.0
# The source of targets that the user asks for by the option wait_for.
WAIT_FOR = "wait_for"


class WatchCache:
    """What the watches have seen so far: objects by collection path."""

    def __init__(self) -> None:
        """Empty at first."""
        self._objects: dict[str, dict[tuple[str, str], Json]] = {}
        self._removed: dict[tuple[str, str, str], Json] = {}

    def replace(self, path: str, bodies: t.Iterable[Json]) -> None:
        """Take over a complete list."""
        self._objects[path] = {_key(body): body for body in bodies}

    def change(self, path: str, kind: str, body: Json) -> None:
        """Take over one watch event."""
        objects = self._objects.setdefault(path, {})
        if kind == "DELETED":
            objects.pop(_key(body), None)
            self._removed[(path, *_key(body))] = body
        else:
            objects[_key(body)] = body

    def seen(self, path: str) -> bool:
        """True once the collection was listed."""
        return path in self._objects

    def one(self, path: str, namespace: str | None, name: str) -> Json | None:
        """One object of a collection."""
        return self._objects.get(path, {}).get((namespace or "", name))

    def removed(self, path: str, namespace: str | None, name: str) -> Json | None:
        """The last state of an object whose removal was seen."""
        return self._removed.get((path, namespace or "", name))

    def all(self, path: str) -> list[Json]:
        """All objects of a collection."""
        return list(self._objects.get(path, {}).values())


def _key(body: Json) -> tuple[str, str]:
    metadata = body.get("metadata") or {}
    return (metadata.get("namespace") or "", metadata.get("name", ""))


class ClusterSurroundings(Surroundings):
    """What a wait knows beside the objects it waits for: what it watches, and single objects that it asks for once."""

    def __init__(self, session: Session, cache: WatchCache) -> None:
        """``cache`` is the wait's own."""
        self._session, self._cache = session, cache
        self._known: dict[str, Json | KubeError | None] = {}

    def listed(self, resource: Resource, namespace: str | None) -> list[Json]:
        """The objects of a collection that is watched."""
        return self._cache.all(resource.path(namespace))

    def one(self, resource: Resource, name: str) -> Json | None:
        """One object for the whole cluster, as it was when it was first asked for."""
        path = resource.path(None, name)
        if path not in self._known:
            try:
                self._known[path] = self._session.retry(lambda: self._session.client.get(path))
            except KubeError as error:
                self._known[path] = error
        found = self._known[path]
        if isinstance(found, KubeError):
            raise found
        return found


@dataclass
class Target:
    """One object to wait for; ``check`` judges its newest body."""

    resource: Resource
    namespace: str | None
    name: str
    source: str
    check: t.Callable[[Json | None, Surroundings], State]
    known: Json | None = None
    # When it waits for its end: the uid of the object that shall go.
    gone_uid: str | None = None
    state: State = field(default_factory=lambda: State(False, "it has not been looked at yet"))
    failures: list[Failure] = field(default_factory=list)
    # The last state of an object that was there and is gone.
    last: Json | None = None

    @property
    def label(self) -> str:
        """The object in words."""
        return label_of(self.resource.kind, self.namespace, self.name)

    @property
    def path(self) -> str:
        """Path of the collection that the object is in."""
        return self.resource.path(self.namespace)

    @property
    def kind(self) -> Kind:
        """What is known about its kind."""
        return kind_of(self.resource.group, self.resource.kind)

    def side_paths(self) -> list[str]:
        """Collections that tell more about it: pods of a workload, endpoints behind a webhook."""
        if self.gone_uid:
            return []
        return [resource.path(space) for resource, space in self.kind.also_watch(self.namespace, self.known or {})]

    def pods(self, cache: WatchCache) -> list[Json]:
        """The pods that its newest version made."""
        if self.kind.pods is None or not self.known:
            return []
        pods = cache.all(PODS.path(self.namespace))
        return self.kind.pods(self.known, pods, cache.all(REPLICA_SETS.path(self.namespace)))


class WaitFailed(Exception):
    """Some targets are not ready: time is up, or one cannot become ready. ``cache`` is what was seen last."""

    def __init__(self, targets: list[Target], cache: WatchCache, final: bool) -> None:
        """``final``: waiting longer would not help."""
        super().__init__()
        self.targets = targets
        self.cache = cache
        self.final = final


class Waiter:
    """Follows targets until all are ready."""

    def __init__(self, session: Session, steps: bool = True) -> None:
        """Shares the session's deadline; ``steps``: what becomes ready counts as a step of the progress."""
        self.session = session
        self.steps = steps
        self.cache = WatchCache()
        self.around = ClusterSurroundings(session, self.cache)
        self._events: queue.Queue[tuple[str, str, t.Any]] = queue.Queue()
        self._stop = threading.Event()
        self._first_seen: dict[tuple[str, str], float] = {}
        self._restarts: dict[str, dict[str, int]] = {}

    def wait(self, targets: list[Target], also_watch: t.Sequence[Target] = ()) -> None:
        """Return when all ``targets`` are ready; ``also_watch`` need not be, but their final failures end the wait."""
        began = time.monotonic()
        pending = [target for target in targets if not self._done(target)]
        try:
            if pending:
                self._start([*pending, *also_watch])
                self._follow(pending, list(also_watch))
        finally:
            self._stop.set()
            self.session.waited += time.monotonic() - began

    def _done(self, target: Target) -> bool:
        """Judge a target, and tell the progress what is new."""
        before = target.state.why
        if self._judge(target):
            if target.state.why:
                self.session.warn(f"{target.label}: {target.state.why}")
            if self.steps:
                self.session.progress.step(f"{target.label} {'gone' if target.gone_uid else 'ready'}")
            return True
        if target.state.why != before:
            self.session.progress.message(f"{target.label}: {target.state.why}")
        return False

    def _judge(self, target: Target) -> bool:
        """Bring a target's state up to date; True when it is ready."""
        if self.cache.seen(target.path):
            before, place = target.known, (target.path, target.namespace, target.name)
            target.known = self.cache.one(*place)
            target.last = target.known or self.cache.removed(*place) or before or target.last
        body = target.known
        if target.gone_uid and body and body["metadata"].get("uid") != target.gone_uid:
            body = None  # Another object of the same name took its place: this one is gone.
        vanished = target.kind.vanished
        if body is None and vanished and target.last and not target.gone_uid:
            # It removed itself: what counts is how it was at the end.
            by_query = target.source == WAIT_FOR
            target.state = target.check(target.last, self.around) if by_query else vanished(target.last)
        else:
            target.state = target.check(body, self.around)
        return target.state.ready

    def _follow(self, pending: list[Target], also_watch: list[Target]) -> None:
        while True:
            now = time.monotonic()
            pending = [target for target in pending if not self._done(target)]
            if not pending:
                return
            for target in also_watch:
                self._judge(target)
            watched = [*pending, *(target for target in also_watch if not target.state.ready)]
            next_look = self._look_for_failures(watched, now)
            if any(self._gives_up(sign) for target in watched for sign in target.failures):
                raise WaitFailed([t for t in watched if t in pending or t.failures], self.cache, final=True)
            left = self.session.deadline - now
            if left <= 0:
                raise WaitFailed(pending, self.cache, final=False)
            self._take_events(min(left, next_look))

    def _gives_up(self, sign: Failure) -> bool:
        """Whether a sign ends the wait: what Kubernetes itself calls final always does."""
        return sign.final or self.session.fail_fast

    def _grace(self, sign: Failure) -> float:
        """Seconds that a sign must last."""
        chosen = self.session.fail_fast_after
        return sign.grace if sign.final or chosen is None else chosen

    def _look_for_failures(self, targets: list[Target], now: float) -> float:
        """Record final failures in the targets; seconds until the next suspicion becomes final."""
        next_look, current = 3600.0, set()
        for target in targets:
            if target.gone_uid:
                continue
            signs = target.kind.failures(target.known) if target.known else []
            for pod in target.pods(self.cache):
                first = self._restarts.get(pod["metadata"].get("uid", ""), {})
                signs += pod_signs(target.kind, pod, first)
            target.failures = []
            for sign in signs:
                key = (target.label, sign.key)
                current.add(key)
                age, grace = now - self._first_seen.setdefault(key, now), self._grace(sign)
                if age >= grace:
                    target.failures.append(sign)
                else:
                    next_look = min(next_look, grace - age)
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
                self.cache.replace(path, bodies)
            else:
                self.cache.change(path, kind, content)
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
