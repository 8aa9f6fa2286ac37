# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import re

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import builder
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.context import Context, Entry
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import StoreError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.plan import Image


def test_a_failure_has_the_step_and_only_its_last_lines():
    log = builder.BuildLog()
    assert log.add("Step 1/2 : FROM alpine:3.23\n")
    assert not log.add(" ---> 0123456789ab\nout of step one\n")
    assert log.add("Step 2/2 : RUN false\n")
    for number in range(30):
        log.add(f"\x1b[91mline {number}\x1b[0m\n")
    text = log.failure("web", "The command returned a non-zero code: 1")
    assert "Image web failed at Step 2/2 : RUN false" in text
    assert "line 9\n" not in text
    assert "  line 10\n" in text
    assert text.count("  line ") == builder.LAST_LINES
    assert "step one" not in text
    assert "\x1b" not in text
    assert "docker run --rm -it 0123456789ab sh" in text


def test_steps_are_counted():
    log = builder.BuildLog()
    log.add("Step 3/12 : RUN x\n ---> Running in 0123456789ab\n")
    assert (log.number, log.total, list(log.lines)) == (3, 12, [])


@pytest.mark.parametrize(
    ("output", "part"),
    [
        ("ERROR: unable to select packages:", "lacks a package"),
        ("WARNING: fetching http://bundle.invalid/: temporary error (try again later)", "firewall"),
        ("COPY failed: file not found", "paths"),
        ("write /x: no space left on device", "disk"),
        ("it did not answer in time (option timeout)", "raise timeout"),
        ("returned a non-zero code: 2", "command of that step"),
        ("dockerfile parse error", "Correct the Dockerfile"),
    ],
)
def test_advice(output, part):
    assert part in builder.advice(output)


class Client:
    """Stands for a docker client: builds what it is told, fails for images called bad."""

    api_version = "1.45"

    def __init__(self):
        self.asked, self.tags, self.removed = {}, [], []

    def close(self):
        pass

    def build(self, **asked):
        self.asked[asked["tag"].split(":")[0]] = asked
        yield {"stream": "Step 1/1 : FROM scratch\n"}
        if "store" in asked["tag"]:
            raise StoreError("docker-credential-x not installed")
        if "bad" in asked["tag"]:
            yield {"error": "it broke"}
        else:
            self.tags.append(asked["tag"])

    def inspect_image(self, reference):
        return {"Id": f"id of {reference}", "Size": 7}

    def inspect_network(self, name):
        return {"IPAM": {"Config": [{"Gateway": "127.0.0.1"}]}}

    def containers(self, **dummy):
        return []

    def images(self, **dummy):
        return []


@pytest.fixture
def client(monkeypatch):
    made = Client()
    monkeypatch.setattr(builder, "connect", lambda connection, version: made)
    return made


def image(name, **changes):
    ready = Image(name, f"x/{name}", Context([], "Dockerfile"), [], {"A": "1"}, hash=name * 32)
    return dataclasses.replace(ready, **changes)


def settings(**changes):
    return dataclasses.replace(builder.Settings(builder.Connection(), 0, 60, 2), **changes)


def test_a_failure_does_not_stop_the_others(client):
    outcomes = builder.Builder(client, settings()).run([image("bad"), image("good")])
    assert "Reason: it broke" in outcomes[0].error
    assert outcomes[1].error is None
    assert [outcome.result()["changed"] for outcome in outcomes] == [False, True]
    assert client.tags == [outcomes[1].image.reference]


def test_nothing_is_asked_for_an_image_that_is_there(client):
    (outcome,) = builder.Builder(client, settings()).run([image("good", known={"Id": "i", "Size": 1})])
    assert (outcome.id, outcome.size, client.asked) == ("i", 1, {})


@pytest.mark.parametrize(
    ("packages", "cache_from", "expected"),
    [(None, ["i"], (None, False)), ("p", ["i"], (["i"], False)), ("p", [], ([], True))],
)
def test_layers_of_other_packages_are_not_used_again(client, packages, cache_from, expected):
    builder.Builder(client, settings()).run([image("good", packages=packages, cache_from=cache_from)])
    asked = client.asked["x/good"]
    assert (asked["cache_from"], asked["nocache"]) == expected


def test_builds_reach_the_package_repository_by_the_bridge(client, tmp_path):
    builder.Builder(client, settings(package_repository=str(tmp_path))).run([image("good")])
    arguments = client.asked["x/good"]["buildargs"]
    assert arguments["A"] == "1"
    assert arguments["http_proxy"] == arguments["HTTP_PROXY"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", arguments["http_proxy"])


def test_a_failing_program_for_accounts_keeps_the_results_of_the_others(client):
    outcomes = builder.Builder(client, settings()).run([image("store"), image("good")])
    assert "docker-credential-x not installed" in outcomes[0].error
    assert outcomes[1].error is None


def test_a_file_that_changed_is_said_in_one_sentence(client, tmp_path):
    (tmp_path / "a").write_text("new")
    sent = Context([Entry("a", str(tmp_path / "a"), "file", 0o644, "0" * 64)], "a")
    (outcome,) = builder.Builder(client, settings()).run([image("good", sent=sent)])
    assert (
        outcome.error
        == f"Image good failed: {tmp_path}/a changed while it was read: run again when nothing writes to it."
    )
