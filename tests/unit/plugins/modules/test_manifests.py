# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from ansible_collections.fortytwo.ft_services.plugins.modules import manifests

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pw"}, "data": {"password": "VerySecret1"}}
SHAPE = {"changed", "objects", "waited", "retries", "retry_reasons"}


@pytest.fixture
def run(capsys, monkeypatch):
    logged = []
    monkeypatch.setattr(AnsibleModule, "_log_to_syslog", lambda self, text: logged.append(text))
    monkeypatch.setattr(AnsibleModule, "_log_to_journal", lambda self, *args: logged.append(args), raising=False)

    def call(**options):
        with patch_module_args(options), pytest.raises(SystemExit):
            manifests.main()
        text = capsys.readouterr().out
        assert "VerySecret1" not in text
        assert logged == []
        return json.loads(text)

    return call


@pytest.mark.parametrize("empty", [[], "", "# only a comment", "---\n---\n"])
def test_nothing_to_do_needs_no_cluster(run, empty):
    result = run(definitions=empty, kubeconfig="/nonexistent")
    assert set(result) - {"invocation"} == SHAPE
    assert not result["changed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"wait": "perhaps"}, "wait"),
        ({"set_name": "not a label"}, "cannot be the value of a label"),
        ({"prune": True}, "set_name"),
        ({"wait": False, "wait_for": [{"kind": "Pod", "name": "x", "query": "a"}]}, "wait_for needs wait"),
        ({"wait_timeout": 0}, "at least 1"),
        ({"fail_fast": False, "fail_fast_after": 5}, "needs fail_fast"),
        ({"fail_fast_after": -1}, "at least 0"),
        ({"delete_options": {"uid": "1"}}, "nothing else removes"),
        ({"delete_options": {"propagation": "Sideways"}}, "Orphan"),
        ({"delete_options": {"uid": "1"}, "state": "absent"}, "belong to one object"),
        ({"delete_options": {"grace_period": -1}, "state": "absent"}, "at least 0"),
        ({"kubeconfig": "/nonexistent"}, "There is no kubeconfig /nonexistent"),
        ({"src": ["/nonexistent"]}, "cannot read /nonexistent"),
    ],
)
def test_errors_show_no_secret_and_write_no_log(run, options, words):
    text = json.dumps(SECRET).replace("pw", "pw2")
    result = run(definitions=[SECRET, text], **options)
    assert result["failed"]
    assert words in result["msg"]


def test_an_empty_set_does_not_prune_everything(run):
    result = run(definitions="# the template came out empty", set_name="shop", prune=True, kubeconfig="/nonexistent")
    assert "prune would remove all of the set shop" in result["msg"]


def test_a_template_that_renders_nothing_is_nothing_to_do(run):
    result = run(definitions=None, kubeconfig="/nonexistent")
    assert set(result) - {"invocation"} == SHAPE
    assert not result["changed"]
    assert "prune would remove all" in run(definitions=None, set_name="shop", prune=True)["msg"]


def test_a_checksum_that_differs_changes_nothing(run, tmp_path):
    file = tmp_path / "pod.yaml"
    file.write_text("")
    result = run(src=[str(file)], checksums={str(file): "0" * 64})
    assert "has the SHA-256" in result["msg"]
    assert "Nothing was changed" in result["msg"]


def test_something_must_be_given(run):
    assert "is needed" in run(state="present")["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": "absent"}, "has no name but generateName; state absent cannot find it"),
        ({"prune": True, "set_name": "x"}, "prune would never find them"),
    ],
)
def test_objects_without_a_name_are_refused_where_they_would_have_to_be_found_again(run, options, words):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}}
    result = run(definitions=[pod], kubeconfig="/nonexistent", **options)
    assert result["failed"]
    assert words in result["msg"]


def test_a_question_cannot_be_removed(run):
    question = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    result = run(definitions=[question], kubeconfig="/nonexistent", state="absent")
    assert "is a question, no object" in result["msg"]
