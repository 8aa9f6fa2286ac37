# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import types

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import ARM64
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.images import (
    Registries,
    Watch,
    check_registries,
    last_words,
    locate,
    name_in_archive,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError


@pytest.mark.parametrize(
    ("registries", "repository", "plain"),
    [
        ({}, "registry.k8s.io/coredns/coredns", False),
        ({"quay.io": "other"}, "registry.k8s.io/coredns/coredns", False),
        ({"registry.k8s.io": "mirror.example"}, "mirror.example/coredns/coredns", False),
        ({"registry.k8s.io": "https://mirror.example:8443/k8s/"}, "mirror.example:8443/k8s/coredns/coredns", False),
        ({"registry.k8s.io": "http://mirror.example/k8s"}, "mirror.example/k8s/coredns/coredns", True),
        ({"registry.k8s.io": "127.0.0.1:5000"}, "127.0.0.1:5000/coredns/coredns", True),
        ({"registry.k8s.io": "https://localhost:5000"}, "localhost:5000/coredns/coredns", False),
    ],
)
def test_an_image_is_pulled_from_its_registry_or_the_mirror(registries, repository, plain):
    assert locate("registry.k8s.io/coredns/coredns:v1.2", registries) == (repository, "v1.2", plain)


def test_the_address_of_a_registry():
    assert locate("quay.io/a/b:v1", {}).api == "https://quay.io/v2/"
    assert locate("quay.io/a/b:v1", {"quay.io": "localhost:5000/x"}).api == "http://localhost:5000/v2/"


def test_a_mirror_for_a_registry_that_nothing_comes_from_is_refused():
    with pytest.raises(BundleError, match=r"registry docker\.io"):
        check_registries({"docker.io": "mirror.example"}, {"quay.io"})
    with pytest.raises(BundleError, match=r"registry quay\.io is no address"):
        check_registries({"quay.io": "ftp://mirror.example"}, {"quay.io"})
    assert check_registries({"quay.io": "http://mirror.example"}, {"quay.io"}) == ["quay.io"]
    assert check_registries({"quay.io": "mirror.example/x"}, {"quay.io"}) == []


def test_the_last_words_of_skopeo_are_read_without_their_decoration():
    log = r'time="2026" level=warning msg="first"' + "\n" + r'time="2026" level=fatal msg="Get \"http://x/\": refused"'
    assert last_words(f"skopeo failed with exit code 1:\n{log}") == 'Get "http://x/": refused'
    assert last_words("skopeo: not found\n") == "skopeo: not found"


def archive(folder, names, spare=0):
    file = folder / "image.tar"
    text = json.dumps([{"Config": "c.json", "RepoTags": names, "Layers": ["l.tar"]}], separators=(",", ":")).encode()
    with tarfile.open(file, "w") as tar:
        for name, content in (
            ("l.tar", b"layer" * 1000),
            ("manifest.json", text + b" " * spare),
            ("repositories", b"{}"),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file


def test_the_name_in_an_archive_is_corrected_in_place(tmp_path):
    file = archive(tmp_path, ["docker.io/fortytwo/kicbase:v1"])
    size = file.stat().st_size
    name_in_archive(file, "fortytwo/kicbase:v1")
    assert file.stat().st_size == size
    with tarfile.open(file) as tar:
        content = {member.name: tar.extractfile(member).read() for member in tar}
    assert json.loads(content["manifest.json"])[0]["RepoTags"] == ["fortytwo/kicbase:v1"]
    assert (content["l.tar"], content["repositories"]) == (b"layer" * 1000, b"{}")


def test_a_right_name_leaves_the_archive_untouched(tmp_path):
    file = archive(tmp_path, ["quay.io/a/b:v1"])
    before = file.read_bytes()
    name_in_archive(file, "quay.io/a/b:v1")
    assert file.read_bytes() == before


def test_a_name_that_does_not_fit_is_an_error(tmp_path):
    with pytest.raises(BundleError, match="no room"):
        name_in_archive(archive(tmp_path, ["short:1"]), "a/much/longer/reference:v1")


def test_a_digest_is_that_of_the_manifest_as_it_was_sent():
    calls = []
    registries = Registries(lambda command, **options: calls.append(command) or '{"läyers": 1}\n', print, 9)
    location = locate("quay.io/a/b:v1", {"quay.io": "127.0.0.1:5000"})
    assert registries.digest(location) == hashlib.sha256('{"läyers": 1}\n'.encode()).hexdigest()
    (command,) = calls
    assert command[-2:] == ["--tls-verify=false", "docker://127.0.0.1:5000/a/b:v1"]


def test_what_is_taken_of_a_list_is_what_the_bundle_is_for():
    calls = []
    registries = Registries(lambda command, **options: calls.append(command) or "{}", print, 9, ARM64)
    registries.digest(locate("quay.io/a/b:v1", {}))
    assert calls[0][:5] == ["skopeo", "--override-os", "linux", "--override-arch", "arm64"]


def test_a_copy_is_by_digest_and_an_error_names_it(tmp_path):
    calls = []

    def run(command, **options):
        calls.append((command, options["cwd"]))
        raise BundleError('level=fatal msg="manifest unknown"')

    location = locate("quay.io/a/b:v1", {})
    with pytest.raises(BundleError, match=r"copying docker://quay\.io/a/b@sha256:abc: manifest unknown\."):
        Registries(run, print, 9).copy(location, "abc", "quay.io/a/b:v1", tmp_path / "x:y" / "f.tar", tmp_path)
    ((command, folder),) = calls
    assert "--src-tls-verify=false" not in command
    assert (command[-1], folder) == ("docker-archive:f.tar:quay.io/a/b:v1", str(tmp_path / "x:y"))


@pytest.mark.parametrize("grows", [True, False])
def test_a_program_that_writes_nothing_is_ended(tmp_path, grows):
    killed = threading.Event()
    process = types.SimpleNamespace(kill=killed.set)
    watch = Watch([tmp_path / "target", tmp_path], "image", lambda text: None, 0.3)
    looking = threading.Thread(target=watch._look, args=(process, 0.02))
    looking.start()
    if grows:
        for count in range(30):
            (tmp_path / "part").write_bytes(b"x" * count)
            assert not killed.wait(0.02)
        watch.stop()
    looking.join(10)
    assert (killed.is_set(), watch.stalled) == (not grows, not grows)
