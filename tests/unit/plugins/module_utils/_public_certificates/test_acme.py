# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import ipaddress
import json
from datetime import timedelta

import pytest

pytest.importorskip("acme")

import requests
from acme import errors, messages

from ansible_collections.fortytwo.ft_services.plugins.module_utils._certificates import CertificateError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._public_certificates import acme as subject
from ansible_collections.fortytwo.ft_services.plugins.module_utils._public_certificates.pair import install
from ansible_collections.fortytwo.ft_services.tests.unit.plugins.module_utils._public_certificates.conftest import (
    NOW,
    make,
)

NAME = "platform.example.org"
ERROR = "urn:ietf:params:acme:error:"
DIRECTORY = "https://acme.example.org/directory"


@pytest.fixture
def wish(tmp_path):
    return subject.Wish(DIRECTORY, (NAME,), tmp_path, "public", None, None, 30, 60)


@pytest.mark.parametrize(
    ("options", "change", "reason"),
    [
        ({"end": 80}, {}, ""),
        ({"begin": -60, "end": 30}, {}, "it ends on 2026-12-30"),
        ({"end": 0}, {}, "it has ended"),
        ({"end": 80}, {"names": (NAME, "www.example.org")}, "its names changed"),
        ({"end": 80}, {"directory": "https://other.example.org"}, "the authority changed"),
        # A third of six days is left.
        ({"begin": -4, "end": 2}, {}, "it ends on 2026-12-02"),
        ({"begin": -3, "end": 3}, {}, ""),
    ],
)
def test_when_a_certificate_is_ordered(wish, middle, options, change, reason):
    pair = make("leaf", middle, [NAME], **options)
    assert subject.why_issue(pair, DIRECTORY, dataclasses.replace(wish, **change), NOW) == reason


def test_none_there(wish):
    assert subject.why_issue(None, None, wish, NOW) == "it did not exist"


def test_renewal_is_never_before_two_thirds(middle):
    long, short = make("a", middle, begin=0, end=90).leaf, make("b", middle, begin=0, end=9).leaf
    assert subject.renewal_time(long, 10) == NOW + timedelta(days=80)
    assert subject.renewal_time(short, 30) == NOW + timedelta(days=6)


def test_names_and_addresses():
    assert subject.split_names([NAME.upper(), "2001:db8::1"]) == ([NAME], [ipaddress.ip_address("2001:db8::1")])


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (errors.TimeoutError(), "did not decide within 60 s"),
        (requests.exceptions.SSLError(), "its own certificate is not trusted"),
        (requests.exceptions.ReadTimeout(), "did not answer within 30 s"),
        (requests.exceptions.ConnectionError("no route"), "gave no answer of ACME: no route. Check the address"),
        (KeyError("newAccount"), "gave no answer of ACME"),
        (
            errors.IssuanceError(messages.Error(typ=f"{ERROR}caa", detail="CAA forbids")),
            "CAA forbids",
        ),
        (messages.Error(typ="urn:ietf:params:acme:error:rateLimited", detail="too many"), "Wait as long as it says"),
    ],
)
def test_refusals_are_told(wish, raised, said):
    with pytest.raises(CertificateError) as told, subject.told(wish):
        raise raised
    assert said in str(told.value)


def test_each_name_has_its_reason():
    inner = messages.Error(
        typ=f"{ERROR}caa",
        detail="forbidden",
        identifier=messages.Identifier(typ=messages.IDENTIFIER_FQDN, value="a.example"),
    )
    outer = messages.Error(typ=f"{ERROR}compound", detail="several", subproblems=(inner,))
    assert subject.problem(outer) == "several; a.example: forbidden (caa) (compound)"


def test_account_key_is_kept_and_a_damaged_one_is_told(tmp_path):
    first = subject.account_key(tmp_path)
    assert (tmp_path / subject.ACCOUNT_FILE).stat().st_mode & 0o777 == 0o600
    assert subject.account_key(tmp_path).private_numbers() == first.private_numbers()
    (tmp_path / subject.ACCOUNT_FILE).write_text("nothing")
    with pytest.raises(CertificateError, match="a new account is made"):
        subject.account_key(tmp_path)


class Silent:
    """An authority that cannot be reached."""

    def __init__(self, wish):
        raise CertificateError("no answer")


def test_a_failed_renewal_keeps_a_valid_certificate(wish, middle, monkeypatch):
    monkeypatch.setattr(subject, "Authority", Silent)
    monkeypatch.setattr(subject, "renewal_time", lambda found, days: found.not_valid_before_utc + timedelta(1))
    install(wish.folder, "public", make("leaf", middle, [NAME], end=365 * 20), dry=False)
    wish.record.write_text(json.dumps({"directory": DIRECTORY}))
    with pytest.raises(subject.RenewalError, match="no answer") as told:
        subject.ensure(wish, lambda token, content: None, dry=False)
    assert told.value.until.startswith("2046")
    # Another name is no renewal.
    with pytest.raises(CertificateError) as failed:
        subject.ensure(dataclasses.replace(wish, names=("x.example",)), lambda token, content: None, dry=False)
    assert not isinstance(failed.value, subject.RenewalError)


def test_what_is_recorded(wish):
    assert subject.recorded_directory(wish) is None
    wish.record.write_text("[1]")
    assert subject.recorded_directory(wish) is None
