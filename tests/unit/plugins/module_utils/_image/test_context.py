# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import os
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import context

pytest.importorskip("docker")


@pytest.fixture
def root(tmp_path):
    for name, text in {
        "web/Dockerfile": "FROM scratch\n",
        "web/conf": "a\n",
        "web/notes.md": "n\n",
        "common/lib.sh": "l\n",
        "other/file": "o\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "common/lib.sh").chmod(0o750)
    return tmp_path


def names(root, paths=("web", "common"), dockerfile="web/Dockerfile"):
    return [entry.path for entry in context.read_context(str(root), dockerfile, paths)]


def digest(root, **changes):
    build = {
        "dockerfile": "web/Dockerfile",
        "args": {},
        "labels": {},
        "bases": {"a:1": "sha256:1"},
        "target": None,
        "packages": None,
    }
    entries = context.read_context(str(root), "web/Dockerfile", ["web", "common"])
    return context.content_hash(context.input_lines(entries, {**build, **changes}))


def test_only_the_given_paths_belong_to_the_context(root):
    assert names(root) == ["common", "common/lib.sh", "web", "web/Dockerfile", "web/conf", "web/notes.md"]


def test_everything_belongs_to_it_without_paths(root):
    assert "other/file" in names(root, paths=())


def test_the_dockerfile_always_belongs_to_it(root):
    (root / ".dockerignore").write_text("# all\n**/Dockerfile\n")
    assert names(root, paths=["common"]) == ["common", "common/lib.sh", "web", "web/Dockerfile"]


def test_ignored_files_are_left_out_and_exceptions_kept(root):
    (root / ".dockerignore").write_text("web\n!web/conf\n/common/*.sh\n")
    assert names(root) == ["common", "web", "web/Dockerfile", "web/conf"]


@pytest.mark.parametrize(
    ("paths", "dockerfile", "part"),
    [
        (["../x"], "web/Dockerfile", "leaves the context"),
        (["/etc"], "web/Dockerfile", "leaves the context"),
        (["none"], "web/Dockerfile", "has no none"),
        ([], "none/Dockerfile", "correct dockerfile"),
        ([], "../Dockerfile", "leaves the context"),
    ],
)
def test_refused_paths(root, paths, dockerfile, part):
    with pytest.raises(context.ContextError, match=part):
        context.read_context(str(root), dockerfile, paths)


def test_a_pipe_is_refused(root):
    os.mkfifo(root / "web/pipe")
    with pytest.raises(context.ContextError, match="neither a file"):
        names(root)


def test_the_hash_does_not_depend_on_umask_or_time(root):
    before = digest(root)
    (root / "web/conf").chmod(0o600)
    (root / "common").chmod(0o700)
    os.utime(root / "web/conf", (1, 1))
    assert digest(root) == before


@pytest.mark.parametrize("change", ["content", "mode", "name", "new", "link", "folder"])
def test_the_hash_changes_with_the_files(root, change):
    before = digest(root)
    if change == "content":
        (root / "web/conf").write_text("b\n")
    elif change == "mode":
        (root / "web/conf").chmod(0o755)
    elif change == "name":
        (root / "web/conf").rename(root / "web/config")
    elif change == "new":
        (root / "web/more").touch()
    elif change == "link":
        (root / "web/link").symlink_to("conf")
    else:
        (root / "web/empty").mkdir()
    assert digest(root) != before


@pytest.mark.parametrize(
    "change",
    [
        {"args": {"A": "1"}},
        {"labels": {"A": "1"}},
        {"bases": {"a:1": "sha256:2"}},
        {"target": "x"},
        {"packages": "0" * 64},
        {"dockerfile": "x"},
    ],
)
def test_the_hash_changes_with_everything_else(root, change):
    assert digest(root, **change) != digest(root)


def test_an_argument_is_not_mistaken_for_a_label(root):
    assert digest(root, args={"A": "1"}) != digest(root, labels={"A": "1"})


def test_the_tar_holds_what_was_hashed(root):
    (root / "web/link").symlink_to("conf")
    os.link(root / "web/conf", root / "web/twin")
    os.utime(root / "web/conf", (1000, 1000))
    target = io.BytesIO()
    context.write_tar(context.read_context(str(root), "web/Dockerfile", ["web", "common"]), target)
    target.seek(0)
    with tarfile.open(fileobj=target) as tar:
        members = {member.name: member for member in tar}
        assert tar.extractfile("web/twin").read() == tar.extractfile("web/conf").read() == b"a\n"
    assert list(members) == sorted(members)
    assert {member.uid for member in members.values()} == {0}
    assert (members["common/lib.sh"].mode, members["web/conf"].mode, members["web"].mode) == (0o755, 0o644, 0o755)
    assert members["web/link"].linkname == "conf"
    assert members["web/conf"].mtime == 1000


def test_short_lines_tell_what_changed():
    before = context.short_lines([f"file a 0644 {'1' * 64}", f"packages {'2' * 64}", f"base x:1 sha256:{'3' * 64}"])
    after = context.short_lines(
        [f"file a 0644 {'4' * 64}", f"packages {'5' * 64}", f"base x:1 sha256:{'3' * 64}", "target t"]
    )
    assert before.splitlines()[0] == f"file a 0644 {'1' * 12}"
    assert context.changed_inputs(before, after) == ["file a", "packages", "target"]
