# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local CA and its leaf certificates. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import ipaddress
import re
import traceback
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import (
    fix_mode,
    private_folder,
    write_private,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import too_old

CRYPTOGRAPHY_ERROR: str | None = None
CRYPTOGRAPHY_VERSION = ""
try:
    import cryptography
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    CRYPTOGRAPHY_ERROR = traceback.format_exc()
else:
    CRYPTOGRAPHY_VERSION = cryptography.__version__

# datetime.UTC came with Python 3.11; targets may have 3.9.
UTC = timezone(timedelta())
CA_DAYS = 3650
# The most that X.509 allows, in bytes of UTF-8.
COMMON_NAME_BYTES = 64
CLOCK_SKEW = timedelta(hours=1)
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
DNS_NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class CertificateError(Exception):
    """What cannot be done, and what to do about it."""


def require_cryptography(module: AnsibleModule) -> None:
    """End the module when the Python package cryptography is missing or too old."""
    if CRYPTOGRAPHY_ERROR:
        module.fail_json(msg=missing_required_lib("cryptography"), exception=CRYPTOGRAPHY_ERROR)
    problem = too_old("cryptography", CRYPTOGRAPHY_VERSION, (42,))
    if problem:
        module.fail_json(msg=problem)


@dataclass(frozen=True)
class Wanted:
    """One leaf: its file name, common name and the names it is valid for."""

    name: str
    common_name: str
    sans: tuple[str, ...]


class Pair(t.NamedTuple):
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class Outcome(t.NamedTuple):
    """What one pair of files was, is now (in check mode: would be) and why it changed (empty: it did not)."""

    name: str
    before: dict[str, t.Any]
    after: dict[str, t.Any]
    fingerprint: str | None
    reason: str


def wanted(spec: dict[str, t.Any]) -> Wanted:
    """Check one entry of the module's ``certificates`` and bring its names into one order."""
    name = spec["name"]
    if not NAME.fullmatch(name) or name == "ca":
        raise CertificateError(f"certificate name '{name}': use lowercase letters, digits and '-'; 'ca' is taken")
    sans = set()
    for text in spec["ip_addresses"]:
        try:
            sans.add(f"IP:{ipaddress.ip_address(text)}")
        except ValueError as error:
            raise CertificateError(f"certificate '{name}': '{text}' in ip_addresses is not an IP address") from error
    for text in spec["dns_names"]:
        if len(text) > 253 or not DNS_NAME.fullmatch(text.lower()):
            raise CertificateError(f"certificate '{name}': '{text}' in dns_names is not a DNS name")
        sans.add(f"DNS:{text.lower()}")
    if not sans:
        raise CertificateError(f"certificate '{name}' would be valid for nothing: give ip_addresses or dns_names")
    return Wanted(name, checked_common_name(spec["common_name"] or name, f"certificate '{name}'"), tuple(sorted(sans)))


def checked_common_name(text: str, whose: str) -> str:
    """Return the common name; CertificateError when X.509 has no room for it."""
    length = len(text.encode("utf-8", "surrogateescape"))
    if not 1 <= length <= COMMON_NAME_BYTES:
        raise CertificateError(
            f"{whose}: its common name has {length} bytes, it must have 1 to {COMMON_NAME_BYTES}. Write a shorter one; "
            "what clients compare are ip_addresses and dns_names, which may be longer"
        )
    return text


def read_pair(folder: Path, name: str) -> Pair | None:
    """Return the pair NAME.crt and NAME.key; None when neither file exists. Raises ValueError for what is no pair."""
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    if not any(path.exists() for path in paths):
        return None
    try:
        certificate = x509.load_pem_x509_certificate(paths[0].read_bytes())
        key = read_key(paths[1])
    except FileNotFoundError as error:
        raise ValueError(f"{error.filename} is missing") from error
    except (ValueError, TypeError) as error:
        raise ValueError(f"the files of '{name}' cannot be read as PEM") from error
    if key.public_key() != certificate.public_key():
        raise ValueError("the private key is not the certificate's")
    return Pair(certificate, key)


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the private key of a file; ValueError when it holds none of the kind that this module makes."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except TypeError as error:
        raise ValueError(f"{path} is protected by a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} holds no ECDSA key")
    return key


def describe(certificate: x509.Certificate) -> dict[str, t.Any]:
    """Return what people need to know of a certificate: subject, names, end of validity (UTC)."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        sans = sorted(f"{'IP' if isinstance(name, x509.IPAddress) else 'DNS'}:{name.value}" for name in extension.value)
    except x509.ExtensionNotFound:
        sans = []
    return {
        "subject": certificate.subject.rfc4514_string(),
        "sans": sans,
        "not_after": certificate.not_valid_after_utc.strftime("%Y-%m-%d"),
    }


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint as hex digits in pairs, as browsers and openssl show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def why_issue(leaf: x509.Certificate, ca: x509.Certificate, want: Wanted, renew: timedelta, now: datetime) -> str:
    """Return why the leaf must be issued anew; an empty text when it still serves."""
    found = describe(leaf)
    if found["sans"] != list(want.sans):
        return "its names changed"
    if found["subject"] != _name(want.common_name).rfc4514_string():
        return "its common name changed"
    try:
        leaf.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return "the CA changed"
    if leaf.not_valid_before_utc > now:
        return "it was made by a clock that ran ahead, and is not valid yet"
    if leaf.not_valid_after_utc - now < renew:
        return f"less than {renew.days} days of validity were left"
    return ""


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
    )
    return x509.KeyUsage(
        encipher_only=False, decipher_only=False, **{name: allowed.get(name, False) for name in names.split()}
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def make_ca(common_name: str, now: datetime, key: ec.EllipticCurvePrivateKey | None = None) -> Pair:
    """Make a CA (ECDSA P-256, ten years) that may sign leaves only, with a key that is there or a new one."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name(common_name), _name(common_name), key, now + timedelta(days=CA_DAYS), now)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return Pair(builder.sign(key, hashes.SHA256()), key)


def make_leaf(want: Wanted, ca: Pair, days: int, now: datetime) -> Pair:
    """Make a server certificate that is valid for the given days, but not longer than its CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    until = min(now - CLOCK_SKEW + timedelta(days=days), ca.certificate.not_valid_after_utc)
    names: list[x509.GeneralName] = []
    for kind, _colon, value in (san.partition(":") for san in want.sans):
        names.append(x509.IPAddress(ipaddress.ip_address(value)) if kind == "IP" else x509.DNSName(value))
    builder = _builder(_name(want.common_name), ca.certificate.subject, key, until, now)
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), False),
        (x509.SubjectAlternativeName(names), False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    return Pair(builder.sign(ca.key, hashes.SHA256()), key)


def _write(folder: Path, name: str, pair: Pair) -> None:
    # The key first: a run that dies in between leaves a key alone or a mismatch, which the next run repairs.
    pem = serialization.Encoding.PEM
    key = pair.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(folder / f"{name}.key", key)
    write_private(folder / f"{name}.crt", pair.certificate.public_bytes(pem), mode=0o644)


class Authority:
    """The CA in one folder. With ``dry`` nothing is written."""

    def __init__(self, folder: Path, days: int, renew_before_days: int, dry: bool) -> None:
        """Leaves are valid for ``days`` and issued anew when less than ``renew_before_days`` are left."""
        self.folder = folder
        self.days = days
        self.renew = timedelta(days=renew_before_days)
        self.dry = dry
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.modes_fixed = private_folder(folder, dry)
        self.pair: Pair | None = None

    def ensure_ca(self, common_name: str) -> Outcome:
        """Load the CA, or make it when there is none. A damaged one is left alone: clients may trust it."""
        checked_common_name(common_name, "ca_common_name")
        try:
            lone = self._lone_ca_key()
            self.pair = None if lone else read_pair(self.folder, "ca")
        except ValueError as error:
            raise CertificateError(
                f"the CA in {self.folder} is damaged: {error}. Put ca.crt and ca.key back from a copy; or remove both, "
                "then a new CA is made, which every client must trust anew"
            ) from error
        if self.pair:
            if self.pair.certificate.not_valid_after_utc - self.now < self.renew:
                raise CertificateError(
                    f"the CA in {self.folder} ends on {describe(self.pair.certificate)['not_after']}. "
                    "Remove ca.crt and ca.key, then a new CA is made, which every client must trust anew"
                )
            begin = self.pair.certificate.not_valid_before_utc
            if begin > self.now:
                raise CertificateError(
                    f"the CA in {self.folder} is not valid before {begin:%Y-%m-%d}, and the clock of this machine says "
                    f"{self.now:%Y-%m-%d}. Correct the clock; or remove ca.crt and ca.key, then a new CA "
                    "is made, which every client must trust anew"
                )
            self._fix("ca")
            found = describe(self.pair.certificate)
            return Outcome("ca", found, found, fingerprint(self.pair.certificate), "")
        self.pair = make_ca(common_name, self.now, lone)
        return self._issued("ca", {}, self.pair, "its certificate was missing" if lone else "it did not exist")

    def _lone_ca_key(self) -> ec.EllipticCurvePrivateKey | None:
        """The key of a CA without a certificate, as a killed run leaves it. A new certificate is as good as the old."""
        path = self.folder / "ca.key"
        return None if (self.folder / "ca.crt").exists() or not path.exists() else read_key(path)

    def ensure_leaf(self, want: Wanted) -> Outcome:
        """Issue the leaf when it is missing or does not serve any more."""
        if not self.pair:
            raise CertificateError("the CA must be there before its leaves")
        before: dict[str, t.Any] = {}
        try:
            current = read_pair(self.folder, want.name)
            reason = "" if current else "it did not exist"
        except ValueError as error:
            current, reason = None, str(error)
        if current:
            before = describe(current.certificate)
            reason = why_issue(current.certificate, self.pair.certificate, want, self.renew, self.now)
            if not reason:
                self._fix(want.name)
                return Outcome(want.name, before, before, fingerprint(current.certificate), "")
        return self._issued(want.name, before, make_leaf(want, self.pair, self.days, self.now), reason)

    def _issued(self, name: str, before: dict[str, t.Any], pair: Pair, reason: str) -> Outcome:
        if not self.dry:
            _write(self.folder, name, pair)
        # A certificate that was made only to predict is thrown away, so it has no fingerprint.
        shown = None if self.dry else fingerprint(pair.certificate)
        return Outcome(name, before, describe(pair.certificate), shown, reason)

    def _fix(self, name: str) -> None:
        for file, mode in (f"{name}.key", 0o600), (f"{name}.crt", 0o644):
            self.modes_fixed |= fix_mode(self.folder / file, mode, self.dry)
