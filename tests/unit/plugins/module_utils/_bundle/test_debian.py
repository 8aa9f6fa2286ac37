# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import (
    archive_uri,
    closure,
    depends,
    host_archive_uri,
    parse_index,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError

DEB822 = """# a comment
Types: deb
URIs: http://mirror.example/debian/ http://second.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
"""
INDEX = """Package: nginx-light
Version: 1.2-3
Depends: nginx (= 1.2), libc6 (>= 2.34) | musl, virtual-thing
Pre-Depends: init-helper
Description: the
 Package: not-a-field

Package: nginx
Version: 1.2
Depends: libc6:any

Package: libc6
Version: 2.36

Package: libc6
Version: 2.31

Package: init-helper
Version: 1
Depends: nginx
"""


@pytest.mark.parametrize(
    ("texts", "uri"),
    [
        ([DEB822], "http://mirror.example/debian"),
        (["deb http://one.example/debian/ bookworm main\n"], "http://one.example/debian"),
        (
            ["deb [signed-by=/k arch=amd64] http://one.example/debian bookworm main contrib\n"],
            "http://one.example/debian",
        ),
        (["# deb http://off.example/debian bookworm main\n", DEB822], "http://mirror.example/debian"),
        ([DEB822.replace("Types: deb\n", "Types: deb\nEnabled: no\n", 1)], None),
        (["deb http://one.example/debian trixie main\n"], None),
        (["deb http://one.example/security bookworm-security main\n"], None),
    ],
)
def test_the_mirror_of_a_suite_is_found_in_both_styles(texts, uri):
    assert archive_uri(texts) == uri


def test_a_host_without_bookworm_is_told_what_to_do(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://one.example/ubuntu noble main\n")
    # Neither of these is read by apt.
    (tmp_path / "sources.list.d" / "old.sources.bak").write_text(DEB822)
    with pytest.raises(BundleError, match="bundle_mode=fetch"):
        host_archive_uri(tmp_path)
    (tmp_path / "sources.list.d" / "debian.sources").write_text(DEB822)
    assert host_archive_uri(tmp_path) == "http://mirror.example/debian"


def test_the_first_stanza_of_a_package_wins():
    index = parse_index(INDEX)
    assert sorted(index) == ["init-helper", "libc6", "nginx", "nginx-light"]
    assert index["libc6"]["Version"] == "2.36"


def test_dependencies_are_names_without_versions_and_alternatives():
    assert depends(parse_index(INDEX)["nginx-light"]) == ["init-helper", "nginx", "libc6", "virtual-thing"]
    assert depends({}) == []


def test_the_closure_leaves_out_what_is_virtual_or_skipped_and_ends_with_circles():
    index = parse_index(INDEX)
    assert closure(index, ["nginx-light"]) == {
        "nginx-light": ["init-helper", "nginx", "libc6"],
        "init-helper": ["nginx"],
        "nginx": ["libc6"],
        "libc6": [],
    }
    assert closure(index, ["nginx"], {"libc6"}) == {"nginx": []}
    assert closure(index, ["nginx", "libc6"], {"libc6"}) == {"nginx": ["libc6"], "libc6": []}


def test_a_package_that_the_mirror_lacks_is_named():
    with pytest.raises(BundleError, match="no package grafana"):
        closure(parse_index(INDEX), ["grafana"])
