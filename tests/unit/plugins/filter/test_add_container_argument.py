# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.fortytwo.ft_services.plugins.filter.add_container_argument import add_container_argument


def workload(*args):
    container = {"name": "speaker", **({"args": list(args)} if args else {})}
    return {
        "kind": "DaemonSet",
        "metadata": {"name": "speaker"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def args_of(objects):
    return objects[0]["spec"]["template"]["spec"]["containers"][0]["args"]


def test_the_argument_is_there_once_and_the_given_objects_stay_as_they_are():
    given = [workload("--port=7472"), {"kind": "Service", "metadata": {"name": "speaker"}}, None]
    once = add_container_argument(given, "DaemonSet", "speaker", "--flag")
    assert args_of(once) == ["--port=7472", "--flag"]
    assert add_container_argument(once, "DaemonSet", "speaker", "--flag") == once
    assert args_of(given) == ["--port=7472"]
    assert once[1:] == [given[1]]


def test_a_container_without_arguments_gets_its_first():
    assert args_of(add_container_argument([workload()], "DaemonSet", "speaker", "--flag")) == ["--flag"]


def test_a_workload_that_is_not_there_is_an_error():
    with pytest.raises(AnsibleFilterError, match="no Deployment speaker"):
        add_container_argument([workload()], "Deployment", "speaker", "--flag")
