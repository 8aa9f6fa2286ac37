# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on each requirement, on the screen, as JUnit XML and as HTML."""

from __future__ import annotations

import pathlib
from xml.etree import ElementTree

import jinja2
import yaml

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._verification.report import (
    check_lines,
    table_lines,
    verification_junit,
    verification_report,
)

PLATFORM = {"platform": "p", "address": "a", "namespace": "n", "at": "2026-01-31T12:00:00Z"}
REPOSITORY = pathlib.Path(__file__).parents[5]
TEMPLATE = REPOSITORY / "roles" / "verify" / "templates" / "report.html.j2"
REQUIREMENTS = [
    {"id": "NGX-01", "title": "Redirect", "services": ["nginx"]},
    {"id": "LB-02", "title": "Types", "services": ["nginx", "ftps"]},
    {"id": "LB-09", "title": "Ports", "services": ["nginx", "ftps"]},
    {"id": "FTP-01", "title": "TLS", "services": ["ftps"], "reason": "never shown"},
    {"id": "DB-01", "title": "Data", "reason": "interrupts"},
    {"id": "NGX-02", "title": "Page", "services": ["nginx"]},
]


def check(name, ok=True, measured="seen"):
    return {
        "id": name,
        "title": f"Title of {name}",
        "ok": ok,
        "measured": measured,
        "expected": "x",
        "message": "" if ok else f"expected x; seen: {measured}.",
        "seconds": 0.25,
        "attempts": 1,
    }


def report(*checks, previous=None):
    return verification_report(checks, REQUIREMENTS, [{"name": "nginx"}], PLATFORM, previous)


def render(known):
    page = jinja2.Environment(autoescape=False).from_string(TEMPLATE.read_text(encoding="utf-8"))
    return page.render(__verify_report=known, __verify_areas={"LB": "Load <balancer>"})


SAMPLE = report(
    check("NGX-01"), check("NGX-01/path"), check("LB-02", ok=False, measured="y"), check("LB-09"), check("NEW-1")
)


def test_nothing_untried_is_passed():
    assert {row["id"]: row["verdict"] for row in SAMPLE["rows"]} == {
        "NGX-01": "passed",
        "LB-02": "failed",
        "LB-09": "skipped",
        "FTP-01": "skipped",
        "DB-01": "skipped",
        "NGX-02": "skipped",
        "NEW-1": "passed",
    }
    assert SAMPLE["counts"] == {"passed": 2, "failed": 1, "skipped": 4}


def test_what_is_about_a_server_outside_of_the_cluster_is_not_tried():
    server = {"name": "mysql", "kind": "external", "external": {"host": "db.example.org"}}
    needs = [{"id": "WP-03", "title": "T", "services": ["nginx", "mysql"]}]
    (row,) = verification_report([check("WP-03")], needs, [{"name": "nginx"}, server], PLATFORM)["rows"]
    assert (row["verdict"], row["reason"]) == ("skipped", "outside of the cluster: mysql, which is db.example.org")


def test_lines_tell_failures_and_reasons():
    assert check_lines(SAMPLE) == [
        "2 requirements passed, 1 failed, 4 not tried; 5 checks",
        "failed: LB-02 Title of LB-02: expected x; seen: y.",
        "not tried: LB-09, FTP-01 (not installed: ftps)",
        "not tried: DB-01 (interrupts)",
        "not tried: NGX-02 (no check for it yet)",
    ]


def test_table_has_every_requirement_and_what_was_seen():
    lines = table_lines(SAMPLE)
    assert len(lines) == 7
    assert lines[0] == "NGX-01  passed     Redirect: seen (and 1 more)"
    assert lines[1] == "LB-02   failed     Types: y"
    assert lines[4] == "DB-01   not tried  Data: interrupts"


def test_junit_has_a_test_case_for_each_requirement():
    root = ElementTree.fromstring(verification_junit(SAMPLE))
    assert {key: root.get(key) for key in ("tests", "failures", "skipped", "errors", "time")} == {
        "tests": "7",
        "failures": "1",
        "skipped": "4",
        "errors": "0",
        "time": "1.250",
    }
    assert [suite.get("name") for suite in root] == ["NGX", "LB", "FTP", "DB", "NEW"]
    cases = {case.get("name").split()[0]: case for case in root.iter("testcase")}
    assert cases["LB-02"].find("failure").get("message") == "expected x; seen: y."
    assert cases["DB-01"].find("skipped").get("message") == "interrupts"
    assert cases["NGX-01"].find("failure") is None
    assert cases["NGX-01"].find("system-out").text == "NGX-01: ok: seen\nNGX-01/path: ok: seen"
    assert sum(int(suite.get("tests")) for suite in root) == 7


def test_junit_survives_what_services_say():
    hostile = '\x00\x1b[31m <&>" ]]> \ud800 \U0001f600'
    root = ElementTree.fromstring(verification_junit(report(check("NGX-01", ok=False, measured=hostile))).encode())
    assert "<&>" in root.find(".//failure").get("message")
    assert "\U0001f600" in root.find(".//system-out").text


def test_page_escapes_what_services_say_and_loads_nothing():
    hostile = "<script>evil()'\"&"
    text = render(report(check("NGX-01", measured=hostile), check("LB-02", False, hostile)))
    assert "<script" not in text
    assert text.count("&lt;script&gt;evil()") == 3
    assert all(word not in text for word in (" src=", "url(", "<link", "<img", "href=", "@import"))
    assert "default-src 'none'" in text
    assert text.count('data-verdict="failed" open>') == 1
    for row in SAMPLE["rows"][:-1]:
        assert f'<span class="id">{row["id"]}</span>' in text


def test_page_has_what_failed_first_and_words_for_people():
    known = report(
        check("NGX-01"), {**check("LB-02", ok=False), "seconds": 65.4}, {**check("LB-09"), "seconds": 5.7928}
    )
    text = render(known)
    places = [text.index(part) for part in ("<h2>Since", "<h2>Failed", ">LB-02<", "<h2>NGX", ">NGX-01<")]
    assert places == sorted(places)
    assert "1 min 5 s" in text
    assert "5.8 s" in text
    assert "250 ms" in text
    assert "Load &lt;balancer&gt;" in text
    assert ">skipped<" not in text
    assert ">not tried<" in text
    assert text.count(">LB-02<") == 1


def test_every_area_of_the_platform_is_explained():
    known = yaml.safe_load((REPOSITORY / "roles/verify/vars/main.yml").read_text(encoding="utf-8"))
    rows = known["__verify_platform_requirements"]
    for file in REPOSITORY.glob("images/*/checks.yml"):
        rows = rows + yaml.safe_load(file.read_text(encoding="utf-8")).get("requirements", [])
    areas = {row["area"] for row in verification_report([], rows, [], PLATFORM)["rows"]}
    assert areas == set(known["__verify_areas"])


def test_zero_failures_are_not_red():
    assert '<span class="soft">0 failed</span>' in render(report(check("NGX-01")))


def test_what_changed_since_the_run_before_is_told():
    before = report(check("NGX-02"), check("LB-02"), check("GONE-1"))
    now = report(check("NGX-01"), check("NGX-02", ok=False), check("LB-02"), check("NEW-1"), previous=before)
    assert [(each["id"], each["was"], each["now"]) for each in now["changes"]] == [
        ("NGX-02", "passed", "failed"),
        ("NGX-01", "skipped", "passed"),
        ("NEW-1", None, "passed"),
        ("GONE-1", "passed", None),
    ]
    assert now["before"] == "2026-01-31T12:00:00Z"
    text = render(now)
    assert 'was passed, is <span class="failed">failed</span>' in text
    assert "was not there, is" in text
    assert "Every verdict is as at 2026-01-31T12:00:00Z." in render(
        report(check("LB-02"), previous=report(check("LB-02")))
    )


def test_the_first_run_has_nothing_to_compare_with():
    assert (SAMPLE["before"], SAMPLE["changes"]) == (None, [])
    assert "There is none to compare with." in render(SAMPLE)
