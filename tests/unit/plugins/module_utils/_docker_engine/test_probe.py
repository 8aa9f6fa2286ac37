# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import threading

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._docker_engine import probe


@pytest.fixture
def proc(tmp_path):
    for pid, status in {
        "10": "Name:\tdockerd\nState:\tS (sleeping)\n",
        "11": "Name:\tdockerd\nState:\tZ (zombie)\n",
        "12": "Name:\tsleep\nState:\tS (sleeping)\n",
    }.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "status").write_text(status)
    return tmp_path


@pytest.mark.parametrize(
    ("content", "stale"),
    [("10", False), ("10\n", False), ("11", True), ("12", True), ("13", True), ("", True), ("x/../10", True)],
)
def test_stale_pid_file(proc, content, stale):
    file = proc / "docker.pid"
    file.write_text(content)
    assert probe.stale_pid_file(str(file), "dockerd", str(proc)) is stale


def test_a_missing_pid_file_is_not_stale(proc):
    assert not probe.stale_pid_file(str(proc / "none"), "dockerd", str(proc))


def test_a_socket_is_stale_when_nobody_listens(tmp_path):
    path = str(tmp_path / "s")
    assert not probe.stale_socket(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        assert not probe.stale_socket(path)
    assert probe.stale_socket(path)


def answer(path, response):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()

    def serve():
        with server, server.accept()[0] as client:
            client.recv(4096)
            client.sendall(response)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_ask_reads_json_from_a_socket_file(tmp_path):
    thread = answer(str(tmp_path / "s"), b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"Version":"26.1"}')
    assert probe.ask(str(tmp_path / "s"), "/version") == {"Version": "26.1"}
    thread.join()


@pytest.mark.parametrize("response", [b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", b"nonsense\r\n\r\n"])
def test_ask_turns_a_bad_answer_into_an_os_error(tmp_path, response):
    thread = answer(str(tmp_path / "s"), response)
    with pytest.raises(OSError, match="HTTP"):
        probe.ask(str(tmp_path / "s"), "/version")
    thread.join()


def test_free_space_of_a_folder_that_is_not_there_yet(tmp_path):
    assert probe.free_gb(str(tmp_path / "a" / "b")) == pytest.approx(probe.free_gb(str(tmp_path)), rel=0.2)
