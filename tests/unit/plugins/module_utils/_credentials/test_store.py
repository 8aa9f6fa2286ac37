# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest

pytest.importorskip("cryptography")

from cryptography.hazmat.primitives import serialization

from ansible_collections.fortytwo.ft_services.plugins.module_utils._credentials import store as util


def want(name="mysql_root", kind="password", length=32, alphabet="0123456789abcdef", file=None):
    return util.wanted({"name": name, "kind": kind, "length": length, "alphabet": alphabet, "file": file})


def ensure(path, *wants, rotate=(), dry=False):
    store = util.Store(path, dry)
    store.ensure(list(wants), list(rotate))
    return store


def values(path):
    return json.loads(path.read_text())["credentials"]


def test_a_password_has_the_asked_length_and_characters(tmp_path):
    store = ensure(tmp_path / "state", want(length=40, alphabet="ABCDEFGHIJ"))
    value = store.part("mysql_root", "value").decode()
    assert len(value) == 40
    assert set(value) <= set("ABCDEFGHIJ")


@pytest.mark.parametrize("length", [16, 33])
def test_a_hex_value_has_the_asked_length(tmp_path, length):
    value = ensure(tmp_path / "state", want(kind="hex", length=length)).part("mysql_root", "value")
    assert len(value) == length
    int(value, 16)


def test_an_ssh_key_is_a_pair_and_its_fingerprint_is_what_ssh_shows(tmp_path):
    store = ensure(tmp_path / "state", want("user", "ssh_key"))
    public = serialization.load_ssh_private_key(store.part("user", "private"), None).public_key()
    text = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    assert store.public_key("user") == f"{text} user"
    known = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f comment"
    assert util.fingerprint(known) == "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"


def test_what_exists_is_kept_and_the_file_is_private(tmp_path):
    path = tmp_path / "new" / "state.json"
    ensure(path, want())
    before = values(path)
    path.chmod(0o644)
    store = ensure(path, want(length=64), want("other"))
    assert values(path)["mysql_root"] == before["mysql_root"]
    assert store.reasons == {"other": "it did not exist"}
    assert store.modes_fixed
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_rotate_changes_only_what_it_names_and_may_change_the_kind(tmp_path):
    path = tmp_path / "state"
    ensure(path, want(), want("other"))
    before = values(path)
    ensure(path, want(kind="hex"), want("other"), rotate=["mysql_root"])
    assert values(path)["other"] == before["other"]
    assert values(path)["mysql_root"]["kind"] == "hex"
    assert values(path)["mysql_root"]["value"] != before["mysql_root"]["value"]
    with pytest.raises(util.CredentialError, match="not in credentials: nothing"):
        ensure(path, want(kind="hex"), rotate=["nothing"])
    with pytest.raises(util.CredentialError, match="is of kind hex, not password"):
        ensure(path, want())


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"format": 2, "checksum_key": "00", "credentials": {}}',
        '{"format": 1, "checksum_key": "00", "credentials": {"a": {"kind": "password"}}}',
        '{"format": 1, "checksum_key": "00", "credentials": {"a": {"kind": "riddle", "value": "x"}}}',
        '{"format": 1, "checksum_key": null, "credentials": {}}',
        '{"format": 1, "credentials": {}}',
    ],
)
def test_a_damaged_file_is_left_alone(tmp_path, content):
    path = tmp_path / "state"
    path.write_text(content)
    with pytest.raises(util.CredentialError, match="left alone"):
        ensure(path, want())
    assert path.read_text() == content


def test_check_mode_writes_nothing(tmp_path):
    path, copy = tmp_path / "new" / "state", tmp_path / "ssh" / "id"
    user = want("user", "ssh_key", file=str(copy))
    store = ensure(path, want(), user, dry=True)
    assert store.ensure_file(user)
    assert sorted(store.reasons) == ["mysql_root", "user"]
    assert list(tmp_path.iterdir()) == []


def test_the_users_copy_follows_rotation_but_another_key_is_left_alone(tmp_path):
    path, copy = tmp_path / "state", tmp_path / "ssh" / "id"
    user = want("user", "ssh_key", file=str(copy))
    assert ensure(path, user).ensure_file(user)
    assert not ensure(path, user).ensure_file(user)
    assert copy.stat().st_mode & 0o777 == 0o600
    first = copy.read_text()
    store = ensure(path, user, rotate=["user"])
    assert store.ensure_file(user)
    assert copy.read_text() == store.part("user", "private").decode() != first
    assert copy.with_name("id.pub").read_text().strip() == store.public_key("user")

    # Also when the run that rotated it was killed before it wrote the copy.
    ensure(path, user, rotate=["user"])
    store = ensure(path, user)
    assert store.ensure_file(user)
    assert copy.read_text() == store.part("user", "private").decode()

    copy.write_text("a key of the user's own")
    copy.with_name("id.pub").write_text("ssh-ed25519 AAAA me@home")
    with pytest.raises(util.CredentialError, match="left alone"):
        ensure(path, user).ensure_file(user)
    assert copy.read_text() == "a key of the user's own"


def test_the_checksum_is_stable_keyed_and_tells_fields_apart(tmp_path):
    first, again, other = (ensure(tmp_path / name, want()) for name in ("a", "a", "b"))
    assert first.checksum(b"ab", b"c") == again.checksum(b"ab", b"c")
    assert len({first.checksum(b"ab", b"c"), first.checksum(b"a", b"bc"), other.checksum(b"ab", b"c")}) == 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "A b"}, "lowercase letters"),
        ({"alphabet": "aaaaaaaaaaaaaaaab"}, "at least 10 different"),
        ({"length": 15}, "at least 16"),
        ({"file": "/tmp/x"}, "only a credential of kind ssh_key"),
    ],
)
def test_bad_input_is_refused(wrong, words):
    with pytest.raises(util.CredentialError, match=words):
        want(**wrong)


def test_a_folder_that_is_there_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o755)
    ensure(tmp_path / "state.json", want())
    assert tmp_path.stat().st_mode & 0o777 == 0o755
