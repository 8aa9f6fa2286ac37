# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import dockerfile


def bases(text, args=None, target=None):
    return dockerfile.base_images(dockerfile.instructions(text), args or {}, target)


def test_continued_lines_comments_and_numbers():
    found = dockerfile.instructions("# syntax=x\n\nRUN a \\\n  # why\n\n  && b\ncopy c d\n")
    assert [(x.line, x.name, x.rest) for x in found] == [(3, "RUN", "a  && b"), (7, "COPY", "c d")]


def test_an_unfinished_instruction_is_refused():
    with pytest.raises(dockerfile.DockerfileError, match="begun in line 2"):
        dockerfile.instructions("FROM x:1\nRUN a \\\n  b \\\n")


@pytest.mark.parametrize(
    "line",
    [
        "RUN --mount=type=cache,target=/x true",
        "RUN --network=none true",
        "COPY --from=x --chmod=755 a b",
        "ADD --checksum=sha256:x a b",
        "RUN cat <<EOF > /x",
        "COPY <<'EOF' /x",
        "RUN cat <<-END",
    ],
)
def test_syntax_of_buildkit_is_refused_with_its_line(line):
    with pytest.raises(dockerfile.DockerfileError, match=r"Line 2 .*classic builder"):
        dockerfile.refuse_buildkit(dockerfile.instructions(f"FROM x:1\n{line}\n"))


@pytest.mark.parametrize(
    "line",
    ["RUN echo $((1<<2))", "RUN grep x <<< word", "COPY --from=x a b", "COPY --chown=1:1 a b", 'LABEL a="<<EOF "'],
)
def test_syntax_of_the_classic_builder_passes(line):
    dockerfile.refuse_buildkit(dockerfile.instructions(f"FROM x:1\n{line}\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "1"),
        ("${A}b", "1b"),
        ("${B:-x.y}", "x.y"),
        ("${A:-x}", "1"),
        ("${A:+set}", "set"),
        ("${B:+set}", ""),
        ("\\$A", "$A"),
        ("a${B}c", "ac"),
    ],
)
def test_expand(text, expected):
    assert dockerfile.expand(text, {"A": "1"}) == expected


def test_bases_follow_arguments_and_their_defaults():
    text = "ARG V=3.23\nARG IMAGE=alpine:${V}\nFROM ${IMAGE}\n"
    assert bases(text) == ["alpine:3.23"]
    assert bases(text, {"V": "3.22"}) == ["alpine:3.22"]
    assert bases(text, {"IMAGE": "other:1"}) == ["other:1"]


STAGES = """FROM --platform=linux/amd64 one:1 AS build
FROM scratch AS Files
COPY --from=build /x /x
COPY --from=tools:2 /y /y
FROM FILES
COPY --from=0 /x /x
FROM three:3
"""


def test_own_stages_and_scratch_are_no_bases():
    assert bases(STAGES) == ["one:1", "three:3", "tools:2"]


@pytest.mark.parametrize(
    ("target", "expected"), [("build", ["one:1"]), ("files", ["one:1", "tools:2"]), ("2", ["one:1", "tools:2"])]
)
def test_stages_after_the_target_do_not_count(target, expected):
    assert bases(STAGES, target=target) == expected


@pytest.mark.parametrize(
    ("text", "target", "part"),
    [
        ("RUN true\n", None, "no FROM"),
        ("ARG V\nFROM $V\n", None, r"\$V is empty"),
        ("FROM a:1 b\n", None, "no complete FROM"),
        (STAGES, "nine", "no stage nine"),
        (STAGES, "9", "no stage 9"),
    ],
)
def test_refusals(text, target, part):
    with pytest.raises(dockerfile.DockerfileError, match=part):
        bases(text, target=target)


@pytest.mark.parametrize("reference", ["alpine", "alpine:latest", "registry.example.com:5000/alpine"])
def test_moving_bases_are_refused(reference):
    with pytest.raises(dockerfile.DockerfileError, match="no fixed tag"):
        dockerfile.refuse_moving([reference])


def test_fixed_bases_pass():
    dockerfile.refuse_moving(["alpine:3.23", "registry.example.com:5000/alpine:3", f"alpine@sha256:{'0' * 64}"])
