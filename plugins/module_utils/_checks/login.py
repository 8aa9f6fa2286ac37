# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What probes that log in with a password share. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import Check, must_be_readable
from ansible_collections.fortytwo.ft_services.plugins.module_utils._credentials.store import CredentialError, Store


class Differs(Exception):
    """What is otherwise than it should be, as words for people."""


def password_of(check: Check) -> str:
    """The password that the check names, from the state file. No text that comes out of here has it."""
    path, name = check["credentials_file"], check["credential"]
    must_be_readable(path)
    try:
        return Store(Path(path), dry=True).part(name, "value").decode()
    except KeyError as error:
        raise Differs(f"{path} has no credential {name!r} with a value") from error
    except CredentialError as error:
        raise Differs(str(error)) from error
