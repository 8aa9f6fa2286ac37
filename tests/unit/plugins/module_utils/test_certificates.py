# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress

import pytest

pytest.importorskip("cryptography")

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _certificates as util

SPEC = {"name": "nginx", "common_name": None, "ip_addresses": ["192.168.49.200"], "dns_names": ["Nginx.ft"]}
WANT = util.wanted(SPEC)


def ensure(folder, want=WANT, days=397, renew=30, dry=False):
    authority = util.Authority(folder, days, renew, dry)
    return authority.ensure_ca("test CA"), authority.ensure_leaf(want)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def load(folder, name):
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


def test_a_strict_client_accepts_the_leaf_for_its_names_only(tmp_path):
    ensure(tmp_path)
    policy = PolicyBuilder().store(Store([load(tmp_path, "ca")]))
    for name in (x509.IPAddress(ipaddress.ip_address("192.168.49.200")), x509.DNSName("nginx.ft")):
        policy.build_server_verifier(name).verify(load(tmp_path, "nginx"), [])
    with pytest.raises(VerificationError):
        policy.build_server_verifier(x509.DNSName("other.ft")).verify(load(tmp_path, "nginx"), [])


def test_no_leaf_is_valid_for_longer_than_browsers_accept(tmp_path):
    ensure(tmp_path)
    leaf = load(tmp_path, "nginx")
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days <= 397


def test_the_second_run_changes_nothing(tmp_path):
    ensure(tmp_path)
    before = files(tmp_path)
    ca, leaf = ensure(tmp_path)
    assert (ca.reason, leaf.reason) == ("", "")
    assert files(tmp_path) == before


def test_only_the_owner_can_read_keys_and_loosened_modes_are_repaired(tmp_path):
    folder = tmp_path / "new" / "certificates"
    ensure(folder)
    assert {path.name: path.stat().st_mode & 0o777 for path in (folder, folder / "ca.key", folder / "nginx.key")} == {
        "certificates": 0o700,
        "ca.key": 0o600,
        "nginx.key": 0o600,
    }
    (folder / "nginx.key").chmod(0o644)
    authority = util.Authority(folder, 397, 30, dry=False)
    authority.ensure_ca("test CA")
    authority.ensure_leaf(WANT)
    assert authority.modes_fixed
    assert (folder / "nginx.key").stat().st_mode & 0o777 == 0o600


def change_names(folder):
    return {"want": util.wanted({**SPEC, "ip_addresses": ["192.168.49.201"]})}


def change_common_name(folder):
    return {"want": util.wanted({**SPEC, "common_name": "front"})}


def change_ca(folder):
    for name in ("ca.crt", "ca.key"):
        (folder / name).unlink()
    return {}


def swap_key(folder):
    (folder / "nginx.key").write_bytes((folder / "ca.key").read_bytes())
    return {}


def lose_key(folder):
    (folder / "nginx.key").unlink()
    return {}


def spoil_certificate(folder):
    (folder / "nginx.crt").write_text("no certificate")
    return {}


def let_time_pass(folder):
    return {"renew": 396}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (change_names, "its names changed"),
        (change_common_name, "its common name changed"),
        (change_ca, "the CA changed"),
        (swap_key, "the private key is not the certificate's"),
        (lose_key, "nginx.key is missing"),
        (spoil_certificate, "cannot be read as PEM"),
        (let_time_pass, "less than 396 days of validity were left"),
    ],
)
def test_a_leaf_that_does_not_serve_any_more_is_issued_anew_once(tmp_path, change, reason):
    ensure(tmp_path, days=390)
    old = load(tmp_path, "ca"), util.fingerprint(load(tmp_path, "nginx")) if change is not spoil_certificate else ""
    options = {"days": 397, **change(tmp_path)}
    assert reason in ensure(tmp_path, **options)[1].reason
    assert util.fingerprint(load(tmp_path, "nginx")) != old[1]
    assert (load(tmp_path, "ca") == old[0]) is (change is not change_ca)
    assert ensure(tmp_path, **options)[1].reason == ""


def test_check_mode_predicts_and_writes_nothing(tmp_path):
    ca, leaf = ensure(tmp_path / "none", dry=True)
    assert (ca.reason, leaf.reason) == ("it did not exist", "it did not exist")
    assert leaf.fingerprint is None
    assert leaf.after["sans"] == ["DNS:nginx.ft", "IP:192.168.49.200"]
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("damage", [lambda key: key.unlink(), lambda key: key.write_text("spoilt")])
def test_a_damaged_ca_is_left_alone_because_clients_may_trust_it(tmp_path, damage):
    ensure(tmp_path)
    damage(tmp_path / "ca.key")
    before = files(tmp_path)
    with pytest.raises(util.CertificateError, match="from a copy"):
        ensure(tmp_path)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "ca"}, "'ca' is taken"),
        ({"name": "../nginx"}, "lowercase letters"),
        ({"ip_addresses": ["192.168.49"]}, "not an IP address"),
        ({"dns_names": ["a b"]}, "not a DNS name"),
        ({"ip_addresses": [], "dns_names": []}, "valid for nothing"),
        ({"common_name": "x" * 65}, "65 bytes, it must have 1 to 64"),
        ({"common_name": "\u00e9" * 33}, "66 bytes"),
        ({"dns_names": ["a" * 64 + ".example"]}, "not a DNS name"),
    ],
)
def test_bad_input_is_refused(wrong, words):
    with pytest.raises(util.CertificateError, match=words):
        util.wanted({**SPEC, **wrong})


def test_the_name_of_a_ca_that_x509_has_no_room_for_is_refused_before_anything_is_written(tmp_path):
    for name in ("x" * 65, ""):
        with pytest.raises(util.CertificateError, match="ca_common_name"):
            util.Authority(tmp_path, 397, 30, dry=False).ensure_ca(name)
    assert not files(tmp_path)


def test_a_run_that_was_killed_between_key_and_certificate_of_the_ca_is_taken_up(tmp_path, monkeypatch):
    def killed(path, content, mode=0o600, write=util.write_private):
        if path.name == "ca.crt":
            raise KeyboardInterrupt
        write(path, content, mode)

    with monkeypatch.context() as patched:
        patched.setattr(util, "write_private", killed)
        with pytest.raises(KeyboardInterrupt):
            ensure(tmp_path)
    key = (tmp_path / "ca.key").read_bytes()
    assert ensure(tmp_path, dry=True)[0].reason == "its certificate was missing"
    ca, leaf = ensure(tmp_path)
    assert (ca.reason, leaf.reason) == ("its certificate was missing", "it did not exist")
    assert (tmp_path / "ca.key").read_bytes() == key
    assert [outcome.reason for outcome in ensure(tmp_path)] == ["", ""]
    # Whoever trusts the lost certificate of the same key goes on trusting what it signed.
    (tmp_path / "ca.crt").unlink()
    assert [outcome.reason for outcome in ensure(tmp_path)] == ["its certificate was missing", ""]


def test_a_certificate_of_a_clock_that_ran_ahead_is_issued_anew(tmp_path):
    ensure(tmp_path)
    ahead = util.Authority(tmp_path, 390, 30, dry=False)
    ahead.ensure_ca("test CA")
    ahead.now += util.timedelta(days=3)
    (tmp_path / "nginx.crt").unlink()
    ahead.ensure_leaf(WANT)
    assert ensure(tmp_path)[1].reason == "it was made by a clock that ran ahead, and is not valid yet"
    assert ensure(tmp_path)[1].reason == ""


def test_a_ca_of_a_clock_that_ran_ahead_is_told(tmp_path):
    ahead = util.Authority(tmp_path, 397, 30, dry=False)
    ahead.now += util.timedelta(days=3)
    ahead.ensure_ca("test CA")
    with pytest.raises(util.CertificateError, match="Correct the clock"):
        ensure(tmp_path)


def test_a_folder_that_is_there_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o755)
    ensure(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert not util.Authority(tmp_path, 397, 30, dry=False).modes_fixed
