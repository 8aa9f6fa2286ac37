# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import re

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import builder
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import log as log_util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.context import Context, Entry
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import StoreError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.request import Image, Options


def test_a_failure_has_the_step_and_only_its_last_lines():
    log = log_util.BuildLog()
    assert log.add("Step 1/2 : FROM alpine:3.23\n")
    assert not log.add(" ---> 0123456789ab\nout of step one\n")
    assert log.add("Step 2/2 : RUN false\n")
    for number in range(30):
        log.add(f"\x1b[91mline {number}\x1b[0m\n")
    text = log.failure("web", "The command returned a non-zero code: 1")
    assert "Image web failed at Step 2/2 : RUN false" in text
    assert "line 9\n" not in text
    assert "  line 10\n" in text
    assert text.count("  line ") == log_util.LAST_LINES
    assert "step one" not in text
    assert "\x1b" not in text
    assert "docker run --rm -it 0123456789ab sh" in text


def test_steps_are_counted():
    log = log_util.BuildLog()
    log.add("Step 1/12 : FROM x\n")
    assert log.announced == 12
    log.add("Step 3/12 : RUN x\n ---> Running in 0123456789ab\n")
    assert (log.announced, list(log.lines)) == (0, [])


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
    assert part in log_util.advice(output)


class Client:
    """Stands for a docker client: builds what it is told, fails for images called bad."""

    api_version = "1.45"

    def __init__(self):
        self.asked, self.tags, self.removed, self.pushed = {}, [], [], []

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

    def tag(self, identity, repository, tag):
        self.tags.append(f"{repository}:{tag} is {identity}")

    def push(self, repository, tag, stream, decode):
        self.pushed.append(f"{repository}:{tag}")
        yield {"status": "Pushing"}
        yield {"aux": {"Tag": tag, "Digest": "sha256:d", "Size": 1}}

    def containers(self, **dummy):
        return []

    def images(self, **dummy):
        return []


@pytest.fixture
def client(monkeypatch):
    made = Client()
    monkeypatch.setattr(builder, "connect", lambda connection, version: made)
    return made


class Buildx:
    """Stands for docker buildx: the image called bad fails."""

    def build(self, image, proxy, log, step):
        for line in ("#1 [internal] load x", "#5 [1/2] FROM a:1", "#6 [2/2] RUN false", "#6 0.1 out of it", "#7 1.0 x"):
            if log.add(line):
                step()
        if image.name == "bad":
            log.add("#6 ERROR: process false did not complete successfully: exit code: 1")
            raise builder.BuildkitError(log.reason)


def image(name, **changes):
    ready = Image(name, f"x/{name}", Context([], "Dockerfile"), [], {"A": "1"}, hash=name * 32)
    return dataclasses.replace(ready, **changes)


def settings(**changes):
    return dataclasses.replace(builder.Settings(builder.Connection(), 0, 60, 2), **changes)


def test_a_failure_does_not_stop_the_others(client):
    outcomes = builder.Builder(client, settings(), Buildx()).run([image("bad"), image("good")])
    assert "Reason: it broke" in outcomes[0].error
    assert outcomes[1].error is None
    assert [outcome.result()["changed"] for outcome in outcomes] == [False, True]
    assert client.tags == [outcomes[1].image.reference]


def test_nothing_is_asked_for_an_image_that_is_there(client):
    (outcome,) = builder.Builder(client, settings(), Buildx()).run([image("good", known={"Id": "i", "Size": 1})])
    assert (outcome.id, outcome.size, client.asked) == ("i", 1, {})


@pytest.mark.parametrize(
    ("packages", "cache_from", "expected"),
    [(None, ["i"], (None, False)), ("p", ["i"], (["i"], False)), ("p", [], (None, True))],
)
def test_layers_of_other_packages_are_not_used_again(client, packages, cache_from, expected):
    builder.Builder(client, settings(), Buildx()).run([image("good", packages=packages, cache_from=cache_from)])
    asked = client.asked["x/good"]
    assert (asked["cache_from"], asked["nocache"]) == expected


def test_builds_reach_the_package_repository_by_the_bridge(client, tmp_path):
    builder.Builder(client, settings(package_repository=str(tmp_path)), Buildx()).run([image("good")])
    arguments = client.asked["x/good"]["buildargs"]
    assert arguments["A"] == "1"
    assert arguments["http_proxy"] == arguments["HTTP_PROXY"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", arguments["http_proxy"])


def test_a_failing_program_for_accounts_keeps_the_results_of_the_others(client):
    outcomes = builder.Builder(client, settings(), Buildx()).run([image("store"), image("good")])
    assert "docker-credential-x not installed" in outcomes[0].error
    assert outcomes[1].error is None


def test_a_file_that_changed_is_said_in_one_sentence(client, tmp_path):
    (tmp_path / "a").write_text("new")
    sent = Context([Entry("a", str(tmp_path / "a"), "file", 0o644, "0" * 64)], "a")
    (outcome,) = builder.Builder(client, settings(), Buildx()).run([image("good", sent=sent)])
    assert (
        outcome.error
        == f"Image good failed: {tmp_path}/a changed while it was read: run again when nothing writes to it."
    )


def test_an_image_waits_for_those_it_starts_from(client):
    parent = image("base")
    child = image("child", chained={"BASE": "base"})
    outcomes = builder.Builder(client, settings(), Buildx()).run([child, parent])
    assert client.asked["x/child"]["buildargs"]["BASE"] == parent.reference
    assert list(client.asked) == ["x/base", "x/child"]
    assert [outcome.error for outcome in outcomes] == [None, None]


def test_an_image_is_not_built_when_the_one_it_starts_from_failed(client):
    outcomes = builder.Builder(client, settings(), Buildx()).run(
        [image("child", chained={"BASE": "bad"}), image("bad")]
    )
    assert outcomes[0].error == "Image child was not built, as the image bad failed."
    assert list(client.asked) == ["x/bad"]


def test_tags_and_the_digest_of_a_push(client):
    wanted = image("good", digest="", missing_tags=["x/good:1.4", "y:2"], unpushed_tags=["x/good:1.4"])
    (outcome,) = builder.Builder(client, settings(), Buildx()).run([wanted])
    assert client.tags[1:] == [f"x/good:1.4 is {outcome.id}", f"y:2 is {outcome.id}"]
    assert client.pushed == [wanted.reference, "x/good:1.4"]
    assert outcome.digest == "sha256:d"


def test_options_reach_the_classic_builder(client):
    options = Options(network="none", etc_hosts=(("db", "10.0.0.1"),), nocache=True, cache_from=("x:1",))
    builder.Builder(client, settings(), Buildx()).run([image("good", options=options)])
    asked = client.asked["x/good"]
    assert (asked["network_mode"], asked["extra_hosts"]) == ("none", {"db": "10.0.0.1"})
    assert (asked["cache_from"], asked["nocache"]) == (["x:1"], True)


def test_a_failure_of_buildkit_has_its_step_and_lines(client):
    images = [image(name, options=Options(builder="buildkit")) for name in ("bad", "good")]
    outcomes = builder.Builder(client, settings(), Buildx()).run(images)
    assert outcomes[0].error.startswith("Image bad failed at [2/2] RUN false\nReason: process false did not complete")
    assert "\n  out of it\n" in outcomes[0].error
    assert outcomes[1].error is None
    assert outcomes[1].result()["builder"] == "buildkit"
    assert client.asked == {}


def test_steps_of_buildkit_are_counted_by_stage():
    log = log_util.BuildkitLog()
    begun = []
    for number, text in enumerate(
        ["[internal] load", "[a 1/3] FROM x", "[a 2/3] RUN y", "[stage-1 1/2] FROM z", "exporting to image"]
    ):
        begun.append((log.add(f"#{number} {text}"), log.announced))
    assert begun == [(False, 0), (True, 3), (True, 0), (True, 2), (False, 2)]
