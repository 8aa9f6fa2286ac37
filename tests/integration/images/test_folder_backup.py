# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup and restore of a folder by the images' scripts, with the system's tar, as an ordinary user."""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

SCRIPTS = Path(__file__).resolve().parents[3] / "images/common"
PROGRAMS = {"backup": "folder/backup.sh", "restore": "folder/restore.sh", "untar": "untar.sh", "room": "room.sh"}
# A test that is run by root would be allowed everything.
USER = 65534
SHELLS = [[*words] for words in (["busybox", "sh"], ["dash"]) if shutil.which(words[0])]


def drop_rights():
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)


@pytest.fixture
def place():
    """A folder that an ordinary user reaches; pytest's own are root's alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        subprocess.run(["chmod", "-R", "u+rwx", folder], check=False)


@pytest.fixture(params=SHELLS or [["sh"]], ids=" ".join)
def volume(request, place):
    """A volume with files of a user, and what runs a script on it."""
    root, programs, scratch = (place / name for name in ("data", "bin", "scratch"))
    for folder in (root, programs, scratch):
        folder.mkdir()
    for name, source in PROGRAMS.items():
        text = (SCRIPTS / source).read_text().replace("/tmp/", f"{scratch}/")
        (programs / name).write_text(f"#!{shutil.which(request.param[0])} {' '.join(request.param[1:])}\n{text}")
        (programs / name).chmod(0o755)
    (root / "ft").mkdir()
    (root / "ft" / "keep.txt").write_text("first\n")
    if os.getuid() == 0:
        for path in (root, scratch, *root.rglob("*")):
            os.chown(path, USER, USER)

    def start(*words, **options):
        environment = {"PATH": f"{programs}:/usr/bin:/bin"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(words, env=environment, preexec_fn=drop_rights, cwd=root, **{**pipes, **options})

    def run(*words, given=b""):
        program = start(*words)
        out, errors = program.communicate(given, timeout=PATIENCE)
        return subprocess.CompletedProcess(words, program.returncode, out, errors.decode())

    run.start, run.root, run.programs = start, root, programs
    run.sh = lambda text: run("sh", "-euc", text)
    run.backup = lambda: run("backup", str(root))
    run.restore = lambda given: run("restore", str(root), given=given)
    return run


def content(root):
    """All files below a folder with what is in them, whoever may read them."""
    subprocess.run(["chmod", "-R", "u+rwX", str(root)], check=True)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_folder_that_is_read_only_is_put_back_and_replaced(volume):
    assert volume.sh("mkdir ft/ro; echo inside >ft/ro/inside.txt; chmod 555 ft/ro; chmod 555 ft").returncode == 0
    kept = volume.backup()
    assert kept.returncode == 0, kept.stderr
    assert volume.sh("chmod u+w ft; echo later >ft/later.txt; chmod 555 ft").returncode == 0
    done = volume.restore(kept.stdout)
    assert done.returncode == 0, done.stderr
    assert volume.sh("stat -c %a ft/ro").stdout == b"555\n"
    assert content(volume.root) == {"ft/keep.txt": b"first\n", "ft/ro/inside.txt": b"inside\n"}


def test_what_its_owner_may_not_read_is_kept_and_stays_closed(volume):
    closing = (
        "mkdir -p ft/a/b; echo s >ft/a/b/secret; chmod 000 ft/a/b/secret ft/a/b ft/a; echo p >ft/p; chmod 200 ft/p"
    )
    assert volume.sh(closing).returncode == 0
    kept = volume.backup()
    assert kept.returncode == 0, kept.stderr
    assert volume.sh("stat -c %a ft/a ft/p").stdout == b"0\n200\n"
    assert (
        volume.sh("chmod 700 ft/a; stat -c %a ft/a/b; chmod 700 ft/a/b; stat -c %a ft/a/b/secret").stdout == b"0\n0\n"
    )
    assert volume.restore(kept.stdout).returncode == 0
    assert content(volume.root) == {"ft/keep.txt": b"first\n", "ft/a/b/secret": b"s\n", "ft/p": b"p\n"}


def test_each_change_gives_the_folder_another_fingerprint(volume):
    # As if some seconds had passed since the last change.
    later = volume.programs / "date"
    later.write_text('#!/bin/sh\necho $(($(/bin/date "$@") + 100))\n')
    later.chmod(0o755)
    changes = [
        "true",
        # The size and the time that everybody sees are those of before. That of the change is told in whole seconds.
        "was=$(stat -c %Z ft/keep.txt); touch -r ft/keep.txt ft/time; until [ $(stat -c %Z ft/keep.txt) != $was ]; do"
        " printf 'FIRST\\n' >ft/keep.txt; touch -r ft/time ft/keep.txt; done; rm ft/time",
        "mv ft/keep.txt ft/kept.txt",
        "chmod 600 ft/kept.txt",
        "mkdir ft/empty",
        "ln ft/kept.txt ft/empty/kept.txt",
    ]
    found = []
    for change in changes:
        assert volume.sh(change).returncode == 0
        found += [volume("backup", "--fingerprint", str(volume.root)).stdout for _again in range(2)]
    assert found[::2] == found[1::2]
    assert len(set(found)) == len(changes)
    assert all(len(text) == 65 for text in found)
    with (volume.programs / "backup").open("a") as program:
        program.write("# Newer.\n")
    assert volume("backup", "--fingerprint", str(volume.root)).stdout not in found


@pytest.mark.parametrize("cause", ["echo 2 >ft/keep.txt", "mkdir ft/closed; echo 2 >ft/closed/2; chmod 000 ft/closed"])
def test_a_folder_that_changed_just_now_or_cannot_be_looked_at_has_no_fingerprint(volume, cause):
    assert volume.sh(cause).returncode == 0
    done = volume("backup", "--fingerprint", str(volume.root))
    assert (done.returncode, done.stdout) == (0, b"")


def test_odd_names_come_back(volume):
    names = ["with\nnew line", " space ", "-rf", "*", "'\"", "\\n", "caf\u00e9", "b\udce9", "x" * 255, ".hidden"]
    for name in names:
        (volume.root / "ft" / name).write_text(name[:1])
    if os.getuid() == 0:
        for path in volume.root.rglob("*"):
            os.chown(path, USER, USER)
    before = content(volume.root)
    kept = volume.backup()
    assert kept.returncode == 0, kept.stderr
    assert volume.sh("rm -rf ft; mkdir ft").returncode == 0
    assert volume.restore(kept.stdout).returncode == 0
    assert content(volume.root) == before


def test_files_that_come_and_go_are_no_fault_of_the_backup(volume):
    churning = volume.start(
        "sh", "-c", "cd ft; while :; do mkdir -p t/a t/b; echo 1 >t/a/x; echo 2 >t/b/y; rm -rf t; done"
    )
    try:
        for _attempt in range(10):
            kept = volume.backup()
            assert kept.returncode == 0, kept.stderr
            with tarfile.open(fileobj=io.BytesIO(kept.stdout)) as archive:
                assert archive.extractfile("./ft/keep.txt").read() == b"first\n"
    finally:
        churning.kill()
        churning.communicate()


def test_what_is_neither_file_nor_folder_is_named_and_does_not_come_back(volume):
    with socket.socket(socket.AF_UNIX) as listening:
        before = os.getcwd()
        os.chdir(volume.root / "ft")
        listening.bind("socket")
        os.chdir(before)
    assert volume.sh("ln -s /etc/passwd ft/link; mkfifo ft/fifo").returncode == 0
    kept = volume.backup()
    assert kept.returncode == 0, kept.stderr
    for name in ("socket", "link", "fifo"):
        assert f"neither file nor folder, not kept: ./ft/{name}" in kept.stderr
    done = volume.restore(kept.stdout)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (volume.root / "ft").iterdir()] == ["keep.txt"]


def test_an_empty_volume_and_one_that_becomes_empty(volume):
    assert volume.sh("rm -rf ft").returncode == 0
    kept = volume.backup()
    assert kept.returncode == 0, kept.stderr
    assert volume.sh("mkdir ft; echo x >ft/x").returncode == 0
    assert volume.restore(kept.stdout).returncode == 0
    assert list(volume.root.iterdir()) == []


@pytest.mark.parametrize("cut", ["in a file", "between two", "not a tar"])
def test_a_stream_that_ended_early_changes_nothing(volume, cut):
    assert volume.sh("head -c 40000 /dev/zero >ft/big; echo z >ft/z").returncode == 0
    kept = volume.backup().stdout
    with tarfile.open(fileobj=io.BytesIO(kept)) as archive:
        last = archive.getmembers()[-1].offset
    given = {"in a file": kept[: len(kept) // 2], "between two": kept[:last], "not a tar": b"x" * 20480}[cut]
    before = content(volume.root)
    done = volume.restore(given)
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    assert content(volume.root) == before
    assert not (volume.root / ".restore").exists()


def test_nothing_of_a_tar_comes_out_of_the_folder(volume, place):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        link = tarfile.TarInfo("ft/out")
        link.type, link.linkname = tarfile.SYMTYPE, str(place / "scratch")
        archive.addfile(link)
        for name in ("../escaped", "ft/out/escaped", str(place / "escaped")):
            archive.addfile(tarfile.TarInfo(name))
    volume.restore(stream.getvalue())
    assert not list(place.rglob("scratch/escaped"))
    assert not (place / "escaped").exists()


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.08, 0.12, 0.2, 0.4])
def test_a_kill_leaves_the_old_or_the_new(volume, delay):
    old = {f"ft/{number}": b"old" for number in range(60)} | {f"x{number}/f": b"old" for number in range(30)}
    files = "rm -rf ft x*; mkdir ft; for n in $(seq 0 59); do printf {2} >ft/$n; done"
    fill = f"{files}; for n in $(seq 0 29); do mkdir x$n; printf {{2}} >x$n/f; done"
    assert volume.sh(fill.replace("{2}", "new")).returncode == 0
    new, kept = content(volume.root), volume.backup().stdout
    assert volume.sh(fill.replace("{2}", "old")).returncode == 0
    stream = io.FileIO(os.memfd_create("tar"), "r+")
    stream.write(kept)
    stream.seek(0)
    outputs = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with stream, volume.start("restore", str(volume.root), stdin=stream, start_new_session=True, **outputs) as program:
        time.sleep(delay)
        os.killpg(program.pid, signal.SIGKILL)
    done = volume("restore", "--finish", str(volume.root))
    assert done.returncode == 0, done.stderr
    assert content(volume.root) in (old, new)
    assert not (volume.root / ".restore").exists()


@pytest.mark.parametrize("state", ["moving", "entering"])
def test_what_was_interrupted_in_the_middle_is_brought_to_its_end(volume, state):
    half = "mkdir -p .restore/{0}/ft .restore/old; echo new >.restore/{0}/ft/new".replace("{0}", state)
    assert volume.sh(half if state == "moving" else f"{half}; mv ft .restore/old/").returncode == 0
    assert volume("restore", "--finish", str(volume.root)).returncode == 0
    assert content(volume.root) == {"ft/new": b"new\n"}


@pytest.mark.parametrize("name", sorted(file.parent.name for file in SCRIPTS.parent.glob("*/Dockerfile")))
def test_an_image_with_these_scripts_has_what_they_call(name):
    text = (SCRIPTS.parent / name / "Dockerfile").read_text()
    for script in ("backup", "restore"):
        if f"common/folder/{script}.sh" in text:
            # BusyBox's tar ends at a file that vanishes, and knows no --ignore-failed-read.
            assert "tar~1" in text
            assert "COPY common/untar.sh /usr/local/bin/untar" in text
            assert "COPY common/room.sh /usr/local/bin/room" in text
