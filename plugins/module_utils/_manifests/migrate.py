# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes over the fields of objects that `kubectl apply` made by client-side apply.

The API server records those fields as an update, which no later server-side apply removes: keys that the manifest
dropped would stay for ever. As kubectl does when it changes to server-side apply, the record is turned into one of this
manager; the next apply then removes what the manifest does not have.
This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import copy
import json
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import LAST_APPLIED
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json


def _entries(body: Json | None) -> list[Json]:
    return ((body or {}).get("metadata") or {}).get("managedFields") or []


def client_side_managers(body: Json | None) -> list[str]:
    """Managers that wrote the object by client-side apply: those whose update wrote kubectl's own annotation.

    Mostly kubectl-client-side-apply; before-first-apply for objects older than the record of their fields.
    """
    found = set()
    for entry in _entries(body):
        metadata = (entry.get("fieldsV1") or {}).get("f:metadata") or {}
        if f"f:{LAST_APPLIED}" in (metadata.get("f:annotations") or {}) and _is_update(entry):
            found.add(str(entry.get("manager")))
    return sorted(found)


def _is_update(entry: Json) -> bool:
    return entry.get("operation") == "Update" and not entry.get("subresource")


def _is_own(entry: Json, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")


def merged(first: Json, second: Json) -> Json:
    """The fields of two records together."""
    result = dict(first)
    for key, inner in second.items():
        result[key] = merged(result[key], inner) if key in result else inner
    return result


def migrated(entries: list[Json], managers: t.Collection[str], manager: str) -> list[Json]:
    """The record of fields with those of the client-side ``managers`` given to ``manager``."""
    result = copy.deepcopy(entries)
    for name in managers:
        theirs = [entry for entry in result if entry.get("manager") == name and _is_update(entry)]
        own = next((entry for entry in result if _is_own(entry, manager)), None)
        if own is None and theirs:
            own = theirs[0]
            own.update(manager=manager, operation="Apply")
            theirs = theirs[1:]
        for entry in theirs:
            if own is not None and entry.get("apiVersion") == own.get("apiVersion"):
                own["fieldsV1"] = merged(own.get("fieldsV1") or {}, entry.get("fieldsV1") or {})
        # An entry in another version of the kind cannot be merged; as with kubectl, its fields then belong to nobody.
        result = [entry for entry in result if not any(entry is each for each in theirs)]
    return result


def migration(body: Json, manager: str) -> list[Json]:
    """The JSON Patch that gives the client-side fields of an object to ``manager``; empty when there are none.

    It names the version of the object: when somebody changes the object meanwhile, the server refuses it.
    """
    managers = client_side_managers(body)
    if not managers:
        return []
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": migrated(_entries(body), managers, manager)},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": body["metadata"].get("resourceVersion", "")},
    ]


def without_dropped(wanted: Json, live: Json, manager: str) -> Json:
    """What a dry run answered (``wanted``), without the client-side fields that the manifest does not have any more.

    A dry run cannot show this: it sees the record of fields as it is before the migration.
    """
    managers = client_side_managers(live)
    dropped: Json = {}
    kept: Json = {}
    for entry in _entries(live):
        if entry.get("manager") in managers and _is_update(entry):
            dropped = merged(dropped, entry.get("fieldsV1") or {})
        elif not _is_own(entry, manager):
            kept = merged(kept, entry.get("fieldsV1") or {})
    for entry in _entries(wanted):
        if _is_own(entry, manager):
            kept = merged(kept, entry.get("fieldsV1") or {})
    result = copy.deepcopy(wanted)
    _remove(result, _written(dropped, _last_applied(live)), kept)
    return result


def _last_applied(live: Json) -> t.Any:
    """What the user wrote, as kubectl keeps it beside the object; None when that cannot be read."""
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    try:
        return json.loads(annotations.get(LAST_APPLIED, ""))
    except ValueError:
        return None


def _written(fields: Json, applied: t.Any) -> Json:
    """Those of the recorded fields that the user wrote: the others are defaults, which the server fills in again."""
    if applied is None:
        return fields
    found: Json = {}
    for key, inner in fields.items():
        place = _place(applied, key)
        if key == ".":
            found[key] = inner
        elif place is not None:
            deeper = _written(inner, applied[place])
            if deeper or not inner:
                found[key] = deeper
    return found


def _remove(value: t.Any, dropped: Json, kept: Json) -> None:
    """Remove the dropped fields that nobody keeps from a mapping or a list."""
    for key, inner in dropped.items():
        place = _place(value, key)
        if key == "." or place is None:
            continue
        if key in kept:
            _remove(value[place], inner, kept[key])
        elif set(inner) <= {"."} or "." in inner:
            del value[place]
        else:
            _remove(value[place], inner, {})


def _place(value: t.Any, key: str) -> t.Any:
    """Where a field of the record stands in a mapping or list; None when it is not there."""
    mark, _colon, name = key.partition(":")
    if isinstance(value, dict) and mark == "f":
        return name if name in value else None
    if isinstance(value, list) and mark in ("k", "v"):
        wanted = json.loads(name)
        for index, item in enumerate(value):
            if item == wanted if mark == "v" else _named(item, wanted):
                return index
    return None


def _named(item: t.Any, names: Json) -> bool:
    # The server fills some keys in, such as the protocol of a port: they are in the record, not always in the object.
    return isinstance(item, dict) and all(item.get(name, value) == value for name, value in names.items())
