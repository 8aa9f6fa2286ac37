# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each example in the documentation of a module is one that the module takes."""

from __future__ import annotations

import ast
import importlib
import pathlib

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.playbook.task import Task

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _python

COLLECTION = "fortytwo.ft_services."
FOLDER = pathlib.Path(_python.__file__).parents[1] / "modules"
MODULES = sorted(path.stem for path in FOLDER.glob("*.py"))
# A value for each type, where an example has a template.
SAMPLES = {"int": 1, "float": 1.0, "bool": True, "list": [], "dict": {}}
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


class Called(Exception):
    """What a module handed to AnsibleModule."""


def examples(module):
    for node in ast.parse((FOLDER / f"{module}.py").read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "EXAMPLES":
            return yaml.safe_load(ast.literal_eval(node.value))
    return []


def options_of(task, module):
    """The options of a task that calls the module; None for a task that calls another one."""
    return task.get(f"{COLLECTION}{module}")


CASES = [
    pytest.param(module, task, id=f"{module}-{number}")
    for module in MODULES
    for number, task in enumerate(examples(module), 1)
]


@pytest.fixture
def call_of(monkeypatch):
    """The keywords with which a module makes its AnsibleModule."""

    def caught(self, *dummy, **keywords):
        raise Called(keywords)

    def call_of(module):
        monkeypatch.setattr(basic.AnsibleModule, "__init__", caught)
        with pytest.raises(Called) as found:
            importlib.import_module(f"ansible_collections.fortytwo.ft_services.plugins.modules.{module}").main()
        return found.value.args[0]

    return call_of


def without_templates(value, spec):
    """The options of a task, each template replaced by a value of the option's type."""
    if isinstance(value, str) and "{{" in value:
        return SAMPLES.get(spec.get("type", "str"), "x")
    if isinstance(value, dict):
        inner = spec.get("options") or {}
        return {key: without_templates(each, inner.get(key, {})) for key, each in value.items()}
    if isinstance(value, list):
        inner = {"type": spec.get("elements", "str"), "options": spec.get("options")}
        return [without_templates(each, inner) for each in value]
    return value


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_examples_with_names_that_differ(module):
    names = [task["name"] for task in examples(module)]
    assert names
    assert len(set(names)) == len(names)
    assert any(options_of(task, module) is not None for task in examples(module))


@pytest.mark.parametrize(("module", "task"), CASES)
def test_the_module_takes_each_of_its_examples(module, task, call_of):
    assert [key for key in task if "." not in key and key not in Task.fattributes] == []
    options = options_of(task, module)
    if options is None:
        assert any(key.startswith(("ansible.builtin.", COLLECTION)) for key in task), task
        return
    given = call_of(module)
    spec = {"options": given["argument_spec"]}
    validator = ModuleArgumentSpecValidator(given["argument_spec"], **{rule: given.get(rule) for rule in RULES})
    result = validator.validate(without_templates(options, {**spec, "type": "dict"}))
    assert result.error_messages == []


@pytest.mark.parametrize("wrong", [{"statee": "present"}, {"wait_timeout": "soon"}, {"prune": True}])
def test_the_check_itself_sees_what_is_wrong(wrong, call_of):
    given = call_of("manifests")
    validator = ModuleArgumentSpecValidator(given["argument_spec"], **{rule: given.get(rule) for rule in RULES})
    assert validator.validate(wrong).error_messages
