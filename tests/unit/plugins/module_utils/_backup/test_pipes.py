# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import signal
import sys

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup import pipes
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import BackupError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.pipes import Passed, piped

WHOLE = b"INSERT;\n-- Dump completed\n"
# Keeps what it reads only when it sees the end of it, as restic does; a signal ends it before.
SINK = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read()); print('kept')"


def shell(text, *words):
    return ["sh", "-c", text, *words]


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "kept"


def test_what_passes_is_measured_in_pieces_of_any_size():
    for size in (1, 7, 1000):
        passed = Passed("tar")
        content = b"files" + bytes(2000)
        for start in range(0, len(content), size):
            passed.add(content[start : start + size])
        assert passed.entry() == {
            "form": "tar",
            "bytes": len(content),
            "content_sha256": hashlib.sha256(content).hexdigest(),
        }


@pytest.mark.parametrize(("form", "content"), [("tar", b""), ("tar", bytes(1023)), ("sql", b"INSERT;"), ("sql", b"")])
def test_a_stream_that_ended_early_is_refused(form, content):
    passed = Passed(form)
    passed.add(content)
    with pytest.raises(BackupError, match=f"no whole {form}: it ended after {len(content)} bytes"):
        passed.entry()


def test_a_whole_stream_arrives_with_what_both_programs_said(kept):
    source = shell("echo note >&2; head -c 3000000 /dev/zero; printf '%s' \"$WORDS\"; printf '\\n-- Dump completed\\n'")
    done = piped(source, [sys.executable, "-c", SINK, str(kept)], Passed("sql"), {"WORDS": "words"})
    assert (done.source_code, done.sink_code) == (0, 0)
    assert (done.source_errors, done.sink_output) == ("note\n", "kept\n")
    assert done.entry["bytes"] == kept.stat().st_size == 3000000 + len("words\n-- Dump completed\n")
    assert done.entry["content_sha256"] == hashlib.sha256(kept.read_bytes()).hexdigest()


def test_a_user_who_may_have_no_large_pipes_gets_the_usual_ones(kept, monkeypatch):
    def refused(*_words):
        raise PermissionError

    monkeypatch.setattr(pipes.fcntl, "fcntl", refused)
    assert pipes._pipe_size() == -1
    monkeypatch.undo()
    monkeypatch.setattr(pipes, "_pipe_size", lambda: -1)
    done = piped(shell("printf 'x\\n-- Dump completed\\n'"), [sys.executable, "-c", SINK, str(kept)], Passed("sql"), {})
    assert done.sink_output == "kept\n"


def test_the_sink_sees_no_end_when_the_source_fails(kept):
    done = piped(
        shell("cat /dev/null; echo why >&2; exit 3"), [sys.executable, "-c", SINK, str(kept)], Passed("sql"), {}
    )
    assert (done.source_code, done.source_errors) == (3, "why\n")
    assert not kept.exists()


def test_the_sink_sees_no_end_when_the_stream_is_not_whole(kept):
    with pytest.raises(BackupError, match="no whole sql"):
        piped(shell("echo half"), [sys.executable, "-c", SINK, str(kept)], Passed("sql"), {})
    assert not kept.exists()


def test_a_sink_that_ends_by_itself_stops_a_source_without_end():
    done = piped(shell("exec cat /dev/zero"), shell("echo full >&2; exit 4"), Passed("tar"), {})
    assert (done.sink_code, done.sink_errors) == (4, "full\n")


def test_a_source_that_does_not_listen_is_ended_all_the_same(monkeypatch):
    monkeypatch.setattr(pipes, "GRACE", 0.2)
    # As a shell does for what it starts in the background; programs inherit it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done = piped(shell("exec cat /dev/zero"), shell("echo full >&2; exit 4"), Passed("tar"), {})
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.sink_code, done.sink_errors) == (4, "full\n")
