# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supervisor of images with two daemons, in every shell of this machine that it must work in."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE, until

SCRIPT = Path(__file__).resolve().parents[3] / "images" / "common" / "supervise.sh"
# The images' shell is BusyBox ash; dash is the nearest to it that most machines have.
SHELLS = [[*words] for words in (["busybox", "sh"], ["dash"]) if shutil.which(words[0])]


@pytest.fixture(params=SHELLS or [["sh"]], ids=" ".join)
def start(request, tmp_path):
    """Start the supervisor; afterwards nothing of it may be left."""
    started = []

    def start(*words, grace=5):
        environment = {**os.environ, "SUPERVISE_GRACE": str(grace), "HERE": str(tmp_path)}
        command = [*request.param, str(SCRIPT), *words]
        with (tmp_path / "said").open("w") as said:
            started.append(subprocess.Popen(command, env=environment, stderr=said))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=PATIENCE)


def wait_for(path):
    until(lambda: path.exists() and path.read_text().strip(), lambda: f"{path} was not written", pause=0.02)
    return path.read_text().split()


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid):
    """A killed process takes the kernel a moment to remove; one that was not killed sleeps for much longer."""
    until(lambda: not alive(pid), lambda: f"process {pid} still runs", pause=0.02)


DAEMON = """\
#!{python}
import os, pathlib, signal, subprocess, sys, time

name = os.environ["HERE"] + "/" + os.path.basename(sys.argv[0])

def told(number, frame):
    with open(name + ".signals", "a") as file:
        file.write(signal.Signals(number).name + " ")
    if {obedient}:
        sys.exit(0)

signal.signal(signal.SIGTERM, told)
signal.signal(signal.SIGQUIT, told)
worker = subprocess.Popen(["sleep", "1000"]).pid if {worker} else 0
pathlib.Path(name + ".pid").write_text(str(os.getpid()) + " " + str(worker))
time.sleep(1000)
"""


def daemon(folder, name, obedient=True, worker=False):
    """A program with handlers, as real daemons have; it writes its PID, its worker's, and the signals it got."""
    path = folder / name
    path.write_text(DAEMON.format(python=sys.executable, obedient=obedient, worker=worker))
    path.chmod(0o755)
    return str(path)


def ends_after(path, status=0):
    """A program that ends when another one has written its PID, and so has its handlers."""
    return f"sh -c 'until [ -s {path} ]; do sleep 0.1; done; exit {status}'"


@pytest.mark.parametrize("status", [0, 7])
def test_the_first_end_ends_all_and_is_a_failure_even_with_status_0(start, tmp_path, status):
    process = start("QUIT", daemon(tmp_path, "stays"), "TERM", ends_after(tmp_path / "stays.pid", status))
    assert process.wait(timeout=PATIENCE) == 1
    assert f"sh ended with status {status}" in (tmp_path / "said").read_text()
    assert (tmp_path / "stays.signals").read_text() == "SIGQUIT "


def test_a_stop_from_outside_gives_each_its_own_signal_and_is_no_failure(start, tmp_path):
    commands = [daemon(tmp_path, name) for name in ("first", "second")]
    process = start("QUIT", commands[0], "TERM", commands[1])
    pids = [wait_for(tmp_path / f"{name}.pid")[0] for name in ("first", "second")]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 0
    assert (tmp_path / "first.signals").read_text() == "SIGQUIT "
    assert (tmp_path / "second.signals").read_text() == "SIGTERM "
    assert not any(map(alive, pids))


def test_a_signal_to_the_group_as_tini_sends_it_does_not_pass_the_supervisor_by(start, tmp_path):
    process = start("QUIT", daemon(tmp_path, "first"))
    pid, _worker = wait_for(tmp_path / "first.pid")
    assert os.getpgid(int(pid)) == int(pid) != os.getpgid(process.pid)


def test_who_does_not_stop_in_time_is_killed(start, tmp_path):
    after = ends_after(tmp_path / "stubborn.pid")
    process = start("TERM", daemon(tmp_path, "stubborn", obedient=False), "TERM", after, grace=1)
    pid, _worker = wait_for(tmp_path / "stubborn.pid")
    assert process.wait(timeout=PATIENCE) == 1
    ends(pid)


def test_workers_of_a_killed_master_end_too(start, tmp_path):
    process = start("TERM", daemon(tmp_path, "master", worker=True), "TERM", "sleep 1000")
    master, worker = wait_for(tmp_path / "master.pid")
    os.kill(int(master), signal.SIGKILL)
    assert process.wait(timeout=PATIENCE) == 1
    assert "master ended with status 137" in (tmp_path / "said").read_text()
    ends(worker)


@pytest.mark.parametrize("words", [[], ["TERM"], ["TERM", "sleep 1", "QUIT"]])
def test_wrong_use_is_refused(start, words):
    assert start(*words).wait(timeout=PATIENCE) == 2
