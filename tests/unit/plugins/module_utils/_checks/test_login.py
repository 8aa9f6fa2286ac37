# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where probes have their password from."""

from __future__ import annotations

import json

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.login import Differs, password_of

KEPT = {
    "here": {"kind": "password", "value": "secret-of-here"},
    "key": {"kind": "ssh_key", "private": "secret-key", "public": "ssh-ed25519 AAAA key"},
}


@pytest.fixture
def state(tmp_path):
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"format": 1, "checksum_key": "00", "credentials": KEPT}))
    return path


def check(path, credential="here"):
    return {"credentials_file": str(path), "credential": credential}


def test_the_password_is_the_value_of_the_credential(state):
    assert password_of(check(state)) == "secret-of-here"


@pytest.mark.parametrize("name", ["other", "key"])
def test_a_credential_without_a_value_is_named_and_no_secret_is_told(state, name):
    with pytest.raises(Differs, match=f"has no credential '{name}' with a value") as caught:
        password_of(check(state, name))
    assert "secret" not in str(caught.value)


def test_a_missing_file_is_not_taken_for_an_empty_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        password_of(check(tmp_path / "none.json"))


def test_a_damaged_file_is_no_traceback_and_stays_as_it_is(state):
    state.write_text("{")
    with pytest.raises(Differs, match="damaged"):
        password_of(check(state))
    assert state.read_text() == "{"
