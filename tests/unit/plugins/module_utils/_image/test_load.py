# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import load
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import SavedImage


@pytest.mark.parametrize(
    ("known", "same"),
    [
        ({"Id": "sha256:1"}, True),
        ({"Id": "sha256:2"}, False),
        ({"Id": "sha256:2", "RootFS": {"Layers": ["l"]}, "Created": "now"}, False),
        ({"Id": "sha256:2", "RootFS": {"Layers": ["l"]}, "Created": "now", "Descriptor": {"digest": "x"}}, True),
        ({"Id": "sha256:2", "RootFS": {"Layers": ["m"]}, "Created": "now", "Descriptor": {"digest": "x"}}, False),
        ({"Id": "sha256:2", "RootFS": {"Layers": ["l"]}, "Created": "then", "Descriptor": {"digest": "x"}}, False),
    ],
)
def test_is_same(known, same):
    saved = SavedImage("a.tar", "x:1", "sha256:1", "c", ())
    assert load.is_same(saved, known, lambda dummy: {"rootfs": {"diff_ids": ["l"]}, "created": "now"}) is same
