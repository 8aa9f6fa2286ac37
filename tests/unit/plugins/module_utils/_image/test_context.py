# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import io
import os
import socket
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import context, send

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
    return [entry.path for entry in context.read_context(str(root), dockerfile, paths).entries]


def tar_of(read):
    target = io.BytesIO()
    send.write_tar(read, target)
    target.seek(0)
    with tarfile.open(fileobj=target) as tar:
        return {member.name: (member, (tar.extractfile(member) or io.BytesIO()).read()) for member in tar}


def digest(root, **changes):
    build = {
        "dockerfile": "web/Dockerfile",
        "args": {},
        "labels": {},
        "bases": {"a:1": "sha256:1"},
        "target": None,
        "packages": None,
    }
    entries = context.read_context(str(root), "web/Dockerfile", ["web", "common"]).entries
    return context.content_hash(context.input_lines(entries, {**build, **changes}))


def test_only_the_given_paths_belong_to_the_context(root):
    assert names(root) == ["common", "common/lib.sh", "web", "web/Dockerfile", "web/conf", "web/notes.md"]


def test_everything_belongs_to_it_without_paths(root):
    assert "other/file" in names(root, paths=())


def test_the_dockerfile_always_belongs_to_it(root):
    (root / ".dockerignore").write_text("# all\n**/Dockerfile\n")
    assert names(root, paths=["common"]) == [".dockerignore", "common", "common/lib.sh", "web", "web/Dockerfile"]


def test_ignored_files_are_left_out_and_exceptions_kept(root):
    (root / ".dockerignore").write_text("web\n!web/conf\n/common/*.sh\n")
    assert names(root) == [".dockerignore", "common", "web", "web/Dockerfile", "web/conf"]


@pytest.mark.parametrize(
    ("paths", "dockerfile", "part"),
    [
        (["../x"], "web/Dockerfile", "leaves the context"),
        (["/etc"], "web/Dockerfile", "leaves the context"),
        (["none"], "web/Dockerfile", "has no none"),
        ([], "none/Dockerfile", "correct dockerfile"),
        ([], "../Dockerfile", "correct dockerfile"),
    ],
)
def test_refused_paths(root, paths, dockerfile, part):
    with pytest.raises(context.ContextError, match=part):
        context.read_context(str(root), dockerfile, paths)


def test_pipes_are_sent_and_sockets_left_out(root):
    os.mkfifo(root / "web/pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(root / "web/socket"))
        assert names(root, ["web"]) == ["web", "web/Dockerfile", "web/conf", "web/notes.md", "web/pipe"]
        assert tar_of(context.read_context(str(root), "web/Dockerfile"))["web/pipe"][0].isfifo()


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
    tar = tar_of(context.read_context(str(root), "web/Dockerfile", ["web", "common"]))
    members = {name: member for name, (member, dummy) in tar.items()}
    assert tar["web/twin"][1] == tar["web/conf"][1] == b"a\n"
    assert list(members) == sorted(members)
    assert {member.uid for member in members.values()} == {0}
    assert (members["common/lib.sh"].mode, members["web/conf"].mode, members["web"].mode) == (0o755, 0o644, 0o755)
    assert members["web/link"].linkname == "conf"
    assert members["web/conf"].mtime == 1000


def test_names_of_any_bytes_are_hashed_and_sent(root):
    name = os.fsdecode(b"web/caf\xe9")
    (root / name).write_text("x")
    (root / "web/link").symlink_to(os.fsdecode(b"caf\xe9"))
    read = context.read_context(str(root), "web/Dockerfile", ["web"])
    assert name in tar_of(read)
    (line,) = [entry.line() for entry in read.entries if entry.path == name]
    assert line.startswith("file web/caf\\xe9 0644 ")


@pytest.mark.parametrize("names_", [("a b", "a\\x20b"), ("a\nb", "a\\nb"), (os.fsdecode(b"\xff"), "\\xff")])
def test_different_names_are_different_words(names_):
    assert len({context.shown(name) for name in names_}) == 2
    assert all(" " not in context.shown(name) and "\n" not in context.shown(name) for name in names_)


@pytest.mark.parametrize("change", ["longer", "shorter", "same size", "gone", "folder", "link"])
def test_a_file_that_changes_after_it_was_hashed_is_refused(root, change):
    (root / "web/link").symlink_to("conf")
    read = context.read_context(str(root), "web/Dockerfile", ["web"])
    conf = root / "web/conf"
    if change == "link":
        (root / "web/link").unlink()
        (root / "web/link").symlink_to("Dockerfile")
    elif change in ("gone", "folder"):
        conf.unlink()
        if change == "folder":
            conf.mkdir()
    else:
        conf.write_text({"longer": "a\nb", "shorter": "a", "same size": "b\n"}[change])
    with pytest.raises(context.ContextError, match=r"web/(conf|link) changed while it was read"):
        tar_of(read)


@contextlib.contextmanager
def as_stranger():
    """Another account, as root may read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def private(root):
    (root / "web/data").mkdir()
    (root / "web/data/x").touch()
    (root / "web/data").chmod(0)
    for folder in (root, root.parent, root.parent.parent):
        folder.chmod(0o755)
    yield root
    (root / "web/data").chmod(0o700)


@pytest.mark.parametrize("pattern", ["web/data", "**/data", "web/d*\n!web/e/x"])
def test_what_is_ignored_need_not_be_readable(private, pattern):
    (private / ".dockerignore").write_text(pattern)
    with as_stranger():
        assert "web/data" not in names(private)


def test_what_is_not_ignored_and_not_readable_is_named(private):
    with as_stranger(), pytest.raises(context.ContextError, match=r"data cannot be read: Permission .*\.dockerignore"):
        names(private)


def test_a_dockerfile_outside_of_the_context_is_sent_and_hidden(root):
    (root / ".dockerignore").write_text("notes\n")
    read = context.read_context(str(root / "web"), "../other/file")
    assert read.dockerfile.startswith(".dockerfile.")
    assert read.dockerfile in read.hidden
    tar = tar_of(read)
    assert tar[read.dockerfile][1] == b"o\n"
    assert tar[".dockerignore"][1].decode().splitlines() == [read.dockerfile, ".dockerignore"]


@pytest.mark.parametrize(
    ("patterns", "paths", "hidden", "added"),
    [
        ("*.md", (), set(), None),
        ("web/Dockerfile\n", (), {"web/Dockerfile"}, None),
        ("web/Dockerfile\n", ("web",), {"web/Dockerfile", ".dockerignore"}, ".dockerignore"),
        (".dockerignore\nweb\n", (), {"web/Dockerfile", ".dockerignore", "web"}, None),
    ],
)
def test_what_copy_must_not_see(root, patterns, paths, hidden, added):
    (root / ".dockerignore").write_text(patterns)
    read = context.read_context(str(root), "web/Dockerfile", paths)
    assert set(read.hidden) == hidden
    text = tar_of(read)[".dockerignore"][1].decode() if (root / ".dockerignore").exists() else ""
    assert text == patterns + (f"\n{added}\n" if added else "")


def test_the_ignore_file_of_one_dockerfile_is_for_buildkit_only(root):
    (root / ".dockerignore").write_text("common\n")
    (root / "web/Dockerfile.dockerignore").write_text("other\n")
    classic = [entry.path for entry in context.read_context(str(root), "web/Dockerfile").entries]
    buildkit = [entry.path for entry in context.read_context(str(root), "web/Dockerfile", buildkit=True).entries]
    assert [name for name in ("common", "other") if name in classic] == ["other"]
    assert [name for name in ("common", "other") if name in buildkit] == ["common"]


def test_a_dockerfile_in_lower_case_and_a_link_to_one_are_found(root):
    (root / "dockerfile").write_text("FROM a:1\n")
    assert context.read_context(str(root), "Dockerfile").dockerfile == "dockerfile"
    (root / "Dockerfile").symlink_to("web/Dockerfile")
    assert context.read_context(str(root), "Dockerfile").dockerfile == "web/Dockerfile"


def test_short_lines_tell_what_changed():
    before = context.short_lines([f"file a 0644 {'1' * 64}", f"packages {'2' * 64}", f"base x:1 sha256:{'3' * 64}"])
    after = context.short_lines(
        [f"file a 0644 {'4' * 64}", f"packages {'5' * 64}", f"base x:1 sha256:{'3' * 64}", "target t"]
    )
    assert before.splitlines()[0] == f"file a 0644 {'1' * 12}"
    assert context.changed_inputs(before, after) == ["file a", "packages", "target"]
