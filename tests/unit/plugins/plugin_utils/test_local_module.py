# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that run in the process of their task: when, and with the same result."""

from __future__ import annotations

import importlib
import json
import pathlib
import sys
import types

import pytest
from ansible.module_utils import basic

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _local_module

COLLECTION = pathlib.Path(__file__).resolve().parents[4]
# One of them is an action of its own kind: it sends files.
ACTIONS = sorted({path.stem for path in (COLLECTION / "plugins/action").glob("[!_]*.py")} - {"folder_copy"})
BASE = "ansible_collections.fortytwo.ft_services.plugins"


def example(body):
    """A module whose ``main`` is ``body``, called with its AnsibleModule."""

    def main():
        body(basic.AnsibleModule(argument_spec={"text": {"type": "str", "no_log": True}}, supports_check_mode=True))

    return types.SimpleNamespace(main=main)


def action(**more):
    """An action without the many things of Ansible that it does not look at."""
    known = {
        "connection": "local",
        "become": None,
        "environment": [{}],
        "delegate_to": None,
        "check_mode": False,
        **more,
    }
    made = _local_module.LocalModuleAction.__new__(_local_module.LocalModuleAction)
    made._connection = types.SimpleNamespace(transport=known["connection"], become=known["become"])
    made._task = types.SimpleNamespace(**{key: known[key] for key in ("environment", "delegate_to", "check_mode")})
    made._templar = types.SimpleNamespace(template=lambda text: text)
    return made


def test_result_arguments_and_code_are_those_of_a_process():
    done = _local_module.run_here(
        example(lambda module: module.exit_json(changed=True, seen=len(module.params["text"]))), {"text": "abc"}
    )
    assert (done["rc"], done["stderr"]) == (0, "")
    result = json.loads(done["stdout"])
    assert (result["changed"], result["seen"]) == (True, 3)


def test_a_failure_is_a_result_too_and_hides_what_is_secret():
    done = _local_module.run_here(
        example(lambda module: module.fail_json(msg=f"no {module.params['text']}")), {"text": "s3cret-word"}
    )
    assert done["rc"] == 1
    assert json.loads(done["stdout"])["failed"] is True
    assert "s3cret-word" not in done["stdout"]


def test_check_mode_and_what_stands_around_are_handed_over():
    seen = []
    module = example(lambda module: (seen.append(module.check_mode), module.exit_json()))
    _local_module.run_here(module, {"_ansible_check_mode": True})
    _local_module.run_here(module, {})
    assert seen == [True, False]


def test_nothing_is_left_behind_not_even_by_a_defect(capsys):
    def fail(module):
        sys.stdout.write("noise")
        raise KeyError("a defect")

    before = basic._ANSIBLE_ARGS
    with pytest.raises(KeyError, match="a defect"):
        _local_module.run_here(example(fail), {})
    assert before == basic._ANSIBLE_ARGS
    assert capsys.readouterr().out == ""


HERE = {"ansible_python_interpreter": sys.executable}


@pytest.mark.parametrize(
    ("known", "variables", "here"),
    [
        ({}, HERE, True),
        ({"connection": "ssh"}, HERE, False),
        ({"become": object()}, HERE, False),
        ({"environment": [{"RESTIC": "x"}]}, HERE, False),
        ({}, {"ansible_python_interpreter": "/usr/bin/another"}, False),
        # Ansible would look for one on the host.
        ({}, {}, False),
        ({"delegate_to": "b"}, {**HERE, "ansible_delegated_vars": {"b": {"ansible_python_interpreter": "/x"}}}, False),
        ({"delegate_to": "b"}, {"ansible_delegated_vars": {"b": HERE}}, True),
    ],
)
def test_only_where_it_makes_no_difference(monkeypatch, known, variables, here):
    monkeypatch.delenv("ANSIBLE_PYTHON_INTERPRETER", raising=False)
    assert action(**known)._is_here(variables) is here


@pytest.mark.parametrize(
    ("setting", "variables", "here"),
    [
        (sys.executable, {}, True),
        ("auto_silent", {}, False),
        ("/usr/bin/another", {}, False),
        # A variable stands above the setting.
        (sys.executable, {"ansible_python_interpreter": "/usr/bin/another"}, False),
        ("/usr/bin/another", HERE, True),
    ],
)
def test_without_a_variable_the_setting_of_ansible_says_which_python(monkeypatch, setting, variables, here):
    monkeypatch.setenv("ANSIBLE_PYTHON_INTERPRETER", setting)
    assert action()._is_here(variables) is here


@pytest.mark.parametrize(
    ("predicts", "check", "changed", "processes", "calls"),
    [
        (False, False, False, 1, []),
        (False, True, True, 0, [True]),
        # What would change nothing has been done.
        (True, False, False, 0, [True]),
        (True, False, True, 1, [True]),
        (True, True, True, 0, [True]),
    ],
)
def test_long_work_has_a_process_of_its_own_but_its_prediction(monkeypatch, predicts, check, changed, processes, calls):
    asked, started = [], []

    def body(module):
        asked.append(module.check_mode)
        module.exit_json(changed=changed)

    def in_a_process(self, *args, **more):
        started.append(more)
        return {"changed": changed}

    monkeypatch.setattr(_local_module.normal.ActionModule, "_execute_module", in_a_process)
    monkeypatch.setattr(
        _local_module.LocalModuleAction,
        "_update_module_args",
        lambda self, name, arguments, variables: arguments.update(_ansible_check_mode=self._task.check_mode),
    )
    made = action(check_mode=check)
    made.long, made.predicts, made.module = True, predicts, example(body)
    made._task.args, made._task.action = {}, "example"
    assert made._execute_module(task_vars=HERE)["changed"] is changed
    assert (len(started), asked) == (processes, calls)


@pytest.mark.parametrize("name", ACTIONS)
def test_each_action_has_the_module_of_its_name(name):
    found = importlib.import_module(f"{BASE}.action.{name}").ActionModule
    assert found.module.__name__ == f"{BASE}.modules.{name}"
    assert callable(found.module.main)
