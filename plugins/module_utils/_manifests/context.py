# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of one call of the module manifests: its options, steps and errors.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import re
import threading
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import (
    KubeClient,
    Resource,
    retrying,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeConnectionError,
    KubeError,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.diff import scrubbed
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import Manifest, secret_texts
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

Json = dict[str, t.Any]
Result = t.TypeVar("Result")

_UNKNOWN_FIELD = re.compile(r'(\.[^\s]+): field not declared in schema|unknown field "([^"]+)"')
# Words of the API server around the one fact that the user needs.
_WRAPPING = re.compile(
    r"failed to (?:create typed patch object|convert new object) \(.*?\)(?: to proper version)?: "
    r"(?:unable to convert unstructured object to [^:]+: )?(?:error decoding from json: )?"
)
_WRAPPED_VALUE = re.compile(r"&value\.valueUnstructured\{Value:(.*?)\}")


class Failed(Exception):
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

    @property
    def body(self) -> Json | None:
        """The newest known state in the cluster."""
        return self.wanted if self.done and self.wanted else self.live

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
        }


@dataclass
class Session:
    """Options and counters that every part of a call shares; ``deadline`` in time.monotonic() seconds."""

    client: KubeClient
    deadline: float
    timeout: float
    manager: str = "fortytwo.ft_services"
    force: bool = False
    check: bool = False
    wait: bool = True
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

    def retry(self, work: t.Callable[[], Result], again: t.Callable[[KubeError], bool] | None = None) -> Result:
        """Do ``work``, again while it fails for a passing reason; ``again`` may refuse a repetition."""

        def guarded() -> Result:
            try:
                return work()
            except KubeError as error:
                if again is not None and not again(error):
                    error.transient = False
                raise

        return retrying(guarded, self.deadline, self._note)

    def _note(self, error: KubeError) -> None:
        with self._lock:
            self.retries += 1
            text = scrubbed(error.message, self.secrets, shortest=6)
            if text not in self.retry_reasons and len(self.retry_reasons) < 10:
                self.retry_reasons.append(text)

    def pass_on(self, manifest: Manifest, warnings: t.Iterable[str]) -> None:
        """Show the API server's warnings, each once."""
        for text in warnings:
            line = f"{manifest.label}: {scrubbed(text, self.secrets, shortest=6)}"
            with self._lock:
                if line in self._warned:
                    continue
                self._warned.add(line)
            self.warn(line)


def hint_for(error: KubeError) -> str:
    """What to do about a refusal; empty when its message says all."""
    if error.conflicts:
        return (
            "To take these fields over set force_conflicts to true; to leave them to the other manager "
            "remove them from the manifest."
        )
    if "is immutable" in error.message or "updates to statefulset spec" in error.message:
        return "Kubernetes cannot change these fields of an existing object: remove the object first (state absent)."
    if error.status == 404 and error.message.startswith("namespaces "):
        return "Add the Namespace to the definitions, or correct metadata.namespace or the option namespace."
    if error.webhook_down:
        return "Check the pods behind the webhook's Service, then run again."
    if error.status == 403 and "exceeded quota" not in error.message:
        return "Check the rights of the kubeconfig's user and the rules of the namespace."
    return ""


def refusal(manifest: Manifest, error: KubeError) -> Json:
    """What is wrong with one object, for the result's ``errors``."""
    message = _WRAPPED_VALUE.sub(r"\1", _WRAPPING.sub("", error.message))
    fields = [first or second for first, second in _UNKNOWN_FIELD.findall(message)]
    message = _UNKNOWN_FIELD.sub(r"unknown field \1\2 (check its spelling and indentation)", message)
    if error.conflicts:
        managers: dict[str, list[str]] = {}
        for manager, name in error.conflicts:
            managers.setdefault(manager, []).append(name)
        fields = [name for names in managers.values() for name in names]
        message = "; ".join(
            f'the field manager "{manager}" owns {", ".join(names)}' for manager, names in managers.items()
        )
    if manifest.kind == "Secret":
        message = scrubbed(message, secret_texts(manifest.body))
    return {
        "kind": manifest.kind,
        "api_version": manifest.api_version,
        "namespace": manifest.namespace,
        "name": manifest.name,
        "source": manifest.source,
        "status": error.status,
        "reason": error.reason,
        "fields": fields,
        "message": message,
        "hint": hint_for(error),
    }


def refuse(problems: list[tuple[Manifest, KubeError]], changed_before: bool) -> t.NoReturn:
    """Fail with every refused object: label, place in the input, reason, advice."""
    for _manifest, error in problems:
        if isinstance(error, KubeConnectionError):
            raise error
    errors = [refusal(manifest, error) for manifest, error in problems]
    lines = []
    for (manifest, _error), each in zip(problems[:10], errors[:10], strict=True):
        advice = f" {each['hint']}" if each["hint"] else ""
        lines.append(f"{manifest.label} ({each['source']}): {each['message'].rstrip('.')}.{advice}")
    if len(problems) > 10:
        lines.append(f"{len(problems) - 10} more are in the result's errors.")
    scope = "Some objects were applied before; see objects in the result." if changed_before else "Nothing was changed."
    count = "One object was" if len(errors) == 1 else f"{len(errors)} objects were"
    joined = "\n".join(lines)
    raise Failed(f"{count} refused. {scope}\n{joined}", errors=errors)
