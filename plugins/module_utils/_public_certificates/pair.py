# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate with its chain and its key, as a folder holds it. Private to the collection fortytwo.ft_services."""

from __future__ import annotations

import ipaddress
import typing as t
from datetime import datetime
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._certificates import (
    CRYPTOGRAPHY_ERROR,
    CertificateError,
    describe,
    fingerprint,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import (
    fix_mode,
    private_folder,
    write_private,
)

if not CRYPTOGRAPHY_ERROR:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

LEAST_RSA_BITS = 2048
CURVES = ("secp256r1", "secp384r1", "secp521r1")
Key = t.Union["ec.EllipticCurvePrivateKey", "rsa.RSAPrivateKey"]


class Pair(t.NamedTuple):
    """A server's certificate with those that vouch for it, the server's first, and its private key."""

    chain: list[x509.Certificate]
    key: Key

    @property
    def leaf(self) -> x509.Certificate:
        """The server's own certificate."""
        return self.chain[0]

    def chain_pem(self) -> bytes:
        """The chain as servers read it."""
        return b"".join(entry.public_bytes(serialization.Encoding.PEM) for entry in self.chain)

    def key_pem(self) -> bytes:
        """The key without a password. One of RSA says so in its first line, by which the FTP server knows it."""
        rsa_key = isinstance(self.key, rsa.RSAPrivateKey)
        form = serialization.PrivateFormat.TraditionalOpenSSL if rsa_key else serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def read_chain(path: Path) -> list[x509.Certificate]:
    """Return the certificates of a PEM file. CertificateError when there is none, or the file cannot be read."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise CertificateError(f"{path} holds no certificate in PEM form") from error


def read_key(path: Path) -> Key:
    """Return the private key of a PEM file. CertificateError when servers could not use it."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from error
    except TypeError as error:
        raise CertificateError(
            f"{path} is protected by a password: openssl pkey -in {path} -out FILE removes it"
        ) from error
    except ValueError as error:
        raise CertificateError(f"{path} holds no private key in PEM form") from error
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return key
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= LEAST_RSA_BITS:
        return key
    raise CertificateError(
        f"{path} holds a key that browsers do not take: it has to be ECDSA on P-256, P-384 or P-521, "
        f"or RSA with {LEAST_RSA_BITS} bits or more"
    )


def covers(certificate: x509.Certificate, name: str) -> bool:
    """Whether the certificate is valid for a DNS name or an IP address, as clients compare them."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    try:
        return ipaddress.ip_address(name) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        wanted = name.lower()
    known = [entry.lower() for entry in names.get_values_for_type(x509.DNSName)]
    # A star stands for exactly one label.
    return wanted in known or f"*.{wanted.partition('.')[2]}" in known


def problems(pair: Pair, names: t.Sequence[str], now: datetime) -> list[str]:
    """All that is wrong with a pair that is to be shown to clients who ask for ``names``; empty when nothing is."""
    found = []
    leaf = pair.leaf
    if pair.key.public_key() != leaf.public_key():
        found.append("the private key is not the certificate's")
    if is_authority(leaf):
        found.append(f"the first certificate, {subject(leaf)}, is an authority's: the server's own has to come first")
    for issued, issuer in zip(pair.chain, pair.chain[1:], strict=False):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            found.append(
                f"{subject(issuer)} did not sign {subject(issued)} before it: put the server's certificate first, "
                "then each authority after the one that it signed"
            )
    if leaf.not_valid_before_utc > now:
        found.append(f"the certificate is not valid before {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")
    if leaf.not_valid_after_utc <= now:
        found.append(f"the certificate ended on {leaf.not_valid_after_utc:%Y-%m-%d}")
    missing = [name for name in names if not covers(leaf, name)]
    if missing:
        valid = ", ".join(describe(leaf)["sans"]) or "nothing"
        found.append(f"the certificate is not valid for {', '.join(missing)}, but for {valid}")
    return found


def subject(certificate: x509.Certificate) -> str:
    """The subject as people read it."""
    return certificate.subject.rfc4514_string() or "a certificate without a subject"


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether the certificate may sign others."""
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def result_of(folder: Path, name: str, pair: Pair, now: datetime) -> dict[str, t.Any]:
    """Return what the modules tell about a pair in a folder."""
    return {
        "name": name,
        "certificate": str(folder / f"{name}.crt"),
        "private_key": str(folder / f"{name}.key"),
        **describe(pair.leaf),
        "fingerprint": fingerprint(pair.leaf),
        "days_left": (pair.leaf.not_valid_after_utc - now).days,
    }


def read_installed(folder: Path, name: str) -> Pair | None:
    """Return the pair NAME.crt and NAME.key of a folder; None when it is not whole, as a killed run leaves it."""
    try:
        pair = Pair(read_chain(folder / f"{name}.crt"), read_key(folder / f"{name}.key"))
    except CertificateError:
        return None
    return pair if pair.key.public_key() == pair.leaf.public_key() else None


def install(folder: Path, name: str, pair: Pair, dry: bool) -> bool:
    """Write NAME.key and NAME.crt where they differ. Returns whether they did; with ``dry`` nothing is written."""
    changed = private_folder(folder, dry)
    # The key first: a run that dies in between leaves a mismatch, which the next run repairs.
    for file, content, mode in (f"{name}.key", pair.key_pem(), 0o600), (f"{name}.crt", pair.chain_pem(), 0o644):
        path = folder / file
        if path.is_file() and path.read_bytes() == content:
            changed |= fix_mode(path, mode, dry)
            continue
        changed = True
        if not dry:
            write_private(path, content, mode)
    return changed
