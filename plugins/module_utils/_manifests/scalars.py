# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scalar of a manifest means: the rules of kubectl, which are neither those of YAML 1.1 nor those of YAML 1.2.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.

kubectl reads YAML by a library that knows yes and no, octal numbers with and without the letter o, and underscores, but
neither base 60 nor the value `=`. It then writes JSON and reads that: a whole float becomes an integer, and an integer
that needs more than 64 bits a float. tests/integration/test_documents.py compares both readings.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import math
import re
import struct
import typing as t
from decimal import Decimal

_PREFIX = "tag:yaml.org,2002:"
STR, BOOL, INT, FLOAT, NULL, TIMESTAMP, BINARY, MERGE = (
    _PREFIX + name for name in ("str", "bool", "int", "float", "null", "timestamp", "binary", "merge")
)
_WORDS: dict[str, tuple[str, t.Any]] = {
    **{
        form: (BOOL, value)
        for words, value in ((("y", "yes", "true", "on"), True), (("n", "no", "false", "off"), False))
        for word in words
        for form in (word, word.capitalize(), word.upper())
    },
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), (NULL, None)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (FLOAT, math.nan)),
    **{sign + form: (FLOAT, math.inf) for sign in ("", "+") for form in (".inf", ".Inf", ".INF")},
    **{"-" + form: (FLOAT, -math.inf) for form in (".inf", ".Inf", ".INF")},
    "<<": (MERGE, "<<"),
}
_DECIDED_BY_FIRST = frozenset("+-0123456789.yYnNtTfFoO~")
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_POINT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2}))"
    r"|(?: ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?))?",
    re.ASCII,
)
_SMALLEST, _LARGEST, _LARGEST_UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1


class ScalarError(ValueError):
    """A scalar that has no meaning in a manifest. The message does not quote it, as it may be a secret."""


def _integer(text: str) -> int | None:
    """A whole number of at most 64 bits, in any of the forms that Go's parser takes; None for anything else."""
    if not _INTEGER.fullmatch(text):
        return None
    digits = text.lstrip("+-").lower()
    base = {"0x": 16, "0b": 2, "0o": 8}.get(digits[:2])
    octal = len(digits) > 1 and digits[0] == "0"
    value = int(digits[2:], base) if base else int(digits, 8 if octal else 10)
    value = -value if text[0] == "-" else value
    largest = _LARGEST if text[0] in "+-" else _LARGEST_UNSIGNED
    return value if _SMALLEST <= value <= largest else None


def _float(text: str) -> float | None:
    """A finite number; None for what is too large, as that stays a text."""
    value = float(text)
    return value if math.isfinite(value) else None


def _guess(text: str) -> tuple[str, t.Any]:
    """Tag and value of a plain scalar."""
    if text and text[0] not in _DECIDED_BY_FIRST:
        return STR, text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] == ".":
        number = _float(text) if _POINT_FLOAT.fullmatch(text) else None
        return (STR, text) if number is None else (FLOAT, number)
    if text[0] in "+-0123456789":
        bare = text.replace("_", "")
        whole = _integer(bare)
        if whole is not None:
            return INT, whole
        number = _float(bare) if _FLOAT.fullmatch(bare) else None
        if number is not None:
            return FLOAT, number
    return STR, text


def _is_timestamp(text: str) -> bool:
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        return False
    numbers = [int(part) for part in found.groups() if part is not None]
    try:
        datetime.datetime(*numbers)  # type: ignore[arg-type]
    except ValueError:
        return False
    return True


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode()
    except binascii.Error:
        raise ScalarError("a value with the tag !!binary is not valid base64") from None
    except UnicodeDecodeError:
        # kubectl would replace what is not text, and so apply something else than what was written.
        raise ScalarError(
            "a value with the tag !!binary is not text, which JSON cannot hold; leave out the tag to keep the base64"
        ) from None


def scalar(tag: str | None, text: str, plain: bool) -> t.Any:
    """The value of a scalar; ``plain``: it stands without quotes. Raises ScalarError.

    A number is still as it was written: as a value it goes through number_or_same, as a key through key_text.
    """
    if tag is None:
        return _guess(text)[1] if plain else text
    if tag in (STR, BINARY):
        return text if tag == STR else _binary(text)
    if tag not in (BOOL, INT, FLOAT, NULL, TIMESTAMP):
        return text
    found, value = _guess(text)
    if tag == TIMESTAMP and _is_timestamp(text):
        return text
    if found == INT and tag == FLOAT and value <= _LARGEST:
        found, value = FLOAT, float(value)
    if found != tag:
        raise ScalarError(f"a value does not fit its tag !!{tag.removeprefix(_PREFIX)}")
    return value


def number_or_same(value: t.Any) -> t.Any:
    """A number as kubectl hands it on through JSON; any other value as it is. Raises ScalarError for no number."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if _SMALLEST <= value <= _LARGEST:
            return value
        try:
            value = float(value)
        except OverflowError:
            raise ScalarError("a number is too large") from None
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise ScalarError("JSON, and so Kubernetes, has no infinite number and no NaN; put the value in quotes")
    # From this size on JSON is written with an exponent.
    if value.is_integer() and abs(value) < 1e21:
        return int(Decimal(repr(value)))
    return value


def key_text(key: t.Any) -> str:
    """A key of a mapping as text, as JSON has no other. Raises ScalarError for what cannot be a key."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int) and _SMALLEST <= key <= _LARGEST:
        return str(key)
    if isinstance(key, float):
        return _short_float(key)
    kind = "null" if key is None else "a number that is too large" if isinstance(key, int) else "a list or a mapping"
    raise ScalarError(f"a key is {kind}; put it in quotes")


def _short_float(value: float) -> str:
    """A float as kubectl writes it as a key: the fewest digits that a float of 32 bits needs."""
    try:
        wanted = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        wanted = math.copysign(math.inf, value)
    if not math.isfinite(wanted):
        return ".nan" if math.isnan(wanted) else ".inf" if wanted > 0 else "-.inf"
    for digits in range(9):
        text = f"{wanted:.{digits}e}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == wanted:
            break
    mantissa, exponent = text.split("e")
    power = int(exponent)
    if -4 <= power < 6:
        return f"{float(text):.{max(0, len(mantissa.lstrip('-').replace('.', '')) - 1 - power)}f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
