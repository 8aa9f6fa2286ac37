# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program said, as it stands in an error. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

SHOWN = 500


def lines_of(text: str) -> list[str]:
    """The lines of a text that are not empty, without the space around them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def said_by(text: str) -> str:
    """The end of what a program said, on one line."""
    return "; ".join(lines_of(text)[-3:])[-SHOWN:] or "it said nothing"
