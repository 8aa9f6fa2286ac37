# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup plugin: the services of the folders."""

from __future__ import annotations

DOCUMENTATION = r"""
name: service_rows
version_added: 0.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
short_description: The services of the platform, from their folders
description:
  - Reads the file C(service.yml) of each service on the controller, and checks it.
  - A service is a folder of the collection's own folder C(images), or of one of the folders given.
  - A file with an unknown, missing or wrong key is refused with its name.
  - So are two services with the same user, public port, credential or route.
options:
  _terms:
    description: Folders of further services, each with one folder for each service.
    type: list
    elements: path
  enabled:
    description: Names of the services that are wanted. Without them all are.
    type: list
    elements: str
    default: []
  disabled:
    description: Names of services that are not wanted. One that another needs is refused with the name of that other.
    type: list
    elements: str
    default: []
  render:
    description: Whether templates in the files are rendered, with the settings of the role C(services).
    type: bool
    default: true
  external:
    description:
      - Services whose place a server outside of the cluster takes, in the form of
        O(fortytwo.ft_services.services#role:main:services_external).
      - Their rows are of the kind C(external), with what is known of the server in C(external).
    type: dict
    default: {}
  replicas:
    description:
      - How many pods services run, by their names. A service for which that cannot work is refused with the reason.
    type: dict
    default: {}
  ca:
    description: File of the local CA, which is that of all services in the cluster.
    type: str
    default: ""
  cluster_rights:
    description:
      - Whether services get the rights in the whole cluster that they ask for. Without them, those that are nothing
        without are off, and the rows of others do not ask.
    type: bool
    default: true
    version_added: 1.1.0
  addresses:
    description:
      - Addresses of public services that have one of their own, by their names.
      - In the file of such a service, C(services_address) and C(services_public_name) are this one.
    type: dict
    default: {}
    version_added: 1.1.0
  problem:
    description:
      - Do not fail, but return a dictionary with C(rows), with C(problem), what is wrong with the folders, which is
        empty when nothing is, and with C(off), what services do not do without O(cluster_rights).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show which services there are without FTPS
  ansible.builtin.debug:
    msg: "{{ lookup('fortytwo.ft_services.service_rows', disabled=['ftps'], render=false) | map(attribute='name') }}"
"""

RETURN = r"""
_raw:
  description:
    - The rows in their order, each with C(folder), where it was found, and C(all_ports).
    - C(replicas) of a Deployment is the number of its pods.
    - C(endpoint) of each is where it is reached, C(host), C(port), C(ca) and whether it is C(external).
  type: list
  elements: dict
"""

import json
import pathlib
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.module_utils.common.validation import check_type_list
from ansible.plugins.lookup import LookupBase

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import (
    _external_services,
    _service_replicas,
    _services,
)

# The services of this collection.
IMAGES = pathlib.Path(__file__).resolve().parents[2] / "images"


class LookupModule(LookupBase):
    """Reads the files ``service.yml`` on the controller."""

    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:
        """Return one list of rows, so that a caller gets the list even where there is one service only."""
        try:
            rows, off = self._rows(terms, kwargs)
        except _services.ServicesError as error:
            if kwargs.get("problem"):
                return [{"rows": [], "problem": str(error), "off": []}]
            raise AnsibleLookupError(f"Nothing was changed. {error}") from error
        return [{"rows": rows, "problem": "", "off": off}] if kwargs.get("problem") else [rows]

    def _rows(self, terms: list[t.Any], kwargs: dict[str, t.Any]) -> tuple[list[dict[str, t.Any]], list[str]]:
        # A setting of the command line is a text: services_disabled=ftps,grafana.
        paths = [path for term in terms for path in check_type_list(term)]
        enabled, disabled = (check_type_list(kwargs.get(option) or []) for option in ("enabled", "disabled"))
        folders = _services.find_folders([IMAGES, *paths])
        files = {name: folder / _services.ROW_FILE for name, folder in folders.items()}
        rows = {folders[name]: _services.check_row(self._read(file), file) for name, file in files.items()}
        rights = bool(kwargs.get("cluster_rights", True))
        wanted = _services.select(rows, enabled, disabled)
        chosen = _services.select(rows, enabled, disabled, rights)
        external = kwargs.get("external") or {}
        _external_services.check(external, rows.values(), [row["name"] for row in chosen])
        endpoints = _external_services.endpoints(chosen, external, kwargs.get("ca") or "")
        if kwargs.get("render", True):
            # Who connects to a service asks for its endpoint.
            known = {**self._templar.available_variables, "services_endpoints": endpoints}
            addresses = kwargs.get("addresses") or {}
            # Checked once more, as only now all values are known.
            chosen = [_services.check_row(self._rendered(row, known, addresses), files[row["name"]]) for row in chosen]
            endpoints = _external_services.endpoints(chosen, external, kwargs.get("ca") or "")
        if not rights:
            chosen = [_services.without_rights(row) for row in chosen]
        complete = _external_services.replace(_services.complete(chosen, folders), external)
        replicas = kwargs.get("replicas") or {}
        _service_replicas.check(replicas, complete)
        complete = _service_replicas.with_replicas(complete, replicas)
        # Plain values: Ansible copies all variables for each template, with where each value came from.
        plain: list[dict[str, t.Any]] = json.loads(
            json.dumps([{**row, "endpoint": endpoints[row["name"]]} for row in complete])
        )
        return plain, [] if rights else _services.lost_rights(wanted)

    def _rendered(self, row: dict[str, t.Any], known: dict[str, t.Any], addresses: dict[str, str]) -> t.Any:
        """A row with the values of its templates, for a service that has an address of its own with that one."""
        own = _services.own_names(row["name"], addresses)
        return self._templar.copy_with_new_env(available_variables={**known, **own}).template(row)

    def _read(self, file: pathlib.Path) -> t.Any:
        # unsafe: without a copy, which took longer than all the rest. Nobody here changes what was read.
        return self._loader.load_from_file(str(file), unsafe=True, trusted_as_template=True)
