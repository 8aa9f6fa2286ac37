# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("cryptography")

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.fortytwo.ft_services.plugins.module_utils._public_certificates.pair import Pair

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def make(subject, issuer=None, names=(), key=None, begin=-10, end=80, authority=False):
    """A certificate of Pair ``issuer``, or its own; ``begin`` and ``end`` are days from NOW."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(subject))
        .issuer_name(issuer.leaf.subject if issuer else name_of(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=begin))
        .not_valid_after(NOW + timedelta(days=end))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        entries = []
        for text in names:
            try:
                entries.append(x509.IPAddress(ipaddress.ip_address(text)))
            except ValueError:
                entries.append(x509.DNSName(text))
        builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
    signed = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Pair([signed, *(issuer.chain if issuer else [])], key)


@pytest.fixture(scope="session")
def root():
    return make("root", authority=True, end=3000)


@pytest.fixture(scope="session")
def middle(root):
    return make("middle", issuer=root, authority=True, end=1000)
