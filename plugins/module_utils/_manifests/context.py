# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of one call of the module manifests: its options, steps and errors.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import threading
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient, retrying
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import IN_SERVER_WORDS, redact
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import Manifest
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

Result = t.TypeVar("Result")


class ManifestsError(Exception):
    """The call cannot go on; ``details`` are extra keys of the result."""

    def __init__(self, message: str, **details: t.Any) -> None:
        """``message`` says what, on which object, why, and what to do."""
        super().__init__(message)
        self.message = message
        self.details = details


@dataclass
class Step:
    """One object: as it shall be, as it is, and what became of it."""

    manifest: Manifest
    resource: Resource | None
    live: Json | None = None
    wanted: Json | None = None
    action: str = "unchanged"
    # Why the API server could not be asked in a dry run; empty when it was.
    deferred: str = ""
    new_kind: bool = False
    done: bool = False
    # Managers of client-side apply whose fields go over to this one.
    migrates: list[str] = field(default_factory=list)
    # The state after the wait.
    latest: Json | None = None

    @property
    def body(self) -> Json | None:
        """The newest known state in the cluster."""
        return self.latest or (self.wanted if self.done and self.wanted else self.live)

    def outcome(self, done_only: bool = False) -> Json:
        """The object's entry in the result; never its content."""
        action = self.action if self.done or not done_only else "unchanged"
        return {
            "kind": self.manifest.kind,
            "api_version": self.manifest.api_version,
            "namespace": self.manifest.namespace,
            "name": self.manifest.name,
            "action": action,
            "changed": action != "unchanged",
            "source": self.manifest.source,
            "migrated_from": self.migrates if action == "updated" else [],
        }


@dataclass(frozen=True)
class DeleteOptions:
    """How objects are removed. ``grace_period`` in seconds; ``uid`` and ``resource_version`` of the only object."""

    propagation: str | None = None
    grace_period: int | None = None
    uid: str | None = None
    resource_version: str | None = None


@dataclass
class Session:
    """Options and counters that every part of a call shares; ``deadline`` in time.monotonic() seconds."""

    client: KubeClient
    deadline: float
    timeout: float
    manager: str = "fortytwo.ft_services"
    force: bool = False
    # Remove and make anew what has other values in fields that cannot change.
    replace: bool = False
    delete_options: DeleteOptions = field(default_factory=DeleteOptions)
    check: bool = False
    wait: bool = True
    fail_fast: bool = True
    # Seconds that any sign of a failure must last; None: as long as each kind of sign needs.
    fail_fast_after: float | None = None
    progress: Progress = field(default_factory=Progress)
    warn: t.Callable[[str], None] = lambda text: None
    secrets: set[str] = field(default_factory=set)
    retries: int = 0
    retry_reasons: list[str] = field(default_factory=list)
    waited: float = 0.0
    _warned: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def redact(self, text: str) -> str:
        """What the API server says, without the secrets of this call."""
        return redact(text, self.secrets, IN_SERVER_WORDS)

    def retry(
        self,
        work: t.Callable[[], Result],
        again: t.Callable[[KubeError], bool] | None = None,
        patience: float | None = None,
    ) -> Result:
        """Do ``work``, again while it fails for a passing reason; ``again`` may refuse a repetition.

        ``patience``: seconds after which it stops, when that is before the session's deadline.
        """
        deadline = self.deadline if patience is None else min(self.deadline, time.monotonic() + patience)

        def guarded() -> Result:
            try:
                return work()
            except KubeError as error:
                if again is not None and not again(error):
                    error.transient = False
                raise

        return retrying(guarded, deadline, self._note)

    def _note(self, error: KubeError) -> None:
        with self._lock:
            self.retries += 1
            text = self.redact(error.message)
            if text not in self.retry_reasons and len(self.retry_reasons) < 10:
                self.retry_reasons.append(text)

    def pass_on(self, manifest: Manifest, warnings: t.Iterable[str]) -> None:
        """Show the API server's warnings, each once."""
        for text in warnings:
            line = f"{manifest.label}: {self.redact(text)}"
            with self._lock:
                if line in self._warned:
                    continue
                self._warned.add(line)
            self.warn(line)
