# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on each requirement. This plugin util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import re
import typing as t
from xml.etree import ElementTree

from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

VERDICTS = ("passed", "failed", "skipped")
# What people read; "skipped" is the word of JUnit.
WORDS = {"passed": "passed", "failed": "failed", "skipped": "not tried"}
# XML has no way to write these.
UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def requirement(result: Json) -> str:
    """The requirement that a result belongs to: ``NGX-01`` of ``NGX-01/any-path``."""
    return str(result["id"]).partition("/")[0]


def verification_report(
    results: t.Sequence[Json],
    requirements: t.Sequence[Json],
    table: t.Sequence[Json],
    platform: Json,
    previous: Json | None = None,
) -> dict[str, t.Any]:
    """Every requirement with its verdict, reason and checks; those that nobody listed come last.

    A requirement is passed only when something was tried for all services that it needs. ``table`` may also have the
    rows of servers outside of the cluster: what is about one of them is not tried, and the reason says where it is.
    ``previous`` is the report of the run before, if there was one; what has another verdict is listed in ``changes``.
    """
    outside = {row["name"]: row["external"]["host"] for row in table if row.get("kind") == "external"}
    services = {service["name"] for service in table} - set(outside)
    by_requirement: dict[str, list[Json]] = {}
    for result in results:
        by_requirement.setdefault(requirement(result), []).append(result)
    rows = []
    for entry in requirements:
        absent = [name for name in entry.get("services") or [] if name not in services]
        rows.append(judged(entry, by_requirement.pop(entry["id"], []), why_absent(absent, outside)))
    rows += [judged({"id": name, "title": found[0]["title"]}, found, "") for name, found in by_requirement.items()]
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}
    return {
        **platform,
        "counts": counts,
        "checks": len(results),
        "rows": rows,
        "before": (previous or {}).get("at"),
        "changes": changes(rows, (previous or {}).get("rows") or []),
    }


def changes(rows: t.Sequence[Json], before: t.Sequence[Json]) -> list[dict[str, t.Any]]:
    """Requirements whose verdict is not that of the run before: ``id``, ``title``, ``was`` and ``now``.

    Those that failed come first. ``was`` is None for one that is new, ``now`` for one that is gone. Without a run
    before nothing has changed.
    """
    old = {row["id"]: row for row in before}
    new = {row["id"]: row for row in rows}
    found = []
    for name in dict.fromkeys([*new, *old]) if old else ():
        was, now = (where[name]["verdict"] if name in where else None for where in (old, new))
        if was != now:
            found.append({"id": name, "title": (new.get(name) or old[name])["title"], "was": was, "now": now})
    return sorted(found, key=lambda each: each["now"] != "failed")


def why_absent(absent: t.Sequence[str], outside: t.Mapping[str, str]) -> str:
    """Why services cannot be looked at: they are not there, or a server outside of the cluster has their place."""
    missing = [name for name in absent if name not in outside]
    if missing or not absent:
        return f"not installed: {', '.join(missing)}" if missing else ""
    return f"outside of the cluster: {', '.join(f'{name}, which is {outside[name]}' for name in absent)}"


def judged(entry: Json, checks: t.Sequence[Json], absent: str) -> dict[str, t.Any]:
    """One requirement with its verdict. ``absent``: why a service that it needs is not there."""
    verdict, reason = "passed", ""
    if any(not check["ok"] for check in checks):
        verdict = "failed"
    elif absent:
        verdict, reason = "skipped", absent
    elif not checks:
        verdict, reason = "skipped", entry.get("reason") or "no check for it yet"
    return {
        "id": entry["id"],
        "area": str(entry["id"]).partition("-")[0],
        "title": entry["title"],
        "verdict": verdict,
        "reason": reason,
        "checks": list(checks),
    }


def failures(report: Json) -> list[Json]:
    """The checks that failed."""
    return [check for row in report["rows"] for check in row["checks"] if not check["ok"]]


def table_lines(report: Json) -> list[str]:
    """One line for each requirement, with what was seen or why nothing was tried."""
    width = max((len(row["id"]) for row in report["rows"]), default=0)
    lines = []
    for row in report["rows"]:
        shown = [check for check in row["checks"] if check["ok"] == (row["verdict"] != "failed")]
        seen = row["reason"] or (shown[0]["measured"] if shown else "")
        more = f" (and {len(shown) - 1} more)" if len(shown) > 1 and not row["reason"] else ""
        lines.append(f"{row['id']:<{width}}  {WORDS[row['verdict']]:<9}  {row['title']}: {seen}{more}")
    return lines


def check_lines(report: Json) -> list[str]:
    """Numbers, then every failure with what to do, then what was not tried, by reason."""
    counts = report["counts"]
    lines = [
        f"{counts['passed']} requirements passed, {counts['failed']} failed, {counts['skipped']} not tried;"
        f" {report['checks']} checks"
    ]
    lines += [f"failed: {check['id']} {check['title']}: {check['message']}" for check in failures(report)]
    reasons: dict[str, list[str]] = {}
    for row in report["rows"]:
        if row["verdict"] == "skipped":
            reasons.setdefault(row["reason"], []).append(row["id"])
    return lines + [f"not tried: {', '.join(ids)} ({reason})" for reason, ids in reasons.items()]


def verification_junit(report: Json) -> str:
    """The report as JUnit XML: a test suite for each area, a test case for each requirement."""
    seconds = {row["id"]: sum(check["seconds"] for check in row["checks"]) for row in report["rows"]}
    root = ElementTree.Element("testsuites", {"name": clean(report["platform"]), **numbers(report["rows"], seconds)})
    for area in dict.fromkeys(row["area"] for row in report["rows"]):
        rows = [row for row in report["rows"] if row["area"] == area]
        about = {"name": area, "timestamp": report["at"].removesuffix("Z")}
        suite = ElementTree.SubElement(root, "testsuite", {**about, **numbers(rows, seconds)})
        properties = ElementTree.SubElement(suite, "properties")
        for name in ("platform", "address", "namespace"):
            ElementTree.SubElement(properties, "property", name=name, value=clean(report[name]))
        for row in rows:
            suite.append(test_case(row, seconds[row["id"]]))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def numbers(rows: t.Sequence[Json], seconds: t.Mapping[str, float]) -> dict[str, str]:
    """The attributes that sum up some test cases."""
    verdicts = [row["verdict"] for row in rows]
    return {
        "tests": str(len(rows)),
        "failures": str(verdicts.count("failed")),
        "errors": "0",
        "skipped": str(verdicts.count("skipped")),
        "time": f"{sum(seconds[row['id']] for row in rows):.3f}",
    }


def test_case(row: Json, seconds: float) -> ElementTree.Element:
    """One requirement."""
    case = ElementTree.Element(
        "testcase", classname=row["area"], name=clean(f"{row['id']} {row['title']}"), time=f"{seconds:.3f}"
    )
    if row["verdict"] == "skipped":
        ElementTree.SubElement(case, "skipped", message=clean(row["reason"]))
    wrong = [check for check in row["checks"] if not check["ok"]]
    if wrong:
        failure = ElementTree.SubElement(case, "failure", type="requirement", message=clean(wrong[0]["message"]))
        failure.text = clean("\n".join(f"{check['id']} {check['title']}: {check['message']}" for check in wrong))
    if row["checks"]:
        lines = [f"{check['id']}: {'ok' if check['ok'] else 'failed'}: {check['measured']}" for check in row["checks"]]
        ElementTree.SubElement(case, "system-out").text = clean("\n".join(lines))
    return case


def clean(text: t.Any) -> str:
    """The text without what XML cannot hold."""
    return UNPRINTABLE.sub("\ufffd", str(text))
