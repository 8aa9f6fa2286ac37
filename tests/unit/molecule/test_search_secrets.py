# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for secrets finds what is there, in every form, and does not take nothing for clean."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

PASSWORD = b"q7RkVnXw2zPmTfGh8sJdYbLc"


def texts(key, form):
    private = key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


EC = (ec.generate_private_key(ec.SECP256R1()), PrivateFormat.PKCS8)
SSH_KEY = texts(ed25519.Ed25519PrivateKey.generate(), PrivateFormat.OpenSSH)[0]


@pytest.fixture(scope="module")
def search(program):
    return program("search_secrets")


@pytest.fixture
def state(tmp_path):
    credentials = {
        "site": {"kind": "password", "value": PASSWORD.decode()},
        "host": {"kind": "ssh_key", "private": SSH_KEY},
    }
    (tmp_path / "credentials.json").write_text(json.dumps({"checksum_key": "c" * 64, "credentials": credentials}))
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "ca.key").write_text(texts(*EC)[0])
    return tmp_path


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc", b"password: "])
@pytest.mark.parametrize("after", [b"", b"z", b"zy", b"zyx", b"\n"])
def test_a_secret_is_found_as_it_is_and_inside_of_what_was_encoded(search, before, after):
    needles = {"site": search.forms(PASSWORD)}
    assert search.hits(before + PASSWORD + after, needles) == ["site"]
    assert search.hits(base64.b64encode(before + PASSWORD + after), needles) == ["site"]


def test_other_texts_are_clean(search):
    needles = {"site": search.forms(PASSWORD)}
    assert search.hits(PASSWORD[:-1] + b" " + PASSWORD[1:], needles) == []
    assert search.hits(base64.b64encode(PASSWORD.swapcase()), needles) == []


def test_every_secret_of_the_state_is_looked_for_and_keys_without_what_all_keys_have(search, state):
    found = search.secrets(state)
    assert sorted(found) == ["ca.key", "checksum_key", "host", "site"]
    assert found["site"] == [PASSWORD]
    assert found["host"] == [line.encode() for line in SSH_KEY.splitlines()[2:-1]]


def test_secrets_from_before_a_rotation_are_looked_for_too_and_their_copies_are_no_place(search, state):
    known = json.loads((state / "credentials.json").read_text())
    known["credentials"]["site"]["value"] = "an-older-password"
    (state / "credentials.json.before").write_text(json.dumps(known))
    found = search.secrets(state)
    assert sorted(found) == ["ca.key", "checksum_key", "host", "site", "site of credentials.json.before"]
    (state / "backup.key").write_text("the-key-of-all-backups\n")
    assert search.secrets(state)["backup.key"] == [b"the-key-of-all-backups"]
    assert found["site of credentials.json.before"] == [b"an-older-password"]
    assert list(search.state_texts(state)) == []


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_private_key_is_looked_for_but_its_public_half_is_no_secret(search, form):
    private, public = texts(ec.generate_private_key(ec.SECP256R1()), form)
    needles = {"key": {part for line in search.parts(private) for part in search.forms(line)}}
    assert search.hits(private.encode(), needles) == ["key"]
    coded = b"".join(public.splitlines()[1:-1])
    for before in range(3):
        shifted = base64.b64encode(b"\0" * before + base64.b64decode(coded))
        assert search.hits(shifted, needles) == []


def test_a_secret_that_could_stand_anywhere_stops_the_search(search, state):
    (state / "credentials.json").write_text('{"checksum_key": "short", "credentials": {}}')
    with pytest.raises(SystemExit, match="checksum_key is too short"):
        search.secrets(state)


def test_what_could_not_be_searched_is_not_clean(search, tmp_path):
    with pytest.raises(SystemExit, match="ended with 3"):
        search.output(["sh", "-c", "exit 3"])
    with pytest.raises(SystemExit, match="no file in"):
        list(search.file_texts([str(tmp_path)]))


def test_files_below_a_folder_are_read(search, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_bytes(PASSWORD)
    assert [text for _name, text in search.file_texts([str(tmp_path)])] == [PASSWORD]


def test_the_state_may_hold_its_secrets_in_their_own_files_only(search, state):
    (state / "reports").mkdir()
    (state / "reports" / "report.html").write_bytes(PASSWORD)
    assert list(search.state_texts(state)) == [(str(state / "reports" / "report.html"), PASSWORD)]


def test_nothing_is_judged_by_an_answer_without_what_it_must_hold(search, monkeypatch, tmp_path):
    (tmp_path / "log").write_text("x")
    monkeypatch.setattr(
        search, "cluster_places", lambda *words: [search.Place("objects", ["true"], b"kind: Deployment")]
    )
    monkeypatch.setattr(search, "node_places", lambda *words: [])
    wanted = {
        "state": str(tmp_path),
        "files": [str(tmp_path)],
        "kubectl": [],
        "namespace": "",
        "node": [],
        "docker": [],
        "images": "",
    }
    with pytest.raises(SystemExit, match="objects: not what it should be"):
        list(search.texts(wanted))
