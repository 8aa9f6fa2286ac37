# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._docker_engine import facts
from ansible_collections.fortytwo.ft_services.plugins.module_utils._packages import parse_os_release

WANTED = facts.Wanted("23.0", 15, 8192, 524288)
RUNNING = facts.Host(
    "/var/run/docker.sock",
    uid=1000,
    user="alice",
    data_folder="/var/lib/docker",
    free_gb=100,
    answers=True,
    installed=True,
    empty=False,
    version="26.1.5+dfsg1",
    distribution="debian",
    debian_like=True,
    codename="bookworm",
    inotify_instances=8192,
    inotify_watches=524288,
)
BARE = dataclasses.replace(
    RUNNING, uid=0, user="root", answers=False, installed=False, empty=None, version=None, archives=[{"uris": ["x"]}]
)


def test_a_running_engine_is_ready_without_root():
    assert facts.is_ready(RUNNING, WANTED)
    assert facts.warnings(RUNNING, WANTED) == []


def test_a_bare_host_is_not_ready_but_has_no_problem():
    assert not facts.is_ready(BARE, WANTED)
    assert facts.problems(BARE, WANTED) == []


@pytest.mark.parametrize(
    ("host", "changes", "part"),
    [
        (RUNNING, {"version": "20.10.24+dfsg1"}, "older than 23.0"),
        (RUNNING, {"answers": False, "version": "20.10.24+dfsg1", "uid": 0}, "older than 23.0"),
        (RUNNING, {"answers": False, "denied": True}, "may not use the docker socket"),
        (RUNNING, {"answers": False, "error": "refused"}, "cannot start it"),
        (RUNNING, {"empty": True, "free_gb": 14.9}, "14.9 GB are free"),
        (RUNNING, {"missing_members": ["bob"]}, "needs root"),
        (RUNNING, {"unknown_users": ["bob"]}, "No such user"),
        (BARE, {"uid": 1000, "user": "alice"}, "run the play with --become"),
        (BARE, {"debian_like": False, "distribution": "rocky", "distribution_like": ("rhel",)}, "docker-ce"),
        (BARE, {"debian_like": False, "distribution": "nixos"}, "packages in nixos are not known here"),
        (BARE, {"debian_like": False, "distribution": "fedora", "uid": 1000}, "run the play with --become"),
        (BARE, {"codename": "bullseye"}, "Debian 11 offers none newer"),
        (BARE, {"archives": []}, "no source of Debian bookworm"),
        (BARE, {"free_gb": 3}, "3.0 GB are free"),
    ],
)
def test_each_obstacle_is_named_alone(host, changes, part):
    found = facts.problems(dataclasses.replace(host, **changes), WANTED)
    assert len(found) == 1
    assert part in found[0]
    assert not facts.is_ready(dataclasses.replace(host, **changes), WANTED)


def test_little_space_is_no_obstacle_for_a_platform_that_runs():
    host = dataclasses.replace(RUNNING, free_gb=3)
    assert facts.is_ready(host, WANTED)
    assert "3.0 GB" in facts.warnings(host, WANTED)[0]


def test_low_limits_are_work_for_root_and_a_warning_for_others():
    low = dataclasses.replace(RUNNING, inotify_instances=128)
    assert facts.is_ready(low, WANTED)
    assert "only root" in facts.warnings(low, WANTED)[0]
    assert not facts.is_ready(dataclasses.replace(low, uid=0), WANTED)
    assert facts.warnings(dataclasses.replace(low, uid=0), WANTED) == []


@pytest.mark.parametrize(
    ("text", "expected"), [("26.1.5+dfsg1", (26, 1)), ("23", (23, 0)), ("", (0, 0)), (None, (0, 0))]
)
def test_version_tuple(text, expected):
    assert facts.version_tuple(text) == expected


def test_os_release():
    release = parse_os_release('ID=linuxmint\nID_LIKE="ubuntu debian"\n# ID=x\nVERSION_CODENAME=zara\n')
    assert release["VERSION_CODENAME"] == "zara"
    assert facts.is_debian_like(release)
    assert not facts.is_debian_like({"ID": "fedora"})


DEB822 = """# a comment
Types: deb deb-src
URIs: https://mirror.example.com/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: https://other.example.com/
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: https://other.example.com/
Suites: nodistro
Components: main
"""
ONE_LINE = """# deb https://mirror.example.com/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] https://mirror.example.com/security bookworm-security main # why
deb-src https://mirror.example.com/debian bookworm main
deb https://mirror.example.com/debian bookworm contrib
"""


def test_archives_of_the_release_are_found_in_both_styles():
    found = facts.debian_archives({"debian.sources": DEB822, "sources.list": ONE_LINE}, "bookworm")
    assert found == [
        {
            "uris": ["https://mirror.example.com/debian"],
            "suites": ["bookworm", "bookworm-updates"],
            "components": ["main", "contrib"],
            "signed_by": "/usr/share/keyrings/debian.gpg",
        },
        {
            "uris": ["https://mirror.example.com/security"],
            "suites": ["bookworm-security"],
            "components": ["main"],
            "signed_by": "/k.gpg",
        },
    ]


def test_a_key_inside_the_source_is_kept():
    text = "Types: deb\nURIs: https://m.example.com\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n .\n"
    assert facts.debian_archives({"a.sources": text}, "bookworm")[0]["signed_by"] == "\n-----BEGIN\n."
