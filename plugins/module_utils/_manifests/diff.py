# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed in an object, without noise and without secrets.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import LAST_APPLIED, hide_values
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json
from ansible_collections.fortytwo.ft_services.plugins.module_utils._yaml import yaml

_NOISE = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def normalised(body: Json | None) -> Json:
    """The object without what the server writes by itself: status, bookkeeping, timestamps."""
    if not body:
        return {}
    result = {key: value for key, value in body.items() if key not in ("status", "metadata")}
    metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key not in _NOISE}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != LAST_APPLIED}
    if annotations:
        metadata["annotations"] = annotations
    else:
        metadata.pop("annotations", None)
    result["metadata"] = metadata
    return result


def owned_fields(body: Json | None, manager: str) -> list[tuple[str, t.Any]]:
    """What a field manager applied, as the server keeps the record: (apiVersion, fields)."""
    entries = ((body or {}).get("metadata") or {}).get("managedFields") or []
    return sorted(
        (
            (entry.get("apiVersion", ""), entry.get("fieldsV1"))
            for entry in entries
            if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
        ),
        key=lambda pair: pair[0],
    )


def applied_label(body: Json, label: str) -> bool:
    """True when some manager applied this label to the object; controllers that copy labels do not apply them."""
    for entry in (body.get("metadata") or {}).get("managedFields") or []:
        labels = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:labels") or {}
        if entry.get("operation") == "Apply" and f"f:{label}" in labels:
            return True
    return False


def field_paths(fields: t.Any, prefix: str = "") -> set[str]:
    """The fields in a fieldsV1 record in a readable form, such as spec.replicas."""
    if not isinstance(fields, dict):
        return set()
    found: set[str] = set()
    for key, inner in fields.items():
        if key == ".":
            continue
        mark, _colon, name = key.partition(":")
        path = f"{prefix}[{name}]" if mark in ("k", "v", "i") else f"{prefix}.{name}".lstrip(".")
        deeper = field_paths(inner, path)
        found |= deeper or {path}
    return found


def differs(live: Json | None, wanted: Json | None, manager: str) -> bool:
    """True when the object, or the list of fields this manager stands for, would change."""
    return normalised(live) != normalised(wanted) or owned_fields(live, manager) != owned_fields(wanted, manager)


def to_yaml(body: Json) -> str:
    """YAML text with sorted keys and readable multi-line strings; empty for no object."""
    if not body:
        return ""

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: t.Any) -> bool:
            return True

    def text(dumper: t.Any, value: str) -> t.Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return yaml.dump(body, Dumper=Dumper, sort_keys=True, default_flow_style=False, allow_unicode=True, width=4096)


def _responsibilities(body: Json | None, manager: str) -> set[str]:
    return {
        f"{path} (managed by {manager} in {version})\n"
        for version, fields in owned_fields(body, manager)
        for path in field_paths(fields)
    }


def difference(label: str, live: Json | None, wanted: Json | None, manager: str) -> dict[str, str]:
    """Before and after of one object in the form of Ansible's diff."""
    before, after = normalised(live), normalised(wanted)
    texts = (to_yaml(hide_values(before)), to_yaml(hide_values(after, before, mark_changes=True)))
    if before == after:
        # Nothing but the responsibility for some fields changes hands: say which.
        had, gets = _responsibilities(live, manager), _responsibilities(wanted, manager)
        texts = ("".join(sorted(had - gets)), "".join(sorted(gets - had)))
    return {"before_header": label, "after_header": label, "before": texts[0], "after": texts[1]}
