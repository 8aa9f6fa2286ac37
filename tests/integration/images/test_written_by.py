# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images' program that keeps data from programs that are older than what wrote them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

SCRIPT = Path(__file__).resolve().parents[3] / "images/common/written_by.sh"
SHELLS = [[*words] for words in (["busybox", "sh"], ["dash"]) if shutil.which(words[0])]


@pytest.fixture(params=SHELLS or [["sh"]], ids=" ".join)
def run(request, tmp_path):
    text = SCRIPT.read_text().replace("/etc/service", f"{tmp_path}/etc")
    (tmp_path / "data").mkdir()

    def run(*words, program=None, code=0):
        if program:
            (tmp_path / "etc").mkdir(exist_ok=True)
            (tmp_path / "etc/version").write_text(f"{program}\n")
        done = subprocess.run(
            [*request.param, "-c", text, "written_by", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == code, done.stderr
        return done.stdout.strip() or done.stderr.strip()

    run.folder = tmp_path / "data"
    run.mark = run.folder / ".written_by"
    return run


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("MariaDB", "mysqld  Ver 11.8.9-MariaDB-0+deb13u1 from Debian for debian-linux-gnu on x86_64 (12)", "11.8.9"),
        ("MariaDB", "/usr/bin/mysqld  Ver 12.0.2-MariaDB for Linux on x86_64 (Alpine Linux)", "12.0.2"),
        ("InfluxDB", "InfluxDB v1.6.7~rc0 (git: unknown unknown)", "1.6.7"),
        ("InfluxDB", "InfluxDB 1.8.10 (git: 1.8 688e697c51fd)", "1.8.10"),
        ("Grafana", "grafana version 12.3.0", "12.3.0"),
        ("WordPress", "$wp_version = '6.8';", "6.8"),
    ],
)
def test_an_image_says_what_it_is(run, name, text, version):
    assert run("image", name, text) == f"{name} {version}"
    assert run("program") == f"{name} {version}"


def test_an_image_without_a_version_is_not_built(run):
    assert "that is no name with a version" in run("image", "MariaDB", "no such program", code=1)


@pytest.mark.parametrize(
    ("writer", "program"),
    [
        ("MariaDB 11.8.9", "MariaDB 11.8.9"),
        ("MariaDB 11.8.9", "MariaDB 11.8.2"),
        ("MariaDB 10.11.19", "MariaDB 11.4.0"),
        ("MariaDB 11.9.1", "MariaDB 11.10.0"),
    ],
)
def test_data_of_the_same_or_an_older_program_are_taken(run, writer, program):
    run.mark.write_text(f"{writer}\n")
    run("accepts", writer, program=program)
    run("claim", str(run.folder))


@pytest.mark.parametrize(
    ("writer", "program"),
    [
        ("MariaDB 12.0.1", "MariaDB 11.8.9"),
        ("MariaDB 11.10.0", "MariaDB 11.9.9"),
        ("WordPress 7.0.0", "WordPress 6.8.12"),
        ("MySQL 8.0.1", "MariaDB 11.8.9"),
    ],
)
@pytest.mark.parametrize("state", ["", " upgrading"], ids=["whole", "upgrading"])
def test_data_of_a_newer_program_are_refused_and_stay_as_they_are(run, writer, program, state):
    run.mark.write_text(f"{writer}{state}\n")
    for verb in ("check", "claim"):
        said = run(verb, str(run.folder), program=program, code=1)
        assert f"written by {writer}, and this is {program}" in said
        assert "bundle_path" in said
        assert "make restore" in said
    assert run.mark.read_text() == f"{writer}{state}\n"
    assert "make restore" in run("accepts", writer, code=1)


@pytest.mark.parametrize("text", ["", "garbage\n", "\n", "MariaDB\n"])
def test_a_mark_that_says_nothing_is_refused(run, text):
    run.mark.write_text(text)
    assert "it is not known what wrote these data" in run("claim", str(run.folder), program="MariaDB 11.8.9", code=1)


def test_an_upgrade_is_due_until_it_is_finished_and_then_never_again(run):
    run.mark.write_text("MariaDB 11.4.2\n")
    run("claim", str(run.folder), program="MariaDB 11.8.9")
    # From here on it is not for the older one any more, whenever this one is killed.
    run("check", str(run.folder), program="MariaDB 11.4.2", code=1)
    for _start in range(2):
        run("claim", str(run.folder), program="MariaDB 11.8.9")
        run("due", str(run.folder))
    run("finish", str(run.folder))
    assert run.mark.read_text() == "MariaDB 11.8.9\n"
    run("claim", str(run.folder))
    run("due", str(run.folder), code=1)


def test_data_from_before_there_were_marks_are_upgraded(run):
    run("claim", str(run.folder), program="MariaDB 11.8.9")
    run("due", str(run.folder))


def test_a_release_of_the_same_series_is_noted_and_upgrades_nothing(run):
    run.mark.write_text("MariaDB 11.8.9\n")
    run("claim", str(run.folder), program="MariaDB 11.8.6")
    assert run.mark.read_text() == "MariaDB 11.8.6\n"
    run("due", str(run.folder), code=1)
