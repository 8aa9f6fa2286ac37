# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images without a daemon: the same files give the same archive, which says what is in it."""

from __future__ import annotations

import hashlib
import json
import tarfile

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.archive import layer_of_files, write_archive


def layer(folder, **links):
    program = folder / "program"
    program.write_bytes(b"#!/bin/sh\n")
    program.chmod(0o755)
    text = folder / "text"
    text.write_text("read me")
    text.chmod(0o640)
    target = folder / "layer.tar"
    layer_of_files(target, {"usr/local/bin/program": program, "etc/text": text}, {"bin": "usr/bin", **links})
    return target


def test_a_layer_has_folders_before_files_and_plain_modes(tmp_path):
    with tarfile.open(layer(tmp_path)) as archive:
        members = {member.name: member for member in archive}
    assert list(members) == ["bin", "etc", "etc/text", "usr", "usr/local", "usr/local/bin", "usr/local/bin/program"]
    assert members["bin"].linkname == "usr/bin"
    assert (members["usr"].isdir(), members["usr"].mode) == (True, 0o755)
    assert members["usr/local/bin/program"].mode == 0o755
    assert members["etc/text"].mode == 0o644
    assert {(member.uid, member.gid) for member in members.values()} == {(0, 0)}


def test_the_same_files_give_the_same_bytes_whenever_they_were_written(tmp_path):
    archives = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        target = folder / "image.tar"
        identity = write_archive(target, "demo:1", layer(folder), {"Env": ["A=1"]})
        archives.append((identity, target.read_bytes()))
    assert archives[0] == archives[1]


def test_an_archive_says_what_docker_asks_for(tmp_path):
    made, target = layer(tmp_path), tmp_path / "image.tar"
    identity = write_archive(target, "demo:1", made, {"Entrypoint": ["/program"]})
    with tarfile.open(target) as archive:
        names = archive.getnames()
        (manifest,) = json.load(archive.extractfile("manifest.json"))
        body = archive.extractfile(manifest["Config"]).read()
        content = archive.extractfile("layer.tar").read()
    assert names[0] == "manifest.json"
    assert manifest["RepoTags"] == ["demo:1"]
    assert identity == f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert json.loads(body)["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content).hexdigest()}"]
    assert json.loads(body)["config"] == {"Entrypoint": ["/program"]}
    assert content == made.read_bytes()
