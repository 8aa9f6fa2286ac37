# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""image_build against a real registry, image_load with archives of several writers, image_sbom; with a real daemon."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import time

import pytest

from ansible_collections.fortytwo.ft_services.tests.fetch.local_registry import Registry

CLONE = pathlib.Path(__file__).resolve().parents[4]
PREFIX = f"ft-test-{os.getpid()}"
USER, PASSWORD = "alice", "example-password"
BCRYPT = "$2y$05$abcdefghijklmnopqrstuutctEcn9jLJdOiC0zNE0sKf5GrTF.I0C"


def docker(*words, **options):
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False, **options)


pytestmark = pytest.mark.skipif(
    not shutil.which("docker") or docker("version").returncode != 0, reason="no docker daemon answers (DOCKER_HOST)"
)


@pytest.fixture(scope="module", autouse=True)
def leave_no_images():
    yield
    listed = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
    made = [name for name in listed if f"{PREFIX}/" in name or f"{PREFIX}-" in name]
    if made:
        docker("image", "rm", "--force", *made)


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    found = Registry(tmp_path_factory.mktemp("registry") / "open")
    yield found
    found.close()


@pytest.fixture(scope="module")
def closed_registry(tmp_path_factory):
    found = Registry(tmp_path_factory.mktemp("registry") / "closed", f"{USER}:{BCRYPT}\n")
    yield found
    found.close()


@pytest.fixture
def run(tmp_path):
    """Runs a module as Ansible does, with accounts of registries of the test's own."""
    collection = tmp_path / "ansible_collections" / "fortytwo" / "ft_services"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(CLONE)
    (tmp_path / "docker").mkdir()

    def run(module, check=False, diff=False, **options):
        arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff}
        done = subprocess.run(
            [sys.executable, "-m", f"ansible_collections.fortytwo.ft_services.plugins.modules.{module}"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "DOCKER_CONFIG": str(tmp_path / "docker")},
        )
        assert not done.stderr, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def build(run, tmp_path):
    """Builds an image that holds one file, and pushes it."""
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY file /file\n")

    def build(name, content, host, check=False, **image):
        (context / "file").write_text(content)
        request = {"name": name, "context": str(context), **image}
        return run("image_build", check, images=[request], repository_prefix=PREFIX, push_to=host, builder="classic")

    return build


def manifest(registry, repository, reference):
    """Status and digest of what a registry has under a tag or digest."""
    connection = http.client.HTTPConnection(registry.host, timeout=10)
    kinds = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    connection.request("GET", f"/v2/{repository}/manifests/{reference}", headers={"Accept": kinds})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, f"sha256:{hashlib.sha256(content).hexdigest()}"


def written(registry):
    """All files of a registry with their times: what a second push would change."""
    return {path: path.stat().st_mtime_ns for path in registry.folder.rglob("*") if path.is_file()}


def test_a_push_is_found_by_its_digest_and_is_not_repeated(build, registry):
    assert build("one", "1", registry.host, check=True)["changed"]
    first = build("one", "1", registry.host, tags=["stable"])
    (image,) = first["images"]
    repository, tag = image["reference"].removeprefix(f"{registry.host}/").rsplit(":", 1)
    assert manifest(registry, repository, tag) == (200, image["digest"])
    assert manifest(registry, repository, "stable") == (200, image["digest"])
    assert manifest(registry, repository, image["digest"]) == (200, image["digest"])

    before = written(registry)
    second = build("one", "1", registry.host, tags=["stable"])
    assert not second["changed"]
    assert second["images"][0]["digest"] == image["digest"]
    assert written(registry) == before
    assert not build("one", "1", registry.host, check=True, tags=["stable"])["changed"]


def test_what_the_registry_has_is_not_built_again_on_another_machine(build, registry):
    (image,) = build("two", "1", registry.host)["images"]
    # This daemon is now as one that never saw it.
    assert docker("image", "rm", image["reference"]).returncode == 0
    again = build("two", "1", registry.host)
    assert (again["changed"], again["images"][0]["id"], again["images"][0]["digest"]) == (False, None, image["digest"])


def test_a_changed_file_is_pushed_under_another_tag(build, registry):
    (first,) = build("three", "1", registry.host)["images"]
    (second,) = build("three", "2", registry.host)["images"]
    assert second["changed"]
    assert second["reference"] != first["reference"]
    assert second["digest"] != first["digest"]


def test_an_image_that_the_daemon_has_and_the_registry_lost_is_pushed(build, registry, tmp_path):
    (image,) = build("four", "1", registry.host)["images"]
    other = Registry(tmp_path / "other")
    try:
        pushed = build("four", "1", other.host)
        assert pushed["changed"]
        assert pushed["images"][0]["digest"] == image["digest"]
    finally:
        other.close()


def test_a_closed_registry_takes_the_account_of_docker_login_and_nobody_else(build, closed_registry, tmp_path):
    for check in (True, False):
        refused = build("five", "1", closed_registry.host, check=check)
        assert refused.get("failed"), refused
        assert "docker login" in refused["msg"]
    account = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = {"auths": {closed_registry.host: {"auth": account}}}
    (tmp_path / "docker" / "config.json").write_text(json.dumps(config))
    pushed = build("five", "1", closed_registry.host)
    assert (pushed["changed"], bool(pushed["images"][0]["digest"])) == (True, True)
    assert not build("five", "1", closed_registry.host)["changed"]
    wrong = base64.b64encode(f"{USER}:wrong".encode()).decode()
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"auths": {closed_registry.host: {"auth": wrong}}}))
    refused = build("five", "2", closed_registry.host)
    assert "docker login" in refused["msg"]
    assert account not in json.dumps([pushed, refused])
    assert wrong not in json.dumps(refused)


def test_a_registry_that_does_not_answer_is_named(build):
    refused = build("six", "1", "127.0.0.1:1")
    assert refused["failed"]
    assert "127.0.0.1:1" in refused["msg"]


# image_load ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    """An image of the daemon's, as docker saves it; the daemon does not have it any more."""
    name = f"{PREFIX}-load:{time.monotonic_ns()}"
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        info = tarfile.TarInfo("file")
        info.size = len(name)
        tar.addfile(info, io.BytesIO(name.encode()))
    made = subprocess.run(["docker", "import", "-", name], input=layer.getvalue(), capture_output=True, check=True)
    archive = tmp_path / "docker.tar"
    assert docker("save", "--output", str(archive), name).returncode == 0
    docker("image", "rm", name)
    return name, made.stdout.decode().strip(), archive


def unpacked(archive, folder):
    """What docker saved as a folder in the OCI layout, without the list that is docker's own."""
    folder.mkdir()
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    if not (folder / "index.json").exists():
        pytest.skip("this docker saves no OCI layout (docker 25 and newer do)")
    (folder / "manifest.json").unlink()
    return folder


def packed(folder, archive):
    with tarfile.open(archive, "w") as tar:
        tar.add(folder, ".")
    return archive


def blob(folder, content):
    text = json.dumps(content).encode()
    digest = hashlib.sha256(text).hexdigest()
    (folder / "blobs/sha256" / digest).write_bytes(text)
    return {"digest": f"sha256:{digest}", "size": len(text)}


def read(folder, descriptor):
    return json.loads((folder / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes())


def with_platforms(folder, *platforms):
    """Put the image behind an index with one image for each platform, of which the first is the one that was there."""
    index = json.loads((folder / "index.json").read_text())
    (entry,) = index["manifests"]
    entries = []
    for number, arch in enumerate(platforms):
        image = read(folder, entry)
        if number or arch != "amd64":
            config = {**read(folder, image["config"]), "architecture": arch}
            image["config"] = {**image["config"], **blob(folder, config)}
        kind = {"mediaType": image.get("mediaType", "application/vnd.oci.image.manifest.v1+json")}
        entries.append({**kind, **blob(folder, image), "platform": {"os": "linux", "architecture": arch}})
    kind = "application/vnd.oci.image.index.v1+json"
    inner = blob(folder, {"schemaVersion": 2, "mediaType": kind, "manifests": entries})
    index["manifests"] = [{**inner, "mediaType": kind, "annotations": entry["annotations"]}]
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def loads_once(run, name, identity, **options):
    predicted = run("image_load", True, True, **options)
    loaded = run("image_load", False, True, **options)
    again = run("image_load", False, True, **options)
    assert predicted["images"] == loaded["images"]
    assert predicted["diff"] == loaded["diff"] == {"before": "", "after": f"{name} {identity}\n"}
    assert [(each["reference"], each["id"], each["changed"]) for each in loaded["images"]] == [(name, identity, True)]
    assert (again["changed"], again["diff"]) == (False, {"before": "", "after": ""})
    assert docker("image", "inspect", "--format", "{{.Id}}", name).stdout.strip() == identity


def test_what_docker_saved_is_loaded_once(run, saved):
    name, identity, archive = saved
    loads_once(run, name, identity, archives=[str(archive)])


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_the_oci_layout_is_loaded_once(run, saved, tmp_path, form):
    name, identity, archive = saved
    folder = unpacked(archive, tmp_path / "layout")
    path = folder if form == "folder" else packed(folder, tmp_path / "oci.tar")
    loads_once(run, name, identity, archives=[str(path)])


def test_of_several_platforms_the_daemons_is_loaded(run, saved, tmp_path):
    name, identity, archive = saved
    if docker("version", "--format", "{{.Server.Arch}}").stdout.strip() != "amd64":
        pytest.skip("the image that is put together here is for amd64")
    folder = with_platforms(unpacked(archive, tmp_path / "layout"), "amd64", "arm64", "s390x")
    loads_once(run, name, identity, archives=[str(packed(folder, tmp_path / "oci.tar"))])


def test_an_index_without_the_daemons_platform_is_refused(run, saved, tmp_path):
    name, _identity, archive = saved
    folder = with_platforms(unpacked(archive, tmp_path / "layout"), "riscv64", "s390x")
    refused = run("image_load", archives=[str(folder)])
    assert refused["failed"]
    assert f"holds {name} for linux/riscv64, linux/s390x" in refused["msg"].replace("docker.io/library/", "")
    assert docker("image", "inspect", name).returncode != 0


@pytest.mark.skipif(not shutil.which("skopeo"), reason="needs skopeo")
def test_what_skopeo_writes_is_loaded_once(run, saved, tmp_path):
    name, _identity, archive = saved
    target = tmp_path / "skopeo.tar"
    source = f"docker-archive:{archive}"
    subprocess.run(["skopeo", "copy", "--quiet", source, f"oci-archive:{target}:docker.io/library/{name}"], check=True)
    predicted = run("image_load", True, archives=[str(target)])
    loaded = run("image_load", archives=[str(target)])
    assert predicted["images"] == loaded["images"]
    assert loaded["changed"]
    assert loaded["images"][0]["reference"] == name
    assert not run("image_load", archives=[str(target)])["changed"]


# image_sbom ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_packages(tmp_path):
    """An image of two layers with Alpine's database, in which the second has another version of a package."""
    name = f"{PREFIX}-packages:1"
    context = tmp_path / "packages"
    context.mkdir()
    (context / "release").write_text('ID=alpine\nVERSION_ID="3.23"\n')
    (context / "old").write_text("P:nginx\nV:1-r0\n\nP:gone\nV:1-r0\n")
    (context / "new").write_text("P:nginx\nV:2-r0\n\nP:deb-gd\nV:2-r0\nU:pkg:deb/debian/libgd3@2.3-13\n")
    database = "/lib/apk/db/installed"
    lines = ["FROM scratch", "COPY release /etc/os-release", f"COPY old {database}", f"COPY new {database}"]
    (context / "Dockerfile").write_text("\n".join(lines) + "\n")
    built = docker("build", "--quiet", "--tag", name, str(context))
    assert built.returncode == 0, built.stderr
    yield name
    docker("image", "rm", "--force", name)


def test_a_bill_of_an_image_is_written_once(run, with_packages, tmp_path):
    folder = tmp_path / "bills"
    options = {"images": {"shop": with_packages}, "dest": str(folder), "exclusive": True}
    predicted = run("image_sbom", True, True, **options)
    assert not folder.exists()
    written = run("image_sbom", False, True, **options)
    again = run("image_sbom", False, True, **options)
    assert (predicted["changed"], predicted["diff"]) == (True, written["diff"])
    assert written["images"][0]["packages"] == 2
    assert not again["changed"]
    assert [path.name for path in folder.iterdir()] == ["shop.cdx.json"]
    found = json.loads((folder / "shop.cdx.json").read_text())
    assert sorted(each["purl"] for each in found["components"] if "purl" in each) == [
        "pkg:apk/alpine/nginx@2-r0?distro=alpine-3.23",
        "pkg:deb/debian/libgd3@2.3-13",
    ]
    gone = run("image_sbom", images={}, dest=str(folder), exclusive=True)
    assert gone["removed"] == [str(folder / "shop.cdx.json")]


def test_an_image_that_is_not_there(run, tmp_path):
    options = {"images": {"shop": f"{PREFIX}-nothing:1"}, "dest": str(tmp_path / "bills")}
    assert run("image_sbom", True, **options)["changed"]
    assert "build or pull it first" in run("image_sbom", **options)["msg"]
