# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe of FTP with TLS: its options, and what it makes of answers, given by a server of few words on loopback."""

from __future__ import annotations

import contextlib
import ftplib
import socket
import threading

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.ftps import (
    contents,
    expectation,
    ftps_problems,
    one_line,
    probe_ftps,
    refusal,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.login import Differs

CHECK = {"host": "127.0.0.1", "port": 21}
LOGIN = {"username": "ft", "credentials_file": "/state.json", "credential": "ftps_user"}


@contextlib.contextmanager
def talker(*answers):
    """One connection: a line of answer for the connection itself and for each line of the client; then the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve():
        connection, dummy = listener.accept()
        listener.close()
        with connection, connection.makefile("rw", newline="") as lines:
            for number, answer in enumerate(answers):
                lines.write(f"{answer}\r\n")
                lines.flush()
                if number < len(answers) - 1:
                    heard.append(lines.readline().strip())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], heard
    thread.join(timeout=5)


def run(command):
    raise AssertionError(f"no program should be started: {command}")


def probe(port, **options):
    return probe_ftps({**CHECK, "port": port, **options}, 5, run)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({}, []),
        (LOGIN, []),
        ({"username": "ft"}, ["username cannot be used without credentials_file and credential"]),
        (
            {"credentials_file": "/s", "credential": "c"},
            ["credentials_file and credential cannot be used without username"],
        ),
    ],
)
def test_the_options_of_a_login_go_together(options, wrong):
    assert ftps_problems({**CHECK, **options}) == wrong


def test_expectation_says_what_is_tried():
    assert expectation(CHECK) == "login without TLS refused before the password, certificate valid for 127.0.0.1"
    assert "certificate valid for ftps" in expectation({**CHECK, "server_name": "ftps"})
    words = "login of ft, data without TLS refused, 3 files up, down and deleted"
    assert expectation({**CHECK, **LOGIN}).endswith(words)


def test_a_server_that_asks_for_the_password_without_tls_fails_and_does_not_get_one():
    with talker("220 hello", "331 Password required") as (port, heard):
        outcome = probe(port)
    assert not outcome.ok
    assert "a login without TLS is not refused: 331 Password required" in outcome.measured
    assert heard == ["USER anonymous"]


def test_a_refusal_that_may_pass_is_no_refusal():
    with talker("220 hello", "421 Too many users") as (port, dummy):
        outcome = probe(port)
    assert not outcome.ok
    assert outcome.measured == "421 Too many users"


def test_a_server_that_goes_away_fails_with_what_was_seen_before():
    with talker("220 hello", "550 TLS required") as (port, dummy):
        outcome = probe(port)
    assert not outcome.ok
    assert outcome.measured == "login without TLS: 550 TLS required; connection refused"


def test_silence_and_a_closed_port_are_failures_with_advice():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        outcome = probe_ftps({**CHECK, "port": port}, 0.2, run)
        assert (outcome.ok, outcome.measured) == (False, "no answer in 0.2 s")
    outcome = probe(port)
    assert (outcome.ok, outcome.measured) == (False, "connection refused")
    assert outcome.advice


def test_refusal_is_only_a_permanent_answer():
    def no():
        raise ftplib.error_perm("550-SSL/TLS\n550 required")

    assert refusal(no, "it") == "550-SSL/TLS 550 required"
    with pytest.raises(Differs, match=r"^it is not refused: 226 Done$"):
        refusal(lambda: "226 Done", "it")
    # What a listing returns is the user's own.
    with pytest.raises(Differs, match=r"^it is not refused$"):
        refusal(lambda: ["private"], "it")


def test_contents_are_the_same_until_a_file_is_another():
    file = ("a.txt", {"type": "file", "size": "5", "modify": "20260101000000", "perm": "adfr"})
    folder = ("b", {"type": "dir", "modify": "20260101000000"})
    around = [(".", {"type": "cdir"}), ("..", {"type": "pdir"})]
    before = contents([file, folder, *around])
    assert before.startswith("2 entries")
    assert contents([*around, folder, file]) == before
    for other in ({"size": "6"}, {"modify": "20260101000001"}, {"type": "dir"}):
        assert contents([("a.txt", {**file[1], **other}), folder]) != before
    assert contents([("b.txt", file[1]), folder]) != before
    assert contents(around).startswith("0 entries")


def test_answers_of_many_lines_take_one():
    assert one_line("211-Features:\n MLST\r\n211 End") == "211-Features: MLST 211 End"
