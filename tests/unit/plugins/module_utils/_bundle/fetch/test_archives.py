# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import subprocess
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.archives import (
    archives,
    lay_influxdb,
    lay_wordpress,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError

VERSIONS = {"wordpress": "7.1.2", "influxdb": "1.13.2"}


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def pack(path, files):
    """Write an archive: name to mode."""
    with tarfile.open(path, "w:gz") as tar:
        for name, mode in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(name), mode
            tar.addfile(info, io.BytesIO(name.encode()))
    return path


@pytest.fixture
def places(tmp_path):
    for name in ("tree", "scratch"):
        (tmp_path / name).mkdir()
    return tmp_path / "tree", tmp_path / "scratch"


def test_names_hold_site_version_and_file():
    assert [(each.name, each.checksum) for each in archives(VERSIONS)] == [
        ("wordpress/v7.1.2/wordpress-7.1.2.tar.gz", "sha1"),
        ("influxdata/v1.13.2/influxdb-1.13.2_linux_amd64.tar.gz", ""),
    ]


def test_another_version_is_another_package(tmp_path):
    recipes = [each.package(run, tmp_path).recipe for each in archives(VERSIONS)]
    others = [each.package(run, tmp_path).recipe for each in archives({**VERSIONS, "influxdb": "1.13.3"})]
    assert (recipes[0] == others[0], recipes[1] == others[1]) == (True, False)


def test_wordpress_lies_where_web_applications_do(tmp_path, places):
    archive = pack(tmp_path / "a.tar.gz", {"wordpress/index.php": 0o644, "wordpress/wp-includes/version.php": 0o644})
    lay_wordpress(run, archive, *places)
    assert (places[0] / "usr/share/webapps/wordpress/wp-includes/version.php").is_file()


def test_what_is_no_wordpress_is_refused(tmp_path, places):
    archive = pack(tmp_path / "a.tar.gz", {"other/wp-includes/version.php": 0o644})
    with pytest.raises(BundleError, match="does not hold WordPress"):
        lay_wordpress(run, archive, *places)


@pytest.mark.parametrize("folder", ["influxdb-1.13.2-1/usr/bin/", "./influxdb-1.13.2/", ""])
def test_the_programs_of_influxdb_are_found_in_any_layout(tmp_path, places, folder):
    files = {f"{folder}influxd": 0o755, f"{folder}influx": 0o755, "share/man/influx": 0o644, "etc/influxdb.conf": 0o644}
    lay_influxdb(run, pack(tmp_path / "a.tar.gz", files), *places)
    laid = {file.name: (file.read_text(), file.stat().st_mode & 0o777) for file in (places[0] / "usr/bin").iterdir()}
    assert laid == {name: (f"{folder}{name}", 0o755) for name in ("influxd", "influx")}


@pytest.mark.parametrize("files", [{"a/influxd": 0o755}, {"a/influxd": 0o755, "b/influxd": 0o755, "a/influx": 0o755}])
def test_an_archive_without_exactly_one_of_each_program_is_refused(tmp_path, places, files):
    with pytest.raises(BundleError, match="instead of one"):
        lay_influxdb(run, pack(tmp_path / "a.tar.gz", files), *places)
