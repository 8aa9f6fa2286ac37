# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole call of image_build against a daemon that is a table."""

from __future__ import annotations

import re

import pytest
from docker.errors import ImageNotFound

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import build
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.builder import Outcome
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.request import BuildRefusedError


class FailedError(Exception):
    """What fail_json was called with."""


class Module:
    check_mode = False
    _diff = True

    def __init__(self, images, **options):
        self.params = {
            "images": [{key: value.get("default") for key, value in build.IMAGE_SPEC.items()} | one for one in images],
            "repository_prefix": "test",
            "push_to": None,
            "base_archives": None,
            "package_repository": None,
            "serve_address": None,
            "parallel": 0,
            "timeout": 60,
            "keep": 2,
            "builder": "classic",
            "buildx_builder": "default",
            "rebuild": False,
            "pull": False,
            "nocache": False,
            "docker_host": "unix:///d.sock",
            "docker_context": None,
            "tls_path": None,
            **options,
        }

    def fail_json(self, **result):
        raise FailedError(result)


class Daemon:
    """No image is there."""

    def version(self):
        return {"Os": "linux", "Arch": "amd64"}

    def images(self, filters):
        return []

    def inspect_image(self, reference):
        raise ImageNotFound(reference)


@pytest.fixture
def built(monkeypatch):
    """The images that the builder was given; it fails for those named bad."""
    given = []

    class Builder:
        def __init__(self, client, settings, buildx):
            pass

        def run(self, images):
            given.extend(image.name for image in images)
            return [Outcome(image, "sha256:1", 5, error="no luck" if image.name == "bad" else None) for image in images]

    monkeypatch.setattr(build, "connect", lambda connection: Daemon())
    monkeypatch.setattr(build, "Builder", Builder)
    return given


@pytest.fixture
def context(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY a /a\n")
    (tmp_path / "a").write_text("a")
    return str(tmp_path)


def test_what_is_planned_is_built_and_shown(built, context):
    result = build.run(Module([{"name": "one", "context": context}]))
    assert built == ["one"]
    assert (result["changed"], result["bases"]) == (True, [])
    assert re.fullmatch(r"test/one:[0-9a-f]{16}", result["references"]["one"])
    (shown,) = result["diff"]
    assert (shown["before"], shown["after_header"]) == ("", result["references"]["one"])
    assert re.search(r"^file a 0644 [0-9a-f]{12}$", shown["after"], re.MULTILINE)


def test_check_mode_builds_nothing_and_predicts_the_same(built, context):
    module = Module([{"name": "one", "context": context}])
    done = build.run(module)
    built.clear()
    module.check_mode = True
    predicted = build.run(module)
    assert built == []
    assert (predicted["changed"], predicted["references"]) == (done["changed"], done["references"])


def test_one_that_fails_leaves_the_report_of_the_others(built, context):
    with pytest.raises(FailedError) as caught:
        build.run(Module([{"name": "bad", "context": context}, {"name": "good", "context": context}]))
    (result,) = caught.value.args
    assert (result["msg"], result["failures"]) == ("no luck", ["no luck"])
    assert sorted(result["references"]) == ["bad", "good"]


def test_the_same_name_twice_is_refused_before_the_daemon_is_asked(context, monkeypatch):
    monkeypatch.setattr(build, "connect", lambda connection: pytest.fail("asked"))
    with pytest.raises(BuildRefusedError):
        build.run(Module([{"name": "one", "context": context}] * 2))
