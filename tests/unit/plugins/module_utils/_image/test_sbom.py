# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json
import tarfile
import warnings

import pytest
from cyclonedx.schema import SchemaVersion

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import archive as archives
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import bills, sbom
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.databases import Package

with warnings.catch_warnings():
    # Its readers of schemas warn of each other.
    warnings.simplefilter("ignore")
    from cyclonedx.validation.json import JsonStrictValidator

ID = f"sha256:{'a' * 64}"
APK = Package(
    "apk",
    "libssl3",
    "3.5.4-r0",
    "alpine",
    {"arch": "x86_64", "distro": "alpine-3.23"},
    "Apache-2.0",
    "openssl",
    "",
    "lib/x",
)
PACKAGES = [
    APK,
    Package("apk", "deb-gd", "2.3-r0", "alpine", license="see-source", repacks="pkg:deb/debian/gd@2.3-13%2Bdeb13u1"),
    Package("golang", "net", "v0.1.0", "golang.org/x", found_in="usr/bin/a"),
    Package("golang", "net", "v0.1.0", "golang.org/x", found_in="usr/bin/b"),
    Package("golang", "tool", "", "example.org"),
    Package("composer", "twig", "v3", "twig", license="BSD-3-Clause OR MIT"),
]


def test_the_document_is_what_the_schema_asks_for():
    text = sbom.document(ID, "a/nginx:1.4", ("alpine", "3.23.6"), PACKAGES).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found = json.loads(text)
    assert found["metadata"]["component"]["name"] == "a/nginx"
    assert found["metadata"]["component"]["version"] == "1.4"
    assert found["metadata"]["component"]["type"] == "container"
    parts = {each["name"]: each for each in found["components"]}
    assert [each["name"] for each in found["components"]].count("net") == 1
    assert parts["libssl3"]["purl"] == "pkg:apk/alpine/libssl3@3.5.4-r0?arch=x86_64&distro=alpine-3.23&upstream=openssl"
    assert parts["libssl3"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert (parts["deb-gd"]["purl"], parts["deb-gd"]["version"]) == ("pkg:deb/debian/gd@2.3-13%2Bdeb13u1", "2.3-r0")
    assert [each["value"] for each in parts["net"]["properties"]] == ["usr/bin/a", "usr/bin/b"]
    assert "version" not in parts["tool"]
    assert parts["alpine"]["type"] == "operating-system"


@pytest.mark.parametrize(
    ("reference", "name", "version"),
    [
        ("a:1", "a", "1"),
        ("host:5000/a", "host:5000/a", None),
        ("host:5000/a:1", "host:5000/a", "1"),
        (None, ID, None),
    ],
)
def test_names_of_images(reference, name, version):
    component = json.loads(sbom.document(ID, reference, ("", ""), []))["metadata"]["component"]
    assert (component["name"], component.get("version")) == (name, version)


def test_the_number_stays_as_long_as_the_image_is_the_same(tmp_path):
    first = json.loads(sbom.document(ID, "a:1", ("", ""), []))["serialNumber"]
    assert first == sbom.serial_of(ID, "a:1") != sbom.serial_of(f"sha256:{'b' * 64}", "a:1")
    for content in ("", "{", "[]", "{}"):
        (tmp_path / "a").write_text(content)
        assert sbom.serial_in(tmp_path / "a") is None
    assert sbom.serial_in(tmp_path / "missing") is None


def save(path, installed="P:a\nV:1-r0\n"):
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        info = tarfile.TarInfo("lib/apk/db/installed")
        info.size = len(installed)
        tar.addfile(info, io.BytesIO(installed.encode()))
    config = json.dumps({"of": installed}).encode()
    manifest = json.dumps([{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l.tar"]}]).encode()
    with tarfile.open(path, "w") as tar:
        for name, content in (("c.json", config), ("l.tar", layer.getvalue()), ("manifest.json", manifest)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return str(path)


def test_files_are_written_for_what_is_new_and_nothing_else(tmp_path):
    archive = save(tmp_path / "a.tar")
    work = bills.Bills(str(tmp_path / "out/sbom"), None, dry=False)
    (bill,) = work.plan({}, {"a": archive})
    assert (bill.changed, bill.before, work.strangers([bill])) == (True, None, [])
    work.write([bill])
    assert bill.packages == 1
    assert [each["name"] for each in json.loads(bill.path.read_text())["components"]] == ["a"]
    assert bill.path.stat().st_mode & 0o777 == 0o644
    before = bill.path.stat()
    (again,) = work.plan({}, {"a": archive})
    work.write([again])
    assert (again.changed, again.packages, bill.path.stat().st_mtime_ns) == (False, None, before.st_mtime_ns)
    save(tmp_path / "a.tar", "P:a\nV:2-r0\n")
    (newer,) = work.plan({}, {"a": archive})
    assert newer.changed
    assert newer.before == bill.serial


def test_files_of_other_images(tmp_path):
    for name in ("old.cdx.json", "mine.json"):
        (tmp_path / name).touch()
    work = bills.Bills(str(tmp_path), None, dry=False)
    found = work.strangers(work.plan({}, {"a": save(tmp_path / "a.tar")}))
    assert [path.name for path in found] == ["old.cdx.json"]
    work.remove(found)
    assert (tmp_path / "mine.json").exists()
    assert not (tmp_path / "old.cdx.json").exists()


@pytest.mark.parametrize("name", ["a/b", "../a", ".a", ""])
def test_names_that_are_no_files(tmp_path, name):
    with pytest.raises(archives.ArchiveError, match="no name of a file"):
        bills.Bills(str(tmp_path), None, dry=False).plan({}, {name: save(tmp_path / "a.tar")})


def test_an_archive_in_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save(tmp_path / "a.tar")
    (bill,) = bills.Bills(str(tmp_path), None, dry=False).plan({}, {"a": "~/a.tar"})
    assert bill.archive


def test_two_claims_to_one_file(tmp_path):
    with pytest.raises(archives.ArchiveError, match=r"^a: an image and an archive"):
        bills.Bills(str(tmp_path), None, dry=False).plan({"a": "a:1"}, {"a": "a.tar"})
