# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes `ansible_collections.fortytwo.ft_services` this clone, wherever it lies on the disk."""

from __future__ import annotations

import pathlib
import sys
import types

CLONE = pathlib.Path(__file__).resolve().parents[1]


def _name_the_clone() -> None:
    """Register the packages above the clone's folders; what lies below them is then found as usual."""
    parent = None
    for name, path in (
        ("ansible_collections", []),
        ("ansible_collections.fortytwo", []),
        ("ansible_collections.fortytwo.ft_services", [str(CLONE)]),
    ):
        package = types.ModuleType(name)
        package.__path__ = path
        sys.modules[name] = package
        if parent:
            setattr(parent, name.rpartition(".")[2], package)
        parent = package


# ansible-test brings its own finder, and a collection that lies where Ansible wants it.
if "ansible_collections" not in sys.modules:
    _name_the_clone()
