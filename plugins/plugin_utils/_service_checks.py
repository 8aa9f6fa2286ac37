# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What services say of their verification, in the files ``checks.yml`` of their folders. Private to this collection."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _services

CHECKS_FILE = "checks.yml"
ACTIONS = ("delete_pod", "redeploy", "restart_cluster")
# Lists of the file, and what an entry of each must have and may have; None where a module knows better.
PARTS: dict[str, tuple[dict[str, t.Any], dict[str, t.Any] | None]] = {
    "requirements": ({"id": _services.word, "title": _services.word}, {"requires": None, "reason": None}),
    "checks": ({"id": _services.word, "title": _services.word, "kind": _services.word}, None),
    "faults": (
        {"id": _services.word},
        {"process": None, "title": None, "proves": None, "action": _services.one_of(*ACTIONS)},
    ),
}
# Kinds of checks that speak TLS and so need the certificate of the CA.
TLS_KINDS = ("tls", "ftps", "phpmyadmin", "dashboards")

Entry = dict[str, t.Any]


def check_file(content: object, file: pathlib.Path) -> dict[str, list[Entry]]:
    """Return the lists of a file, or raise ServicesError with its name and all that is wrong."""
    if not isinstance(content, dict):
        raise _services.ServicesError(f"{file}: it must be a mapping with some of {', '.join(PARTS)}.")
    found = [f"{key} is not a key of this file; there are {', '.join(PARTS)}" for key in content if key not in PARTS]
    for part, (required, optional) in PARTS.items():
        entries = content.get(part, [])
        if not isinstance(entries, list):
            found.append(f"{part} must be a list")
            continue
        for number, entry in enumerate(entries):
            known = dict.fromkeys(entry) if optional is None and isinstance(entry, dict) else optional
            found += _services.problems(entry, _services.Keys(required, known or {}), f"{part}.{number}")
    if found:
        raise _services.ServicesError(f"{file}: {'; '.join(found)}.")
    return {part: content.get(part, []) for part in PARTS}


def collect(
    files: t.Mapping[str, t.Mapping[str, list[Entry]]],
    defaults: t.Mapping[str, Entry],
    requirements: t.Sequence[Entry] = (),
    fault_reason: str = "",
    credentials: t.Collection[str] | None = None,
    cluster_rights: bool = True,
) -> dict[str, list[Entry]]:
    """Requirements, checks and faults of all services that are on.

    ``files`` has the lists of each service by its name; ``defaults`` options of checks by their kind, ``exec``, ``tls``
    (for each kind that needs the CA) and ``credential`` (for each that logs in). ``requirements`` are of no single
    service. A requirement that only a fault can show has ``fault_reason`` as the reason why it was not tried.
    ``credentials``: those that the platform holds; a check that needs another one is left out. None: all are held.
    Without ``cluster_rights``, checks with that key are left out.
    """
    checks, faults, rows = [], [], [dict(entry) for entry in requirements]
    for service, parts in files.items():
        for entry in parts["checks"]:
            held_here = credentials is None or entry.get("credential", "") in {"", *credentials}
            allowed = cluster_rights or not entry.get("cluster_rights")
            if held_here and allowed and all(name in files for name in entry.get("requires") or []):
                options = without(without(entry, "requires"), "cluster_rights")
                checks.append({**default_options(entry, service, defaults), **options, "service": service})
        faults += [{**entry, "service": service} for entry in parts["faults"]]
        for entry in parts["requirements"]:
            rows.append({**without(entry, "requires"), "services": [service, *(entry.get("requires") or [])]})
    broken = {name for fault in faults for name in [fault["id"], *(fault.get("proves") or [])]}
    for row in rows:
        if row["id"] in broken and fault_reason:
            row.setdefault("reason", fault_reason)
    areas = list(dict.fromkeys(area(row) for row in rows))
    rows.sort(key=lambda row: (areas.index(area(row)), row["id"]))
    return {"requirements": rows, "checks": checks, "faults": faults}


def held(rows: t.Iterable[Entry]) -> set[str]:
    """Names of the credentials that the platform holds; accounts in a Secret of the user's are not among them."""
    return {each["name"] for row in rows for each in row.get("credentials") or []}


def area(row: Entry) -> str:
    """``NGX`` of ``NGX-01``."""
    return str(row["id"]).partition("-")[0]


def without(entry: Entry, key: str) -> Entry:
    """The entry without one of its keys."""
    return {name: value for name, value in entry.items() if name != key}


def default_options(entry: Entry, service: str, defaults: t.Mapping[str, Entry]) -> Entry:
    """What a check of this kind need not say itself."""
    options: Entry = {}
    if entry["kind"] == "exec":
        options.update(defaults.get("exec") or {}, workload=f"deploy/{service}")
    if entry["kind"] in TLS_KINDS or str(entry.get("url", "")).startswith("https:"):
        options.update(defaults.get("tls") or {})
    if "credential" in entry:
        options.update(defaults.get("credential") or {})
    return options
