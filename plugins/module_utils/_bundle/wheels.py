# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the Python package index as packages for Alpine.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import importlib.util
import pathlib
import sys
import tarfile

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import AMD64, Architecture
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.apk import Extra
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Step, recipe_of, remove

REVISION = 1
# What pip may take for each C library; it does not count the older ones in by itself.
PLATFORMS = {
    "glibc": "manylinux_2_17 manylinux2014 manylinux_2_28 manylinux_2_34".split(),
    "musl": "musllinux_1_1 musllinux_1_2".split(),
}
# The kernel names a process after the script that was started, so it can be found by the program's name.
LAUNCHER = """#!/usr/bin/python3
import sys

sys.path.insert(0, "/usr/lib/{name}")
from kube_web.main import main

main()
"""


def pins_of(recipes: pathlib.Path, architecture: Architecture = AMD64) -> pathlib.Path:
    """Return the file with the versions and hashes of the wheels."""
    return recipes.joinpath("python", *architecture.mark, "kube-web-view.txt")


def platforms(libc: str, architecture: Architecture = AMD64) -> list[str]:
    """Return the tags of the wheels that run with a C library, as pip takes them."""
    return [f"{tag}_{architecture.machine}" for tag in PLATFORMS[libc]]


def kube_web_view(
    run: Runner,
    recipes: pathlib.Path,
    work: pathlib.Path,
    version: str,
    python: str,
    libc: str,
    architecture: Architecture = AMD64,
) -> tuple[Step, Extra]:
    """Return the step that gets kube-web-view for a Python (like 3.13) and a C library, and the package made of it."""
    requirements, tags = pins_of(recipes, architecture), platforms(libc, architecture)
    pins = requirements.read_text(encoding="utf-8") if requirements.exists() else ""
    recipe = recipe_of("wheels", REVISION, pins, python, tags, LAUNCHER)
    archive = "kube-web-view.tar"

    def get(target: pathlib.Path, scratch: pathlib.Path) -> None:
        lay_program(run, requirements, scratch, python, tags)
        with tarfile.open(target, "w") as tar:
            tar.add(scratch / "usr", "usr")

    def lay(tree: pathlib.Path, scratch: pathlib.Path) -> None:
        run(["tar", "--no-same-owner", "-C", str(tree), "-xf", str(work / "out" / archive)])

    step = Step(archive, recipe, get, "download", intermediate=True)
    return step, Extra(
        "kube-web-view", version, recipe, lay, (archive,), ("python3",), f"pkg:pypi/kube-web-view@{version}"
    )


def index_problem(run: Runner, requirements: pathlib.Path) -> str | None:
    """Return why pip does not reach its index, or None; a host without pip gets one before it is needed."""
    if importlib.util.find_spec("pip") is None:
        return None
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--timeout", "10", "--retries", "1"]
    try:
        run([*pip, "index", "versions", requirements.stem])
    except BundleError as error:
        return f"pip does not find {requirements.stem} in its index ({str(error).splitlines()[-1]})"
    return None


def lay_program(run: Runner, requirements: pathlib.Path, tree: pathlib.Path, python: str, tags: list[str]) -> None:
    """Install the pinned wheels of a program below ``tree``, and what starts it; the host's settings of pip apply."""
    name = requirements.stem
    place, launcher = tree / "usr/lib" / name, tree / "usr/bin" / name
    try:
        run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
                *("--require-hashes", "--only-binary", ":all:", "--implementation", "cp", "--python-version", python),
                *(word for tag in tags for word in ("--platform", tag)),
                *("--no-compile", "--target", str(place), "--requirement", str(requirements)),
            ]
        )
    except BundleError as error:
        raise BundleError(
            f"Getting the wheels of {requirements.name} for Python {python} ({tags[-1]}) failed. {error}\n"
            "Look whether pip reaches its index here: pip config list."
        ) from error
    # Scripts of the libraries; this program's own is written below.
    remove(place / "bin")
    launcher.parent.mkdir(parents=True, exist_ok=True)
    launcher.write_text(LAUNCHER.format(name=name), encoding="utf-8")
    launcher.chmod(0o755)
