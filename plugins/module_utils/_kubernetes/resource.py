# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kind as the API server serves it. This module util is private to the collection fortytwo.ft_services.

It stands apart from the client: filters know kinds too, and each process of Ansible would load the kubernetes package.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote


class Resource(t.NamedTuple):
    """One kind as the API server serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return group_of(self.api_version)

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """Path of one object, or of the collection without a name."""
        parts = ["apis" if "/" in self.api_version else "api", *self.api_version.split("/")]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        return "/" + "/".join(parts)


def group_of(api_version: str) -> str:
    """The group of an apiVersion; empty for the core group."""
    return api_version.rpartition("/")[0]
