# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.build.packages import (
    apk_version,
    companions,
    package_url,
    prepare_tree,
    provisions,
)

TABLE = {
    "php84-dom": ["php8.4-xml"],
    "php84-xml": ["php8.4-xml"],
    "wordpress": ["wordpress", "wordpress-theme"],
    "telegraf": [],
}


@pytest.mark.parametrize(
    ("debian", "alpine"),
    [("1:11.8.9+ds-0+deb13u1", "11.8.9-r0"), ("1.6.7~rc0-2+b12", "1.6.7-r0"), ("really", "0-r0")],
)
def test_versions_keep_the_digits_of_upstream(debian, alpine):
    assert apk_version(debian) == alpine


def test_what_a_package_really_is():
    fields = {
        "Package": "libgd3",
        "Version": "1:2.3.3-13+deb13u1",
        "Architecture": "amd64",
        "Source": "libgd2 (2.3.3-13)",
    }
    assert package_url(fields) == (
        "pkg:deb/debian/libgd3@1:2.3.3-13%2Bdeb13u1?arch=amd64&distro=debian-13&upstream=libgd2"
    )


def test_a_package_provides_all_the_names_that_lead_to_it():
    assert provisions(TABLE) == {"php8.4-xml": ["php84-dom", "php84-xml"], "wordpress": ["wordpress"]}


def test_the_first_package_of_a_name_brings_the_others():
    assert companions(TABLE) == {"php8.4-xml": [], "wordpress": ["wordpress-theme"]}


def test_files_get_the_places_that_alpine_uses(tmp_path):
    settings = tmp_path / "usr/share/php8.4-mysql/mysql"
    settings.mkdir(parents=True)
    (settings / "mysqlnd.ini").write_text("; configuration\n; priority=10\nextension=mysqlnd.so\n")
    (settings / "other.ini").write_text("extension=other.so\n")
    (tmp_path / "usr/share/doc/php").mkdir(parents=True)
    prepare_tree("php8.4-cli", tmp_path)
    assert sorted(file.name for file in (tmp_path / "etc/php84/conf.d").iterdir()) == ["10_mysqlnd.ini", "20_other.ini"]
    assert (tmp_path / "usr/bin/php84").readlink().name == "php8.4"
    assert not (tmp_path / "usr/share/doc").exists()
