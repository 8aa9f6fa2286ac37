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
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import layout

FULL, SHORT = "io.containerd.image.name", "org.opencontainers.image.ref.name"
LAYER = b"layer" * 200


class Layout:
    """Files of a layout as they are put together."""

    def __init__(self):
        self.files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}

    def blob(self, content):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = content
        return f"sha256:{digest}"

    def manifest(self, arch="amd64", variant=None):
        config = self.blob({"architecture": arch, "os": "linux", "rootfs": {"diff_ids": []}})
        layers = [{"digest": self.blob(LAYER + arch.encode())}]
        digest = self.blob({"schemaVersion": 2, "config": {"digest": config}, "layers": layers})
        platform = {"os": "linux", "architecture": arch, **({"variant": variant} if variant else {})}
        return {"digest": digest, "platform": platform}, config

    def index(self, *entries):
        return {"digest": self.blob({"schemaVersion": 2, "manifests": list(entries)})}

    def top(self, *entries):
        self.files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": list(entries)}).encode()
        return self

    def tar(self, path):
        with tarfile.open(path, "w") as tar:
            for name, content in self.files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return str(path)

    def folder(self, path):
        for name, content in self.files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        return str(path)


def named(entry, name, key=SHORT):
    return {**entry, "annotations": {key: name}}


def never():
    raise AssertionError("asked for the platform of an image that is there once")


@pytest.mark.parametrize(
    ("annotations", "name"),
    [
        ({SHORT: "docker.io/library/alpine:3.23"}, "docker.io/library/alpine:3.23"),
        ({FULL: "docker.io/library/alpine:3.23", SHORT: "3.23"}, "docker.io/library/alpine:3.23"),
        ({SHORT: "3.23"}, None),
        ({SHORT: "host:5000/shop"}, "host:5000/shop:latest"),
        ({SHORT: "shop:1"}, "shop:1"),
        ({}, None),
    ],
)
def test_names_as_docker_podman_and_skopeo_write_them(annotations, name):
    assert layout.name_of(annotations) == name


@pytest.mark.parametrize("form", ["tar", "folder"])
def test_one_image_is_read_whatever_it_is_for(tmp_path, form):
    made = Layout()
    entry, config = made.manifest("arm64")
    made.top(named(entry, "docker.io/library/shop:1"))
    path = made.tar(tmp_path / "a.tar") if form == "tar" else made.folder(tmp_path / "a")
    (image,) = archives.read_archive(path, never)
    assert (image.reference, image.id, image.oci) == ("shop:1", config, True)
    archives.check_archive(path, [image])
    assert archives.read_config(image)["architecture"] == "arm64"


@pytest.mark.parametrize(
    ("platform", "which"), [("linux/amd64", 0), ("linux/arm64", 1), ("linux/arm64/v8", 1), ("linux/arm/v7", 2)]
)
def test_of_several_platforms_the_daemons_is_taken(tmp_path, platform, which):
    made = Layout()
    found = [made.manifest("amd64"), made.manifest("arm64"), made.manifest("arm", "v7"), made.manifest("s390x")]
    how = named({"digest": made.blob({"schemaVersion": 2})}, "attestation-manifest", "vnd.docker.reference.type")
    made.top(named(made.index(*(entry for entry, config in found), how), "shop:1", FULL))
    (image,) = archives.read_archive(made.tar(tmp_path / "a.tar"), lambda: platform)
    assert (image.name, image.id) == ("shop:1", found[which][1])


def test_platforms_side_by_side_under_one_name_are_one_image(tmp_path):
    made = Layout()
    (one, config), (two, dummy) = made.manifest("amd64"), made.manifest("arm64")
    made.top(named(one, "shop:1"), named(two, "shop:1"), named(two, "other:1"))
    images = archives.read_archive(made.tar(tmp_path / "a.tar"), lambda: "linux/amd64")
    assert {image.name: image.id == config for image in images} == {"shop:1": True, "other:1": False}


def test_images_without_a_name_stay_apart_unless_they_are_for_different_platforms(tmp_path):
    made = Layout()
    (one, first), (two, dummy), (three, other) = made.manifest("amd64"), made.manifest("arm64"), made.manifest("s390x")
    made.top(one, two, {**three, "platform": one["platform"]})
    images = archives.read_archive(made.tar(tmp_path / "a.tar"), lambda: "linux/amd64")
    assert [(image.reference, image.name) for image in images] == [(None, first), (None, other)]


def test_a_platform_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    made = Layout()
    made.top(named(made.index(made.manifest("arm64")[0], made.manifest("s390x")[0]), "shop:1"))
    with pytest.raises(archives.ArchiveError, match=r"shop:1 for linux/arm64, linux/s390x, and not for linux/amd64"):
        archives.read_archive(made.tar(tmp_path / "a.tar"), lambda: "linux/amd64")


def test_docker_gets_it_in_its_own_form_with_the_blobs_it_needs(tmp_path):
    made = Layout()
    (one, config), (two, other) = made.manifest("amd64"), made.manifest("arm64")
    made.top(named(made.index(one, two), "shop:1"), named(made.index(one, two), "shop:2"))
    path = made.folder(tmp_path / "a")
    images = archives.read_archive(path, lambda: "linux/amd64")
    whole = tmp_path / "whole.tar"
    whole.write_bytes(b"".join(archives.stream(path, images)))
    again = archives.read_archive(str(whole))
    assert [(image.name, image.id) for image in again] == [("shop:1", config), ("shop:2", config)]
    archives.check_archive(str(whole), again)
    with tarfile.open(whole) as tar:
        names = tar.getnames()
        content = tar.extractfile(again[0].layers[0]).read()
    assert len(names) == 3
    assert content == LAYER + b"amd64"
    assert layout.blob(other) not in names


def test_an_archive_of_docker_is_handed_on_as_it_is(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(b"anything")
    image = archives.SavedImage(str(path), "a:1", "sha256:1", "c", ())
    assert b"".join(archives.stream(str(path), [image])) == b"anything"


@pytest.mark.parametrize(
    ("break_it", "part"),
    [
        (lambda files: files.update({"index.json": b"{"}), "not JSON"),
        (lambda files: files.update({"index.json": b"[]"}), "no mapping"),
        (lambda files: files.update({"index.json": b"{}"}), "without a list of manifests"),
        (lambda files: files.update({"index.json": b'{"manifests": []}'}), "without images"),
        (lambda files: files.update({"index.json": b'{"manifests": [{"digest": "md5:1"}]}'}), "no SHA-256 digest"),
        (lambda files: files.update({"index.json": b'{"manifests": [{"digest": "../../etc"}]}'}), "no SHA-256 digest"),
        (lambda files: files.pop("index.json"), "neither a manifest"),
    ],
)
def test_layouts_that_are_none_are_refused(tmp_path, break_it, part):
    made = Layout()
    made.top(named(made.manifest()[0], "a:1"))
    break_it(made.files)
    with pytest.raises(archives.ArchiveError, match=part):
        archives.read_archive(made.tar(tmp_path / "a.tar"), never)


def test_what_does_not_fit_its_digest_or_is_missing_is_refused(tmp_path):
    made = Layout()
    entry, config = made.manifest()
    made.top(named(entry, "a:1"))
    whole = made.tar(tmp_path / "whole.tar")
    for digest, part in ((entry["digest"], "does not fit its digest"), (config, "does not fit its digest")):
        broken = Layout()
        broken.files = {**made.files, layout.blob(digest): b"{}"}
        path = broken.tar(tmp_path / "broken.tar")
        with pytest.raises(archives.ArchiveError, match=part):
            archives.check_archive(path, archives.read_archive(path, never))
    (image,) = archives.read_archive(whole, never)
    short = Layout()
    short.files = {name: content for name, content in made.files.items() if name != image.layers[0]}
    with pytest.raises(archives.ArchiveError, match="lacks blobs/sha256/"):
        archives.check_archive(short.tar(tmp_path / "short.tar"), [image])


def test_folders_in_the_layout_are_found_beside_archives(tmp_path):
    made = Layout().top()
    made.folder(tmp_path / "layout")
    (tmp_path / "other").mkdir()
    (tmp_path / "b.tar").touch()
    found = archives.archives_of(str(tmp_path))
    assert [path.rpartition("/")[2] for path in found] == ["b.tar", "layout"]
