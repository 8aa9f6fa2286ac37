# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import archive as archives

CONFIG = json.dumps({"created": "2026-01-01T00:00:00Z", "rootfs": {"diff_ids": ["sha256:1"]}}).encode()
DIGEST = hashlib.sha256(CONFIG).hexdigest()
LAYER = b"x" * 3000


def write(path, files, mode="w"):
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return str(path)


def manifest(config=f"{DIGEST}.json", references=("a:1",), layers=("layer.tar",)):
    return json.dumps([{"Config": config, "RepoTags": references, "Layers": layers}]).encode()


def image(path, references=("a:1",), mode="w"):
    files = {"manifest.json": manifest(references=references), f"{DIGEST}.json": CONFIG, "layer.tar": LAYER}
    return write(path, files, mode)


def check(path):
    archives.check_archive(path, archives.read_archive(path))


def test_reference_and_id_are_read(tmp_path):
    (found,) = archives.read_archive(image(tmp_path / "a.tar"))
    assert (found.reference, found.id, found.layers) == ("a:1", f"sha256:{DIGEST}", ("layer.tar",))


def test_a_compressed_archive_is_read_and_whole(tmp_path):
    check(image(tmp_path / "a.tar.gz", mode="w:gz"))


def test_several_references_and_none(tmp_path):
    assert [x.name for x in archives.read_archive(image(tmp_path / "a.tar", ("a:1", "b:2")))] == ["a:1", "b:2"]
    assert [x.name for x in archives.read_archive(image(tmp_path / "b.tar", None))] == [f"sha256:{DIGEST}"]


@pytest.mark.parametrize("config", [f"blobs/sha256/{DIGEST}", "config.json"])
def test_other_names_of_the_config(tmp_path, config):
    path = write(tmp_path / "a.tar", {"layer.tar": LAYER, config: CONFIG, "manifest.json": manifest(config)})
    assert archives.read_archive(path)[0].id == f"sha256:{DIGEST}"
    check(path)


def test_nothing_behind_the_manifest_is_read(tmp_path):
    path = image(tmp_path / "a.tar")
    with open(path, "r+b") as handle:
        handle.truncate(1024)
    assert archives.read_archive(path)[0].name == "a:1"


@pytest.mark.parametrize("size", [512, 1024, 2048, 3000, 4096, 5000])
def test_an_archive_that_is_cut_off_is_refused(tmp_path, size):
    path = image(tmp_path / "a.tar")
    with open(path, "r+b") as handle:
        handle.truncate(size)
    with pytest.raises(archives.ArchiveError, match=r"a\.tar .*Save it again"):
        check(path)


@pytest.mark.parametrize(
    ("files", "part"),
    [
        ({"other": b""}, r"neither a manifest\.json"),
        ({"manifest.json": b"{"}, "not JSON"),
        ({"manifest.json": b"[]"}, "without images"),
        ({"manifest.json": b'[{"schemaVersion": 2}]'}, "not one of docker save"),
        ({"manifest.json": manifest(), f"{DIGEST}.json": CONFIG}, r"lacks layer\.tar"),
        ({"manifest.json": manifest(), f"{DIGEST}.json": b"{}", "layer.tar": LAYER}, "does not fit its digest"),
        ({"manifest.json": manifest("config.json")}, r"lacks config\.json"),
    ],
)
def test_other_tars_are_refused(tmp_path, files, part):
    with pytest.raises(archives.ArchiveError, match=part):
        check(write(tmp_path / "a.tar", files))


def test_what_is_no_tar_is_refused_in_one_line(tmp_path):
    (tmp_path / "a.tar").write_text("hello")
    with pytest.raises(archives.ArchiveError, match=r"^.*: it is no tar file\. .*$"):
        archives.read_archive(str(tmp_path / "a.tar"))


def test_two_archives_must_not_fight_for_a_reference():
    one = archives.SavedImage("a.tar", "x:1", "sha256:1", "c", ())
    archives.refuse_ambiguous([one, one])
    with pytest.raises(archives.ArchiveError, match=r"a\.tar and b\.tar hold different images as x:1"):
        archives.refuse_ambiguous([one, archives.SavedImage("b.tar", "x:1", "sha256:2", "c", ())])


def test_archives_of_a_folder(tmp_path):
    for name in ("b.tar", "a.tar.gz", "c.tgz", "notes.txt"):
        (tmp_path / name).touch()
    assert [x.rsplit("/", 1)[1] for x in archives.archives_of(str(tmp_path))] == ["a.tar.gz", "b.tar", "c.tgz"]


def test_a_folder_without_archives_is_refused(tmp_path):
    with pytest.raises(archives.ArchiveError, match="no image archive"):
        archives.archives_of(str(tmp_path))
    with pytest.raises(archives.ArchiveError, match="does not exist"):
        archives.archives_of(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("docker.io/library/alpine:3", "alpine:3"),
        ("docker.io/grafana/grafana:1", "grafana/grafana:1"),
        ("index.docker.io/library/a:1", "a:1"),
        ("localhost/a:1", "localhost/a:1"),
        ("quay.io/library/a:1", "quay.io/library/a:1"),
    ],
)
def test_names_as_podman_writes_them_are_read_as_docker_shows_them(tmp_path, reference, expected):
    assert archives.read_archive(image(tmp_path / "a.tar", (reference,)))[0].reference == expected


def test_an_image_of_podmans_own_registry_stands_in_for_its_short_name(tmp_path):
    found = archives.read_archive(image(tmp_path / "a.tar", ("localhost/a:1",)))
    assert [(x.name, x.loaded_as) for x in archives.choose(found, {"a:1"})] == [("a:1", "localhost/a:1")]
    assert [(x.name, x.loaded_as) for x in archives.choose(found, {"localhost/a:1"})] == [("localhost/a:1", None)]
    exact = archives.read_archive(image(tmp_path / "b.tar", ("a:1",)))
    assert [(x.name, x.loaded_as) for x in archives.choose([*found, *exact], {"a:1"})] == [("a:1", None)]
    assert archives.choose(found, {"b:1"}) == []
