# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import dockerfile


def bases(text, args=None, target=None, **more):
    return dockerfile.base_images(dockerfile.parse(text), args or {}, target, **more)


def need(text):
    return dockerfile.buildkit_need(dockerfile.parse(text))


def test_continued_lines_comments_and_numbers():
    found = dockerfile.parse("# syntax=x\n\nRUN a \\\n  # why\n\n  && b\ncopy --from=x\tc d\n").instructions
    assert [(x.line, x.name, x.flags, x.rest) for x in found] == [
        (3, "RUN", (), "a   && b"),
        (7, "COPY", ("--from=x",), "c d"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ufeffFROM a:1\n", ["a:1"]),
        ("FROM\ta:1\tAS\tx\r\nfrom\tX\r\n", ["a:1"]),
        ("FROM \\\n  a:1\n", ["a:1"]),
        ("FROM a:1\nRUN b \\\n", ["a:1"]),
        ("# escape=`\nFROM `\na:1\nRUN x\\\nFROM b:1\n", ["a:1", "b:1"]),
        ("# x\n# escape=`\nFROM a:1\nRUN x`\nFROM b:1\n", ["a:1", "b:1"]),
        ("FROM a:1\nRUN <<EOF\nFROM b:1\nEOF\nCOPY --from=c:1 x y\n", ["a:1", "c:1"]),
        ("FROM a:1\nRUN <<-'E F' cat\nFROM b:1\n\tE F\n", ["a:1"]),
        ("FROM a:1\nCOPY <<A <<B /x/\nA\nFROM b:1\nB\n", ["a:1"]),
        ('FROM a:1\nRUN echo "<<EOF"\nFROM b:1\n', ["a:1", "b:1"]),
        ("FROM a:1\nRUN echo $((1<<2))\nFROM b:1\n", ["a:1", "b:1"]),
        ('FROM a:1\nRUN ["<<EOF"]\nFROM b:1\n', ["a:1", "b:1"]),
        ("FROM a:1\nENV X=<<EOF\nFROM b:1\n", ["a:1", "b:1"]),
        ("FROM a:1\nONBUILD RUN <<EOF\nFROM b:1\nEOF\n", ["a:1"]),
        ("FROM --platform=$BUILDPLATFORM a:1 AS x\nFROM x\n", ["a:1"]),
        ("FROM a:1\nRUN x \\\\\nFROM b:1\n", ["a:1", "b:1"]),
        ("FROM a:1\nRUN --mount=type=bind,from=t:1,target=/t true\n", ["a:1", "t:1"]),
        ("FROM a:1 AS A\nFROM b:1\nCOPY --from=a x y\nCOPY --from=0 x y\nFROM a\n", ["a:1", "b:1"]),
        ("FROM a\nFROM a:1 AS a\n", ["a", "a:1"]),
    ],
)
def test_bases_of_texts_that_are_easily_misread(text, expected):
    assert bases(text) == expected


def test_buildkit_builds_only_what_the_target_needs():
    text = "FROM a:1 AS a\nFROM b:1 AS b\nFROM c:1\nCOPY --from=a x y\n"
    assert bases(text) == ["a:1", "b:1", "c:1"]
    assert bases(text, buildkit={}) == ["a:1", "c:1"]
    assert bases(text, target="b", buildkit={}) == ["b:1"]


def test_buildkit_knows_the_platform_before_the_first_stage():
    assert bases("FROM a-$TARGETARCH:1\n", buildkit={"TARGETARCH": "arm64"}) == ["a-arm64:1"]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("RUN --mount=type=cache,target=/x true", "line 2 uses RUN --mount"),
        ("RUN --network=none true", "RUN --network"),
        ("COPY --from=x --chmod=755 a b", "COPY --chmod"),
        ("ADD --checksum=sha256:x a b", "ADD --checksum"),
        ("RUN cat <<EOF > /x\nEOF", "line 2 uses a here-document"),
        ("COPY <<'EOF' /x\nEOF", "here-document"),
        ("RUN cat <<-END\n\tEND", "here-document"),
        ("RUN cat << END\nEND", "here-document"),
        ("RUN cat 3<<END\nEND", "here-document"),
    ],
)
def test_what_only_buildkit_can_build(line, part):
    assert part in need(f"FROM x:1\n{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "RUN echo $((1<<2))",
        "RUN grep x <<< word",
        "COPY --from=x a b",
        "COPY --chown=1:1 a b",
        'LABEL a="<<EOF "',
        "RUN echo '<<EOF'",
        "RUN echo a<<EOF",
        "RUN echo --mount=x",
        "RUN echo it's <<EOF",
    ],
)
def test_what_the_classic_builder_can_build(line):
    assert need(f"FROM x:1\n{line}\n") is None


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


@pytest.mark.parametrize(("target", "expected"), [("build", ["one:1"]), ("files", ["one:1", "tools:2"])])
def test_stages_after_the_target_do_not_count(target, expected):
    assert bases(STAGES, target=target) == expected


@pytest.mark.parametrize(
    ("text", "target", "part"),
    [
        ("RUN true\n", None, "no FROM"),
        ("ARG V\nFROM $V\n", None, r"\$V is empty"),
        ("FROM a:1 b\n", None, "no complete FROM"),
        (STAGES, "nine", "no stage nine"),
        (STAGES, "1", "no stage 1"),
        ("FROM a:1 AS x\nFROM b:1 AS x\n", None, "Several stages are called x"),
        ("FROM a:1\nRUN <<EOF\n", None, "line 2 has no end"),
        ("# escape=x\nFROM a:1\n", None, "must be"),
        ("# escape=`\n# escape=`\nFROM a:1\n", None, "twice"),
        ("FROM a:1 AS 1x\n", None, "cannot name a stage"),
        ("FROM ${V:?give it}\n", None, "give it"),
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
