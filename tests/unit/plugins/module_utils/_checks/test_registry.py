# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of services: judging, order, retries. Servers of one answer on loopback stand for the services."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks import registry
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import (
    Countdown,
    Outcome,
    explain,
    run_program,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.ssh import judge_login, login_command
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.tls import days_left
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.web import (
    Response,
    ask,
    differences,
    http_problems,
)

RESULT_KEYS = {"id", "title", "kind", "ok", "measured", "expected", "message", "seconds", "attempts"}


def no_command(command):
    raise AssertionError(f"no program should be started: {command}")


@contextlib.contextmanager
def server(*answers):
    """Answer each connection with the next of some bytes. None means: close at once."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def serve():
        for answer in answers:
            try:
                connection, dummy = listener.accept()
            except OSError:
                return
            with connection:
                if answer is not None:
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)
                    with contextlib.suppress(OSError):
                        while connection.recv(4096):
                            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(timeout=6)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def run(checks, deadline=0.0, interval=0.01):
    return registry.run_checks(checks, no_command, timeout=2, deadline=deadline, interval=interval)


def test_open_and_closed_ports_both_ways():
    with server(None, None) as port:
        closed = free_port()
        results = run(
            [
                {"id": "open", "kind": "tcp", "host": "127.0.0.1", "port": port},
                {"id": "closed", "kind": "tcp", "host": "127.0.0.1", "port": closed, "refused": True},
                {"id": "leak", "kind": "tcp", "host": "127.0.0.1", "port": port, "refused": True, "hint": "Close it."},
                {"id": "down", "kind": "tcp", "host": "127.0.0.1", "port": closed},
            ]
        )
    assert [(result["id"], result["ok"]) for result in results] == [
        ("open", True),
        ("closed", True),
        ("leak", False),
        ("down", False),
    ]
    assert all(set(result) == RESULT_KEYS for result in results)
    assert results[0]["message"] == ""
    assert results[2]["message"].startswith("expected no connection; seen: connection accepted.")
    assert results[2]["message"].endswith("Close it.")


def test_a_redirect_is_judged_or_followed():
    moved = b"HTTP/1.1 301 Moved\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    with server(moved, moved, page) as port:
        url = f"http://127.0.0.1:{port}/here"
        check = {"id": "a", "kind": "http", "url": url, "status": [301], "headers": {"location": "/there"}}
        assert run([check])[0]["ok"]
        answer = ask({"url": url, "redirects": 2, "body_contains": "hello"}, Countdown(2))
    assert (answer.status, answer.body, answer.url) == (200, "hello", f"http://127.0.0.1:{port}/there")


def test_all_differences_of_an_answer_are_named():
    check = {
        "url": "http://x/",
        "status": [200, 204],
        "headers": {"X-A": "1"},
        "headers_match": {"X-B": "v[0-9]"},
        "body_contains": "hello",
    }
    assert differences(check, Response("http://x/", 204, "", {"x-a": "1", "x-b": "v2"}, "hello")) == []
    wrong = Response("http://x/", 500, "", {"x-b": "v22"}, "")
    assert differences(check, wrong) == ["status", "X-A", "X-B", "body"]


def test_a_server_without_http_is_no_traceback():
    with server(b"220 ftp ready\r\n") as port:
        url = f"http://127.0.0.1:{port}/"
        results = run([{"id": "ftp", "kind": "http", "url": url}])
    assert not results[0]["ok"]
    assert results[0]["measured"].startswith("no HTTP answer")


def test_a_mute_server_costs_no_more_than_its_limit():
    with server(b"") as port:
        started = time.monotonic()
        check = {"id": "mute", "kind": "ssh", "host": "127.0.0.1", "port": port, "timeout": 0.2}
        assert not run([check])[0]["ok"]
        assert time.monotonic() - started < 1.5


def test_banner_of_an_ssh_server_may_follow_other_lines():
    with server(b"hello\r\nSSH-2.0-test\r\n", b"220 ftp\r\n") as port:
        check = {"id": "s", "kind": "ssh", "host": "127.0.0.1", "port": port}
        assert run([check])[0]["measured"] == "SSH-2.0-test"
        assert not run([check])[0]["ok"]


def test_failed_checks_are_repeated_until_they_pass():
    with server(b"220 not yet\r\n", b"220 not yet\r\n", b"SSH-2.0-up\r\n") as port, server(None) as other:
        results = run(
            [
                {"id": "late", "kind": "ssh", "host": "127.0.0.1", "port": port},
                {"id": "once", "kind": "tcp", "host": "127.0.0.1", "port": other},
            ],
            deadline=5,
        )
    assert [(result["ok"], result["attempts"]) for result in results] == [(True, 3), (True, 1)]


def test_the_deadline_ends_the_repetition():
    started = time.monotonic()
    check = {"id": "never", "kind": "tcp", "host": "127.0.0.1", "port": free_port()}
    result = run([check], deadline=0.3, interval=0.1)[0]
    assert time.monotonic() - started < 1
    assert not result["ok"]
    assert result["attempts"] in (2, 3)


def test_a_failed_list_for_people():
    results = [
        {"id": "a", "title": "a", "ok": True, "message": ""},
        {"id": "b", "title": "Redirect", "ok": False, "message": "expected x; seen: y."},
    ]
    assert registry.failure_text(results) == "1 of 2 checks failed:\n- b Redirect: expected x; seen: y."


def test_bad_input_is_found_before_anything_runs():
    found = registry.problems(
        [
            {"id": "a", "kind": "tcp", "host": "h", "port": 70000},
            {"id": "a", "kind": "http", "url": "ftp://h/"},
            {"id": "c", "kind": "http", "url": "http://h/", "headers_match": {"X": "("}},
            {"id": "d", "kind": "http", "url": "https://[::1]:443/x?y=z"},
        ]
    )
    assert [text.split(":")[0] for text in found] == ["a", "a", "a", "c"]


@pytest.mark.parametrize("url", ["http:///x", "localhost", "http://h:99999/", "http://[::1/"])
def test_urls_that_cannot_be_asked(url):
    assert len(http_problems({"url": url})) == 1


def test_days_left_of_a_certificate():
    end = "Jan  2 00:00:00 2027 GMT"
    now = ssl.cert_time_to_seconds("Jan  1 00:00:00 2027 GMT")
    assert days_left(end, now) == 1
    assert days_left(end, now + 1) == 0
    assert days_left(end, now + 86401) == -1


SSH = {
    "id": "s",
    "host": "192.0.2.1",
    "port": 22,
    "username": "someone",
    "key_file": "/k",
    "known_hosts_file": "/h",
    "command": "cat '$HOME'; id",
    "stdout_contains": "3.23",
}


@pytest.mark.parametrize(
    ("code", "output", "errors", "ok", "seen"),
    [
        (0, "3.23.6\n", "", True, "worked"),
        (0, "3.22\n", "", False, "without the text"),
        (1, "3.23\n", "cat: no such file\n", False, "ended with 1: cat: no such file"),
        (124, "", "", False, "did not end in time"),
        (255, "", "Warning\nPermission denied (publickey).\n\n", False, "Permission denied (publickey)"),
    ],
)
def test_result_of_the_ssh_client(code, output, errors, ok, seen):
    outcome = judge_login(SSH, "SSH-2.0-x", "a login", code, output, errors)
    assert outcome.ok is ok
    assert seen in outcome.measured


def test_ssh_trusts_only_the_files_it_is_given():
    command = login_command(SSH, Countdown(5))
    options = {command[i + 1] for i, word in enumerate(command) if word == "-o"}
    assert {
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        'UserKnownHostsFile="/h"',
        "GlobalKnownHostsFile=/dev/null",
        "IdentitiesOnly=yes",
        'IdentityFile="/k"',
    } <= options


def test_ssh_takes_any_path_as_one_file():
    command = login_command({**SSH, "key_file": '/home/stu d\u00eant/100% "mine"/k'}, Countdown(5))
    assert 'IdentityFile="/home/stu d\u00eant/100%% \\"mine\\"/k"' in command
    assert command[-3:] == ["--", "192.0.2.1", SSH["command"]]


def test_reasons_are_words_not_codes():
    assert explain(TimeoutError(), 1.5)[0] == "no answer in 1.5 s"
    assert explain(ConnectionRefusedError(111, "x"), 1)[0] == "connection refused"
    assert explain(FileNotFoundError(2, "No such file or directory", "/ca.crt"), 1)[0].startswith("/ca.crt: ")


def test_all_checks_run_at_the_same_time_but_only_a_few_programs(monkeypatch):
    lock, now, most = threading.Lock(), {"tcp": 0, "ssh": 0}, {"tcp": 0, "ssh": 0}
    # Nobody goes on before one of each kind is there: they would wait for ever if one kind followed the other.
    together = threading.Barrier(2)

    def probe(check, timeout, run):
        kind = check["kind"]
        with lock:
            now[kind] += 1
            most[kind] = max(most[kind], now[kind])
        if check["id"] in ("ssh0", "tcp0"):
            together.wait(10)
        time.sleep(0.02)
        with lock:
            now[kind] -= 1
        return Outcome(True, "", "")

    monkeypatch.setitem(registry.KINDS, "tcp", registry.Kind(probe, ()))
    monkeypatch.setitem(registry.KINDS, "ssh", registry.Kind(probe, (), program=True))
    results = run([{"id": f"{kind}{number}", "kind": kind} for number in range(12) for kind in ("ssh", "tcp")])
    assert [result["id"] for result in results] == [
        f"{kind}{number}" for number in range(12) for kind in ("ssh", "tcp")
    ]
    assert 1 <= most["ssh"] <= registry.PROGRAMS < most["tcp"] + 1


def test_what_a_probe_raises_is_raised(monkeypatch):
    def probe(check, timeout, run):
        raise KeyError("a defect")

    monkeypatch.setitem(registry.KINDS, "tcp", registry.Kind(probe, ()))
    with pytest.raises(KeyError, match="a defect"):
        run([{"id": "t", "kind": "tcp"}])


def test_a_program_gives_its_code_output_and_errors():
    script = "cat; printf '%s' \"$WORD\"; printf '\\377' >&2; exit 3"
    assert run_program(["sh", "-c", script], {"WORD": "seen", "PATH": os.environ["PATH"]}) == (3, "seen", "\ufffd")
    with pytest.raises(FileNotFoundError):
        run_program(["/there/is/none"], {})
