# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import shutil
import subprocess

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import (
    Debian,
    host_security_uri,
    newest,
    version_key,
)

# Each is older than the next one.
ORDERED = [
    "0.9",
    "1.0~beta1",
    "1.0~beta1+x",
    "1.0",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1+deb12u9",
    "1.0-1+deb12u10",
    "1.0-1+deb12u11",
    "1.0a",
    "1.0+dfsg-1",
    "1.0.1",
    "1.0.10~ds1-6+b4",
    "1.0.10~ds1-6+deb13u1",
    "8.4.27-1",
    "8.4.28-1~deb13u1",
    "8.4.28-1",
    "1:0.1",
]


@pytest.mark.parametrize(("older", "newer"), list(itertools.pairwise(ORDERED)))
def test_versions_have_the_order_of_debian(older, newer):
    assert version_key(older) < version_key(newer)
    assert version_key(newer) > version_key(older)
    assert version_key(newer) == version_key(newer)


@pytest.mark.skipif(not shutil.which("dpkg"), reason="dpkg is not there to compare with")
def test_dpkg_says_the_same():
    for number, older in enumerate(ORDERED):
        for newer in ORDERED[number + 1 :]:
            assert subprocess.run(["dpkg", "--compare-versions", older, "lt", newer], check=False).returncode == 0


def test_the_newest_version_of_all_suites_wins():
    main = {"nginx": {"Version": "1.26.3-3+deb13u1"}, "libgd3": {"Version": "2.3.3-13"}}
    security = {"nginx": {"Version": "1.26.3-3+deb13u2"}, "libgd3": {"Version": "2.3.3-12"}, "new": {"Version": "1"}}
    for order in ((main, security), (security, main)):
        found = {name: fields["Version"] for name, fields in newest(*order).items()}
        assert found == {"nginx": "1.26.3-3+deb13u2", "libgd3": "2.3.3-13", "new": "1"}


@pytest.mark.parametrize("secured", [True, False])
def test_the_private_apt_has_the_security_suites_of_the_host(tmp_path, monkeypatch, secured):
    """apt-get and its helper are stand-ins; which suites they are asked about is what counts."""
    apt = tmp_path / "etc"
    (apt / "sources.list.d").mkdir(parents=True)
    text = "deb http://mirror.example/debian bookworm main\n"
    if secured:
        text += "deb http://mirror.example/security bookworm-security main\n"
    (apt / "sources.list").write_text(text)
    assert host_security_uri(apt) == ("http://mirror.example/security" if secured else None)
    place = "ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian"
    monkeypatch.setattr(f"{place}.host_archive_uri", lambda: "http://mirror.example/debian")
    monkeypatch.setattr(f"{place}.host_security_uri", lambda: host_security_uri(apt))

    def run(command, **options):
        if command[1] == "indextargets":
            return command[-1].removeprefix("Codename: ")
        if command[1] == "cat-file":
            number = 2 if command[2].endswith("-security") else 1
            return f"Package: nginx\nVersion: 1.0-{number}\n"
        return ""

    debian = Debian(run, tmp_path / "apt")
    assert debian.index("trixie")["nginx"]["Version"] == ("1.0-2" if secured else "1.0-1")
    assert debian.index("trixie-backports")["nginx"]["Version"] == "1.0-1"
    written = (tmp_path / "apt" / "all.sources").read_text()
    assert ("Suites: trixie-security" in written) is secured
