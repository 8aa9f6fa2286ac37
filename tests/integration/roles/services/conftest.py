# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the role's manifests by ansible-playbook, without a cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[3]

# Services as they may be added some day, with all that the real ones do not use yet.
SAMPLES = HERE / "samples"


def render(folder, paths=(), **settings):
    """Return the objects, and what the modules certificates and credentials would be asked for."""
    link = folder / "ansible_collections" / "fortytwo" / "ft_services"
    link.parent.mkdir(parents=True)
    link.symlink_to(REPOSITORY)
    (folder / "state").mkdir()
    # An empty configuration: no callbacks, no inventory of this repository.
    (folder / "ansible.cfg").touch()
    variables = folder / "variables.json"
    templates = REPOSITORY / "roles/services/templates"
    values = {
        **settings,
        "services_paths": list(map(str, paths)),
        "render_folder": str(folder),
        "services_templates": str(templates),
    }
    variables.write_text(json.dumps(values))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), str(HERE / "render.yml"), "-e", f"@{variables}"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    files = sorted((folder / "manifests").iterdir())
    text = "\n---\n".join(file.read_text() for file in files)
    objects = [each for each in yaml.safe_load_all(text) if each]
    asked = json.loads((folder / "inputs.json").read_text())
    return SimpleNamespace(table=asked.pop("table"), objects=objects, inputs=asked)


@pytest.fixture(scope="session")
def real(tmp_path_factory):
    """The manifests of the services that there are."""
    return render(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="session")
def extended(tmp_path_factory):
    """The same with two sample services, one of which nginx leads to as a proxy."""
    return render(tmp_path_factory.mktemp("extended"), [SAMPLES])


@pytest.fixture
def rendering(tmp_path):
    """Renders the real ones with settings that are handed to it."""
    return lambda **settings: render(tmp_path / "rendered", **settings)


@pytest.fixture(params=["real", "extended"])
def rendered(request):
    """Both: what holds for every service must hold for one that is yet to come."""
    return request.getfixturevalue(request.param)
