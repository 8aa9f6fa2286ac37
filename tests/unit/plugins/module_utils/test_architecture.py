# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _architecture as subject


@pytest.mark.parametrize(
    ("machine", "name", "mark"),
    [
        ("x86_64", "amd64", ()),
        ("amd64", "amd64", ()),
        ("aarch64", "arm64", ("arm64",)),
        ("arm64", "arm64", ("arm64",)),
    ],
)
def test_each_is_known_by_either_name(machine, name, mark):
    found = subject.of_machine(machine)
    assert (found.name, found.mark) == (name, mark)


@pytest.mark.parametrize("machine", ["armv7l", "riscv64", "i686", ""])
def test_others_are_not_taken_for_one_of_them(monkeypatch, machine):
    assert subject.of_machine(machine) is None
    monkeypatch.setattr(subject.platform, "machine", lambda: machine)
    assert (subject.of_host(), subject.name_of_host()) == (None, machine)
