# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of Kubernetes."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import versions


def test_versions_outside_of_the_range_are_refused():
    known = ["v1.35.1", "v1.34.4", "v1.28.0", "v1.35.0-rc.1", "nonsense"]
    for inside in ("v1.28.0", "v1.34.9", "v1.35.1", "v1.35.0-alpha.1"):
        assert versions.problem(inside, known) is None
    for outside in ("v1.27.16", "v1.28.0-rc.1", "v1.35.2", "v2.0.0"):
        assert "from 1.28.0 to 1.35.1" in versions.problem(outside, known)
    assert versions.problem("v1.99.0", []) is None


@pytest.mark.parametrize(
    ("current", "asked", "can"),
    [
        ("v1.34.3", "v1.34.4", True),
        ("v1.34.3", "v1.35.0", True),
        ("v1.35.0-rc.1", "v1.35.0", True),
        ("v1.34.4", "v1.34.4", False),
        ("v1.34.4", "v1.34.3", False),
        ("v1.34.4", "v1.33.9", False),
        ("v1.33.9", "v1.35.0", False),
        ("v1.34.4", "v2.0.0", False),
        ("", "v1.34.4", False),
        (None, "v1.34.4", False),
        ("v1.34.4", None, False),
    ],
)
def test_a_cluster_goes_to_a_newer_patch_or_to_the_next_minor_version(current, asked, can):
    assert versions.can_follow(current, asked) is can
