# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PyYAML, where it is installed. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

try:
    import yaml
except ImportError:
    # The kubernetes package needs PyYAML: a module reports the missing one before it comes here.
    yaml = None

__all__ = ["yaml"]
