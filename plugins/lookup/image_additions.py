# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup plugin: what users add to images."""

from __future__ import annotations

DOCUMENTATION = r"""
name: image_additions
version_added: 1.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
short_description: What settings add to the images of services
description:
  - Looks at the folders and zip files of the controller that settings add to the images of services, and refuses what
    is not what it should be, with the setting and the file.
  - Which settings those are stands in C(additions) of the rows.
options:
  _terms:
    description: Lists of rows, as the lookup P(fortytwo.ft_services.service_rows#lookup) returns one.
    type: list
    elements: list
    required: true
  problem:
    description:
      - Do not fail, but return a dictionary with C(additions), and C(problem), what is wrong with one of them. It is
        empty when nothing is.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what is added to images
  ansible.builtin.debug:
    msg: "{{ lookup('fortytwo.ft_services.image_additions', services_rows) }}"
"""

RETURN = r"""
_raw:
  description:
    - One dictionary for each folder or zip file.
    - C(service) is whose image it is added to, C(path) its place in the folder of the service, C(source) where it is.
    - C(title) is what it calls itself, C(files) and C(bytes) how much it is.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _additions


class LookupModule(LookupBase):
    """Looks at folders and zip files on the controller."""

    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:
        """Return one list, so that a caller gets a list even where there is one addition only."""
        known = self._templar.available_variables
        try:
            found = _additions.find(
                (row for rows in terms for row in rows), lambda name: self._templar.template(known.get(name))
            )
        except _additions.AdditionsError as error:
            if kwargs.get("problem"):
                return [{"additions": [], "problem": str(error)}]
            raise AnsibleLookupError(f"Nothing was changed. {error}") from error
        return [{"additions": found, "problem": ""}] if kwargs.get("problem") else [found]
