# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter host_packages."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._packages import family_of, names

DOCUMENTATION = r"""
name: host_packages
short_description: What packages of Debian are called in another distribution
version_added: 1.0.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Knows the few packages that the roles of this collection install on hosts. Other names stay as they are.
  - There may be more or fewer names than were given. A distribution that is not known has the names of Debian.
positional: os_release
options:
  _input:
    description: Names of packages in Debian.
    type: list
    elements: str
    required: true
  os_release:
    description: The text of the host's C(/etc/os-release).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Install what virtual environments need
  ansible.builtin.package:
    name: "{{ ['python3-venv'] | fortytwo.ft_services.host_packages(release.content | b64decode) }}"
    state: present
"""

RETURN = r"""
_value:
  description: The names there.
  type: list
  elements: str
"""


def host_packages(packages: t.Sequence[str], os_release: str) -> list[str]:
    """The names that the host's distribution has for packages of Debian."""
    return names(packages, family_of(os_release))


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Names and functions."""
        return {"host_packages": host_packages}
