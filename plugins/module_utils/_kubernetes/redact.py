# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the values of Secrets out of everything that is shown.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import base64
import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

HIDDEN = "<hidden>"
HIDDEN_CHANGED = "<hidden, changed>"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# In the server's own words only secrets of this length or more are hidden: it has numbers and short words of its own.
IN_SERVER_WORDS = 5
# The fields of a Secret that anyone may see.
_OPEN_FIELDS = ("apiVersion", "kind", "metadata", "type", "immutable")


def is_secret(body: Json) -> bool:
    """True for a Kubernetes Secret."""
    return body.get("kind") == "Secret" and body.get("apiVersion", "v1") == "v1"


def secret_texts(body: Json) -> set[str]:
    """The values of one Secret, plain and as base64; those in misspelt fields too."""
    found: set[str] = set()
    for text in _leaves([inner for part, inner in body.items() if part not in _OPEN_FIELDS]):
        found.add(text)
        try:
            decoded = base64.b64decode(text, validate=True).decode()
        except ValueError:
            continue
        found.add(decoded)
        # Programs print single lines of a key or certificate, not the whole.
        found |= {line for line in decoded.splitlines() if len(line) > 15}
    return {text for text in found if text.strip()}


def secrets_in(bodies: t.Sequence[Json]) -> set[str]:
    """Every value of every Secret among some objects that no message may show.

    A value that is also the name, the namespace, the kind or the image of one of the objects is no secret.
    """
    found: set[str] = set()
    for body in bodies:
        if is_secret(body):
            found |= secret_texts(body)
    if found:
        for body in bodies:
            found -= identifiers(body)
    return found


def identifiers(body: Json) -> set[str]:
    """The words by which an object and its containers are called: they stand in every message about it."""
    metadata = body.get("metadata") or {}
    names = {str(body.get("kind", "")), str(metadata.get("name", "")), str(metadata.get("namespace") or "")}
    for container in _containers(body.get("spec")):
        image = str(container.get("image", ""))
        names |= {str(container.get("name", "")), image, *re.split(r"[/:@]", image)}
    return names | {word for name in names for word in re.split(r"[^A-Za-z0-9]+", name)}


def _containers(spec: t.Any) -> t.Iterator[Json]:
    """Every container in the specification of a pod or of an object that makes pods."""
    if not isinstance(spec, dict):
        return
    for field in ("initContainers", "containers"):
        yield from (each for each in spec.get(field) or [] if isinstance(each, dict))
    for field in ("template", "jobTemplate"):
        inner = spec.get(field)
        if isinstance(inner, dict):
            yield from _containers(inner.get("spec"))


def _leaves(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif value is not None:
        yield str(value)


def redact(text: str, secrets: t.Iterable[str], shortest: int = 1) -> str:
    """The text without secrets of at least ``shortest`` characters.

    Short ones may be parts of other words, and are only hidden where they stand alone: those under five characters,
    and those under eight that are nothing but letters.
    """
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) < shortest:
            continue
        pattern = re.escape(secret)
        if len(secret) < 5 or (len(secret) < 8 and secret.isalpha()):
            pattern = rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"
        text = re.sub(pattern, lambda _match: HIDDEN, text)
    return text


def hide_values(body: Json, other: Json | None = None, mark_changes: bool = False) -> Json:
    """The object with the values of a Secret hidden; keys whose value differs from ``other`` are marked as changed."""
    if not is_secret(body):
        return body
    result = {}
    for part, inner in body.items():
        if part in _OPEN_FIELDS:
            result[part] = inner
        elif isinstance(inner, dict):
            before = (other or {}).get(part)
            before = before if isinstance(before, dict) else {}
            result[part] = {
                key: HIDDEN_CHANGED if mark_changes and key in before and before[key] != value else HIDDEN
                for key, value in inner.items()
            }
        else:
            # Also a misspelt field may hold a secret.
            result[part] = HIDDEN
    metadata = body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(metadata, dict) and isinstance(annotations, dict) and LAST_APPLIED in annotations:
        # kubectl apply keeps a copy of the whole Secret there.
        result["metadata"] = {**metadata, "annotations": {**annotations, LAST_APPLIED: HIDDEN}}
    return result


def hide_input(value: t.Any) -> t.Any:
    """The option ``definitions`` as it may be shown: YAML texts and the values of Secrets hidden."""
    if isinstance(value, list):
        return [hide_input(each) for each in value]
    if isinstance(value, str):
        return HIDDEN
    if isinstance(value, dict):
        if isinstance(value.get("items"), list):
            value = {**value, "items": hide_input(value["items"])}
        if value.get("kind") == "Secret":
            return hide_values({**value, "apiVersion": "v1"})
    return value
