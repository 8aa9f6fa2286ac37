# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long things last, how old they are, and how much room is left.

This plugin util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import typing as t
from datetime import date

from ansible.errors import AnsibleFilterError

from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

# ok, or how urgent it is.
LEVELS = OK, YELLOW, RED = "ok", "yellow", "red"
# Of a disk: which share of it has to be free, and how many bytes are enough however large it is.
ROOM = {YELLOW: (0.15, 20 * 10**9), RED: (0.08, 8 * 10**9)}


def ages(things: t.Sequence[Json], today: str) -> list[dict[str, t.Any]]:
    """Judge things that end on a day (``until``), or were made on one (``made``); days are texts: 2027-12-25.

    Something that ends is yellow with less than ``yellow`` days left, and red with less than ``red``. Something that
    was made is yellow when it is older than ``yellow`` days. A disk (``room``) is yellow with less than 15 % and 20 GB
    free, red with less than 8 % and 8 GB, and so for the files that it takes. ``advice`` says what to do then. A day
    that is not known is yellow too.
    """
    now = _day(today)
    found = []
    for thing in things:
        text, level, days = "", OK, None
        if thing.get("until"):
            days = (_day(thing["until"]) - now).days
            level = RED if days < thing["red"] else YELLOW if days < thing["yellow"] else OK
            text = f"until {thing['until']}, {days} days" if days >= 0 else f"ended on {thing['until']}"
        elif thing.get("made"):
            days = (now - _day(thing["made"])).days
            level = YELLOW if days > thing["yellow"] else OK
            text = f"of {thing['made']}, {days} days old"
        elif thing.get("room"):
            level, text = _room(thing["room"])
        else:
            level, text = YELLOW, "not known"
        if level != OK:
            text += f": {thing['advice']}"
        found.append({"name": thing["name"], "level": level, "days": days, "text": text})
    return found


def _room(disk: Json) -> tuple[str, str]:
    """Level and text of a file system, as the module room_info tells of it."""
    free, files = disk["free"] / disk["size"] if disk["size"] else 1, None
    text = f"{disk['free'] / 1e9:.0f} of {disk['size'] / 1e9:.0f} GB are free ({free:.0%})"
    if disk.get("inodes"):
        files = disk["inodes_free"] / disk["inodes"]
        text += f", room for {files:.0%} of its files"
    for level in (RED, YELLOW):
        share, enough = ROOM[level]
        if (free < share and disk["free"] < enough) or (files is not None and files < share):
            return level, text
    return OK, text


def age_lines(found: t.Sequence[Json]) -> list[str]:
    """One line for each, beginning with its level when that is not ok."""
    return [
        f"{'' if entry['level'] == OK else entry['level'] + ': '}{entry['name']}: {entry['text']}" for entry in found
    ]


def age_rows(found: t.Sequence[Json], name: str, title: str) -> list[dict[str, t.Any]]:
    """The same as results of checks, in the shape of the module service_check: red ones failed.

    The worst comes first, as that is what a report of one line shows.
    """
    return [
        {
            "id": f"{name}/{number}",
            "title": f"{title}: {entry['name']}",
            "kind": "age",
            "ok": entry["level"] != RED,
            "measured": age_lines([entry])[0],
            "expected": "not red",
            "message": age_lines([entry])[0] if entry["level"] == RED else "",
            "seconds": 0.0,
            "attempts": 1,
        }
        for number, entry in sorted(enumerate(found, 1), key=lambda pair: -LEVELS.index(pair[1]["level"]))
    ]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError as error:
        raise AnsibleFilterError(f"{text!r} is no day: write it as 2027-12-25") from error
