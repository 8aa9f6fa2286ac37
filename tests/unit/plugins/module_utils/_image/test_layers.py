# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import archive as archives
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import layers as util

A, B = "lib/apk/db/installed", "opt/a/b.dist-info/METADATA"


def tar(entries, mode="w"):
    """A tar of files; None is a folder, a text a hard link to that file."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode=mode) as written:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.mode = 0o755
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.LNKTYPE, content
            else:
                info.size = len(content)
            written.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return memory.getvalue()


@pytest.fixture
def files(tmp_path):
    def files(*layers, mode="w"):
        names = [f"{index}/layer.tar" for index in range(len(layers))]
        manifest = json.dumps([{"Config": f"{'0' * 64}.json", "RepoTags": ["a:1"], "Layers": names}]).encode()
        parts = [*zip(names, [tar(layer, mode) for layer in layers], strict=True), ("manifest.json", manifest)]
        (tmp_path / "a.tar").write_bytes(tar(parts))
        (image,) = archives.read_archive(str(tmp_path / "a.tar"))
        return util.files_of(image)

    return files


def test_a_later_layer_wins_and_other_files_are_left_alone(files):
    found = files([(f"./{A}", b"old"), ("etc/passwd", b"x")], [(A, b"new"), (f"/{B}", b"b")])
    assert found == {A: b"new", B: b"b"}


def test_compressed_layers(files):
    assert files([(A, b"a")], mode="w:gz") == {A: b"a"}


@pytest.mark.parametrize(
    "gone", ["lib/apk/db/.wh.installed", "lib/.wh.apk", ".wh.lib", "lib/apk/.wh..wh..opq", ".wh..wh..opq"]
)
def test_what_a_later_layer_removes_is_gone(files, gone):
    assert A not in files([(A, b"a")], [(gone, b"")])


def test_a_folder_made_anew_keeps_what_its_own_layer_has(files):
    assert files([(A, b"a"), (B, b"b")], [(A, b"new"), ("lib/.wh..wh..opq", b"")]) == {A: b"new", B: b"b"}


def test_another_name_for_the_same_file(files):
    assert (
        files([(A, b"a"), ("lib/apk/db/old", b"x"), ("usr/lib/apk/db/installed", A)])["usr/lib/apk/db/installed"]
        == b"a"
    )


def test_programs_are_known_by_their_lists(files):
    modules = b"<" * 16 + b"mod\ta.org/b\tv1\n" + b">" * 16
    head = b"\x7fELF".ljust(16, b"\0") + (b"\xff Go buildinf:\x08\x02").ljust(32, b"\0")
    program = head + b"\x04go1." + bytes([len(modules)]) + modules
    assert files([("usr/bin/b", program.ljust(1 << 20, b"\0")), ("usr/bin/sh", b"\x7fELF".ljust(1 << 20, b"\0"))]) == {
        "usr/bin/b": b"go1.\nmod\ta.org/b\tv1\n"
    }


def test_a_damaged_layer_is_refused(tmp_path):
    manifest = json.dumps([{"Config": f"{'0' * 64}.json", "RepoTags": ["a:1"], "Layers": ["l"]}]).encode()
    (tmp_path / "a.tar").write_bytes(tar([("l", b"no tar at all" * 100), ("manifest.json", manifest)]))
    (image,) = archives.read_archive(str(tmp_path / "a.tar"))
    with pytest.raises(archives.ArchiveError, match=r"a\.tar has a layer that cannot be read"):
        util.files_of(image)


def test_an_archive_of_several_images_is_refused():
    first = archives.SavedImage("a.tar", "a:1", "sha256:1", "c", ())
    other = archives.SavedImage("a.tar", "b:1", "sha256:2", "c", ())
    assert util.only_image("a.tar", [first, first]) is first
    with pytest.raises(archives.ArchiveError, match=r"a:1, b:1.*one archive for each"):
        util.only_image("a.tar", [first, other])
