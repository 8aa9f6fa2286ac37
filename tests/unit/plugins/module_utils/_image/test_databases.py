# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import json

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import databases as util

APK = """C:Q1abc=
P:nginx
V:1.28.0-r3
A:x86_64
S:1
U:https://nginx.org/
L:BSD-2-Clause
o:nginx
D:so:libc.musl-x86_64.so.1
F:etc
R:a.conf
Z:Q1=

P:nginx-openrc
V:1.28.0-r3
A:x86_64
L:BSD-2-Clause
o:nginx

P:deb-libgd3
V:2.3.3-r0
U:pkg:deb/debian/libgd3@2.3.3-13+deb13u1?arch=amd64
A:x86_64
"""
DPKG = """Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.41-12)
Version: 2.41-12
Description: library
 with a second line
 .
 and a third

Package: gone
Status: deinstall ok config-files
Version: 1

Package: bash
Status: hold ok installed
Architecture: amd64
Version: 5.2.37-2+b9
"""


def test_alpine():
    nginx, openrc, packed = util.apk(APK, "alpine-3.23")
    assert (nginx.kind, nginx.namespace, nginx.name, nginx.version) == ("apk", "alpine", "nginx", "1.28.0-r3")
    assert (nginx.license, nginx.origin, nginx.repacks) == ("BSD-2-Clause", "", "")
    assert nginx.qualifiers == {"arch": "x86_64", "distro": "alpine-3.23"}
    assert openrc.origin == "nginx"
    assert (packed.name, packed.repacks) == ("deb-libgd3", "pkg:deb/debian/libgd3@2.3.3-13+deb13u1?arch=amd64")


def test_debian():
    libc, bash = util.dpkg(DPKG, "debian", "debian-13")
    assert (libc.name, libc.version, libc.namespace, libc.origin) == ("libc6", "2.41-12", "debian", "glibc")
    assert (bash.name, bash.origin) == ("bash", "")


def test_a_file_for_each_package():
    """As in Google's images without a shell: there is no status, what is listed is installed."""
    (found,) = util.packages_of({"var/lib/dpkg/status.d/base": b"Package: base-files\nVersion: 12\n"})
    assert (found.name, found.namespace, found.qualifiers["distro"]) == ("base-files", "linux", "linux")


def test_python():
    (found,) = util.python(
        "Metadata-Version: 2.4\nName: Kube_Web.View\nVersion: 21.2\nLicense-Expression: MIT\n\nName: x\n"
    )
    assert (found.kind, found.name, found.version, found.license) == ("pypi", "kube-web-view", "21.2", "MIT")
    assert util.python("no description") == []


def test_composer():
    text = {"packages": [{"name": "twig/twig", "version": "v3.1", "license": ["BSD-3-Clause", "MIT"]}]}
    (found,) = util.composer(json.dumps(text).encode())
    assert (found.namespace, found.name, found.version, found.license) == (
        "twig",
        "twig",
        "v3.1",
        "BSD-3-Clause OR MIT",
    )
    assert util.composer(b"{") == util.composer(b'{"packages": 3}') == util.composer(b'[{"name": "a"}]') == []


def test_go():
    text = "go1.26.8\npath\texample.org/cmd\nmod\texample.org/tool\t(devel)\t\ndep\tgolang.org/x/net\tv0.1.0\th1:x=\n"
    text += "dep\tk8s.io/api\tv0.0.0\n=>\texample.org/fork\tv1.2.3\th1:y=\n"
    text += "dep\tk8s.io/own\tv0.3.0\n=>\t./staging/own\t(devel)\n"
    found = [(each.namespace, each.name, each.version) for each in util.go(text + "build\t-compiler=gc\n")]
    assert found == [
        ("", "stdlib", "1.26.8"),
        ("example.org", "tool", ""),
        ("golang.org/x", "net", "v0.1.0"),
        ("example.org", "fork", "v1.2.3"),
        ("k8s.io", "own", "v0.3.0"),
    ]


def uleb(number):
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def program(before, modules=b"mod\texample.org/tool\tv1.0.0\n" * 20, flags=2):
    """A program of Go as its linker writes it, with other bytes in front."""
    text = b"<" * 16 + modules + b">" * 16
    head = (b"\xff Go buildinf:\x08" + bytes([flags])).ljust(32, b"\0")
    return b"\x7fELF" + before + head + uleb(len(b"go1.26.8")) + b"go1.26.8" + uleb(len(text)) + text + b"rest" * 99


@pytest.mark.parametrize("before", [12, 44, 4076, 4092, 8188, 100_012])
def test_the_list_is_found_wherever_it_is(before):
    found = util.go_modules(io.BytesIO(program(b"x" * before)), chunk=4096)
    assert found.startswith(b"go1.26.8\nmod\texample.org/tool\tv1.0.0\n")
    assert found.endswith(b"v1.0.0\n")
    assert found.count(b"mod\t") == 20


def test_the_letters_alone_are_no_list():
    decoys = b"\xff Go buildinf:".ljust(16, b"\0") * 3 + b"x\xff Go buildinf:" + b"y"
    decoys += b"z" * (-(len(decoys) + 4) % 16)
    assert util.go_modules(io.BytesIO(program(decoys))).startswith(b"go1.26.8\nmod")
    assert util.go_modules(io.BytesIO(b"\x7fELF" + b"x" * 12 + decoys)) is None


def test_other_programs():
    assert util.go_modules(io.BytesIO(b"#!/bin/sh\n")) is None
    assert util.go_modules(io.BytesIO(b"")) is None
    assert util.go_modules(io.BytesIO(b"\x7fELF" + b"x" * 100_000), chunk=4096) is None
    # Before Go 1.18 there were pointers in place of the texts.
    assert util.go_modules(io.BytesIO(program(b"x" * 12, flags=0))) is None


def test_what_an_image_has():
    files = {
        "etc/os-release": b'ID=alpine\nVERSION_ID="3.23.6"\n',
        "lib/apk/db/installed": APK.encode(),
        "usr/bin/tool": b"go1.26.8\nmod\texample.org/tool\tv1\n",
        "usr/lib/python3.12/site-packages/a-1.dist-info/METADATA": b"Name: a\nVersion: 1\n",
    }
    assert {name for name in files if not util.wanted(name)} == {"usr/bin/tool"}
    found = util.packages_of(files)
    assert [each.name for each in found] == ["nginx", "nginx-openrc", "deb-libgd3", "stdlib", "tool", "a"]
    assert found[0].qualifiers["distro"] == "alpine-3.23.6"
    assert found[-2].found_in == "usr/bin/tool"
    assert util.distribution(files) == ("alpine", "3.23.6")
    assert util.distribution({}) == ("", "")
