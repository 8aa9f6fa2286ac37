# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of this collection without a Python process of its own, where that makes no difference."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import sys
import types
import typing as t

from ansible import constants
from ansible.module_utils import basic
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.plugins.action import normal
from ansible.vars import clean

# How arguments and results are written; the one that ansible-core has for modules.
PROFILE = "legacy"
INTERPRETER = "INTERPRETER_PYTHON"


def run_here(module: types.ModuleType, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """Call ``main()`` of the module with these arguments, as Ansible's wrapper on a host does.

    Returns what Ansible knows of a command that has run: ``rc``, ``stdout`` with the result as JSON, and ``stderr``.
    What the module raises, other than its exit, is raised here too.
    """
    encoder = get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)
    output, errors = io.StringIO(), io.StringIO()
    before = basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE  # what the wrapper sets; there is no public way
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, cls=encoder).encode()
    basic._ANSIBLE_PROFILE = PROFILE
    code: t.Any = 0
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            module.main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = before
    return {"rc": code, "stdout": output.getvalue(), "stderr": errors.getvalue()}


class LocalModuleAction(normal.ActionModule):
    """Action of a module: the usual one, but for tasks on this machine, which cost a third so.

    Ansible packs a module and all that it imports, starts Python, and compiles everything anew, for each task.
    Its worker is a process of the task's own already, and what a module imports stays in memory for later tasks.
    """

    # The module, imported by the action of its name.
    module: types.ModuleType
    # Work of minutes gets a process of its own, whatever happens to the run: such a module only predicts here.
    long: bool = False
    # Where it predicts no change, that is its result. Not for a module that writes although nothing changed.
    predicts: bool = False

    def _execute_module(
        self,
        module_name: str | None = None,
        module_args: dict[str, t.Any] | None = None,
        *args: t.Any,
        task_vars: dict[str, t.Any] | None = None,
        wrap_async: bool = False,
        **more: t.Any,
    ) -> dict[str, t.Any]:
        variables = task_vars or {}
        elsewhere = functools.partial(
            super()._execute_module, module_name, module_args, *args, task_vars=variables, wrap_async=wrap_async, **more
        )
        if module_name or module_args or wrap_async or not self._is_here(variables):
            return t.cast("dict[str, t.Any]", elsewhere())
        if not self.long or self._task.check_mode:
            return self._result_here(variables)
        predicted = self._result_here(variables, _ansible_check_mode=True) if self.predicts else {"changed": True}
        if predicted.get("changed") or predicted.get("failed"):
            return t.cast("dict[str, t.Any]", elsewhere())
        return predicted

    def _result_here(self, variables: dict[str, t.Any], **changed: t.Any) -> dict[str, t.Any]:
        """What the module says in this process, with some of Ansible's own arguments changed."""
        arguments = dict(self._task.args)
        self._update_module_args(self._task.action, arguments, variables)
        parsed: t.Any = self._parse_returned_data(run_here(self.module, {**arguments, **changed}), PROFILE)
        if isinstance(parsed, dict):
            clean.remove_internal_keys(parsed)
            return parsed
        # Newer ansible-core has a class for results.
        parsed.remove_internal_keys()
        return t.cast("dict[str, t.Any]", parsed.as_result_dict(for_round_trip=True))

    def _is_here(self, variables: dict[str, t.Any]) -> bool:
        """Whether the host is this machine, and the module would have this user, this Python and this environment."""
        if self._connection.transport != "local" or self._connection.become or any(self._task.environment or []):
            return False
        if self._task.delegate_to:
            variables = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, variables)
        # Without a variable the setting of Ansible counts; it may also be a word, such as auto.
        interpreter = variables.get("ansible_python_interpreter") or constants.config.get_config_value(INTERPRETER)
        return bool(self._templar.template(interpreter) == sys.executable)
