# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup plugin: how services are verified."""

from __future__ import annotations

DOCUMENTATION = r"""
name: service_checks
version_added: 1.0.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
short_description: How the services of the platform are verified, from their folders
description:
  - Reads the file C(checks.yml) of each service on the controller, checks it, and renders its templates.
  - A file with an unknown, missing or wrong key is refused with its name.
options:
  _terms:
    description: One list, the rows of the services as P(fortytwo.ft_services.service_rows#lookup) gives them.
    type: list
    elements: list
    required: true
  defaults:
    description:
      - Options of checks which the files need not say, C(exec) for checks of that kind, C(tls) for those that need the
        certificate of the CA, and C(credential) for those that log in.
    type: dict
    default: {}
  requirements:
    description: Requirements that are of no single service.
    type: list
    elements: dict
    default: []
  cluster_rights:
    description: Whether the services have their rights in the whole cluster. Checks that need them are left out else.
    type: bool
    default: true
  addresses:
    description: Addresses of public services that have one of their own, by their names.
    type: dict
    default: {}
  fault_reason:
    description: Why a requirement was not tried that only a fault on purpose shows.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Name the checks of all services
  ansible.builtin.debug:
    msg: "{{ lookup('fortytwo.ft_services.service_checks', services_rows).checks | map(attribute='title') }}"
"""

RETURN = r"""
_raw:
  description: The lists C(requirements), C(checks) and C(faults); each check and fault has C(service).
  type: list
  elements: dict
"""

import pathlib
import typing as t
from types import MappingProxyType

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _service_checks, _services


class LookupModule(LookupBase):
    """Reads the files ``checks.yml`` on the controller."""

    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        """Return one dictionary with all lists."""
        (rows,) = terms
        try:
            # A server outside of the cluster is none of the platform's: who uses it tells whether it can be used.
            own = [row for row in rows if row.get("kind") != "external"]
            addresses = kwargs.get("addresses") or {}
            files = {
                row["name"]: self._read(pathlib.Path(row["folder"]), _services.own_names(row["name"], addresses))
                for row in own
            }
        except _services.ServicesError as error:
            raise AnsibleLookupError(f"Nothing was tried. {error}") from error
        return [
            _service_checks.collect(
                files,
                kwargs.get("defaults") or {},
                [*(kwargs.get("requirements") or []), *self._outside(rows)],
                kwargs.get("fault_reason") or "",
                _service_checks.held(rows),
                bool(kwargs.get("cluster_rights", True)),
            )
        ]

    def _outside(self, rows: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        """Requirements of servers outside of the cluster, for the report to say that nobody looked at them."""
        return [
            {**_service_checks.without(entry, "requires"), "services": [row["name"]]}
            for row in rows
            if row.get("kind") == "external"
            for entry in self._read(pathlib.Path(row["folder"]))["requirements"]
        ]

    def _read(
        self, folder: pathlib.Path, names: t.Mapping[str, str] = MappingProxyType({})
    ) -> dict[str, list[dict[str, t.Any]]]:
        file = folder / _service_checks.CHECKS_FILE
        if not file.is_file():
            return _service_checks.check_file({}, file)
        content = self._loader.load_from_file(str(file), unsafe=True, trusted_as_template=True)
        templar = self._templar
        if names:
            templar = templar.copy_with_new_env(available_variables={**templar.available_variables, **names})
        return _service_checks.check_file(templar.template(content), file)
