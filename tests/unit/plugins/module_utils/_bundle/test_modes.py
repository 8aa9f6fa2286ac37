# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import http.server
import threading
import time
import types

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle import modes
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.contents import paths
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.ensure import Stage, demand_complete
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.info import describe
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import Bundle, BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.modes import (
    absent_packages,
    ask,
    choose,
    unusable,
)

VERSIONS = {
    "kubernetes": "1.2.3",
    "metallb": "7.8.9",
    "kube_network_policies": "0.7.0",
    "etcd_tag": "3.5-0",
    "pause": "3.9",
    "coredns": "1.1",
    "storage_provisioner": "v5",
    "go": "1.26",
}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def do_GET(self):
        if self.path == "/silent":
            self.server.over.wait(10)
            return
        if self.path == "/second":
            # Slow lookups and broken IPv6 come right at the second try.
            self.server.asked = getattr(self.server, "asked", 0) + 1
            self.path = "/gone" if self.server.asked == 1 else "/good"
        self.send_response(
            {"/throttled": 429, "/good": 200, "/v2/": 401, "/login": 401, "/gone": 404, "/gone/v2/": 404}[self.path]
        )
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.over = threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def forgeable():
    return "http://mirror.example/debian"


def not_forgeable():
    raise BundleError("No Debian bookworm mirror.")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/good", None),
        ("/v2/", None),
        ("/login", "HTTP 401"),
        ("/gone", "HTTP 404"),
        ("/gone/v2/", "HTTP 404"),
    ],
)
def test_a_site_is_usable_when_it_has_the_file_and_a_registry_when_it_answers(site, path, reason):
    assert ask(f"{site}{path}") == reason


def test_all_sites_are_asked_at_once(site):
    addresses = {f"silent {number}": f"{site}/silent" for number in range(4)}
    started = time.monotonic()
    found = unusable({**addresses, "good": f"{site}/good", "down": "http://127.0.0.1:1/"}, deadline=5.0)
    # One after the other the silent ones alone would take four times as long.
    assert time.monotonic() - started < 20
    assert found.pop("down") == "Connection refused"
    assert set(found) == set(addresses)


def test_auto_fetches_only_when_every_site_answers(site):
    asked = {"one": f"{site}/good", "registry": f"{site}/v2/"}
    assert choose(asked, {"pip": lambda: None}, [], not_forgeable) == (
        "fetch",
        "all download sites answer: one, pip, registry",
    )
    asked = {"one": f"{site}/good", "two": f"{site}/gone", "three": f"{site}/gone"}
    mode, reason = choose(asked, {}, ["Grafana"], forgeable)
    assert mode == "build"
    assert "three, two: HTTP 404" in reason
    # What the choice costs, and the way out of it.
    assert "half an hour, 22 GB of disk and root, and the bundle is without Grafana" in reason
    assert "bundle_mode=fetch" in reason
    assert choose({}, {"pip": lambda: "no index"}, [], forgeable)[0] == "build"


def test_a_site_that_fails_once_or_asks_for_patience_is_no_reason_to_build(site):
    assert unusable({"throttles": f"{site}/throttled", "stumbles": f"{site}/second"}) == {}


def test_auto_says_what_each_way_lacks_when_there_is_none(site):
    with pytest.raises(BundleError, match=r"(?s)two: HTTP 404.*No Debian bookworm mirror.*bundle_mirrors"):
        choose({"two": f"{site}/gone"}, {}, [], not_forgeable)


def test_only_packages_that_are_absent_are_asked_for(monkeypatch, tmp_path):
    (tmp_path / "header.h").touch()
    signs = {
        "present": "tool",
        "absent": "other",
        "headers": str(tmp_path / "header.h"),
        "more": str(tmp_path / "none.h"),
        "json": "import json",
        "module": "import no_such_module",
    }
    monkeypatch.setitem(modes.PACKAGES, "fetch", signs)
    assert absent_packages("fetch", lambda name: "/usr/bin/tool" if name == "tool" else None) == [
        "absent", "more", "module",
    ]  # fmt: skip


@pytest.fixture
def bundle(tmp_path):
    made = Bundle(tmp_path)
    for path in paths(VERSIONS):
        file = tmp_path / path / "x86_64/one.apk" if path == "apk" else tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
        made.record_tree(path, "recipe", "forge")
    made.manifest["versions"], made.manifest["missing"] = VERSIONS, [{"name": "x"}]
    made.save()
    return made


def parameters(**versions):
    return {"versions": {**VERSIONS, **versions}, "thorough": False}


def test_offline_takes_a_complete_bundle_of_these_versions(bundle):
    demand_complete(bundle, parameters())
    # The compiler that made it, or would make it now, is nothing to its users.
    demand_complete(bundle, parameters(go="1.27", alpine_release="3.1.4"))


def test_offline_names_what_is_missing_damaged_or_of_another_version(bundle):
    (bundle.root / "bin/minikube").unlink()
    (bundle.root / "images/host/etcd.tar").write_text("damaged")
    with pytest.raises(BundleError) as caught:
        demand_complete(bundle, parameters())
    assert "bin/minikube: missing" in str(caught.value)
    assert "images/host/etcd.tar: 7 bytes instead of" in str(caught.value)


def test_offline_refuses_other_versions(bundle):
    with pytest.raises(BundleError, match=r"pause 3\.9 instead of 3\.10"):
        demand_complete(bundle, parameters(pause="3.10"))


def test_offline_refuses_a_bundle_for_other_processors(bundle):
    with pytest.raises(
        BundleError, match=r"was made for amd64, and one for arm64 is wanted.*bundle_architecture=arm64"
    ):
        demand_complete(bundle, parameters(), "arm64")


def test_a_bundle_describes_itself(bundle, tmp_path):
    found = describe(Bundle(tmp_path), thorough=False)
    assert (found["complete"], found["problems"], found["missing"]) == (True, [], [{"name": "x"}])
    # As the first bundles did not say it.
    assert found["architecture"] == "amd64"
    assert found["size"] == sum(len(path) for path in paths(VERSIONS))
    assert {artifact["source"] for artifact in found["artifacts"]} == {"forge"}
    (tmp_path / "bin/kubectl").unlink()
    found = describe(Bundle(tmp_path), thorough=False)
    assert (found["complete"], found["problems"]) == (False, [{"path": "bin/kubectl", "problem": "missing"}])


def test_no_bundle_and_an_unfinished_one_are_incomplete(tmp_path):
    assert describe(Bundle(tmp_path / "none"), thorough=False)["problems"] == [
        {"path": "manifest.json", "problem": "missing"}
    ]
    made = Bundle(tmp_path)
    (tmp_path / "one").write_text("1")
    made.record("one", "recipe", "forge")
    found = describe(Bundle(tmp_path), thorough=False)
    assert (found["complete"], len(found["problems"]), found["artifacts"][0]["path"]) == (False, 1, "one")


@pytest.mark.parametrize(("source", "expected"), [("forge", [{"name": "Grafana"}]), ("https://alpine.example", [])])
def test_what_is_missing_depends_on_where_the_packages_came_from(tmp_path, source, expected):
    made = Bundle(tmp_path)
    (tmp_path / "apk").mkdir()
    (tmp_path / "apk/one.apk").write_text("1")
    made.record_tree("apk", "recipe", source)
    settings = {
        "path": str(tmp_path),
        "work_path": str(tmp_path / "w"),
        "mode": "auto",
        "architecture": "amd64",
        "missing": [{"name": "Grafana"}],
    }
    stage = Stage(types.SimpleNamespace(params=settings, check_mode=False))
    assert stage.missing() == expected
