# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules on real interpreters that are older than what most of them need."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import shutil
import subprocess

import ansible
import pytest

CLONE = pathlib.Path(__file__).resolve().parents[4]
MODULES = sorted(path.stem for path in (CLONE / "plugins/modules").glob("*.py"))
ON_39 = ["certificates"]


@functools.cache
def interpreter(version):
    """A Python of this version that runs, of the host or of pyenv; None without one."""
    root = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    candidates = [shutil.which(f"python{version}"), *sorted(root.glob(f"versions/{version}.*/bin/python"))]
    for candidate in filter(None, candidates):
        # A shim of pyenv may be there for a version that it does not lead to.
        asked = subprocess.run([candidate, "-c", "import ssl"], capture_output=True, check=False)
        if asked.returncode == 0:
            return str(candidate)
    return None


def older(version):
    found = interpreter(version)
    if found is None:
        pytest.skip(f"no Python {version} on this host (PATH, pyenv)")
    return found


@pytest.fixture(scope="module")
def modules_path(tmp_path_factory):
    """What Ansible sends to a host: this collection and its own module_utils, and nothing else."""
    root = tmp_path_factory.mktemp("sent")
    (root / "ansible_collections/fortytwo").mkdir(parents=True)
    (root / "ansible_collections/fortytwo/ft_services").symlink_to(CLONE)
    (root / "ansible").symlink_to(pathlib.Path(ansible.__file__).parent)
    return root


def run(python, modules_path, module, check=False, **options):
    done = subprocess.run(
        [python, "-B", "-m", f"ansible_collections.fortytwo.ft_services.plugins.modules.{module}"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": check}}),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(modules_path)},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("version", ["3.9", "3.10"])
@pytest.mark.parametrize("module", [module for module in MODULES if module not in ON_39])
def test_a_module_that_needs_a_newer_python_says_so_in_one_sentence(version, module, modules_path):
    answer = run(older(version), modules_path, module)
    assert answer["failed"]
    assert answer["msg"].startswith("This module needs Python 3.11 or newer on the target;")
    assert f" is {version}. " in answer["msg"]


@pytest.fixture(scope="module", params=["3.9", "3.10"])
def with_cryptography(request, tmp_path_factory):
    """An older Python with the one package that certificates needs."""
    folder = tmp_path_factory.mktemp("venv") / request.param
    subprocess.run([older(request.param), "-m", "venv", str(folder)], check=True)
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    installed = subprocess.run([*pip, "cryptography>=42,<50"], capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr[-500:]
    return str(folder / "bin/python")


def test_certificates_are_made_once_and_renewed_on_an_older_python(with_cryptography, modules_path, tmp_path):
    call = functools.partial(run, with_cryptography, modules_path, "certificates", path=str(tmp_path / "pki"))
    wanted = [{"name": "web", "dns_names": ["web"], "ip_addresses": ["192.0.2.1"]}]
    assert call(check=True, certificates=wanted)["changed"]
    assert not (tmp_path / "pki").exists()
    made = call(certificates=wanted)
    assert made["changed"]
    assert made["certificates"][0]["sans"] == ["DNS:web", "IP:192.0.2.1"]
    assert not call(certificates=wanted)["changed"]
    other = call(certificates=[{**wanted[0], "dns_names": ["web", "www"]}])
    assert (other["ca"]["changed"], other["certificates"][0]["changed"]) == (False, True)
    assert call(renew_before_days=396, certificates=wanted)["changed"]
    refused = call(certificates=[{"name": "web", "common_name": "x" * 65}])
    assert refused["failed"]


def test_certificates_without_its_package_says_what_to_install(modules_path, tmp_path):
    answer = run(older("3.9"), modules_path, "certificates", path=str(tmp_path))
    assert answer["failed"]
    assert "cryptography" in answer["msg"]
