# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the gate; each returns how many test cases passed and failed."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import shutil
import typing as t

import results
from machine import ARTIFACTS, COLLECTION, Outcome, tail
from matrix import Row, at_once, importer, rows
from results import Tally

# What ansible-test says of a fault, less the words around it.
SANITY_LINE = re.compile(r"(ERROR|FATAL): (?!Found \d+ )")
SHELL_LINE = re.compile(rb"#! ?/(usr/)?bin/(env )?(ba|da|a)?sh\b")


def _shell_scripts(root: pathlib.Path) -> list[str]:
    """Return every shell script below a folder, told by its first line or its name."""
    found = []
    for file in sorted(root.rglob("*")):
        if file.is_file() and ".git" not in file.relative_to(root).parts:
            with file.open("rb") as handle:
                if file.suffix == ".sh" or SHELL_LINE.match(handle.readline(80)):
                    found.append(str(file.relative_to(root)))
    return found


def _lint_commands(row: Row) -> dict[str, list[str]]:
    """Return the linters by name; each is one test case."""
    copy = row.copy
    package = ".".join([*COLLECTION.parts, "plugins"])
    dockerfiles = sorted(str(file.relative_to(copy)) for file in copy.glob("images/*/Dockerfile*"))
    commands = {
        "ansible-lint": ["ansible-lint", "--strict"],
        "antsibull-docs": ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "."],
        "mypy plugins": ["mypy", "--package", package],
        "mypy gate": ["mypy", "tests/gate", "molecule/resources/files"],
        "mypy tools": ["mypy", "tools"],
        "antsibull-changelog": ["antsibull-changelog", "lint"],
        "ruff check": ["ruff", "check", "--no-cache", "--output-format", "concise", "."],
        "ruff format": ["ruff", "format", "--no-cache", "--check", "--output-format", "concise", "."],
        "yamllint": ["yamllint", "--strict", "."],
        "shellcheck": ["shellcheck", *_shell_scripts(copy)],
        "hadolint": ["hadolint", *dockerfiles],
    }
    if not dockerfiles:
        del commands["hadolint"]
    return commands


def lint() -> Tally:
    """Style, types, documentation and Ansible's own rules."""
    row = rows()[0]
    commands = _lint_commands(row)

    def check(name: str) -> Tally:
        paths = f"{row.root}:{row.copy / 'tests' / 'gate'}:{row.copy / 'molecule' / 'resources' / 'files'}"
        outcome = row.run(commands[name], f"lint-{name.replace(' ', '-')}.log", MYPYPATH=paths)
        return _case(outcome, name)

    return sum(at_once(check, commands), Tally())


def _case(outcome: Outcome, name: str) -> Tally:
    """Count a program as one test case."""
    if outcome.code == 0:
        return Tally(passed=1)
    return Tally(failed=1, notes=[f"failed: {name}\n{tail(outcome)}"])


def _counted(outcome: Outcome, tally: Tally) -> Tally:
    """Add a program's last lines to what its own reports say, when something failed."""
    tally = tally.settled(outcome.code)
    return tally + Tally(notes=[tail(outcome)]) if tally.failed else tally


def sanity() -> Tally:
    """Run `ansible-test sanity`, with no ignore file, in every row."""

    def check(row: Row) -> Tally:
        _place_pip_bootstrap(row)
        version = row.name.removeprefix("python")
        command = ["ansible-test", "sanity", "--local", "--python", version, "--junit", "--color", "no"]
        outcome = row.run(command, f"sanity-{row.name}.log", timeout=1200)
        tally = results.junit(row.copy.glob("tests/output/junit/*.xml")).settled(outcome.code)
        return dataclasses.replace(tally, notes=[line for line in outcome.text.splitlines() if SANITY_LINE.match(line)])

    return sum(at_once(check, rows()), Tally())


def _place_pip_bootstrap(row: Row) -> None:
    """Put a script where ansible-test looks for its download of pip, which only open networks allow.

    The script installs the pip that comes with Python; the requirements of the tests are pinned either way.
    """
    source = next(row.venv.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py"))
    versions = re.findall(r"pip='([\d.]+)'", source.read_text(encoding="utf-8"))
    folder = pathlib.Path.home() / ".ansible" / "test" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    for version in versions:
        script = folder / f"get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            script.write_text("import ensurepip\n\nensurepip.bootstrap()\n", encoding="utf-8")


def _pytest(row: Row, folder: str, log: str, timeout: float) -> Tally:
    """Run the tests of a folder."""
    report = ARTIFACTS / f"{log}.xml"
    report.unlink(missing_ok=True)
    command = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", folder]
    outcome = row.run(command, f"{log}.log", timeout, PYTHONDONTWRITEBYTECODE="1")
    return _counted(outcome, results.junit([report]))


def unit() -> Tally:
    """Run the unit tests in every row."""
    return sum(at_once(lambda row: _pytest(row, "tests/unit", f"unit-{row.name}", 300), rows()), Tally())


def integration() -> Tally:
    """Run the tests that start programs, in every row."""
    return sum(at_once(lambda row: _pytest(row, "tests/integration", f"integration-{row.name}", 900), rows()), Tally())


def fetch() -> Tally:
    """Gather the forged bundle once more, as downloads from servers on this machine."""
    return _pytest(rows()[0], "tests/fetch", "fetch", 900)


def build() -> Tally:
    """Build the collection's archive and let galaxy-importer judge it as the Galaxy server would."""
    row = rows()[0]
    folder = ARTIFACTS / "build"
    shutil.rmtree(folder, ignore_errors=True)
    outcome = row.run(["ansible-galaxy", "collection", "build", "--output-path", str(folder)], "build.log")
    tally = _case(outcome, "ansible-galaxy collection build")
    if tally.failed:
        return tally
    archive = next(folder.glob("*.tar.gz"))
    settings = folder / "importer.cfg"
    # ansible-lint and ansible-test have steps of their own.
    settings.write_text("[galaxy-importer]\nrun_ansible_lint = False\nrun_ansible_test = False\n", encoding="utf-8")
    command = ["python", "-m", "galaxy_importer.main", str(archive)]
    outcome = importer().run(command, "build-importer.log", GALAXY_IMPORTER_CONFIG=str(settings))
    warned = [line for dummy, line in outcome.lines if line.startswith("WARNING")]
    return tally + _case(outcome, "galaxy-importer") + Tally(notes=warned)


def docs() -> Tally:
    """Build the documentation site; a link that leads nowhere fails it."""
    row = rows()[0]
    folder = ARTIFACTS / "docs"
    shutil.rmtree(folder, ignore_errors=True)
    source, site = folder / "source", folder / "site"
    shutil.copytree(row.copy, source, symlinks=True)
    (source / "reference").mkdir()
    name = ".".join(COLLECTION.parts[1:])
    reference = ["antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    outcome = row.run([*reference, "--dest-dir", str(source / "reference"), name], "docs-reference.log")
    tally = _case(outcome, "antsibull-docs collection")
    if tally.failed:
        return tally
    build = [
        "sphinx-build",
        "--fail-on-warning",
        "--keep-going",
        "--quiet",
        "--conf-dir",
        str(source / "docs" / "site"),
    ]
    tally += _case(row.run([*build, str(source), str(site)], "docs-site.log"), "sphinx-build")
    shutil.rmtree(source)
    return tally


def forge() -> Tally:
    """Gather everything that a platform needs; minutes when there is nothing yet, seconds after that."""
    outcome = rows()[0].run(["ansible-playbook", "playbooks/bundle.yml"], "forge.log", timeout=3000)
    return _case(outcome, "playbooks/bundle.yml")


def molecule() -> Tally:
    """Bring up a platform of its own, break it in every way the requirements name, and remove it."""
    return _scenario("default", "molecule.log")


def extended() -> Tally:
    """Do what takes longer: mistakes on purpose, operations, backup, upgrades, a service more."""
    return _scenario("extended", "extended.log")


def _scenario(name: str, log: str) -> Tally:
    """Run a scenario; each of its tasks named "Check ..." is a test case."""
    row = rows()[0]
    command = ["molecule", "--base-config", "molecule/base.yml", "test", "--scenario-name", name]
    # The checks search this log for secrets.
    outcome = row.run(command, log, timeout=3600, GATE_LOG=str(ARTIFACTS / log))
    pictures = row.copy / "artifacts" / "screenshots"
    if pictures.is_dir():
        shutil.copytree(pictures, ARTIFACTS / pictures.name, dirs_exist_ok=True)
    checks = results.junit(row.copy.glob("artifacts/molecule/*.xml"))
    steps = results.molecule(line for dummy, line in outcome.lines)
    if checks.failed:
        steps.failed = 0  # the step that a failed check belongs to is the same failure
    end = outcome.lines[-1][0] if outcome.lines else 0.0
    times = Tally(notes=[", ".join(results.molecule_times(outcome.lines, end))])
    return _counted(outcome, checks + steps) + times


class Step(t.NamedTuple):
    """A step of the gate, the rows that it uses, and the step without which it makes no sense.

    A step on request is run only where it is named.
    """

    run: t.Callable[[], Tally]
    rows: t.Callable[[], tuple[Row, ...]]
    needs: str | None = None
    on_request: bool = False


def _first() -> tuple[Row, ...]:
    return rows()[:1]


STEPS = {
    "lint": Step(lint, _first),
    "sanity": Step(sanity, rows),
    "unit": Step(unit, rows),
    "integration": Step(integration, rows),
    "build": Step(build, lambda: (*_first(), importer())),
    "docs": Step(docs, _first),
    "forge": Step(forge, _first),
    "fetch": Step(fetch, _first, needs="forge"),
    "molecule": Step(molecule, _first, needs="forge"),
    "extended": Step(extended, _first, needs="forge", on_request=True),
}
