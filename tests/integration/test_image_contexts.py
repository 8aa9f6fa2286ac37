# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What image_build sends for a build, held against what the docker command sends. No daemon is needed."""

from __future__ import annotations

import io
import os
import pathlib
import shutil
import socket
import subprocess

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import context as image_context
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.send import write_tar
from ansible_collections.fortytwo.ft_services.tests.integration.docker_stand_in import StandIn, kinds
from ansible_collections.fortytwo.ft_services.tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(not shutil.which("docker"), reason="the docker command is not installed")

FILES = """
Dockerfile README.md .git/config .env .hidden/x a a.md ab abc axb a+b a^b a*b a[b] b/a b/b.md b/c/a
b/c/README.md b/c/secrets/prod/key.pem secrets/key.pem node_modules/top.js apps/web/node_modules/left/pad.js
apps/web/src/app.js apps/web/src/app.test.js apps/api/.git/config apps/api/Dockerfile apps/api/.env.local
docker/Dockerfile.prod logs/a.log logs/keep/b.log logs/x/y/c.log vendor/x/y/z vendor/x/keep build/out.js
build/keep.txt tmp/.gitkeep x.tar.gz Case/File case café/x ünï.txt d/d/d/d d/d/e space\\x20name/a\\x20b -dash
!bang #hash $dollar {a,b} (p) p|q 0 9 _ z.tmp ~ deep/1/2/3/4/5/f
""".split()

IGNORED = [
    "",
    "# only a comment\n\n   \n",
    "**/secrets",
    "**/node_modules",
    "**/.git",
    "**/.git\n**/node_modules\n**/secrets\n**/.env*",
    "node_modules",
    "node_modules/",
    "/node_modules",
    "./node_modules/.",
    "*/node_modules",
    "**/node_modules/**",
    "**/*.md",
    "*.md",
    "*.md\n!README.md",
    "**/*.md\n!README.md",
    "**/*.md\n!**/README.md",
    "*.md\n!README*.md\nREADME.md",
    "*",
    "**",
    "*\n!apps",
    "*\n!apps/web/src",
    "*\n!apps/web/src/*.js",
    "*\n!apps/*/src",
    "*\n!**/app.js",
    "**\n!apps/web/src/app.js",
    "apps\n!apps/web\napps/web/node_modules",
    "apps/*\n!apps/web",
    "apps/**\n!apps/api/Dockerfile",
    "logs/**\n!logs/keep",
    "logs/*\n!logs/keep/b.log",
    "logs\n!**/*.log",
    "vendor\n!vendor/x/keep",
    "vendor/x\n!vendor/x/ke?p",
    "build/*\n!build/keep.txt\n",
    "a?c",
    "a*c",
    "a[a-c]c\n[!a]b",
    "[^a]b",
    "a[*]b",
    "a\\*b",
    "a\\[b\\]",
    "a+b",
    "a^b",
    "(p)",
    "p|q",
    "$dollar",
    "{a,b}",
    "\\#hash",
    "#hash",
    " #hash",
    "!bang",
    "\\!bang",
    "-dash",
    "café",
    "ünï.txt",
    "?n?.txt",
    "space name",
    "space*/a b",
    "case",
    "CASE",
    "d/d",
    "**/d",
    "d/**/d",
    "d/*/d",
    "**/d/d",
    "deep/**/5",
    "deep/*/*/3",
    "**/3/**",
    "**a",
    "a**",
    "b/**/a",
    "**/b/**",
    "x.tar.gz",
    "*.tar.*",
    ".*",
    ".*\n!.git",
    ".dockerignore",
    "Dockerfile",
    "Dockerfile\n.dockerignore",
    "*\n!Dockerfile",
    "**/Dockerfile*",
    "docker\napps/api/Dockerfile",
    "../a\n./b/../a.md",
    "a/../ab",
    "/",
    ".",
    "./",
    "//a",
    "\ufeffa\r\nab\r\n",
    "  a  \n\tab\t\n",
    "!a\na",
    "a\n!a\na",
    "! README.md",
    "*.md\n! README.md",
    "b\n!b/c\nb/c/secrets\n!b/c/secrets/prod",
    "b/c/\n!b/c/a/",
    "***",
    "**/**",
    "*/*",
    "*/*/*\n!*/*/src",
    "~\n_\n0",
    "[0-9]",
    "**/[.]git",
    "**/.git*\n!**/.gitkeep",
]
REFUSED = ["!", "[a", "a\\", "[]a]", "[a-]"]
DOCKERFILES = [
    "",
    "Dockerfile",
    "docker/Dockerfile.prod",
    "apps/api/Dockerfile",
    "link.Dockerfile",
    "./docker/../Dockerfile",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("context")
    for name in FILES:
        path = root / name.encode().decode("unicode_escape" if "\\x" in name else "utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("FROM scratch\nCOPY . /\n")
    for path in (root / "empty/folder", root / "apps/empty"):
        path.mkdir(parents=True)
    (root / "link.Dockerfile").symlink_to("docker/Dockerfile.prod")
    (root / "broken").symlink_to("nowhere")
    (root / "folder").symlink_to("apps")
    os.mkfifo(root / "pipe")
    (root / os.fsdecode(b"latin\xe9")).write_text("x")
    with socket.socket(socket.AF_UNIX) as made:
        # A relative address, as the limit for these is about a hundred bytes.
        before = os.getcwd()
        os.chdir(root)
        made.bind("socket")
        os.chdir(before)
    return root


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    # A stand-in for the daemon: the docker command does all the reading and choosing, what it sends is kept.
    path = pathlib.Path("/tmp") / f"ft_services-{os.getpid()}.sock"  # the limit again
    with StandIn(str(path)) as made:
        yield made
    path.unlink()


def ours(root, dockerfile, **options):
    read = image_context.read_context(str(root), dockerfile or "Dockerfile", **options)
    target = io.BytesIO()
    write_tar(read, target)
    target.seek(0)
    return kinds(target), read


@pytest.mark.parametrize("text", IGNORED)
def test_the_same_files_are_sent(folder, daemon, text):
    (folder / ".dockerignore").write_text(text, newline="")
    sent, dockerfile = daemon.sent(str(folder), "")
    found, read = ours(folder, "")
    assert found == sent
    assert read.dockerfile == dockerfile


@pytest.mark.parametrize("text", REFUSED)
def test_what_docker_cannot_read_is_refused(folder, daemon, text):
    (folder / ".dockerignore").write_text(text)
    with pytest.raises(RuntimeError, match=r"syntax error|illegal exclusion"):
        daemon.sent(str(folder), "")
    with pytest.raises(image_context.ContextError, match=r"\.dockerignore"):
        ours(folder, "")


@pytest.mark.parametrize("name", DOCKERFILES)
@pytest.mark.parametrize("text", ["", "docker\n", "*\n", "**/Dockerfile*\n"])
def test_the_same_dockerfile_is_named(folder, daemon, name, text):
    (folder / ".dockerignore").write_text(text)
    sent, dockerfile = daemon.sent(str(folder), str(folder / name) if name else "")
    found, read = ours(folder, name)
    assert (found, read.dockerfile) == (sent, dockerfile)


def test_no_ignore_file_at_all(folder, daemon):
    (folder / ".dockerignore").unlink(missing_ok=True)
    assert ours(folder, "")[0] == daemon.sent(str(folder), "")[0]


def docker(*words, **options):
    return subprocess.run(["docker", *words], capture_output=True, timeout=PATIENCE, check=False, **options)


@pytest.fixture(scope="module")
def buildx():
    if docker("version").returncode:
        pytest.skip("no docker daemon answers (DOCKER_HOST)")
    if docker("buildx", "version").returncode:
        pytest.skip("docker's plugin buildx is not installed")


def by_buildkit(root, dockerfile):
    """What COPY sees of a context in a build by BuildKit."""
    done = docker("buildx", "build", "--file", dockerfile, "--output", "type=tar,dest=-", str(root))
    assert done.returncode == 0, done.stderr.decode()
    found = kinds(io.BytesIO(done.stdout))
    # It makes a file of a socket, which is of no use to anybody; image_build leaves sockets out with both builders.
    found.pop("socket", None)
    return found


# Patterns themselves are read by the same rules; which folders are searched for exceptions is not.
@pytest.mark.parametrize("text", [text for text in IGNORED if "!" in text or "**/" in text])
def test_buildkit_sees_the_same_files(folder, buildx, text):
    (folder / ".dockerignore").write_text(text, newline="")
    read = image_context.read_context(str(folder), "Dockerfile", buildkit=True)
    visible = {entry.path: entry.kind for entry in read.entries if entry.path not in read.hidden}
    assert visible == by_buildkit(folder, str(folder / "Dockerfile"))


def test_buildkit_prefers_the_ignore_file_of_the_dockerfile(buildx, tmp_path):
    for name, text in {"a": "", "b": "", "D": "FROM scratch\nCOPY . /\n", ".dockerignore": "a\n"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "D.dockerignore").write_text("b\nD*\n")
    read = image_context.read_context(str(tmp_path), "D", buildkit=True)
    visible = {entry.path for entry in read.entries if entry.path not in read.hidden}
    assert visible == set(by_buildkit(tmp_path, str(tmp_path / "D"))) == {".dockerignore", "a"}


def test_a_context_behind_a_link(folder, daemon, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert ours(tmp_path / "link", "")[0] == daemon.sent(str(tmp_path / "link"), "")[0]


def test_a_dockerfile_in_lower_case(daemon, tmp_path):
    (tmp_path / "dockerfile").write_text("FROM scratch\n")
    sent, name = daemon.sent(str(tmp_path), "")
    found, read = ours(tmp_path, "")
    assert (found, read.dockerfile) == (sent, name)


def test_a_dockerfile_outside_of_the_context(daemon, tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c/a").write_text("x")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    sent, name = daemon.sent(str(tmp_path / "c"), str(tmp_path / "Dockerfile"))
    found, read = ours(tmp_path / "c", "../Dockerfile")
    # Both make up a name for it, docker a random one.
    assert {key.replace(read.dockerfile, name): kind for key, kind in found.items()} == sent
