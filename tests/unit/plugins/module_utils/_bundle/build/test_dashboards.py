# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archives here are synthetic: they have the folders of Grafana's archive and nothing of its programs."""

from __future__ import annotations

import io
import subprocess
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.dashboards import (
    SLOT,
    grafana,
    slot,
    slot_sources,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of

FILES = tuple(
    "bin/grafana bin/grafana-server conf/defaults.ini data/plugins-bundled/x/plugin.json public/index.html "
    "docs/sources/x.md LICENSE".split()
)


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def drop(bundle, name="grafana-12.2.8.linux-amd64.tar.gz", files=FILES):
    folder = bundle / "slots/grafana"
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / name, "w:gz") as archive:
        for path in files:
            entry = tarfile.TarInfo(f"grafana-12.2.8/{path}")
            entry.size = len(path)
            archive.addfile(entry, io.BytesIO(path.encode()))
    return folder / name


def lay(extra, folder):
    tree, scratch = folder / "tree", folder / "scratch"
    tree.mkdir()
    scratch.mkdir()
    extra.lay(tree, scratch)
    return tree


def test_without_an_archive_there_is_no_package(tmp_path):
    assert slot(tmp_path) is None
    assert grafana(run, tmp_path) == []


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("grafana-12.2.8.linux-amd64.tar.gz", "12.2.8"),
        ("grafana-enterprise-11.6.0.linux-amd64.tar.gz", "11.6.0"),
        ("grafana_12.3.1_19271043721_linux_amd64.tar.gz", "12.3.1"),
        ("grafana-v11.5.2.linux-amd64.tar.gz", "11.5.2"),
    ],
)
def test_the_version_is_in_the_name(tmp_path, name, version):
    drop(tmp_path, name)
    (extra,) = grafana(run, tmp_path)
    assert (extra.name, extra.version) == ("grafana", version)


def test_the_files_lie_where_alpines_package_has_them(tmp_path):
    drop(tmp_path)
    (extra,) = grafana(run, tmp_path)
    tree = lay(extra, tmp_path)
    found = sorted(str(file.relative_to(tree)) for file in tree.rglob("*") if file.is_file())
    assert found == [
        "usr/bin/grafana",
        "usr/share/grafana/LICENSE",
        "usr/share/grafana/conf/defaults.ini",
        "usr/share/grafana/data/plugins-bundled/x/plugin.json",
        "usr/share/grafana/public/index.html",
    ]
    assert (tree / "usr/bin/grafana").stat().st_mode & 0o777 == 0o755


def test_another_archive_is_another_recipe(tmp_path):
    drop(tmp_path)
    (first,) = grafana(run, tmp_path)
    drop(tmp_path, files=(*FILES, "VERSION"))
    (second,) = grafana(run, tmp_path)
    assert first.recipe != second.recipe


def test_what_is_no_grafana_is_refused(tmp_path):
    drop(tmp_path, files=("bin/grafana",))
    (extra,) = grafana(run, tmp_path)
    with pytest.raises(BundleError, match=r"no conf/defaults\.ini, public"):
        lay(extra, tmp_path)


@pytest.mark.parametrize(
    "name", ["grafana-12.2.8.linux-arm64.tar.gz", "grafana-12.2.8.linux-amd64.zip", "other.tar.gz"]
)
def test_what_nobody_would_find_is_refused_and_not_passed_over(tmp_path, name):
    (tmp_path / SLOT).mkdir(parents=True)
    (tmp_path / SLOT / name).touch()
    with pytest.raises(BundleError, match=f"holds {name}"):
        slot(tmp_path)


def test_two_archives_are_refused(tmp_path):
    drop(tmp_path)
    drop(tmp_path, "grafana-12.2.9.linux-amd64.tar.gz")
    with pytest.raises(BundleError, match="one archive of Grafana"):
        slot(tmp_path)


def test_the_manifest_tells_which_archive_it_was(tmp_path):
    assert slot_sources(tmp_path) == {}
    archive = drop(tmp_path)
    expected = {"sha256": sha256_of(archive), "url": "put there by the user"}
    assert slot_sources(tmp_path) == {f"{SLOT}/grafana-12.2.8.linux-amd64.tar.gz": expected}
