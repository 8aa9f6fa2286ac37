# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import pathlib

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import buildkit
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.context import Context, read_context
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import Connection, DaemonError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.log import BuildkitLog
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.request import Image, Options
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.send import write_folder


@pytest.fixture
def sent(tmp_path):
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent/Dockerfile").write_text("FROM a:1\n")
    return read_context(str(tmp_path / "sent"), "Dockerfile")


def image(sent=None, **changes):
    return Image("web", "x/web", sent or Context([], "Dockerfile"), [], {"A": "1"}, hash="0" * 64, **changes)


def values(words, option):
    return [words[at + 1] for at, word in enumerate(words) if word == option]


def test_the_environment_leads_to_the_daemon_of_the_options_only():
    plain = buildkit.environment(Connection("unix:///x"))
    assert plain["DOCKER_HOST"] == "unix:///x"
    assert (plain["DOCKER_CONTEXT"], plain["DOCKER_TLS_VERIFY"], plain["BUILDX_BUILDER"]) == ("", "", "")
    tls = buildkit.environment(Connection("tcp://x:1", "/certs"))
    assert (tls["DOCKER_TLS_VERIFY"], tls["DOCKER_CERT_PATH"]) == ("1", "/certs")


def test_all_options_become_arguments(tmp_path):
    options = Options(
        platforms=("linux/amd64",),
        secrets=({"id": "a", "src": "/s"}, {"id": "b", "env": "B"}, {"id": "c", "value": "hush"}),
        ssh=("default",),
        cache_from=("x:1",),
        cache_to=("type=local,dest=/c",),
        outputs=("type=local,dest=/o",),
        network="none",
        etc_hosts=(("db", "10.0.0.1"),),
    )
    words = buildkit.arguments(image(target="t", options=options), str(tmp_path), "default", "http://p:1")
    assert values(words, "--build-arg") == ["http_proxy=http://p:1", "HTTP_PROXY=http://p:1", "A=1"]
    assert values(words, "--output") == ["type=local,dest=/o", "type=docker"]
    assert values(words, "--secret")[:2] == ["id=a,src=/s", "id=b,env=B"]
    path = pathlib.Path(values(words, "--secret")[2].removeprefix("id=c,src="))
    assert (path.parent, path.read_text(), path.stat().st_mode & 0o777) == (tmp_path, "hush", 0o600)
    assert "hush" not in str(words)
    for option, expected in {
        "--platform": "linux/amd64",
        "--ssh": "default",
        "--cache-from": "x:1",
        "--cache-to": "type=local,dest=/c",
        "--network": "none",
        "--add-host": "db:10.0.0.1",
        "--target": "t",
        "--builder": "default",
        "--tag": "x/web:" + "0" * 16,
    }.items():
        assert values(words, option) == [expected]
    assert "--no-cache" not in words


@pytest.mark.parametrize("changes", [{"packages": "p"}, {"options": Options(nocache=True)}])
def test_when_no_layer_may_come_back(tmp_path, changes):
    assert "--no-cache" in buildkit.arguments(image(**changes), str(tmp_path), "default", None)


def test_several_platforms_go_to_the_registry(tmp_path):
    words = buildkit.arguments(image(options=Options(platforms=("a/b", "c/d"))), str(tmp_path), "x", None)
    assert (values(words, "--platform"), values(words, "--output")) == (["a/b,c/d"], ["type=registry"])


class Module:
    """Stands for the module: each program ends with the given code."""

    def __init__(self, code, docker="/usr/bin/docker"):
        self.code, self.docker, self.words = code, docker, []

    def get_bin_path(self, name):
        return self.docker

    def run_command(self, words, **dummy):
        self.words.append(words)
        return self.code, "", ""


@pytest.mark.parametrize("module", [Module(0, None), Module(1)])
def test_a_host_without_buildx_is_told_the_package(module):
    with pytest.raises(DaemonError, match=r"install the package docker-buildx \(Debian"):
        buildkit.Buildx(module, Connection(), "default", 5).require()


def test_a_failure_without_a_reason_has_the_exit_code(sent):
    with pytest.raises(buildkit.BuildkitError, match="exit code 3"):
        buildkit.Buildx(Module(3), Connection(), "default", 5).build(image(sent), None, BuildkitLog(), lambda: None)


def test_the_folder_holds_what_was_hashed_and_copy_may_see(tmp_path):
    root = tmp_path / "c"
    (root / "sub").mkdir(parents=True)
    for name, text in {"Dockerfile": "FROM a:1\n", "sub/run": "r", ".dockerignore": "Dockerfile\n"}.items():
        (root / name).write_text(text)
    (root / "sub/run").chmod(0o700)
    (root / "sub/link").symlink_to("run")
    os.mkfifo(root / "pipe")
    os.utime(root / "sub/run", (1000, 1000))
    os.utime(root / "sub", (2000, 2000))
    (tmp_path / "t").mkdir()
    folder, dockerfile = write_folder(read_context(str(root), "Dockerfile", buildkit=True), str(tmp_path / "t"))
    found = {str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*")}
    assert found == {".dockerignore", "sub", "sub/run", "sub/link", "pipe"}
    assert pathlib.Path(dockerfile).read_text() == "FROM a:1\n"
    assert pathlib.Path(f"{dockerfile}.dockerignore").read_text() == ""
    run = pathlib.Path(folder, "sub/run").stat()
    assert (run.st_mode & 0o777, run.st_mtime, pathlib.Path(folder, "sub").stat().st_mtime) == (0o755, 1000, 2000)
