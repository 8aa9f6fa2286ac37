# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import BackupError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.unchanged import Newest, fingerprint_of

ENTRY = {"form": "tar", "bytes": 7, "fingerprint": "f", "since": "2027-01-15T08:00:00Z"}
PART = {"id": "1", "part": "ftps"}
FTPS = {"name": "ftps", "form": "tar"}


class Says:
    """A container whose program says one thing."""

    def __init__(self, text):
        self.text = text

    def say(self, argv):
        if self.text is None:
            raise BackupError("it ended with 1")
        return self.text


class Holds:
    """A repository with one backup."""

    def __init__(self, manifest, takes=True):
        self.takes, self._manifest = takes, manifest

    def manifest(self, index):
        if self._manifest is None:
            raise BackupError("damaged")
        return self._manifest

    def put_again(self, name, created, part, entry):
        assert (part, entry) == (PART, ENTRY)
        return self.takes


@pytest.mark.parametrize(
    ("text", "expected"), [("abc\n", "abc"), ("", ""), (None, ""), ("INSERT;\n" * 100, "")], ids=str
)
def test_a_fingerprint_is_a_short_text_or_none(text, expected):
    assert fingerprint_of(Says(text), ["backup", "--fingerprint"]) == expected
    assert fingerprint_of(Says(text), None) == ""


@pytest.mark.parametrize(
    ("changed", "fingerprint"),
    [
        ({"fingerprint": "other"}, "f"),
        ({"fingerprint": ""}, ""),
        ({"form": "any"}, "f"),
    ],
)
def test_only_the_same_data_in_the_same_form_are_taken_from_the_newest_backup(changed, fingerprint):
    held = {"old": {"parts": {}}, "new": {"parts": {"ftps": PART}}}

    def entry(services, asked, namespace="n", **options):
        repository = Holds({"namespace": "n", "services": services}, **options)
        return Newest(repository, held, namespace).put_again("one", "now", FTPS, asked)

    assert entry({"ftps": ENTRY}, "f") == ENTRY
    assert entry({"ftps": {**ENTRY, **changed}}, fingerprint) is None
    assert entry({}, "f") is None
    assert entry({"ftps": ENTRY}, "f", namespace="other") is None
    assert entry({"ftps": ENTRY}, "f", takes=False) is None


@pytest.mark.parametrize("held", [{}, {"a folder": {"parts": {}}}, {"lacks it": {"parts": {"mysql": PART}}}])
def test_without_an_older_part_the_data_are_read(held):
    repository = Holds({"namespace": "n", "services": {"ftps": ENTRY}})
    assert Newest(repository, held, "n").put_again("one", "now", FTPS, "f") is None


def test_an_older_manifest_that_cannot_be_read_is_no_reason_not_to_make_a_backup():
    assert Newest(Holds(None), {"new": {"parts": {"ftps": PART}}}, "n").put_again("one", "now", FTPS, "f") is None
