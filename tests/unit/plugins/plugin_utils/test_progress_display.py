# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of the progress callback."""

from __future__ import annotations

import json

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._progress_display import (
    Report,
    change_lines,
    changes_and_failures,
    duration,
    essential,
    live_text,
    newest_report,
    plain,
    stage_line,
    stage_table,
    summary_lines,
)


def line(**entry):
    return json.dumps(entry).encode() + b"\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (130, "2 min 10 s"), (3605, "1 h 0 min 5 s"), (-1, "0 s")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_newest_report_is_the_last_sound_line():
    chunk = line(at=1.0, n=1, total=3, text="a") + line(at=2.0, n=2, total=3, text="b") + b'{"at": 3.0, "n"\n[1]\n'
    assert newest_report(chunk) == Report(2.0, 2, 3, "b")


def test_no_report_in_nothing_or_noise():
    assert newest_report(b"") is None
    assert newest_report(b'\xff\xfe\n"text"\n{}\n') is None


def test_report_cannot_move_the_cursor():
    report = newest_report(line(at=1.0, n=0, total=None, text="\x1b[2Jgone\r\nnext"))
    assert report is not None
    assert report.text == "[2Jgone  next"


def test_live_text():
    assert live_text("images", "Load", Report(0, 7, 15, "kube-apiserver"), 130) == (
        "    images: 7 of 15, kube-apiserver, 2 min 10 s"
    )
    assert live_text("minikube", "Start", Report(0, 0, None, "boots"), 3) == "    minikube: boots, 3 s"
    assert live_text("minikube", "Start", None, 60) == "    minikube: Start, 1 min 0 s"
    assert live_text("", "Ping", None, 5) == "    Ping, 5 s"


def test_live_text_of_a_no_log_task_has_no_report():
    assert live_text("s", "Name", Report(0, 1, 2, "hunter2"), 1, secret=True) == "    s: 1 of 2, 1 s"
    assert live_text("s", "Name", Report(0, 1, None, "hunter2"), 1, secret=True) == "    s: Name, 1 s"


def test_stage_table_keeps_the_order_and_adds_up():
    assert [row.split() for row in stage_table({"minikube": 61.0, "images": 0.25, "services": 0.05})] == [
        ["minikube", "1", "min", "1", "s"],
        ["images", "0.2", "s"],
        ["total", "1", "min", "1", "s"],
    ]


def test_no_table_without_a_stage_that_took_time():
    assert stage_table({}) == []
    assert stage_table({"services": 0.05}) == []


def test_the_stage_that_failed_is_marked_however_short_it_was():
    rows = stage_table({"minikube": 61.0, "images": 0.01}, "images")
    assert [row.split()[-1] for row in rows] == ["s", "failed", "s"]


def test_summary_of_lines_and_sections():
    summary = ["first", {"title": "Addresses", "lines": ["https://x/", "  indented\x1b[31m"]}, {"title": "Empty"}]
    assert summary_lines(summary) == ["first", "", "Addresses", "  https://x/", "    indented [31m", "", "Empty"]
    assert summary_lines("one\ntwo") == ["one", "two"]
    assert summary_lines(["one", "", "two"]) == ["one", "", "two"]
    assert summary_lines(None) == []


def test_changes_and_failures_count_all_hosts():
    assert changes_and_failures({"a": 2, "b": 1}, {"b": 1}, {"c": 1}) == (3, 2)


def test_a_long_line_of_the_summary_breaks_at_spaces_and_no_address_is_cut():
    address = "https://192.168.49.200/" + "x" * 120
    lines = summary_lines([{"title": "A", "lines": ["word " * 30, address]}])
    assert all(len(line) <= 100 for line in lines if address not in line)
    assert lines[2].startswith("      word")
    assert f"  {address}" in "\n".join(lines)


def test_what_was_changed_is_told_once_with_how_to_undo_it():
    assert change_lines(["Build", "Apply", "Build"], ["make down", ""]) == [
        "Changed: Build; Apply",
        "To undo it: make down",
    ]
    assert change_lines([], ["make down"]) == []
    assert "and 2 more" in " ".join(change_lines([str(each) for each in range(10)], []))


def test_a_stage_that_is_over_has_its_time():
    assert stage_line("images", 61) == "    images: done in 1 min 1 s"


def test_a_failure_is_its_message_and_what_a_command_wrote():
    failed = {"failed": True, "msg": "why", "ok": False, "checks": [{"ok": True}], "rc": 1, "stderr": "x", "stdout": ""}
    assert essential(failed) == {"msg": "why", "rc": 1, "stderr": "x"}
    # Without a message nothing may be left out.
    assert essential({"failed": True, "reason": "x"}) == {"failed": True, "reason": "x"}


def test_a_message_alone_is_plain_lines():
    assert plain({"msg": "one\ntwo\n", "changed": False, "_ansible_verbose_always": True}) == "\n    one\n    two"
    assert plain({"msg": "why", "rc": 1}) is None
    assert plain({"msg": {"a": 1}}) is None
    assert plain({"reason": "x"}) is None
