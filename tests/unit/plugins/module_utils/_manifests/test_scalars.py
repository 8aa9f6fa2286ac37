# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values here are those that kubectl gave (tests/integration/test_documents.py asks it)."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.scalars import (
    BINARY,
    BOOL,
    FLOAT,
    INT,
    NULL,
    STR,
    TIMESTAMP,
    ScalarError,
    key_text,
    number_or_same,
    scalar,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, True) for text in ("y", "Y", "yes", "On", "TRUE")],
        *[(text, False) for text in ("n", "NO", "off", "False")],
        *[(text, None) for text in ("", "~", "null", "NULL")],
        # YAML 1.1 makes values of their own of these.
        *[(text, text) for text in ("=", "<<", "1:20", "190:20:30.15", "2001-12-14", "12:30:45")],
        *[(text, text) for text in ("yEs", "nULL", "0x", "0o8", "1.2.3", "100m", "1e400", "._5", ".5_", "+", "-.nan")],
        ("017", 15),
        ("0o17", 15),
        ("08", 8),
        ("0x_1F", 31),
        ("-0b11", -3),
        ("1_000", 1000),
        ("1e3", 1000),
        ("1.0", 1),
        ("-0.0", 0),
        (".5_0", 0.5),
        ("1_0.5", 10.5),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", 9223372036854776000),
        ("18446744073709551615", 18446744073709552000),
        ("99999999999999999999999", 1e23),
        ("1e20", 10**20),
        ("1e21", 1e21),
        ("0.1", 0.1),
    ],
)
def test_plain_scalars(text, value):
    found = number_or_same(scalar(None, text, True))
    assert (found, type(found)) == (value, type(value))
    assert scalar(None, text, False) == text


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.INF", ".nan"])
def test_what_json_does_not_have_is_refused(text):
    with pytest.raises(ScalarError, match="quotes"):
        number_or_same(scalar(None, text, True))


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        (STR, "12", "12"),
        (STR, "yes", "yes"),
        (INT, "0o17", 15),
        (FLOAT, "1", 1),
        (FLOAT, "1.5", 1.5),
        (BOOL, "on", True),
        (NULL, "", None),
        (TIMESTAMP, "2001-12-14", "2001-12-14"),
        (BINARY, "aGk=", "hi"),
        ("!own", "12", "12"),
        ("tag:yaml.org,2002:value", "=", "="),
    ],
)
def test_tags(tag, text, value):
    assert number_or_same(scalar(tag, text, False)) == value


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (INT, "1.5"),
        (INT, "hunter22"),
        (BOOL, "1"),
        (NULL, "a"),
        (FLOAT, "18446744073709551615"),
        (TIMESTAMP, "2001-13-14"),
        (BINARY, "aGk"),
        (BINARY, "//8="),
    ],
)
def test_a_value_must_fit_its_tag(tag, text):
    with pytest.raises(ScalarError) as caught:
        scalar(tag, text, True)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (8080, "8080"),
        (0.1, "0.1"),
        (1e5, "100000"),
        (1e6, "1e+06"),
        (123456789.0, "1.2345679e+08"),
        (16777217.0, "1.6777216e+07"),
        (-1e-5, "-1e-05"),
        (0.0001, "0.0001"),
        (3.4e39, ".inf"),
        (5e-324, "0"),
        (float("nan"), ".nan"),
    ],
)
def test_keys_become_text(key, text):
    assert key_text(key) == text


@pytest.mark.parametrize("key", [None, 2**63, ["a"], {}])
def test_what_cannot_be_a_key(key):
    with pytest.raises(ScalarError, match="a key is"):
        key_text(key)
