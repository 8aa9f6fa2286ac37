# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option ``query`` of the info modules. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

JMESPATH_ERROR: str | None = None
try:
    import jmespath
except ImportError:
    JMESPATH_ERROR = traceback.format_exc()
    jmespath = None  # for those who import the name from here; they have to look at JMESPATH_ERROR first


class Query:
    """A JMESPath expression, refused before anything is read when it is none."""

    def __init__(self, module: AnsibleModule) -> None:
        """Take the module's option ``query``; without it every result is None."""
        self._module, self._text = module, module.params["query"]
        self._expression = None
        if not self._text:
            return
        if JMESPATH_ERROR:
            module.fail_json(msg=missing_required_lib("jmespath", reason="for query"), exception=JMESPATH_ERROR)
        try:
            self._expression = jmespath.compile(self._text)
        except jmespath.exceptions.JMESPathError as error:
            module.fail_json(msg=f"The query {self._text!r} is not a JMESPath expression: {error}")

    def search(self, data: t.Any, what: str) -> t.Any:
        """Return what the expression finds; ``what`` names the data in an error."""
        if self._expression is None:
            return None
        try:
            return self._expression.search(data)
        except jmespath.exceptions.JMESPathError as error:
            self._module.fail_json(msg=f"The query {self._text!r} cannot be applied to {what}: {error}")
        return None
