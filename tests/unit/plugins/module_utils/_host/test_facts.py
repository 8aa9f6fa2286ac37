# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import json
import os
import socket

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._host import engine, facts

NOTHING = {
    "docker_socket": "/nowhere/docker.sock",
    "write_paths": [],
    "disk": [],
    "profile": "demo",
    "ports": [],
}


def absent(command):
    return 127, "", f"{command[0]} was not found"


def test_a_host_without_anything_is_described_and_not_a_traceback():
    seen = facts.gather(NOTHING, absent)
    assert (seen.system, seen.engine.answers, seen.clock_synchronised) == ("Linux", False, None)
    assert seen.sudo in ("root", "none")


@pytest.mark.parametrize(
    ("uid", "answer", "how"),
    [
        (0, (1, "", ""), "root"),
        (1000, (0, "", ""), "free"),
        (1000, (1, "", "sudo: a password is required\n"), "password"),
        (1000, (1, "", "zoë may not run sudo on this host"), "none"),
        (1000, (127, "", "sudo was not found"), "none"),
    ],
)
def test_the_way_to_root(uid, answer, how):
    assert facts.sudo(uid, lambda command: answer) == how


def test_a_path_that_is_not_there_is_judged_by_the_nearest_folder(tmp_path):
    assert facts.existing(str(tmp_path / "a" / "b")) == str(tmp_path)
    room = facts.room({"path": str(tmp_path / "a"), "gb": 2.5, "purpose": "p"})
    assert (room.need, room.device) == (2_500_000_000, str(os.stat(tmp_path).st_dev))
    (tmp_path / "done").touch()
    assert facts.room({"path": str(tmp_path), "gb": 2, "purpose": "p", "unless": str(tmp_path / "done")}).need == 0


def test_a_port_is_busy_when_something_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert facts.busy(port)
    assert not facts.busy(port)


@pytest.mark.parametrize(
    ("table", "policy", "dropped"),
    [("filter", "drop", False), ("mine", "drop", True), ("mine", "accept", False)],
)
def test_a_table_that_drops_what_is_passed_on(table, policy, dropped):
    chain = {"family": "inet", "table": table, "name": "forward", "handle": 1, "type": "filter", "hook": "forward"}
    chains = {"nftables": [{"metainfo": {}}, {"chain": {**chain, "prio": 0, "policy": policy}}]}
    assert facts.drops(json.dumps(chains)) is dropped


def test_small_letters_win_among_proxies():
    environment = {"HTTP_PROXY": "large", "http_proxy": "small", "NO_PROXY": "x"}
    assert facts.proxies(environment) == {"http_proxy": "small", "no_proxy": "x"}


@pytest.mark.parametrize(
    ("version", "info", "program", "found"),
    [
        ({}, {}, "/usr/bin/docker", "docker"),
        ({"Components": [{"Name": "Podman Engine"}]}, {}, "/usr/bin/podman", "podman"),
        ({"Platform": {"Name": "Docker Desktop 4.38.0"}}, {}, "/usr/bin/docker", "desktop"),
        ({}, {"OperatingSystem": "Docker Desktop"}, "/usr/bin/docker", "desktop"),
        ({}, {"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}, "/usr/bin/docker", "rootless"),
        ({}, {"DockerRootDir": "/var/snap/docker/common/var-lib-docker"}, "/usr/bin/docker", "snap"),
        ({}, {}, "/snap/docker/current/bin/docker", "snap"),
    ],
)
def test_kinds_of_docker(version, info, program, found):
    assert engine.kind(version, info, program) == found


def test_the_store_of_images():
    assert engine.store({"Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"]]}) == "overlay2"
    status = [["driver-type", "io.containerd.snapshotter.v1"]]
    assert engine.store({"Driver": "overlayfs", "DriverStatus": status}) == "containerd"


def test_the_context_of_docker(tmp_path):
    environment = {"DOCKER_CONFIG": str(tmp_path)}
    assert engine.context(environment) == ("", "")
    (tmp_path / "config.json").write_text('{"currentContext": "far"}')
    assert engine.context(environment) == ("far", "")
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text('{"Name": "far", "Endpoints": {"docker": {"Host": "ssh://me@far"}}}')
    assert engine.context(environment) == ("far", "ssh://me@far")
    assert engine.context({**environment, "DOCKER_CONTEXT": "default"}) == ("", "")


def test_a_shell_that_points_into_the_node_is_none_of_the_engines_business():
    def nobody(path, question):
        raise OSError

    seen = engine.look(
        "/nowhere", absent, {"DOCKER_HOST": "tcp://192.168.49.2:2376", "MINIKUBE_ACTIVE_DOCKERD": "x"}, nobody
    )
    assert seen.docker_host == ""
