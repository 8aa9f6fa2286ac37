# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of the progress callback. This plugin util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import dataclasses
import json
import textwrap
import typing as t

INDENT = "    "
# As wide as what is read at the end of a run may be.
WIDTH = 100
# Names of changed tasks that are told; the list of tasks above has them all.
SHOWN = 8
LEAST_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Report:
    """What a module said last: ``number`` of ``total`` steps are done, and ``text``. ``at`` is in epoch seconds."""

    at: float
    number: int
    total: int | None
    text: str

    @property
    def said(self) -> tuple[int, str]:
        """What people would notice as new."""
        return self.number, self.text


def printable(text: str) -> str:
    """The text on one line, without control characters that could move a terminal's cursor."""
    return "".join(char if char.isprintable() else " " for char in text)


def newest_report(chunk: bytes) -> Report | None:
    """The last report in some complete lines of JSON; None when there is no sound one."""
    for line in reversed(chunk.splitlines()):
        try:
            entry = json.loads(line)
            total = entry.get("total")
            return Report(
                at=float(entry["at"]),
                number=int(entry.get("n") or 0),
                total=None if total is None else int(total),
                text=printable(str(entry.get("text") or "")).strip(),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            # Not one of our lines. Progress is a courtesy: look at the line before it.
            continue
    return None


def duration(seconds: float) -> str:
    """A time of so many seconds for people: ``8 s``, ``2 min 10 s``, ``1 h 0 min 5 s``."""
    whole = max(int(seconds), 0)
    hours, rest = divmod(whole, 3600)
    minutes, last = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min {last} s"
    if minutes:
        return f"{minutes} min {last} s"
    return f"{last} s"


def live_text(stage: str, name: str, report: Report | None, seconds: float, secret: bool = False) -> str:
    """One line about a task that has run for so many seconds. Of a ``no_log`` task only the count is shown."""
    parts: list[str] = []
    if report and report.total is not None:
        parts.append(f"{report.number} of {report.total}")
    if report and report.text and not secret:
        parts.append(report.text)
    if not parts:
        parts.append(name)
    parts.append(duration(seconds))
    return INDENT + (f"{stage}: " if stage else "") + ", ".join(parts)


def stage_table(stages: dict[str, float], failed: str = "") -> list[str]:
    """Lines with the name of each stage and its time, in the order in which they ran, and the sum.

    A role that only lent its settings took no time worth a line. The one that ``failed`` is marked.
    """
    shown = [(name, seconds) for name, seconds in stages.items() if seconds >= LEAST_SECONDS or name == failed]
    if not shown:
        return []
    rows = [*shown, ("total", sum(stages.values()))]
    width = max(len(name) for name, seconds in rows)
    return [
        f"{name:<{width}}  {_table_time(seconds):>14}" + ("  failed" if name == failed else "")
        for name, seconds in rows
    ]


def _table_time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else duration(seconds)


def summary_lines(summary: t.Any) -> list[str]:
    """Lines of a summary, which is a text, or a list of texts and of sections ``{title, lines}``."""
    if not summary:
        return []
    entries = summary if isinstance(summary, list) else [summary]
    lines: list[str] = []
    for entry in entries:
        if isinstance(entry, dict):
            if lines:
                lines.append("")
            lines.append(printable(str(entry.get("title", ""))))
            for line in entry.get("lines") or []:
                lines += wrapped(f"  {printable(str(line))}")
        else:
            for line in str(entry).splitlines() or [""]:
                lines += wrapped(printable(line))
    return lines


def wrapped(line: str) -> list[str]:
    """The line in pieces that fit, at spaces only: a path or an address is never cut."""
    if len(line) <= WIDTH:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    wrapper = textwrap.TextWrapper(
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.wrap(line.strip())


def change_lines(names: t.Sequence[str], undo: t.Sequence[str]) -> list[str]:
    """What a run has changed, by the names of its tasks, and how to undo it; nothing where nothing was changed."""
    if not names:
        return []
    told = list(dict.fromkeys(names))
    more = f", and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return [
        line
        for text in (f"Changed: {'; '.join(told[:SHOWN])}{more}", *(f"To undo it: {each}" for each in undo if each))
        for line in wrapped(printable(text))
    ]


def stage_line(name: str, seconds: float) -> str:
    """What stays on a terminal of a stage that is over."""
    return f"{INDENT}{name}: done in {_table_time(seconds)}"


def changes_and_failures(
    changed: t.Mapping[str, int], failures: t.Mapping[str, int], unreachable: t.Mapping[str, int]
) -> tuple[int, int]:
    """Number of changed and of failed tasks over all hosts. A host that was not reached is a failure."""
    return sum(changed.values()), sum(failures.values()) + sum(unreachable.values())


def essential(result: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """Of the result of a failure: the message, and of a command what it wrote. One without a message as it is."""
    if not result.get("msg"):
        return result
    return {
        key: result[key]
        for key in ("msg", "rc", "stdout", "stderr", "module_stdout", "module_stderr")
        if result.get(key) not in (None, "")
    }


def plain(result: t.Mapping[str, t.Any]) -> str | None:
    """A result that is nothing but a message, as lines; None where it is more, or data."""
    told = {key: content for key, content in result.items() if not key.startswith("_ansible_") and key != "changed"}
    if list(told) != ["msg"] or not isinstance(told["msg"], str):
        return None
    return "\n" + textwrap.indent(told["msg"].strip("\n"), INDENT)
