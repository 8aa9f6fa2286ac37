# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells without the API server that applying an object again would change nothing.

The server keeps a record of what each field manager applied. Where that record names exactly the wanted fields, and
each has its wanted value, a server-side apply has nothing to do. Whatever is not plain to see (a quantity written in
another way, a list key that the server filled in) counts as a change: then a dry run in the server decides.
This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.diff import owned_fields
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json


def is_noop(live: Json | None, body: Json, manager: str) -> bool:
    """True when the manager applied exactly this body before and every field of it still has its value."""
    records = owned_fields(live, manager)
    if live is None or len(records) != 1 or records[0][0] != body.get("apiVersion"):
        return False
    wanted = {key: value for key, value in body.items() if key not in ("apiVersion", "kind", "metadata")}
    metadata = {key: value for key, value in body["metadata"].items() if key not in ("name", "namespace")}
    if metadata:
        wanted["metadata"] = metadata
    return _same(records[0][1] or {}, wanted, live)


def _same(fields: Json, wanted: t.Any, live: t.Any) -> bool:
    """Compare one level: the record of what was applied, what is wanted, and what is there."""
    inner = {key: value for key, value in fields.items() if key != "."}
    if not inner:
        # The record goes no deeper: the value belongs together and counts as a whole.
        return bool(wanted == live)
    if all(key.startswith("f:") for key in inner):
        return (
            isinstance(wanted, dict)
            and isinstance(live, dict)
            and {f"f:{name}" for name in wanted} == set(inner)
            and all(_same_field(inner[f"f:{name}"], value, name, live) for name, value in wanted.items())
        )
    if all(key.startswith("k:") for key in inner):
        return isinstance(wanted, list) and isinstance(live, list) and _same_items(inner, wanted, live)
    return False


def _same_field(fields: Json, wanted: t.Any, name: str, live: Json) -> bool:
    """Compare a field. The server leaves out a number that is 0, as of a Service's port on the nodes."""
    if name not in live:
        # False is a value of its own.
        return isinstance(wanted, int) and not isinstance(wanted, bool) and wanted == 0
    return _same(fields, wanted, live[name])


def _same_items(inner: Json, wanted: list[t.Any], live: list[t.Any]) -> bool:
    """Compare a list whose elements are told apart by the values of some of their fields."""
    if len(wanted) != len(inner):
        return False
    order = []
    for key, fields in inner.items():
        names = json.loads(key[2:])
        mine = [index for index, item in enumerate(wanted) if _named(item, names)]
        theirs = [index for index, item in enumerate(live) if _named(item, names)]
        if len(mine) != 1 or len(theirs) != 1 or not _same(fields, wanted[mine[0]], live[theirs[0]]):
            return False
        order.append((mine[0], theirs[0]))
    # Applying would also restore the order of the elements.
    places = [place for _mine, place in sorted(order)]
    return places == sorted(places)


def _named(item: t.Any, names: Json) -> bool:
    return isinstance(item, dict) and all(item.get(name) == value for name, value in names.items())
