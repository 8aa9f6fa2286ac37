# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated credentials in one private file. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import traceback
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import (
    fix_mode,
    private_folder,
    remove_abandoned,
    write_private,
)

CRYPTOGRAPHY_ERROR: str | None = None
try:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519
except ImportError:
    CRYPTOGRAPHY_ERROR = traceback.format_exc()

FORMAT = 1
NAME = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?")
PARTS = {"password": ("value",), "hex": ("value",), "ssh_key": ("private", "public")}


class CredentialError(Exception):
    """What cannot be done, and what to do about it. Its text never holds a value."""


@dataclass(frozen=True)
class Wanted:
    """One credential: kind, length in characters (not for keys), alphabet, and where users find their copy of a key.

    A host's key is written to ``known_hosts`` too, for the names and addresses in ``hosts``.
    """

    name: str
    kind: str
    length: int
    alphabet: str
    file: Path | None
    known_hosts: Path | None = None
    hosts: tuple[str, ...] = ()


def wanted(spec: dict[str, t.Any]) -> Wanted:
    """Check one entry of the module's ``credentials``."""
    name, kind, alphabet = spec["name"], spec["kind"], spec["alphabet"]
    if not NAME.fullmatch(name):
        raise CredentialError(f"credential name '{name}': only lowercase letters, digits, '-' and '_' are allowed")
    if kind == "password" and len(set(alphabet)) < 10:
        raise CredentialError(f"credential '{name}': the alphabet needs at least 10 different characters")
    if kind != "ssh_key" and spec["length"] < 16:
        raise CredentialError(f"credential '{name}': the length must be at least 16 characters")
    if spec["file"] and kind != "ssh_key":
        raise CredentialError(f"credential '{name}': only a credential of kind ssh_key can have a file")
    known = spec.get("known_hosts")
    if known and kind != "ssh_key":
        raise CredentialError(f"credential '{name}': only a credential of kind ssh_key can be a known host")
    return Wanted(
        name,
        kind,
        spec["length"],
        alphabet,
        Path(spec["file"]) if spec["file"] else None,
        Path(known["file"]) if known else None,
        tuple(known["hosts"]) if known else (),
    )


def generate(want: Wanted) -> dict[str, str]:
    """Make a new credential: its kind and its parts."""
    if want.kind == "password":
        return {"kind": want.kind, "value": "".join(secrets.choice(want.alphabet) for _n in range(want.length))}
    if want.kind == "hex":
        return {"kind": want.kind, "value": secrets.token_hex(want.length // 2 + 1)[: want.length]}
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return {"kind": want.kind, "private": private.decode(), "public": f"{public.decode()} {want.name}\n"}


def fingerprint(public_key: str) -> str:
    """Return the fingerprint of an ssh public key as ssh shows it."""
    digest = hashlib.sha256(base64.b64decode(public_key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _checked(state: t.Any) -> dict[str, t.Any]:
    """Return the state when it has the right form; raise ValueError when it has not."""
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ValueError(f"it is not a state of format {FORMAT}")
    bytes.fromhex(state["checksum_key"])
    for name, credential in state["credentials"].items():
        if not all(isinstance(credential[part], str) and credential[part] for part in PARTS[credential["kind"]]):
            raise ValueError(f"credential '{name}' is not whole")
    return state


class Store:
    """The file that keeps the credentials. With ``dry`` nothing is written; what would be made lives in memory only."""

    def __init__(self, path: Path, dry: bool) -> None:
        """Read the file; a missing one is an empty state, a damaged one is an error."""
        self.path = path
        self.dry = dry
        self.reasons: dict[str, str] = {}
        self.modes_fixed = False
        try:
            self._state = _checked(json.loads(path.read_text(encoding="utf-8")))
            self.modes_fixed = fix_mode(path, 0o600, dry)
        except FileNotFoundError:
            self._state = {"format": FORMAT, "checksum_key": secrets.token_hex(32), "credentials": {}}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CredentialError(
                f"{path} is not a state file of this module or is damaged, so it was left alone. "
                "Put it back from a copy. Or move it away: then new credentials are made, which kept databases "
                "do not know yet"
            ) from error

    def ensure(self, wants: list[Wanted], rotate: list[str]) -> None:
        """Make what is missing or to be rotated, and save before anyone can see it."""
        names = [want.name for want in wants]
        unknown = sorted(set(rotate) - set(names))
        if unknown:
            raise CredentialError(f"rotate names what is not in credentials: {', '.join(unknown)}")
        held = self._state["credentials"]
        for want in wants:
            current = held.get(want.name)
            if current and current["kind"] != want.kind and want.name not in rotate:
                raise CredentialError(
                    f"credential '{want.name}' is of kind {current['kind']}, not {want.kind}. "
                    f"Rotate it to make one of the new kind"
                )
            if current and want.name not in rotate:
                continue
            self.reasons[want.name] = "it was rotated" if current else "it did not exist"
            held[want.name] = generate(want)
        self._tidy(self.path)
        if self.reasons and not self.dry:
            private_folder(self.path.parent, dry=False)
            text = json.dumps(self._state, indent=2, sort_keys=True) + "\n"
            write_private(self.path, text.encode())

    def _tidy(self, *paths: Path) -> None:
        """Remove what runs left of these files that were killed."""
        for path in [] if self.dry else paths:
            remove_abandoned(path)

    def ensure_file(self, want: Wanted) -> bool:
        """Give the user a copy of an ssh key, with ``.pub`` beside it. Returns whether something had to be done."""
        if not want.file:
            return False
        parts = self._state["credentials"][want.name]
        public = want.file.with_name(want.file.name + ".pub")
        self._tidy(want.file, public)
        before = want.file.read_text(encoding="utf-8") if want.file.exists() else None
        known = public.read_text(encoding="utf-8") if public.exists() else ""
        # The comment tells an older key of this module (before a rotation) from a key of the user's own.
        if before not in (None, parts["private"]) and known.split()[2:] != [want.name]:
            raise CredentialError(
                f"{want.file} holds a key that is not credential '{want.name}'; it was left alone. "
                "Move it away or choose another file"
            )
        if before == parts["private"] and known == parts["public"]:
            return fix_mode(want.file, 0o600, self.dry)
        if not self.dry:
            if not want.file.parent.is_dir():
                private_folder(want.file.parent, dry=False)
            # First what tells whose key it is: killed between the two, a later run knows it again.
            write_private(public, parts["public"].encode(), mode=0o644)
            write_private(want.file, parts["private"].encode())
        return True

    def ensure_known_hosts(self, want: Wanted) -> bool:
        """Keep a host's public key where ssh looks for it. Returns whether something had to be done."""
        if not want.known_hosts:
            return False
        self._tidy(want.known_hosts)
        key = " ".join(self._state["credentials"][want.name]["public"].split()[:2])
        text = "".join(f"{host} {key}\n" for host in want.hosts)
        if want.known_hosts.exists() and want.known_hosts.read_text(encoding="utf-8") == text:
            return fix_mode(want.known_hosts, 0o600, self.dry)
        if not self.dry:
            if not want.known_hosts.parent.is_dir():
                private_folder(want.known_hosts.parent, dry=False)
            write_private(want.known_hosts, text.encode())
        return True

    def part(self, name: str, part: str) -> bytes:
        """Return one part of a credential."""
        text: str = self._state["credentials"][name][part]
        return text.encode()

    def public_key(self, name: str) -> str | None:
        """Return the public half of an ssh key without a line end; None for other kinds."""
        public = self._state["credentials"][name].get("public")
        return public.strip() if public else None

    def checksum(self, *fields: bytes) -> str:
        """Return a keyed hash: it tells that something changed, but cannot be used to try out guesses."""
        code = hmac.new(bytes.fromhex(self._state["checksum_key"]), digestmod=hashlib.sha256)
        for field in fields:
            code.update(len(field).to_bytes(8, "big") + field)
        return code.hexdigest()[:32]
