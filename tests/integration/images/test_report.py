# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report that goes with the readiness probe, sent to a program of the test's."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE, until

SCRIPT = Path(__file__).resolve().parents[3] / "images/common/report.sh"

# As BusyBox says it: df names where a disk is mounted, which need not be the path that was asked for.
DU = 'for path; do case $path in -*) ;; *) echo "${#path} $path" ;; esac; done'
DF = """echo Filesystem 1024-blocks Used Available Capacity Mounted on
for path; do case $path in -*) ;; *) echo "/dev/vda 9 9 1${#path} 9% /data" ;; esac; done"""


def program(folder, name, script):
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def report(tmp_path):
    """Runs the script on a machine of the test's, whose wget keeps what it is given."""
    sent = tmp_path / "sent"
    programs = tmp_path / "bin"
    programs.mkdir()
    program(programs, "du", DU)
    program(programs, "df", DF)
    program(programs, "wget", f'echo "$@" >{sent}.arguments; cat >{sent}.part; mv {sent}.part {sent}')

    def run(*arguments):
        command = ["sh", str(SCRIPT), *arguments]
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
        until(sent.exists, lambda: "nothing was sent")
        return done, sent.read_text(), sent.with_suffix(".arguments").read_text()

    return run


def test_the_report_holds_uptime_network_and_volumes_under_the_container_and_its_pod(report):
    _done, text, arguments = report("mysql", "/data", "--", "true")
    tags = f"container_name=mysql,pod_name={socket.gethostname()}"
    uptime, network, *volumes = text.splitlines()
    assert re.fullmatch(rf"kubernetes_pod_container,{re.escape(tags)} uptime_seconds=\d+i", uptime)
    assert re.fullmatch(rf"kubernetes_pod_network,{re.escape(tags)} rx_bytes=\d+i,tx_bytes=\d+i", network)
    assert volumes == [
        f"kubernetes_pod_volume,{tags},volume_name={name} used_bytes={used * 1024}i,available_bytes={left * 1024}i"
        for name, used, left in (("run", 4, 14), ("tmp", 4, 14), ("storage", 5, 15))
    ]
    assert arguments.split()[-1] == "http://telegraf:8186/report"


def test_a_container_without_a_volume_reports_the_others(report):
    _done, text, _arguments = report("nginx", "--", "true")
    assert re.findall(r"volume_name=(\w+)", text) == ["run", "tmp"]


@pytest.mark.parametrize("code", [0, 3])
def test_the_probes_command_alone_decides_and_its_words_reach_the_kubelet(report, code):
    done, _text, _arguments = report("nginx", "--", "sh", "-c", f'echo "$1 said"; exit {code}', "probe", "a  b")
    assert (done.returncode, done.stdout) == (code, "a  b said\n")


def test_a_report_that_hangs_does_not_hold_the_probe_up(tmp_path):
    for name in ("du", "wget"):
        program(tmp_path, name, "exec sleep 1000")
    program(tmp_path, "timeout", 'shift; exec "$@"')
    command = ["sh", str(SCRIPT), "nginx", "--", "echo", "healthy"]
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.communicate(timeout=PATIENCE)[0] == "healthy\n"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0
