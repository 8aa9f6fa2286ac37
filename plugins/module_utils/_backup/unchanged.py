# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which data a repository's newest backup holds already. Private to the collection fortytwo.ft_services."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import BackupError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.repository import Repository
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.streams import Container
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

# No hash is longer; a program that writes more was meant for something else.
LONGEST = 200


def fingerprint_of(container: Container, argv: t.Sequence[str] | None) -> str:
    """What a program says that changes with the data; empty where none is asked for, or it does not know."""
    if not argv:
        return ""
    try:
        said = container.say(list(argv)).strip()
    except BackupError:
        # An older image does not have it. Then the data are read, as ever.
        return ""
    return said if len(said) <= LONGEST else ""


class Newest:
    """The newest backup of a repository, of which the manifest is read when somebody asks."""

    def __init__(self, repository: Repository, held: dict[str, Json], namespace: str) -> None:
        """Take what :meth:`Repository.held` returns, and the namespace whose data may be the same."""
        self._repository, self._namespace = repository, namespace
        self._index: Json = next(reversed(held.values()), {})

    @functools.cached_property
    def _entries(self) -> Json:
        # Without parts it was a folder first.
        if not self._index.get("parts"):
            return {}
        try:
            manifest = self._repository.manifest(self._index)
        except BackupError:
            # It is damaged, and no reason not to make another one.
            return {}
        return manifest["services"] if manifest["namespace"] == self._namespace else {}

    def put_again(self, name: str, created: str, service: Json, fingerprint: str) -> Json | None:
        """Store a service's data of the newest backup as those of the backup ``name`` too, when they are the same.

        Returns their entry in the manifest; None where they have to be read.
        """
        entry = self._entries.get(service["name"], {}) if fingerprint else {}
        part = self._index["parts"].get(service["name"]) if entry else None
        if not part or (entry["form"], entry.get("fingerprint")) != (service["form"], fingerprint):
            return None
        return entry if self._repository.put_again(name, created, part, entry) else None
