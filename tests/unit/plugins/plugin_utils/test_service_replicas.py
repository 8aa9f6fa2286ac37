# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many pods a service runs: what is refused, and why."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _service_replicas, _services

ROWS = [
    {"name": "web", "kind": "deployment"},
    {"name": "store", "kind": "deployment", "storage": {"size": "1Gi", "path": "/data"}},
    {"name": "meter", "kind": "deployment", "single": "it would count twice"},
    {"name": "nightly", "kind": "job"},
    {"name": "away", "kind": "external"},
]


@pytest.mark.parametrize("replicas", [{}, {"web": 1}, {"web": 20}, {"store": 1, "meter": 1}])
def test_what_can_run_is_taken(replicas):
    _service_replicas.check(replicas, ROWS)


@pytest.mark.parametrize(
    ("replicas", "words"),
    [
        ([2], "services_replicas must be a mapping"),
        ({"wbe": 2}, "services_replicas.wbe: there is no such service that is on; there are away, meter, nightly, s"),
        ({"web": 0}, "services_replicas.web: must be a number from 1 to 20"),
        ({"web": "2"}, "services_replicas.web: must be a number"),
        ({"web": True}, "services_replicas.web: must be a number"),
        ({"web": 2000}, "services_replicas.web: must be a number from 1 to 20"),
        ({"store": 2}, "services_replicas.store: it runs in one pod only: its volume can be written by one pod"),
        ({"meter": 2}, "services_replicas.meter: it runs in one pod only: it would count twice"),
        ({"nightly": 2}, "services_replicas.nightly: it runs by a schedule"),
        ({"away": 2}, "services_replicas.away: it is outside of the cluster"),
        ({"store": 2, "web": 0}, "services_replicas.store: .*; services_replicas.web: must be a number"),
    ],
)
def test_what_cannot_is_refused_with_the_reason(replicas, words):
    with pytest.raises(_services.ServicesError, match=words):
        _service_replicas.check(replicas, ROWS)


def test_deployments_know_their_number():
    rows = _service_replicas.with_replicas(ROWS, {"web": 3})
    assert [row.get("replicas") for row in rows] == [3, 1, 1, None, None]
