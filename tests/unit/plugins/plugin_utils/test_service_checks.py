# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What services say of their verification."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _service_checks, _services

IMAGES = Path(__file__).resolve().parents[4] / "images"
FILE = Path("/own/web/checks.yml")
DEFAULTS = {"exec": {"namespace": "n"}, "tls": {"ca_file": "/ca"}, "credential": {"credentials_file": "/c"}}


def lists(**parts):
    return _service_checks.check_file(parts, FILE)


def check(**changes):
    return {"id": "WEB-01", "title": "It serves", "kind": "http", **changes}


def test_an_empty_file_says_nothing():
    assert lists() == {"requirements": [], "checks": [], "faults": []}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "must be a mapping"),
        ({"check": []}, "check is not a key"),
        ({"checks": {}}, "checks must be a list"),
        ({"checks": [{"id": "A"}]}, "checks.0.title is missing; checks.0.kind is missing"),
        ({"checks": ["A"]}, "checks.0 must be a mapping"),
        ({"requirements": [{"id": "A", "title": "B", "service": "c"}]}, "requirements.0.service is not a key"),
        ({"faults": [{"id": "A", "action": "burn"}]}, "faults.0.action must be one of delete_pod"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(content, words):
    with pytest.raises(_services.ServicesError, match=f"/own/web/checks.yml: .*{words}"):
        _service_checks.check_file(content, FILE)


def test_a_check_need_not_say_what_is_the_same_for_all():
    checks = [
        check(kind="exec"),
        check(kind="exec", workload="deploy/other"),
        check(url="https://a/"),
        check(url="http://a/"),
        check(kind="ftps", credential="x"),
        check(kind="tls", ca_file="/mine"),
    ]
    made = _service_checks.collect({"web": lists(checks=checks)}, DEFAULTS)["checks"]
    assert [entry["service"] for entry in made] == ["web"] * len(checks)
    assert [entry.get("workload") for entry in made[:2]] == ["deploy/web", "deploy/other"]
    assert made[0]["namespace"] == "n"
    assert [entry.get("ca_file") for entry in made[2:]] == ["/ca", None, "/ca", "/mine"]
    assert [entry.get("credentials_file") for entry in made[2:]] == [None, None, "/c", None]


def test_what_needs_a_service_that_is_off_is_not_tried_and_the_report_says_so():
    parts = lists(
        checks=[check(requires=["db"]), check()], requirements=[{"id": "WEB-01", "title": "T", "requires": ["db"]}]
    )
    found = _service_checks.collect({"web": parts}, {})
    assert len(found["checks"]) == 1
    assert found["requirements"] == [{"id": "WEB-01", "title": "T", "services": ["web", "db"]}]
    assert len(_service_checks.collect({"web": parts, "db": lists()}, {})["checks"]) == 2


def test_a_check_that_needs_a_password_of_somebody_else_is_left_out():
    checks = [{"id": name, "title": "T", "kind": "http", "credential": name} for name in ("mine", "theirs")]
    found = _service_checks.collect({"web": lists(checks=checks)}, {}, credentials={"mine"})["checks"]
    assert [check["id"] for check in found] == ["mine"]
    assert len(_service_checks.collect({"web": lists(checks=checks)}, {})["checks"]) == 2
    assert _service_checks.held([{"credentials": [{"name": "mine"}]}, {"name": "job"}]) == {"mine"}


def test_requirements_stand_by_area_and_those_of_faults_have_a_reason():
    web = lists(
        requirements=[{"id": "WEB-02", "title": "T"}, {"id": "RST-01", "title": "R"}, {"id": "WEB-01", "title": "T"}],
        faults=[{"id": "RST-01", "proves": ["WEB-02"]}],
    )
    rows = _service_checks.collect(
        {"web": web}, {}, [{"id": "ENV-01", "title": "E"}, {"id": "RST-09", "title": "R"}], "later"
    )
    assert [row["id"] for row in rows["requirements"]] == ["ENV-01", "RST-01", "RST-09", "WEB-01", "WEB-02"]
    assert [row.get("reason") for row in rows["requirements"]] == [None, "later", None, None, "later"]
    assert rows["faults"] == [{"id": "RST-01", "proves": ["WEB-02"], "service": "web"}]


@pytest.mark.parametrize("file", sorted(IMAGES.glob("*/checks.yml")), ids=lambda file: file.parent.name)
def test_the_files_of_the_collection_are_right(file):
    found = _service_checks.check_file(yaml.safe_load(file.read_text()), file)
    ids = {row["id"] for row in found["requirements"]}
    for fault in found["faults"]:
        assert {fault["id"], *fault.get("proves", [])} <= ids
    row = yaml.safe_load((file.parent / "service.yml").read_text())
    for fault in found["faults"]:
        if "process" in fault:
            assert fault["process"] in row["processes"]


def test_what_shows_rights_in_the_cluster_is_not_tried_without_them():
    parts = lists(checks=[check(cluster_rights=True), check(id="WEB-02")])
    whole = _service_checks.collect({"web": parts}, {})["checks"]
    assert [entry["id"] for entry in whole] == ["WEB-01", "WEB-02"]
    assert "cluster_rights" not in whole[0]
    less = _service_checks.collect({"web": parts}, {}, cluster_rights=False)["checks"]
    assert [entry["id"] for entry in less] == ["WEB-02"]
