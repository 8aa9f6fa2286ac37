# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

pytest.importorskip("cryptography")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ansible_collections.fortytwo.ft_services.plugins.module_utils._certificates import CertificateError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._public_certificates import pair as subject
from ansible_collections.fortytwo.ft_services.tests.unit.plugins.module_utils._public_certificates.conftest import (
    NOW,
    make,
)

NAME = "platform.example.org"


def pem(key, encryption=None):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption or serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    ("names", "asked", "good"),
    [
        ([NAME], NAME, True),
        ([NAME.upper()], NAME, True),
        (["*.example.org"], NAME, True),
        (["*.example.org"], f"a.{NAME}", False),
        (["*.example.org"], "example.org", False),
        (["203.0.113.10"], "203.0.113.10", True),
        (["2001:db8::1"], "2001:DB8:0::1", True),
        ([NAME], "203.0.113.10", False),
        ([], NAME, False),
    ],
)
def test_names_are_compared_as_clients_do(root, names, asked, good):
    assert subject.covers(make("leaf", root, names).leaf, asked) is good


def test_nothing_is_wrong(middle):
    assert subject.problems(make("leaf", middle, [NAME]), [NAME], NOW) == []


def test_everything_that_is_wrong_is_said_at_once(middle):
    other = make("other", middle, ["other.example.org"], begin=-20, end=-1)
    wrong = subject.Pair(other.chain, ec.generate_private_key(ec.SECP256R1()))
    found = "; ".join(subject.problems(wrong, [NAME], NOW))
    assert "not the certificate's" in found
    assert "ended on 2026-11-29" in found
    assert f"not valid for {NAME}, but for DNS:other.example.org" in found


def test_order_of_the_chain(root, middle):
    leaf = make("leaf", middle, [NAME])
    [server, between, top] = leaf.chain
    swapped = subject.problems(subject.Pair([server, top, between], leaf.key), [NAME], NOW)
    assert any("CN=root did not sign CN=leaf" in text for text in swapped)
    first = subject.problems(subject.Pair([between, server], middle.key), [], NOW)
    assert any("is an authority's" in text for text in first)


def test_not_valid_yet(middle):
    [found] = subject.problems(make("leaf", middle, [NAME], begin=1), [NAME], NOW)
    assert found == "the certificate is not valid before 2026-12-01 00:00 UTC"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nothing", "holds no private key"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "browsers do not take"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "browsers do not take"),
        (pem(rsa.generate_private_key(65537, 1024)), "2048 bits"),
        (pem(ec.generate_private_key(ec.SECP256R1()), serialization.BestAvailableEncryption(b"x")), "openssl pkey -in"),
    ],
    ids=["text", "ed25519", "curve", "short", "password"],
)
def test_keys_that_are_refused(tmp_path, content, said):
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(CertificateError, match=said):
        subject.read_key(file)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(CertificateError, match="No such file"):
        subject.read_chain(tmp_path / "none")
    with pytest.raises(CertificateError, match="No such file"):
        subject.read_key(tmp_path / "none")
    (tmp_path / "text").write_text("text")
    with pytest.raises(CertificateError, match="holds no certificate"):
        subject.read_chain(tmp_path / "text")


def test_installs_once_and_mends(tmp_path, middle):
    folder = tmp_path / "certificates"
    pair = make("leaf", middle, [NAME])
    assert subject.install(folder, "public", pair, dry=True)
    assert not folder.exists()
    assert subject.install(folder, "public", pair, dry=False)
    assert not subject.install(folder, "public", pair, dry=False)
    key = folder / "public.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    assert subject.install(folder, "public", pair, dry=False)
    assert key.stat().st_mode & 0o777 == 0o600
    found = subject.read_installed(folder, "public")
    assert (found.chain, found.key.public_key()) == (pair.chain, pair.key.public_key())
    # As a run leaves it that ends between the two files.
    key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    assert subject.read_installed(folder, "public") is None


def test_an_rsa_key_says_so_in_its_first_line(middle):
    key = rsa.generate_private_key(65537, 2048)
    assert make("leaf", middle, [NAME], key=key).key_pem().startswith(b"-----BEGIN RSA PRIVATE KEY-----")
    assert make("leaf", middle, [NAME]).key_pem().startswith(b"-----BEGIN PRIVATE KEY-----")


def test_result_tells_no_key(tmp_path, middle):
    result = subject.result_of(tmp_path, "public", make("leaf", middle, [NAME]), NOW)
    assert result["days_left"] == 80
    assert result["sans"] == [f"DNS:{NAME}"]
    assert "PRIVATE" not in str(result)
