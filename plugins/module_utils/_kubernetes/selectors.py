# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors, answered without an API server. This module util is private to the collection fortytwo.ft_services.

They are those of kubectl: ``a``, ``!a``, ``a=b``, ``a==b``, ``a!=b``, ``a in (b, c)``, ``a notin (b, c)``, several with
commas between them.
"""

from __future__ import annotations

import re
import typing as t

_PREFIX = r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?"
_KEY = rf"{_PREFIX}[A-Za-z0-9](?:[A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
_CONDITION = re.compile(
    rf"\s*(?:(?P<no>!)\s*)?(?P<key>{_KEY})"
    rf"(?:\s*(?P<equal>==|=|!=)\s*(?P<value>{_VALUE})"
    rf"|\s+(?P<word>in|notin)\s*\((?P<values>\s*{_VALUE}\s*(?:,\s*{_VALUE}\s*)*)\))?\s*"
)


class SelectorError(Exception):
    """A text that is no label selector."""


class Condition(t.NamedTuple):
    """What one label has to be; ``values`` None: it has only to be there, or with ``wanted`` False not to be there."""

    key: str
    values: frozenset[str] | None
    wanted: bool

    def holds(self, labels: t.Mapping[str, str]) -> bool:
        """True for labels that fulfil it. A label that is not there has no unwanted value."""
        if self.values is None:
            return (self.key in labels) is self.wanted
        return (labels.get(self.key) in self.values) is self.wanted


def conditions(selectors: t.Iterable[str]) -> list[Condition]:
    """The conditions in some selectors, all of which have to hold. Raises SelectorError."""
    found: list[Condition] = []
    for selector in selectors:
        at = 0
        while True:
            part = _CONDITION.match(selector, at)
            if part is None or (part["no"] and (part["equal"] or part["word"])):
                raise SelectorError(
                    f"{selector!r} is not a label selector: it looks like a=b, a!=b, a in (b, c), a notin (b, c), "
                    "a or !a, several with commas between them"
                )
            found.append(_condition(part))
            at = part.end()
            if at == len(selector):
                break
            if selector[at] != ",":
                raise SelectorError(f"{selector!r} is not a label selector: {selector[at:]!r} is too much")
            at += 1
    return found


def _condition(part: re.Match[str]) -> Condition:
    if part["equal"]:
        return Condition(part["key"], frozenset([part["value"]]), part["equal"] != "!=")
    if part["word"]:
        values = frozenset(each.strip() for each in part["values"].split(","))
        return Condition(part["key"], values, part["word"] == "in")
    return Condition(part["key"], None, not part["no"])


def matches(wanted: t.Iterable[Condition], labels: t.Mapping[str, str] | None) -> bool:
    """True when the labels of an object fulfil all conditions."""
    return all(condition.holds(labels or {}) for condition in wanted)
