# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors, as the API server answers them."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.selectors import (
    SelectorError,
    conditions,
    matches,
)

LABELS = {"app": "web", "tier": "front", "example.test/part": "a.b_c-d", "empty": ""}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=web", True),
        ("app==web", True),
        ("app = web", True),
        ("app=db", False),
        ("app!=db", True),
        ("app!=web", False),
        ("other!=web", True),
        ("app", True),
        ("other", False),
        ("!other", True),
        ("! other", True),
        ("!app", False),
        ("app in (db, web)", True),
        ("app in (db)", False),
        ("other in (db)", False),
        ("app notin (db)", True),
        ("app notin (db,web)", False),
        ("other notin (db)", True),
        ("example.test/part=a.b_c-d", True),
        ("empty=", True),
        ("empty", True),
        ("other=", False),
        ("app in (,web)", True),
        ("app=web,tier=front", True),
        ("app=web,tier=back", False),
        ("app in (db, web), tier, !other", True),
        ("in in (a)", False),
        ("notin", False),
    ],
)
def test_answers(selector, expected):
    assert matches(conditions([selector]), LABELS) is expected


def test_all_selectors_have_to_hold_and_none_holds_always():
    assert matches(conditions(["app=web", "tier in (front)"]), LABELS)
    assert not matches(conditions(["app=web", "tier in (back)"]), LABELS)
    assert matches(conditions([]), None)
    assert not matches(conditions(["app"]), None)


@pytest.mark.parametrize(
    "selector",
    [
        *("", ",", "a=b,", "=b", "a=b=c", "a in", "a in b", "a in (b", "!a=b", "!a in (b)", "a b", "a=b c", "-a"),
        *("a=b-", "a,,b", "a" * 64, "a=" + "b" * 64, "a>1", "a/b/c=d", "A.b/c"),
    ],
)
def test_what_is_no_selector_is_refused_with_its_text(selector):
    with pytest.raises(SelectorError) as caught:
        conditions([selector])
    assert repr(selector) in str(caught.value)
