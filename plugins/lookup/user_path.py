# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup plugin: default paths in a user's folders. Its documentation is in the YAML file beside it."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

# By the XDG base directory specification: the variable, and what counts without it.
FOLDERS = {"cache": ("XDG_CACHE_HOME", "~/.cache"), "state": ("XDG_STATE_HOME", "~/.local/state")}


class LookupModule(LookupBase):
    """Knows where the collection keeps what nobody gave a place to."""

    def run(self, terms: list[str], variables: t.Any = None, **kwargs: t.Any) -> list[str]:
        """Return one path for each term."""
        base = kwargs.get("base", "cache")
        if base not in FOLDERS:
            raise AnsibleLookupError(f"base is {base}, but has to be one of: {', '.join(FOLDERS)}.")
        variable, default = FOLDERS[base]
        return [f"{os.environ.get(variable) or default}/ft_services/{term}" for term in terms]
