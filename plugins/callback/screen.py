# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback plugin: Ansible's own output, with the message alone of what failed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: screen
type: stdout
short_description: Ansible's own output, with the message alone of what failed
version_added: 1.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Prints what P(ansible.builtin.default#callback) prints, except for a task that failed.
  - Of that it prints the message, and of a command also its exit code and what it wrote. Everything else that the
    module returned would push the message off the screen; C(-v) shows it.
requirements:
  - set as stdout in configuration
extends_documentation_fragment:
  - default_callback
  - result_format_callback
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  stdout_callback = fortytwo.ft_services.screen
"""

import contextlib
import typing as t

from ansible.plugins.callback.default import CallbackModule as Default

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._progress_display import essential


class CallbackModule(Default):
    """Shortens what failed."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "fortytwo.ft_services.screen"

    # What is printed now is of a failure; the result itself does not say so any more.
    _failed = False

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Print the message of a task that failed."""
        with self._failure():
            super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """The same of one round of a loop."""
        with self._failure():
            super().v2_runner_item_on_failed(result)

    @contextlib.contextmanager
    def _failure(self) -> t.Iterator[None]:
        self._failed = True
        try:
            yield
        finally:
            self._failed = False

    def _dump_results(self, result: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        shown = essential(result) if self._failed and self._display.verbosity == 0 else result
        return super()._dump_results(shown, *args, **kwargs)
