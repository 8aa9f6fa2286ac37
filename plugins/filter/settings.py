# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that look at settings. Their documentation is in the YAML files beside this one."""

from __future__ import annotations

import difflib
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _mail


def known_settings(specs: t.Mapping[str, t.Any]) -> dict[str, set[str]]:
    """Names of the options of each role, over all its entry points, and of the variables that it sets itself."""
    known: dict[str, set[str]] = {}
    for role, spec in specs.items():
        spec = spec or {}
        entry_points = spec.get("argument_specs") or {}
        known[role] = {name for entry in entry_points.values() for name in entry.get("options") or {}}
        known[role].update(spec.get("internal_variables") or [])
    return known


def unknown_settings(names: t.Iterable[str], specs: t.Mapping[str, t.Any]) -> list[str]:
    """One message for each name that starts like the settings of a role, but is none of them."""
    if isinstance(names, str) or not isinstance(specs, t.Mapping):
        raise AnsibleFilterError("unknown_settings needs a list of names, and a dictionary of argument specs by role.")
    known = known_settings(specs)
    messages = []
    for name in sorted(names):
        # The longest name first, so that a role may have the name of another one as its start.
        role = next((role for role in sorted(known, key=len, reverse=True) if name.startswith(f"{role}_")), None)
        if role is None or name in known[role]:
            continue
        # The part behind the prefix decides: the prefix alone would make any two settings look alike.
        by_rest = {option[len(role) + 1 :]: option for option in known[role]}
        close = difflib.get_close_matches(name[len(role) + 1 :], by_rest, n=1)
        if close:
            messages.append(f"unknown setting {name}: did you mean {by_rest[close[0]]}?")
        else:
            messages.append(f"unknown setting {name}: the role {role} has no setting with a similar name")
    return messages


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filters by name."""
        return {"unknown_settings": unknown_settings, "mail_settings": _mail.settings}
