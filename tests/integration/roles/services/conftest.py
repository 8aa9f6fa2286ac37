# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the role's manifests by ansible-playbook, without a cluster."""

from __future__ import annotations

import copy
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

# Rows as they may be added some day, with all that the real ones do not use yet.
SAMPLES = [
    {
        "name": "sample-web",
        "title": "Sample <web>",
        "description": "Redirected to.",
        "type": "LoadBalancer",
        "uid": 10091,
        "ports": [{"name": "https", "port": 5091, "target": 5091}],
        "processes": ["web"],
        "probe": ["healthy"],
        "resources": {"cpu": "10m", "cpu_limit": "1", "memory": "16Mi", "memory_limit": "32Mi"},
        "reach": ["sample-store"],
        "tls": True,
        "front": {"path": "/web", "mode": "redirect", "port": 5091},
    },
    {
        "name": "sample-store",
        "title": "Sample store",
        "description": "Proxied to, keeps data.",
        "type": "ClusterIP",
        "uid": 10092,
        "ports": [{"name": "store", "port": 5000, "target": 5001}],
        "processes": ["store"],
        "probe": ["healthy"],
        "startup_seconds": 300,
        "stop_seconds": 90,
        "resources": {"cpu": "10m", "cpu_limit": "1", "memory": "16Mi", "memory_limit": "32Mi"},
        "storage": {"size": "1Gi", "path": "/data"},
        "tls": True,
        "credentials": [{"name": "store_root"}],
        "secret": {"root": {"credential": "store_root"}},
        "front": {"path": "/store", "mode": "proxy", "port": 5000},
    },
]


def render(folder, table):
    """Return the objects, and what the modules certificates and credentials would be asked for."""
    link = folder / "ansible_collections" / "fortytwo" / "ft_services"
    link.parent.mkdir(parents=True)
    link.symlink_to(REPOSITORY)
    (folder / "state").mkdir()
    # An empty configuration: no callbacks, no inventory of this repository.
    (folder / "ansible.cfg").touch()
    variables = folder / "variables.json"
    templates = REPOSITORY / "roles/services/templates"
    values = {"services_table": table, "render_folder": str(folder), "services_templates": str(templates)}
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
    objects = [each for each in yaml.safe_load_all((folder / "manifests.yml").read_text()) if each]
    return SimpleNamespace(table=table, objects=objects, inputs=json.loads((folder / "inputs.json").read_text()))


def real_table():
    return yaml.safe_load((REPOSITORY / "roles/services/vars/services.yml").read_text())["services_table"]


@pytest.fixture(scope="session")
def real(tmp_path_factory):
    """The manifests of the services that there are."""
    return render(tmp_path_factory.mktemp("real"), real_table())


@pytest.fixture(scope="session")
def extended(tmp_path_factory):
    """The same with two sample services, one of which nginx leads to as a proxy."""
    table = copy.deepcopy(real_table())
    (nginx,) = (row for row in table if row["name"] == "nginx")
    nginx["reach"] = ["sample-store"]
    return render(tmp_path_factory.mktemp("extended"), table + SAMPLES)


@pytest.fixture(params=["real", "extended"])
def rendered(request):
    """Both: what holds for every service must hold for one that is yet to come."""
    return request.getfixturevalue(request.param)
