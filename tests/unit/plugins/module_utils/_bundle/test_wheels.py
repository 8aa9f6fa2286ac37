# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import subprocess

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import ARM64
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.wheels import kube_web_view


@pytest.fixture
def recipes(tmp_path):
    file = tmp_path / "recipes/python/kube-web-view.txt"
    file.parent.mkdir(parents=True)
    file.write_text("kube-web-view==1.2 --hash=sha256:00\n")
    return tmp_path / "recipes"


def pip(command):
    """What pip leaves in its target."""
    if "pip" in command:
        place = pathlib.Path(command[command.index("--target") + 1])
        for name in ("kube_web/main.py", "bin/pygmentize"):
            (place / name).parent.mkdir(parents=True)
            (place / name).touch()
        pip.commands.append(command)
        return ""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_package_has_the_libraries_and_a_program_of_its_name(recipes, tmp_path):
    pip.commands = []
    (tmp_path / "work/out").mkdir(parents=True)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "tree").mkdir()
    step, package = kube_web_view(pip, recipes, tmp_path / "work", "1.2", "3.13", "glibc")
    step.make(tmp_path / "work/out" / step.path, tmp_path / "scratch")
    package.lay(tmp_path / "tree", tmp_path)
    files = sorted(
        str(file.relative_to(tmp_path / "tree")) for file in (tmp_path / "tree").rglob("*") if file.is_file()
    )
    assert files == ["usr/bin/kube-web-view", "usr/lib/kube-web-view/kube_web/main.py"]
    launcher = tmp_path / "tree/usr/bin/kube-web-view"
    assert launcher.stat().st_mode & 0o777 == 0o755
    assert "/usr/lib/kube-web-view" in launcher.read_text()
    (command,) = pip.commands
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(command)
    assert command[command.index("--python-version") + 1] == "3.13"
    assert (package.name, package.version, package.needs, package.depends) == (
        "kube-web-view", "1.2", (step.path,), ("python3",),
    )  # fmt: skip


def test_each_c_library_and_python_has_its_own_package(recipes, tmp_path):
    def recipe(python, libc):
        return kube_web_view(pip, recipes, tmp_path, "1.2", python, libc)[1].recipe

    first = recipe("3.13", "glibc")
    assert first == recipe("3.13", "glibc")
    assert len({first, recipe("3.12", "glibc"), recipe("3.13", "musl")}) == 3
    (recipes / "python/kube-web-view.txt").write_text("kube-web-view==1.3 --hash=sha256:11\n")
    assert recipe("3.13", "glibc") != first


def test_another_architecture_has_wheels_and_pins_of_its_own(recipes, tmp_path):
    pip.commands = []
    (tmp_path / "scratch").mkdir()
    other = recipes / "python/arm64/kube-web-view.txt"
    other.parent.mkdir()
    other.write_text("kube-web-view==1.2 --hash=sha256:22\n")
    step, package = kube_web_view(pip, recipes, tmp_path, "1.2", "3.12", "musl", ARM64)
    step.make(tmp_path / step.path, tmp_path / "scratch")
    (command,) = pip.commands
    tags = [command[at + 1] for at, word in enumerate(command) if word == "--platform"]
    assert tags == ["musllinux_1_1_aarch64", "musllinux_1_2_aarch64"]
    assert command[-1] == str(other)
    assert package.recipe != kube_web_view(pip, recipes, tmp_path, "1.2", "3.12", "musl")[1].recipe


def test_a_failing_pip_says_what_to_look_at(recipes, tmp_path):
    def fails(command):
        raise BundleError("pip failed: no such index")

    step, dummy = kube_web_view(fails, recipes, tmp_path, "1.2", "3.12", "musl")
    with pytest.raises(BundleError, match=r"(?s)Python 3\.12 \(musllinux_1_2_x86_64\).*no such index.*pip config list"):
        step.make(tmp_path / "out", tmp_path)
