# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes Secrets out of stored credentials. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import base64
import os
import re
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._credentials.store import (
    PARTS,
    CredentialError,
    Store,
    Wanted,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient, retrying
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeConnectionError,
    KubeError,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import redact, secret_texts
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource

MANAGER = "ft-services-credentials"
# The default of the module manifests, which keeps a namespace right from then on.
NAMESPACE_MANAGER = "fortytwo.ft_services"
SECRETS = Resource("v1", "Secret", "secrets", True)
NAMESPACES = Resource("v1", "Namespace", "namespaces", False)
LABELS = {"app.kubernetes.io/part-of": "ft-services", "app.kubernetes.io/managed-by": MANAGER}
OBJECT_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
DATA_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")


@dataclass(frozen=True)
class Source:
    """Where the value of one key of a Secret comes from: a part of a credential, or a file."""

    key: str
    credential: str = ""
    part: str = ""
    file: Path | None = None


@dataclass(frozen=True)
class WantedSecret:
    """One Secret: name, namespace and the sources of its data."""

    name: str
    namespace: str
    sources: tuple[Source, ...]

    @property
    def where(self) -> str:
        """The Secret as people name it."""
        return f"{self.namespace}/{self.name}"


def _source(where: str, key: str, spec: t.Any, kinds: dict[str, str]) -> Source:
    if not DATA_KEY.fullmatch(key):
        raise CredentialError(f"secret {where}: '{key}' cannot be a key of a Secret")
    fields = set(spec) if isinstance(spec, dict) else set()
    if fields == {"file"} and isinstance(spec["file"], str):
        return Source(key, file=Path(os.path.expanduser(spec["file"])))
    if "credential" not in fields or not fields <= {"credential", "part"}:
        raise CredentialError(
            f"secret {where}: key '{key}' needs either 'file', or 'credential' and for an ssh key its 'part'"
        )
    name = spec["credential"]
    if name not in kinds:
        raise CredentialError(f"secret {where}: key '{key}' asks for credential '{name}', which is not in credentials")
    parts = PARTS[kinds[name]]
    part = spec.get("part") or (parts[0] if len(parts) == 1 else "")
    if part not in parts:
        raise CredentialError(f"secret {where}: key '{key}' must take a part of '{name}': {' or '.join(parts)}")
    return Source(key, credential=name, part=part)


def wanted_secret(spec: dict[str, t.Any], wants: list[Wanted]) -> WantedSecret:
    """Check one entry of the module's ``secrets`` against the credentials."""
    name, namespace = spec["name"], spec["namespace"]
    for text in (name, namespace):
        if not OBJECT_NAME.fullmatch(text):
            raise CredentialError(f"secret {namespace}/{name}: '{text}' cannot be the name of an object in Kubernetes")
    kinds = {want.name: want.kind for want in wants}
    sources = (_source(f"{namespace}/{name}", key, source, kinds) for key, source in sorted(spec["data"].items()))
    return WantedSecret(name, namespace, tuple(sources))


def contents(secret: WantedSecret, store: Store) -> dict[str, bytes | None]:
    """Return the data of a Secret. None stands for a file that is not there yet, which only check mode allows."""
    data: dict[str, bytes | None] = {}
    for source in secret.sources:
        if source.file is None:
            data[source.key] = store.part(source.credential, source.part)
            continue
        try:
            data[source.key] = source.file.read_bytes()
        except FileNotFoundError as error:
            if not store.dry:
                raise CredentialError(
                    f"secret {secret.where}: {source.file} for key '{source.key}' does not exist. Make it first"
                ) from error
            data[source.key] = None
    return data


def checksum(secret: WantedSecret, data: dict[str, bytes | None], store: Store) -> str:
    """Return the keyed hash of all of a Secret's data."""
    fields = [field for key in sorted(data) for field in (key.encode(), data[key] or b"")]
    return store.checksum(secret.where.encode(), *fields)


def manifest(secret: WantedSecret, data: dict[str, bytes | None]) -> dict[str, t.Any]:
    """Return the object for the API server."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": secret.name, "namespace": secret.namespace, "labels": LABELS},
        "data": {key: base64.b64encode(value or b"").decode() for key, value in data.items()},
    }


def differences(before: dict[str, t.Any] | None, after: dict[str, t.Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a diff may show of two Secrets: the names of the keys that differ, and labels, but no value."""
    old, new = (before or {}).get("data") or {}, after.get("data") or {}
    differing = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    shown_before = {key: "(old value)" for key in differing if key in old}
    shown_after = {key: "(new value)" for key in differing if key in new}
    old_labels, new_labels = ((each or {}).get("metadata", {}).get("labels") or {} for each in (before, after))
    for label in sorted({*old_labels, *new_labels}):
        if old_labels.get(label) != new_labels.get(label):
            shown_before.update({f"label {label}": old_labels[label]} if label in old_labels else {})
            shown_after.update({f"label {label}": new_labels[label]} if label in new_labels else {})
    return shown_before, shown_after


def ensure_namespace(client: KubeClient, spec: dict[str, t.Any], dry_run: bool, patience: float = 30.0) -> bool:
    """Make a namespace that is missing, with its labels, and leave one that exists alone.

    Returns whether it was missing.
    """
    name, deadline = spec["name"], time.monotonic() + patience
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": spec["labels"]}}
    if retrying(lambda: client.get(NAMESPACES.path(None, name)), deadline, lambda error: None) is not None:
        return False
    if not dry_run:
        retrying(lambda: client.apply(NAMESPACES, body, NAMESPACE_MANAGER), deadline, lambda error: None)
    return True


def apply(
    client: KubeClient, body: dict[str, t.Any], dry_run: bool, patience: float = 30.0
) -> tuple[dict[str, str], dict[str, str]]:
    """Server-side apply one Secret, again after passing errors for up to ``patience`` seconds.

    Returns the differences that it made, or with ``dry_run`` would make.
    """
    metadata = body["metadata"]
    where = f"{metadata['namespace']}/{metadata['name']}"
    path = SECRETS.path(metadata["namespace"], metadata["name"])
    deadline = time.monotonic() + patience
    before = None
    try:
        before = retrying(lambda: client.get(path), deadline, lambda error: None)
        after = retrying(
            lambda: client.apply(SECRETS, body, MANAGER, force=True, dry_run=dry_run).data, deadline, lambda error: None
        )
    except KubeConnectionError as error:
        raise CredentialError(str(error)) from error
    except KubeError as error:
        if error.status != 404:
            reason = redact(error.message, secret_texts(body))
            raise CredentialError(f"secret {where} cannot be applied: {reason}") from error
        if not dry_run:
            raise CredentialError(
                f"secret {where} cannot be applied: the namespace does not exist. Create it first"
            ) from error
        # The namespace is made by an earlier task, which check mode only predicted.
        after = body
    return differences(before, after)
