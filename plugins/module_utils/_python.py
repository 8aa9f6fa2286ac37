# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions a module needs. This module util is private to the collection fortytwo.ft_services.

A module asks for its Python before it imports anything else: what comes then may not even compile on an older one. So
nothing here may be newer than Python 3.8.
"""

from __future__ import annotations

import json
import sys

PYTHON_311 = (3, 11)
PYTHON_39 = (3, 9)


def require_python(wanted: tuple[int, int] = PYTHON_311) -> None:
    """End the module with one sentence when the target's Python is older."""
    if sys.version_info[:2] >= wanted:
        return
    found, least = (".".join(str(number) for number in version[:2]) for version in (sys.version_info, wanted))
    message = (
        f"This module needs Python {least} or newer on the target; {sys.executable} is {found}. "
        "Install a newer one there and name it in ansible_python_interpreter."
    )
    sys.stdout.write(json.dumps({"failed": True, "msg": message}) + "\n")
    raise SystemExit(1)


def too_old(package: str, found: str, wanted: tuple[int, ...]) -> str:
    """Why a package cannot be used: it is older than ``wanted``; empty when it is not, or does not tell."""
    numbers = []
    for part in found.split("."):
        digits = "".join(letter for letter in part if letter.isdigit())
        if not digits:
            break
        numbers.append(int(digits))
    if not numbers or tuple(numbers) >= wanted:
        return ""
    least = ".".join(str(number) for number in wanted)
    return (
        f"The Python package {package} {found} of {sys.executable} is too old: {least} or newer is needed. "
        f"Install it there: {sys.executable} -m pip install '{package}>={least}'."
    )
