# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server refused, in words: on which object, why, and what to do.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeConnectionError,
    KubeError,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import redact, secret_texts
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import ManifestsError, Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import Manifest
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

_UNKNOWN_FIELD = re.compile(r'(\.[^\s]+): field not declared in schema|unknown field "([^"]+)"')
# Words of the API server around the one fact that the user needs.
_WRAPPING = re.compile(
    r"failed to (?:create typed patch object|convert new object) \(.*?\)(?: to proper version)?: "
    r"(?:unable to convert unstructured object to [^:]+: )?(?:error decoding from json: )?"
)
_WRAPPED_VALUE = re.compile(r"&value\.valueUnstructured\{Value:(.*?)\}")


def hint_for(error: KubeError) -> str:
    """What to do about a refusal; empty when its message says all."""
    if error.conflicts:
        return (
            "To take these fields over set force_conflicts to true; to leave them to the other manager "
            "remove them from the manifest."
        )
    if error.immutable:
        return (
            "Kubernetes cannot change these fields of an existing object: remove the object first (state absent), or "
            "set replace_immutable to true if it may be gone for a moment. What holds data is never replaced."
        )
    if error.status == 404 and error.message.startswith("namespaces "):
        return "Add the Namespace to the definitions, or correct metadata.namespace or the option namespace."
    if error.webhook_down:
        return "Check the pods behind the webhook's Service, then run again."
    if error.status == 403 and "exceeded quota" not in error.message:
        return "Check the rights of the kubeconfig's user and the rules of the namespace."
    return ""


def refusal(session: Session, manifest: Manifest, error: KubeError) -> Json:
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
    message = session.redact(message)
    if manifest.kind == "Secret":
        message = redact(message, secret_texts(manifest.body) - {manifest.name, manifest.namespace, manifest.kind})
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


def refuse(session: Session, problems: list[tuple[Manifest, KubeError]], changed_before: bool) -> t.NoReturn:
    """Fail with every refused object: label, place in the input, reason, advice."""
    for _manifest, error in problems:
        if isinstance(error, KubeConnectionError):
            raise error
    errors = [refusal(session, manifest, error) for manifest, error in problems]
    lines = []
    for (manifest, _error), each in zip(problems[:10], errors[:10], strict=True):
        advice = f" {each['hint']}" if each["hint"] else ""
        lines.append(f"{manifest.label} ({each['source']}): {each['message'].rstrip('.')}.{advice}")
    if len(problems) > 10:
        lines.append(f"{len(problems) - 10} more are in the result's errors.")
    scope = "Some objects were applied before; see objects in the result." if changed_before else "Nothing was changed."
    count = "One object was" if len(errors) == 1 else f"{len(errors)} objects were"
    joined = "\n".join(lines)
    raise ManifestsError(f"{count} refused. {scope}\n{joined}", errors=errors)
