# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.go import GoBuilder, Program, host_go

PATCH = ("example.org/lib", "expr/queue.go", "queue.go")


class Debian:
    """Notes which packages were unpacked."""

    def __init__(self):
        self.unpacked = []

    def unpack(self, names, suite, target):
        self.unpacked.append((tuple(names), suite))
        target("any").mkdir()


@pytest.fixture
def recipes(tmp_path):
    folder = tmp_path / "recipes" / "go" / "tool"
    folder.mkdir(parents=True)
    for name in ("go.mod", "go.sum", "queue.go"):
        (folder / name).write_text(name)
    return tmp_path / "recipes"


def builder(run, recipes, go="/usr/bin/go", debian=None):
    return GoBuilder(run, debian or Debian(), recipes, recipes.parent / "work", go, "1.26")


def make(step, folder):
    scratch = folder / "scratch"
    scratch.mkdir()
    step.make(folder / "target", scratch)
    return scratch


@pytest.mark.parametrize(
    ("said", "good"),
    [("go version go1.25.1 linux/amd64", True), ("go version go1.19 linux/amd64", False), ("gccgo", False)],
)
def test_only_a_go_that_is_new_enough_counts(run, said, good):
    run.answers = {"version": lambda words, options: said}
    assert host_go(run, "/usr/bin/go") is good


def test_no_go_is_asked_nothing(run):
    assert host_go(run, None) is False
    assert run.commands == []


def test_a_program_is_built_from_a_copy_with_its_version_in_it(run, recipes, tmp_path):
    step = builder(run, recipes).step("tool", Program("tool", ".", {"main.Version": "1.2"}, tags="few"))
    scratch = make(step, tmp_path)
    (words,) = run.having("build")
    assert words[-1] == "main.go"
    assert words[words.index("-ldflags") + 1] == "-s -w -X main.Version=1.2"
    assert words[words.index("-tags") + 1] == "few"
    assert words[words.index("-o") + 1] == str(tmp_path / "target")
    (options,) = run.options
    assert options["cwd"] == str(scratch / "tool")
    assert options["environ_update"]["CGO_ENABLED"] == "0"
    assert options["environ_update"]["GOTMPDIR"] == str(scratch)


def test_a_patched_dependency_is_used_instead_of_the_pinned_one(run, recipes, tmp_path):
    source = tmp_path / "mod" / "lib"
    (source / "expr").mkdir(parents=True)
    (source / "expr/queue.go").write_text("theirs")
    run.answers = {"list": lambda words, options: f"{source}\n"}
    scratch = make(builder(run, recipes).step("tool", Program("tool", "example.org/cmd", patch=PATCH)), tmp_path)
    copy = scratch / "tool" / "patched"
    assert (copy / "expr/queue.go").read_text() == "queue.go"
    assert (source / "expr/queue.go").read_text() == "theirs"
    assert f"-replace=example.org/lib={copy}" in run.having("edit")[0]
    assert run.commands.index(run.having("edit")[0]) < run.commands.index(run.having("build")[0])


def test_a_file_is_taken_out_of_a_module(run, recipes, tmp_path):
    (tmp_path / "some.yaml").write_text("kind: List")
    run.answers = {"list": lambda words, options: f"{tmp_path}\n"}
    make(builder(run, recipes).file_of_module("out/some.yaml", "tool", "example.org/lib", "some.yaml"), tmp_path)
    assert (tmp_path / "target").read_text() == "kind: List"


def test_without_a_go_debians_is_unpacked_and_used(run, recipes, tmp_path):
    debian, work = Debian(), tmp_path / "work"
    (work / "toolchain" / "old").mkdir(parents=True)
    run.answers = {"version": lambda words, options: "go version go1.26"}
    build = builder(run, recipes, None, debian)
    (step,) = build.toolchain()
    make(step, tmp_path)
    assert debian.unpacked == [(("golang-1.26-go", "golang-1.26-src"), "trixie-backports")]
    assert not (work / "toolchain" / "old").exists()
    assert build.command == f"{work}/toolchain/usr/lib/go-1.26/bin/go"
    assert (tmp_path / "target").read_text() == "go version go1.26"
    assert build.step("tool", Program("tool", ".")).needs == ("toolchain",)


def test_another_file_of_the_module_is_another_recipe(run, recipes):
    before = builder(run, recipes).step("tool", Program("tool", ".")).recipe
    (pathlib.Path(recipes) / "go/tool/go.sum").write_text("other")
    assert builder(run, recipes).step("tool", Program("tool", ".")).recipe != before
