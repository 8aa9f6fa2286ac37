# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that every module of the collection documents."""

from __future__ import annotations


class ModuleDocFragment:
    """Descriptions, and what many modules have alike; the others state their own support."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    description: Returns details on what has changed, or in C(check_mode) would change, when in diff mode.
  idempotent:
    description: A second run with the same arguments, outside of check mode, indicates no change.
  platform:
    description: Target OS families that the module can operate on.
    support: full
    platforms: posix
"""

    # Modules that only look.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: The module changes nothing.
  idempotent:
    support: full
"""

    # Modules that have all of it, without anything to add.
    FULL = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""
