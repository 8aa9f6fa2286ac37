# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make` where a desktop or a job has sent a locale that Ansible refuses, and its virtual environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[3]
ANSIBLE = Path(sys.executable).with_name("ansible")


def run_ansible(folder, **locale):
    """Run Ansible as a target of the Makefile would, in this locale alone."""
    kept = {name: value for name, value in os.environ.items() if name != "LANG" and not name.startswith("LC_")}
    config = folder / "ansible.cfg"
    config.touch()
    target = f'show: ; @echo "LC_ALL=$$LC_ALL"; ANSIBLE_CONFIG={config} {ANSIBLE} --version'
    command = ["make", "--no-print-directory", "--directory", str(REPOSITORY), f"--eval={target}", "show"]
    return subprocess.run(
        command, env={**kept, **locale}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LC_ALL", "C"),
        ("LC_ALL", "POSIX"),
        ("LC_ALL", "fr_FR.UTF-8"),
        ("LANG", "fr_FR.UTF-8"),
        ("LANG", "C"),
        ("LC_CTYPE", "fr_FR.UTF-8"),
        ("LC_CTYPE", "POSIX"),
        ("LC_MESSAGES", "fr_FR.UTF-8"),
        ("LANG", ""),
    ],
)
def test_ansible_runs_in_any_locale(tmp_path, name, value):
    done = run_ansible(tmp_path, **{name: value})
    assert done.returncode == 0, done.stderr
    assert "ansible [core" in done.stdout


def test_a_locale_that_can_be_used_stays(tmp_path):
    assert "LC_ALL=\n" in run_ansible(tmp_path, LANG="C.UTF-8").stdout


def test_help_tells_of_every_playbook_on_a_line():
    command = ["make", "--no-print-directory", "--directory", str(REPOSITORY), "help"]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout.splitlines()
    told = {line.split()[0] for line in lines if line.startswith("  ")}
    playbooks = {file.stem for file in (REPOSITORY / "playbooks").glob("*.yml")} - {"site"}
    assert playbooks | {"up", "test", "clean"} <= told
    assert max(map(len, lines)) <= 120


@pytest.fixture
def index(tmp_path):
    """A folder with a wheel in the place of an index, and a clone that wants it by its hash."""
    folder, clone = tmp_path / "wheels", tmp_path / "clone"
    folder.mkdir()
    clone.mkdir()
    wheel = folder / "ft_sample-1.0-py3-none-any.whl"
    about = "ft_sample-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("ft_sample.py", "ANSWER = 42\n")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: ft-sample\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    shutil.copy2(REPOSITORY / "Makefile", clone)
    (clone / "requirements.lock").write_text(f"ft-sample==1.0 \\\n    --hash=sha256:{digest}\n")
    return clone, wheel


def make_ready(clone, wheel):
    """Prepare the virtual environment with the settings that pip has on a host with an index of its own."""
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent), "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        ["make", "--no-print-directory", "--directory", str(clone), "ready", f"PYTHON={sys.executable}"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_what_fits_its_hash_is_installed(index):
    clone, wheel = index
    done = make_ready(clone, wheel)
    assert done.returncode == 0, done.stderr
    assert list((clone / ".venv").glob("lib/python3*/site-packages/ft_sample.py"))


def test_what_was_tampered_with_is_refused(index):
    clone, wheel = index
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("ft_sample_more.py", "import os\n")
    done = make_ready(clone, wheel)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not list((clone / ".venv").glob("lib/python3*/site-packages/ft_sample*"))
    assert not (clone / ".venv/requirements.stamp").exists()


def test_what_nobody_has_put_a_hash_to_is_refused(index):
    clone, wheel = index
    (clone / "requirements.lock").write_text("ft-sample==1.0\n")
    assert "--require-hashes" in make_ready(clone, wheel).stderr
