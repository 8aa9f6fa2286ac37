# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe of TLS, against servers on loopback with certificates of their own."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.tls import days_left, probe_tls


def certificate(folder, days=30, address="127.0.0.1"):
    """Write a certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "crt").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key").write_bytes(private)
    return folder


@contextlib.contextmanager
def server(folder, oldest=ssl.TLSVersion.TLSv1_2):
    """A server of TLS; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt", folder / "key")
    context.minimum_version = oldest
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve():
        while True:
            try:
                connection, dummy = listener.accept()
            except OSError:  # closed, or nobody came any more
                return
            with connection, contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as wrapped:
                wrapped.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=10)


def refuse(command):
    raise AssertionError(f"no program should be started: {command}")


def probe(folder, port, **options):
    check = {"host": "127.0.0.1", "port": port, "ca_file": str(folder / "crt"), **options}
    return probe_tls(check, 5, refuse)


def test_a_good_certificate_passes_with_what_was_measured(tmp_path):
    folder = certificate(tmp_path)
    with server(folder) as port:
        outcome = probe(folder, port, min_days=29)
    assert outcome.ok, outcome
    assert "certificate valid for 127.0.0.1 for 30 days" in outcome.measured


def test_one_that_ends_too_soon_fails_and_says_what_to_do(tmp_path):
    folder = certificate(tmp_path, days=3)
    with server(folder) as port:
        outcome = probe(folder, port, min_days=7)
    assert not outcome.ok
    assert "for 3 days" in outcome.measured
    assert outcome.advice == "Renew the certificate."


def test_one_for_another_address_fails(tmp_path):
    folder = certificate(tmp_path, address="192.0.2.1")
    with server(folder) as port:
        outcome = probe(folder, port)
    assert not outcome.ok


def test_one_that_nobody_vouches_for_fails(tmp_path):
    (tmp_path / "other").mkdir()
    folder, other = certificate(tmp_path), certificate(tmp_path / "other")
    with server(folder) as port:
        outcome = probe(folder, port, ca_file=str(other / "crt"))
    assert not outcome.ok


@pytest.mark.parametrize(("oldest", "passed"), [(ssl.TLSVersion.TLSv1_3, True), (ssl.TLSVersion.TLSv1_2, False)])
def test_a_server_that_speaks_something_older_fails(tmp_path, oldest, passed):
    folder = certificate(tmp_path)
    with server(folder, oldest) as port:
        outcome = probe(folder, port, minimum_protocol="TLSv1.3")
    assert outcome.ok is passed, outcome
    assert ("TLSv1.2 accepted too" in outcome.measured) is not passed


def test_nobody_there_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome = probe_tls({"host": "127.0.0.1", "port": port}, 5, refuse)
    assert not outcome.ok


def test_days_are_whole_and_count_from_now():
    assert days_left("Jan  3 00:00:00 2026 GMT", 1767225600) == 2
    assert days_left("Jan  3 00:00:00 2026 GMT", 1767225601) == 1
