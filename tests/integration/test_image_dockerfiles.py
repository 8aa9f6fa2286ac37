# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What image_build reads in Dockerfiles, held against docker's own reader and against builds by a daemon."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import dockerfile as ours
from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

HOST = "localhost:1"  # no registry answers there, so an image that was overlooked fails at once
READ = [
    "FROM a:1\n",
    "\ufeffFROM a:1\n",
    "FROM\ta:1\r\nRUN\tx\r\n",
    "from a:1\nrun x\nCopy --from=0 a b\n",
    "# escape=`\nFROM `\na:1\nRUN x `\n y\n",
    "# x\n# escape=`\nFROM a:1\nRUN x`\nUSER x\n",
    "#escape = `\n\nFROM a:1\nRUN a`\nb\n",
    "# syntax=docker/dockerfile:1\n# escape=`\nFROM a:1\nRUN x\\\nUSER y\n",
    "\n\n  FROM a:1\n   # c\n  RUN x\n",
    "FROM a:1\nRUN x \\\n\n\n  # c\n y\n",
    "FROM a:1\nRUN x \\  \n y\n",
    "FROM a:1\nRUN x \\\\\nUSER y\n",
    "FROM a:1\nRUN x \\\n",
    "FROM a:1\nRUN \\\n\\\n\\\nx\n",
    "FROM a:1\nRUN --mount=type=cache,target=/x --network=none x\n",
    'FROM a:1\nRUN --mount="type=cache,target=/a b" x\n',
    "FROM a:1\nRUN --mount=type=cache\\,x x\n",
    "FROM a:1\nRUN -- --mount=x\n",
    "FROM a:1\nCOPY --chown=1:1 --from=x:1 a b\n",
    "FROM --platform=$BUILDPLATFORM a:1 AS x\nFROM x\n",
    "FROM a:1\nRUN <<EOF\nFROM b:2\nEOF\nUSER x\n",
    "FROM a:1\nRUN <<-EOF\n\tFROM b:2\n\tEOF\nUSER x\n",
    "FROM a:1\nRUN <<'E F'\nFROM b:2\nE F\nUSER x\n",
    'FROM a:1\nRUN <<"EOF" cat\nFROM b:2\nEOF\nUSER x\n',
    "FROM a:1\nRUN 3<<EOF cat\nFROM b:2\nEOF\nUSER x\n",
    "FROM a:1\nCOPY <<A <<B /x/\nA\nFROM b:2\nB\nUSER x\n",
    "FROM a:1\nRUN echo a<<EOF\nUSER x\n",
    "FROM a:1\nRUN cat <<<EOF\nUSER x\n",
    "FROM a:1\nRUN echo $((1<<2)) '<<EOF' \"<<EOF\"\nUSER x\n",
    "FROM a:1\nRUN it's <<EOF\nUSER x\n",
    'FROM a:1\nRUN ["x", "<<EOF"]\nUSER x\n',
    "FROM a:1\nENV X=<<EOF\nLABEL y=<<EOF\nUSER x\n",
    "FROM a:1\nONBUILD RUN <<EOF\nFROM b:2\nEOF\nUSER x\n",
    "FROM a:1\nRUN <<EOF\nEOF \n EOF\nEOF\nUSER x\n",
    "FROM a:1\nRUN x # no comment\nUSER # neither\n",
    "FROM a:1\nENV A=1 \\\n    B=2\nEXPOSE 80/tcp\nVOLUME /x\nSTOPSIGNAL 9\n",
    "FROM a:1\nHEALTHCHECK --interval=5s --timeout=3s CMD x\n",
    'FROM a:1\nSHELL ["x", "-c"]\nCMD ["y"]\nENTRYPOINT z\n',
    "FROM caf\u00e9:1\nLABEL x=\u00fc\n",
    "FROM a:1\nRUN \u00a0x\n",
    "ARG A=1 B='2 3'\nARG C\nFROM a:$A\n",
    "FROM a:1\nRUN x\x0cy\n",
]


@pytest.mark.parametrize("text", READ)
def test_the_same_instructions_are_read(text):
    official = pytest.importorskip("dockerfile", reason="docker's own reader has no wheel for this machine")
    expected = [(x.start_line, x.cmd.upper(), x.flags) for x in official.parse_string(text)]
    assert [(x.line, x.name, x.flags) for x in ours.parse(text).instructions] == expected


@pytest.mark.parametrize(
    "text", ["FROM a:1\nRUN <<EOF\nx\n", "# escape=x\nFROM a:1\n", "# escape=`\n# escape=`\nFROM a:1\n"]
)
def test_what_docker_refuses_to_read_is_refused(text):
    official = pytest.importorskip("dockerfile", reason="docker's own reader has no wheel for this machine")
    with pytest.raises(official.GoParseError):
        official.parse_string(text)
    with pytest.raises(ours.DockerfileError):
        ours.parse(text)


def docker(*words, **options):
    return subprocess.run(["docker", *words], capture_output=True, timeout=PATIENCE, check=False, **options)


@pytest.fixture(scope="module")
def daemon():
    if not shutil.which("docker") or docker("version").returncode:
        pytest.skip("no docker daemon answers (DOCKER_HOST)")
    made = set()
    yield made
    if made:
        docker("image", "rm", *sorted(made))


@pytest.fixture(scope="module", params=["classic", "buildkit"])
def builder(request):
    if request.param == "buildkit" and docker("buildx", "version").returncode:
        pytest.skip("docker's plugin buildx is not installed")
    return request.param


STAGES = "FROM @a:1 AS a\nFROM @b:1 AS b\nFROM @c:1\nCOPY --from=a /x /y\n"
# Text (@ stands for the registry), build arguments, target.
BUILT = [
    ("FROM @a:1\n", {}, None),
    ("FROM\t@a:1\tAS\tX\nfrom\tx\n", {}, None),
    ("ARG V=1\nFROM @a:${V}\n", {}, None),
    ("ARG V=1\nFROM @a:${V}\n", {"V": "2"}, None),
    ("ARG V\nFROM @a:${V:-3}\n", {}, None),
    ("ARG V\nFROM @a:${V-3}\n", {"V": "4"}, None),
    ("ARG V=\nFROM @a:1${V:-3}${V-4}\n", {}, None),
    ("ARG V=x\nFROM @a:${V:+set}\n", {}, None),
    ("ARG V=v1.2.3\nFROM @a:${V#v}\n", {}, None),
    ("ARG V=v1.2.3\nFROM @a:${V%.*}\n", {}, None),
    ("ARG V=v1.2.3\nFROM @a:${V%%.*}-${V##*.}\n", {}, None),
    ("ARG V=1.2.3\nFROM @a:${V/./-}\n", {}, None),
    ("ARG V=1.2.3\nFROM @a:${V//./-}\n", {}, None),
    ("ARG A=1\nARG B=${A}.2\nFROM @a:$B\n", {}, None),
    ("ARG A=1\nARG B=${A}.2\nFROM @a:$B\n", {"A": "9"}, None),
    ("ARG A=1 B=2\nFROM @a:$A-$B\n", {}, None),
    ("ARG V='1'\nFROM \"@a:$V\"\n", {}, None),
    ('ARG V="1"\nFROM @a:$V\n', {}, None),
    ("ARG V=1\nFROM @a:'2'\n", {}, None),
    ("ARG I=@a:1\nFROM $I\n", {}, None),
    ("ARG I=@a:1\nFROM $I\n", {"I": "@b:1"}, None),
    ("ARG V=1\nFROM @a:$V\nARG V=2\nFROM @b:$V\n", {}, None),
    ("ARG V=1\nFROM @a:${W:-${V}}\n", {}, None),
    ("# escape=`\nARG V=1\nFROM `\n@a:$V\n", {}, None),
    ("\ufeffARG V=1\r\nFROM @a:$V\r\n", {}, None),
    (STAGES, {}, None),
    (STAGES, {}, "b"),
    (STAGES, {}, "A"),
    ("FROM @a:1 AS x\nFROM x AS y\nFROM y\nCOPY --from=0 /x /z\n", {}, None),
    ("FROM scratch\nCOPY --from=@t:1 /x /x\n", {}, None),
    ("FROM @a:1 AS a\nFROM scratch\nCOPY --from=A /x /x\nCOPY --from=@t:1 /x /y\n", {}, None),
    ("FROM @a:1 AS a-b.c_d\nFROM a-b.c_d\n", {}, None),
    ("FROM @a:1\nCOPY --chown=1:1 --from=@t:1 /x /y\n", {}, None),
    ('FROM @a:1\nLABEL a="FROM b:1" \\\n  # FROM c:1\n  b=2\n', {}, None),
    ("FROM --platform=linux/amd64 @a:1\n", {}, None),
]


def variables(builder, dockerfile):
    if builder == "classic":
        return None
    own = docker("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}", text=True).stdout.strip()
    return ours.platform_variables("", lambda: own, dockerfile)


def build(builder, folder, args, target):
    words = [word for name, value in args.items() for word in ("--build-arg", f"{name}={value}")]
    words += ["--target", target] if target else []
    # Without the cache a build is sure to look for its base images.
    done = docker(
        *("build", "--no-cache", "--quiet", *words, folder),
        env={**os.environ, "DOCKER_BUILDKIT": str(int(builder != "classic"))},
    )
    if done.returncode == 0:
        docker("image", "rm", "--force", done.stdout.decode().strip())
    return done


def provide(made, reference):
    """A small image of its own content, so that no two references mean the same one."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as tar:
        info = tarfile.TarInfo("x")
        info.size = len(reference)
        tar.addfile(info, io.BytesIO(reference.encode()))
    # An older one of that name would stay behind without a name.
    docker("image", "rm", "--force", reference)
    assert docker("import", "-", reference, input=body.getvalue()).returncode == 0
    made.add(reference)


@pytest.mark.parametrize(("text", "args", "target"), BUILT)
def test_the_same_base_images_are_needed(daemon, builder, tmp_path, text, args, target):
    text = text.replace("@", f"{HOST}/")
    args = {name: value.replace("@", f"{HOST}/") for name, value in args.items()}
    (tmp_path / "Dockerfile").write_text(text, newline="")
    parsed = ours.parse(text)
    bases = ours.base_images(parsed, args, target, variables(builder, parsed))
    assert bases
    for reference in bases:
        provide(daemon, reference)
    done = build(builder, str(tmp_path), args, target)
    assert done.returncode == 0, done.stderr.decode()
    # With one missing the build fails: none of them is named in vain.
    for reference in bases:
        docker("image", "rm", reference)
        assert build(builder, str(tmp_path), args, target).returncode
        provide(daemon, reference)
    docker("image", "rm", *bases)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("FROM @a:1 AS x\nFROM @a:1 AS x\nFROM x\n", None),
        ("FROM @a:1 AS x\n", "0"),
        ("FROM @a:1 AS x\n", "y"),
        ("FROM @a:1 AS 1x\n", None),
        ("FROM @a:1 b\n", None),
        ("ARG V\nFROM $V\n", None),
        ("FROM ${V:?x}\n", None),
        ("RUN x\n", None),
    ],
)
def test_what_a_build_refuses_is_refused(daemon, builder, tmp_path, text, target):
    if builder == "buildkit" and text.count("AS x") > 1:
        pytest.skip("BuildKit takes the last of several stages with one name")
    text = text.replace("@", f"{HOST}/")
    (tmp_path / "Dockerfile").write_text(text)
    provide(daemon, f"{HOST}/a:1")
    assert build(builder, str(tmp_path), {}, target).returncode
    parsed = ours.parse(text)
    known = variables(builder, parsed)
    with pytest.raises(ours.DockerfileError):
        ours.base_images(parsed, {}, target, known)
