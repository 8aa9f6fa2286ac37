# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup plugin: argument specs of the roles of this collection."""

from __future__ import annotations

import pathlib
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = r"""
name: role_specs
version_added: 0.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
short_description: Argument specs of the roles of this collection
description:
  - Reads the files C(meta/argument_specs.yml) of the roles of this collection on the controller.
  - Adds to each the list C(internal_variables) of the variables that the role sets itself in its folder C(vars).
options:
  _terms:
    description: Names of the roles to read. Without them all roles are read.
    type: list
    elements: str
seealso:
  - plugin: fortytwo.ft_services.unknown_settings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the names of all settings of the role minikube
  ansible.builtin.debug:
    msg: "{{ lookup('fortytwo.ft_services.role_specs', 'minikube').minikube.argument_specs.main.options.keys() }}"
"""

RETURN = r"""
_raw:
  description: One dictionary with the content of the file, and C(internal_variables), for each role.
  type: list
  elements: dict
"""

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"


class LookupModule(LookupBase):
    """Reads the argument specs that lie beside this plugin in the collection."""

    def run(self, terms: list[str], variables: t.Any = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        """Return one dictionary of argument specs by role."""
        files = {path.parents[1].name: path for path in sorted(ROLES.glob("*/meta/argument_specs.yml"))}
        for role in terms:
            if role not in files:
                raise AnsibleLookupError(f"There is no role {role} with argument specs in {ROLES}.")
        return [{role: self._spec(files[role]) for role in terms or files}]

    def _spec(self, path: pathlib.Path) -> dict[str, t.Any]:
        spec = self._loader.load_from_file(str(path)) or {}
        own = [self._loader.load_from_file(str(found)) or {} for found in path.parents[1].glob("vars/*.yml")]
        return {**spec, "internal_variables": sorted(name for content in own for name in content)}
