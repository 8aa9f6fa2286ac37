# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worked example of docs/add_a_service.md: its files are right. On a cluster they are tried in own_service.yml."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent


def loaded(name, path):
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


example = loaded("add_a_service", "tests/examples/add_a_service.py")
renderer = loaded("services_conftest", "tests/integration/roles/services/conftest.py")


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The folder in which the page was followed, and the paths that the page is about."""
    folder = tmp_path_factory.mktemp("example")
    return folder, example.follow(folder)


@pytest.fixture(scope="module")
def rendered(followed, tmp_path_factory):
    """The platform with the service and without ftps, as the inventory of the page says."""
    variables = yaml.safe_load((followed[0] / "inventory.yml").read_text())["all"]["vars"]
    assert variables["services_paths"] == ["{{ inventory_dir }}/services"]
    return renderer.render(
        tmp_path_factory.mktemp("rendered"),
        [followed[0] / "services"],
        services_disabled=variables["services_disabled"],
    )


def run(folder, *command):
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_in_the_page_is_a_step_and_there_are_few(followed):
    assert example.PAGE.read_text().count("\n```") == 2 * len(followed[1])
    assert 2 <= len(followed[1]) <= 5


def test_the_linters_accept_its_files(followed):
    folder, paths = followed
    run(REPOSITORY, "yamllint", "--strict", *(folder / path for path in paths if path.endswith(".yml")))
    run(folder, "hadolint", *(path for path in paths if path.endswith("Dockerfile")))


def test_the_dockerfile_agrees_with_the_row(followed, rendered):
    (row,) = (row for row in rendered.table if row["name"] == "hello")
    dockerfile = (followed[0] / "services/hello/Dockerfile").read_text()
    assert f"USER {row['uid']}:{row['uid']}\n" in dockerfile
    assert f"EXPOSE {row['ports'][0]['target']}\n" in dockerfile
    for source in re.findall(r"^COPY (\S+) ", dockerfile, re.MULTILINE):
        assert (REPOSITORY / "images" / source).exists() or (followed[0] / "services" / source).exists()


def test_it_is_part_of_everything_and_ftps_of_nothing(rendered):
    for each in rendered.objects:
        kubernetes_validate.validate(each, "1.34", strict=True)
    names = {(each["kind"], each["metadata"]["name"]) for each in rendered.objects}
    assert {("Deployment", "hello"), ("Service", "hello"), ("NetworkPolicy", "hello"), ("ConfigMap", "hello")} <= names
    assert "ftps" not in {name for dummy, name in names}
    maps = [each for each in rendered.objects if each["kind"] == "ConfigMap"]
    configs = {each["metadata"]["name"]: each.get("data", {}) for each in maps}
    assert configs["hello"]["hello.txt"] == "Hello from ft-services\n"
    assert json.loads(configs["grafana"]["hello.json"])["uid"] == "ft-hello"
    assert "https://192.168.49.200:7000/" in configs["nginx"]["index.html"]
    assert "location = /hello {" in configs["nginx"]["services.routes"]
    assert "hello" in {each["name"] for each in rendered.inputs["certificates"]}
    # Where one would still ask for it. The pages for people, and the links to them, are those of all services.
    asked = {
        name: {key: re.sub(r'.*href="/docs/.*', "", text) for key, text in data.items() if not key.endswith(".md")}
        for name, data in configs.items()
    }
    assert "ftps" not in json.dumps([asked, rendered.inputs])
