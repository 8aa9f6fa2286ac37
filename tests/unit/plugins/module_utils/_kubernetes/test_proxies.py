# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.proxies import (
    PRIVATE,
    Proxy,
    choose_proxy,
    direct_environment,
    is_excepted,
    is_private,
)


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("192.168.49.2", True),
        ("10.1.2.3", True),
        ("127.0.0.1", True),
        ("169.254.1.1", True),
        ("[::1]", True),
        ("fd00::1", True),
        ("localhost", True),
        ("control-plane.minikube.internal", True),
        ("node1", True),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("cluster.example.com", False),
    ],
)
def test_private_addresses(url, private):
    assert is_private(url) is private


@pytest.mark.parametrize(
    ("no_proxy", "excepted"),
    [
        ("", False),
        ("other.com", False),
        ("*", True),
        ("k8s.example.com", True),
        ("K8S.example.com:6443", True),
        ("k8s.example.com:443", False),
        (".example.com", True),
        ("example.com", True),
        ("*.example.com", True),
        ("ample.com", False),
        (" a, example.com ", True),
    ],
)
def test_exceptions_by_name(no_proxy, excepted):
    assert is_excepted("k8s.example.com", 6443, no_proxy) is excepted


def test_exceptions_by_network():
    assert is_excepted("8.8.8.8", 443, "8.8.0.0/16")
    assert is_excepted("8.8.8.8", 443, "8.8.8.8")
    assert not is_excepted("8.8.8.8", 443, "8.9.0.0/16,.8")


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://192.168.49.2:8443", None),
        ("https://localhost:6443", None),
        ("https://k8s.example.com", Proxy("http://proxy:3128", "HTTPS_PROXY in the environment")),
        ("http://k8s.example.com", None),
    ],
)
def test_the_environment_is_for_the_internet(url, proxy):
    assert choose_proxy(url, None, None, None) == proxy


def test_what_is_named_for_the_cluster_comes_first():
    url = "https://192.168.49.2:8443"
    assert choose_proxy(url, "here:1", "http://there:2", None) == Proxy("http://here:1", "the option proxy")
    assert choose_proxy(url, None, "socks5://there:2", None).url == "socks5://there:2"
    assert choose_proxy(url, "http://here:1", None, "192.168.0.0/16") is None
    assert choose_proxy("https://k8s.example.com", None, None, "example.com") is None


def test_no_proxy_of_the_environment(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "example.com")
    assert choose_proxy("https://k8s.example.com", None, None, None) is None
    assert choose_proxy("https://k8s.example.com", None, None, "other.com") is not None


def test_programs_reach_private_addresses_too(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "example.com")
    found = direct_environment()
    assert found["NO_PROXY"] == found["no_proxy"] == f"example.com,{PRIVATE}"
    for name in ("192.168.49.2", "10.0.0.1", "fd00::1", "localhost", "a.internal", "k8s.example.com"):
        assert is_excepted(name, 443, found["NO_PROXY"])
    assert not is_excepted("8.8.8.8", 443, PRIVATE)


def test_passwords_are_not_shown():
    proxy = Proxy("http://me:hunter%322@proxy:3128", "the option proxy")
    assert proxy.shown == "http://proxy:3128"
    assert proxy.user == "me:hunter22"
