# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions of the quality gate: `make test` runs them in their order, `nox -s lint` some of them.

The virtual environments are kept in the user's cache and made anew only when the requirements change: nox makes none.
Reports of single test cases go to artifacts/junit/<session>, where tests/gate counts them.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import sys
import typing as t

import nox

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "tests" / "gate"))

import environments
from environments import ARTIFACTS, COLLECTION, ROOT

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "none"
nox.options.stop_on_first_error = False

SHELL_LINE = re.compile(rb"#! ?/(usr/)?bin/(env )?(ba|da|a)?sh\b")
FIRST, FIRST_PYTHON = environments.first_python()
PYTHONS = {FIRST: FIRST_PYTHON} | {
    version: python
    for version in (environments.NEWEST,)
    if version != FIRST and (python := environments.find_python(version))
}
FLOOR = 90  # percent of plugins/module_utils that the unit tests run through

in_each_python = nox.parametrize("version", list(PYTHONS), ids=list(PYTHONS))


def environment_of(version: str) -> pathlib.Path:
    """Return the virtual environment of a Python of the matrix."""
    return environments.virtual_environment(f"python{version}", PYTHONS[version])


def run(
    session: nox.Session,
    program: str,
    *words: str | pathlib.Path,
    version: str = FIRST,
    venv: pathlib.Path | None = None,
    folder: pathlib.Path = ROOT,
    more: t.Mapping[str, str] | None = None,
) -> None:
    """Run a program of a virtual environment in a folder, with ``more`` in its environment."""
    venv = venv or environment_of(version)
    with session.chdir(folder):
        session.run(
            venv / "bin" / program,
            *words,
            env=environments.environment(venv, **more or {}),
            include_outer_env=False,
            external=True,
            # Seconds: Molecule and ansible-test have something to clean up.
            interrupt_timeout=20,
            terminate_timeout=20,
        )


def reports(session: nox.Session) -> pathlib.Path:
    """Return the empty folder for the session's reports of test cases."""
    folder = ARTIFACTS / "junit" / session.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def collections(root: pathlib.Path) -> dict[str, str]:
    """Return what makes Ansible find the collection below a folder."""
    return {"ANSIBLE_COLLECTIONS_PATH": str(root)}


def copied(version: str = FIRST) -> tuple[pathlib.Path, pathlib.Path]:
    """Return the folder for Ansible's collection path and in it a fresh copy of the collection."""
    root = environments.copy_collection(f"python{version}")
    return root, root / COLLECTION


# lint -----------------------------------------------------------------------------------------------------------------


def shell_scripts() -> list[str]:
    """Return every shell script, told by its first line or its name."""
    found = []
    for name in environments.tracked_files():
        with (ROOT / name).open("rb") as handle:
            if name.suffix == ".sh" or SHELL_LINE.match(handle.readline(80)):
                found.append(str(name))
    return found


def dockerfiles() -> list[str]:
    """Return every Dockerfile."""
    return sorted(str(name) for name in environments.tracked_files() if name.name.startswith("Dockerfile"))


def plugins_package() -> list[str]:
    """Return how mypy finds the plugins: under their names in Ansible."""
    return ["--package", ".".join([*COLLECTION.parts, "plugins"])]


LINTERS: dict[str, t.Callable[[], list[str]]] = {
    "actionlint": lambda: ["actionlint", *(str(name) for name in (ROOT / ".github" / "workflows").glob("*.yml"))],
    "ansible-lint": lambda: ["ansible-lint", "--strict"],
    "antsibull-changelog": lambda: ["antsibull-changelog", "lint"],
    "antsibull-docs": lambda: ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "."],
    "hadolint": lambda: ["hadolint", *dockerfiles()],
    "import-linter": lambda: ["lint-imports", "--no-cache"],
    "mypy-gate": lambda: ["mypy", "noxfile.py", "tests/gate", "molecule/resources/files"],
    "mypy-plugins": lambda: ["mypy", *plugins_package()],
    "mypy-tools": lambda: ["mypy", "tools", "benchmarks"],
    "reuse": lambda: ["reuse", "lint", "--lines"],
    "ruff-check": lambda: ["ruff", "check", "--no-cache", "--output-format", "concise", "."],
    "ruff-format": lambda: ["ruff", "format", "--no-cache", "--check", "--output-format", "concise", "."],
    "shellcheck": lambda: ["shellcheck", *shell_scripts()],
    "yamllint": lambda: ["yamllint", "--strict", "."],
}


@nox.session
@nox.parametrize("linter", list(LINTERS), ids=list(LINTERS))
def lint(session: nox.Session, linter: str) -> None:
    """Style, types, licences, imports, documentation and Ansible's own rules."""
    root = environments.link_in_place()
    paths = [root, ROOT / "tests" / "gate", ROOT / "molecule" / "resources" / "files", ROOT / "benchmarks"]
    program, *words = LINTERS[linter]()
    more = {"MYPYPATH": os.pathsep.join(map(str, paths)), "PYTHONPATH": str(root)}
    run(session, program, *words, more=collections(root) | more)


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Write requirements.lock: what requirements.txt pins and all that it needs, with the hash of every file.

    Versions that it has already stay where they still fit; `nox -s lock -- --upgrade` takes the newest. The list is for
    all versions of Python and all machine types at once, and names no index: whoever installs has one.
    """
    words = ["--universal", f"--python-version={environments.OLDEST}", "--generate-hashes", "--no-header"]
    words += ["--no-annotate", "--no-config", "--no-emit-index-url", "--no-emit-find-links", "--quiet"]
    # uv does not ask pip's settings.
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL")
    more = {"UV_DEFAULT_INDEX": index} if index else {}
    words += ["--output-file=requirements.lock", *session.posargs, "requirements.txt"]
    run(session, "uv", "pip", "compile", *words, more=more)


# tests ----------------------------------------------------------------------------------------------------------------


@nox.session
@in_each_python
def sanity(session: nox.Session, version: str) -> None:
    """Run `ansible-test sanity`, with no ignore file; it wants a collection below ansible_collections, so a copy."""
    root, copy = copied(version)
    folder = reports(session)
    made = copy / "tests" / "output" / "junit"
    shutil.rmtree(made, ignore_errors=True)
    environments.place_pip_bootstrap(environment_of(version))
    words = ["sanity", "--local", "--python", version, "--junit", "--color", "no", *session.posargs]
    try:
        run(session, "ansible-test", *words, version=version, folder=copy, more=collections(root))
    finally:
        # The paths in them are relative to the collection, so they lead into the clone.
        for report in made.glob("*.xml"):
            shutil.copy2(report, folder)


def pytest(
    session: nox.Session, tests: str, version: str, *words: str, more: t.Mapping[str, str] | None = None
) -> None:
    """Run the tests of a folder in the clone; the session's own arguments choose among them."""
    options = ["-q", "-p", "no:cacheprovider"]
    if session.posargs:
        # Interactive, for one who works on a test: with the terminal, without reports.
        chosen = any((ROOT / word.partition("::")[0]).exists() for word in session.posargs)
        words = (*session.posargs, *([] if chosen else [tests]))
    else:
        words = (f"--junit-xml={reports(session) / 'report.xml'}", *words, tests)
    run(session, "python", "-m", "pytest", *options, *words, version=version, more=more)


@nox.session
@in_each_python
def unit(session: nox.Session, version: str) -> None:
    """Run the unit tests; `make unit ARGS='-k name -x --pdb'` some of them."""
    measure = ["--cov=plugins", "--cov-report=", "--cov-report=xml:artifacts/coverage.xml"] if version == FIRST else []
    pytest(session, "tests/unit", version, *measure, more={"COVERAGE_FILE": str(ARTIFACTS / ".coverage")})


@nox.session
def coverage(session: nox.Session) -> None:
    """Report how much of the plugins the unit tests run through, and hold plugins/module_utils to a floor."""
    data = {"COVERAGE_FILE": str(ARTIFACTS / ".coverage")}
    run(session, "coverage", "report", "--skip-covered", "--sort=cover", more=data)
    floor = ["--include=plugins/module_utils/*", f"--fail-under={FLOOR}", "--format=total"]
    run(session, "coverage", "report", *floor, more=data)


@nox.session
def integration(session: nox.Session) -> None:
    """Run the tests that start programs, without a cluster, in the newest Python; Molecule has the oldest."""
    # They wait for programs most of the time. Those of one file may share a server.
    at_once = [f"--numprocesses={os.cpu_count()}", "--dist=loadfile", "--max-worker-restart=0"]
    pytest(session, "tests/integration", list(PYTHONS)[-1], *at_once, "--durations=15")


@nox.session
def build(session: nox.Session) -> None:
    """Build the collection's archive and let galaxy-importer judge it as the Galaxy server would."""
    root, copy = copied()
    folder = ARTIFACTS / "build"
    shutil.rmtree(folder, ignore_errors=True)
    words = ["collection", "build", "--output-path", str(folder)]
    run(session, "ansible-galaxy", *words, folder=copy, more=collections(root))
    (archive,) = folder.glob("*.tar.gz")
    settings = folder / "importer.cfg"
    # ansible-lint and ansible-test have sessions of their own.
    settings.write_text("[galaxy-importer]\nrun_ansible_lint = False\nrun_ansible_test = False\n", encoding="utf-8")
    venv = environments.virtual_environment("importer", FIRST_PYTHON, environments.IMPORTER)
    words = ["-m", "galaxy_importer.main", str(archive)]
    run(session, "python", *words, venv=venv, folder=folder, more={"GALAXY_IMPORTER_CONFIG": str(settings)})


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site; a link that leads nowhere fails it."""
    root, copy = copied()
    folder = ARTIFACTS / "docs"
    shutil.rmtree(folder, ignore_errors=True)
    source, site = folder / "source", folder / "site"
    shutil.copytree(copy, source, symlinks=True)
    (source / "reference").mkdir()
    name = ".".join(COLLECTION.parts[1:])
    reference = ["collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    reference += ["--dest-dir", str(source / "reference"), name]
    run(session, "antsibull-docs", *reference, folder=copy, more=collections(root))
    words = ["--fail-on-warning", "--keep-going", "--quiet", "--conf-dir", str(source / "docs" / "site")]
    run(session, "sphinx-build", *words, source, site, folder=copy, more=collections(root))
    shutil.rmtree(source)


# what needs the machine -----------------------------------------------------------------------------------------------


@nox.session
def bundle(session: nox.Session) -> None:
    """Gather everything that a platform needs; minutes when there is nothing yet, seconds after that."""
    root, copy = copied()
    run(session, "ansible-playbook", "playbooks/bundle.yml", folder=copy, more=collections(root))


@nox.session
def fetch(session: nox.Session) -> None:
    """Gather the bundle once more, as downloads from servers on this machine."""
    root, copy = copied()
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={reports(session) / 'report.xml'}"]
    words += session.posargs or ["tests/fetch"]
    run(session, "python", *words, folder=copy, more=collections(root))


@nox.session
def molecule(session: nox.Session) -> None:
    """Bring up a platform of its own, break it in every way the requirements name, and remove it."""
    scenario(session, "default")


@nox.session(default=False)
def stress(session: nox.Session) -> None:
    """Abuse the platform, take its parts away, and make every mistake that the verification has to tell."""
    scenario(session, "stress")


@nox.session(default=False)
def changes(session: nox.Session) -> None:
    """Change the platform by hand, by settings, by versions and by services of one's own; try the modules on it."""
    scenario(session, "changes")


@nox.session(default=False)
def recovery(session: nox.Session) -> None:
    """Let years pass, move the platform, and bring it back after the loss of everything."""
    scenario(session, "recovery")


@nox.session(default=False)
def kills(session: nox.Session) -> None:
    """Kill backups, restores and rotations at many moments, and see that the next run ends what was begun."""
    scenario(session, "kills")


@nox.session(default=False)
def destroy(session: nox.Session) -> None:
    """Remove the platform that stress, changes, recovery and kills share."""
    scenario(session, "stress", "destroy")


@nox.session(default=False)
def remote(session: nox.Session) -> None:
    """Bring the platform up on another host by ssh, use it from this one, and restart that host."""
    scenario(session, "remote")


@nox.session(default=False)
def existing(session: nox.Session) -> None:
    """Bring the platform up in one namespace of a cluster that somebody else made, and leave that as it was."""
    scenario(session, "existing")


def scenario(session: nox.Session, name: str, command: str = "test") -> None:
    """Run a command of Molecule for a scenario; each of its tasks named "Check ..." is a test case."""
    root, copy = copied()
    folder = reports(session)
    shutil.rmtree(copy / "artifacts", ignore_errors=True)
    # The checks search the gate's log for secrets.
    log = {"GATE_LOG": os.environ["GATE_LOG"]} if "GATE_LOG" in os.environ else {}
    words = ["--base-config", "molecule/base.yml", *(session.posargs or [command]), "--scenario-name", name]
    try:
        run(session, "molecule", *words, folder=copy, more=collections(root) | log)
    finally:
        for report in (copy / "artifacts" / "molecule").glob("*.xml"):
            shutil.copy2(report, folder)
        if (pictures := copy / "artifacts" / "screenshots").is_dir():
            shutil.copytree(pictures, ARTIFACTS / pictures.name, dirs_exist_ok=True)
