# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "1"),
        ("${A}b", "1b"),
        ("$A.b-$A", "1.b-1"),
        ("${B:-x.y}", "x.y"),
        ("${B-x}", "x"),
        ("${E-x}", ""),
        ("${E:-x}", "x"),
        ("${A:-x}", "1"),
        ("${A:+set}", "set"),
        ("${B:+set}", ""),
        ("${E+set}", "set"),
        ("${A:?why}", "1"),
        ("${B:-${A}}", "1"),
        ('${B:-"x y"}', "x y"),
        ("\\$A", "$A"),
        ("a${B}c", "ac"),
        ("'$A'", "$A"),
        ('"$A"', "1"),
        ('"\\$A\\x"', "$A\\x"),
        ("$", "$"),
        ("$.", "$."),
        ("$1a", "a"),
        ("${V#v}", "1.2.3"),
        ("${V%.*}", "v1.2"),
        ("${V%%.*}", "v1"),
        ("${V##*.}", "3"),
        ("${V/./-}", "v1-2.3"),
        ("${V//./-}", "v1-2-3"),
    ],
)
def test_expand(text, expected):
    assert words.expand(text, {"A": "1", "E": "", "V": "v1.2.3"}) == expected


def test_the_escape_may_be_another():
    assert words.expand("`$A\\$A", {"A": "1"}, "`") == "$A\\1"


@pytest.mark.parametrize("text", ["${", "${}", "${A", "${:x}", "${A!x}", "${A:#x}", "'a", '"a', "${B:?no}", "${A/x}"])
def test_what_cannot_be_read(text):
    with pytest.raises(words.WordError):
        words.expand(text, {"A": "1"})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("'a b' \"c 'd\" e\\ f", ["'a b'", '"c \'d"', "e\\ f"]),
        ("x << EOF y", ["x", "<<EOF", "y"]),
        ("it's", []),
        ("", []),
    ],
)
def test_split_words(line, expected):
    assert words.split_words(line) == expected
