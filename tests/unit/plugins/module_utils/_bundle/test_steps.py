# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import threading
import time

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import Bundle, BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Forge, Lock, Step, recipe_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

CONFTEST = os.path.abspath(f"{__file__}/../../../../../conftest.py")


class Workshop:
    """Steps that write their own name, and a record of what ran."""

    def __init__(self, folder):
        self.folder, self.ran, self.steps = folder, [], []

    def step(self, path, *needs, recipe="1", **more):
        def make(target, scratch):
            assert list(scratch.iterdir()) == []
            self.ran.append(path)
            target.write_text(f"{path} {recipe}")

        self.steps.append(Step(path, recipe_of(path, recipe), more.pop("make", make), needs=needs, **more))

    def forge(self, accepted=None):
        return Forge(Bundle(self.folder / "bundle"), self.folder / "work", self.steps, accepted)

    def run(self, accepted=None):
        forge = self.forge(accepted)
        todo = forge.todo()
        self.ran.clear()
        forge.run(todo, Progress(len(todo)))
        return [step.path for step in todo]


@pytest.fixture
def workshop(tmp_path):
    shop = Workshop(tmp_path)
    shop.step("program", lane="compile", intermediate=True)
    shop.step("other", lane="compile", intermediate=True)
    shop.step("images/program.tar", "program")
    shop.step("bin/program", "program")
    return shop


def test_every_step_comes_after_its_needs_and_runs_once(workshop):
    # What nothing needs is not made.
    assert workshop.run() == ["program", "images/program.tar", "bin/program"]
    assert workshop.ran[0] == "program"
    assert sorted(workshop.ran) == ["bin/program", "images/program.tar", "program"]
    assert (workshop.folder / "bundle/bin/program").read_text() == "bin/program 1"
    assert workshop.run() == []


def test_what_is_complete_does_not_need_its_intermediates(workshop):
    workshop.run()
    (workshop.folder / "work/out/program").unlink()
    assert workshop.run() == []
    (workshop.folder / "bundle/bin/program").unlink()
    assert workshop.run() == ["program", "bin/program"]


def test_another_recipe_makes_a_step_anew_unless_it_is_accepted(workshop):
    workshop.run()
    workshop.steps[3:] = []
    workshop.step("bin/program", recipe="2", lane="download")
    assert workshop.run({"bin/program": frozenset({recipe_of("bin/program", "1")})}) == []
    assert workshop.run() == ["bin/program"]
    assert (workshop.folder / "bundle/bin/program").read_text() == "bin/program 2"


def test_a_lost_key_makes_everything_anew_that_was_signed_with_it(tmp_path):
    shop = Workshop(tmp_path)
    shop.step("key", intermediate=True, unique=True)
    shop.step("apk", "key")
    shop.step("images/alpine.tar", "key")
    shop.run()
    (tmp_path / "bundle/apk").unlink()
    assert shop.run() == ["apk"]
    (tmp_path / "work/out/key").unlink()
    assert shop.run() == []
    (tmp_path / "bundle/apk").unlink()
    assert shop.run() == ["key", "apk", "images/alpine.tar"]


def test_a_stale_step_is_made_anew(tmp_path):
    shop = Workshop(tmp_path)
    shop.step("bin/program")
    shop.run()
    shop.steps.clear()
    shop.step("bin/program", stale=True)
    assert shop.run() == ["bin/program"]


def test_a_failure_names_the_step_ends_the_run_and_leaves_nothing(workshop):
    def fail(target, scratch):
        target.write_text("half")
        raise BundleError("the compiler is gone")

    workshop.step("bin/broken", make=fail)
    workshop.step("bin/late", "program")
    with pytest.raises(BundleError, match=r"Making bin/broken failed\. the compiler is gone"):
        workshop.run()
    assert "bin/late" not in workshop.ran
    assert sorted(os.listdir(workshop.folder / "bundle/bin")) == ["program"]
    assert list((workshop.folder / "work/tmp").iterdir()) == []


def test_a_step_whose_need_fails_does_not_wait_for_ever(tmp_path):
    def fail(target, scratch):
        raise OSError("disk full")

    shop = Workshop(tmp_path)
    shop.step("program", lane="compile", intermediate=True, make=fail)
    shop.step("bin/program", "program")
    with pytest.raises(BundleError, match=r"program failed\..*OSError: disk full"):
        shop.run()


def test_lanes_run_side_by_side_and_downloads_by_three(tmp_path):
    shop, meeting = Workshop(tmp_path), threading.Barrier(5, timeout=20)

    def meet(target, scratch):
        meeting.wait()
        target.write_text("here")

    shop.step("compiled", lane="compile", make=meet)
    shop.step("assembled", make=meet)
    for name in ("one", "two", "three"):
        shop.step(name, lane="download", make=meet)
    assert len(shop.run()) == 5


def test_compilations_do_not_overlap(tmp_path):
    shop, busy, overlaps = Workshop(tmp_path), threading.Lock(), []

    def compile_it(target, scratch):
        overlaps.append(not busy.acquire(blocking=False))
        time.sleep(0.02)
        busy.release()
        target.write_text("x")

    for name in ("one", "two", "three"):
        shop.step(name, lane="compile", make=compile_it)
    shop.run()
    assert overlaps == [False, False, False]


def test_a_killed_run_goes_on_where_it_was(workshop):
    code = f"""
import runpy, os, pathlib, signal
runpy.run_path({CONFTEST!r})
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import Bundle
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Forge, Lock, Step, recipe_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

def make(target, scratch):
    target.write_text("program 1")

def die(target, scratch):
    (scratch / "rest").write_text("x")
    target.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

folder = pathlib.Path({str(workshop.folder)!r})
steps = [
    Step("program", recipe_of("program", "1"), make, "compile", (), True),
    Step("bin/program", recipe_of("bin/program", "1"), die, needs=("program",)),
]
with Lock(folder / "work", Progress()):
    forge = Forge(Bundle(folder / "bundle"), folder / "work", steps)
    forge.run(forge.todo(), Progress())
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert not (workshop.folder / "bundle/bin/program").exists()
    # The kernel gave the lock back; what was done is not done again; the rests are not in the way.
    with Lock(workshop.folder / "work", Progress()):
        assert workshop.run() == ["images/program.tar", "bin/program"]
    assert (workshop.folder / "bundle/bin/program").read_text() == "bin/program 1"


def test_a_second_run_waits_for_the_first(tmp_path):
    order = []

    def second():
        with Lock(tmp_path, Progress()):
            order.append("second")

    with Lock(tmp_path, Progress()):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_the_source_is_recorded(tmp_path):
    shop = Workshop(tmp_path)
    shop.step("forged")
    shop.step("fetched", make=lambda target, scratch: target.write_text("x") and "https://vendor.example/x")
    shop.run()
    sources = {path: entry["source"] for path, entry in Bundle(pathlib.Path(tmp_path / "bundle")).artifacts.items()}
    assert sources == {"forged": "forge", "fetched": "https://vendor.example/x"}
