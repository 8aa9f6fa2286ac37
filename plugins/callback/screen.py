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
  - Of that it prints the message, once, and of a command also its exit code and what it wrote. Everything else that the
    module returned would push the message off the screen; C(-v) shows it. Where a line of a playbook or of the settings
    is to blame, that line is shown too.
  - What M(ansible.builtin.debug) says is meant for people, and shown also where tasks without a change are not.
requirements:
  - set as stdout in configuration
options:
  display_changed_hosts:
    description:
      - Whether each task that has changed something is told. Without it P(fortytwo.ft_services.progress#callback) names
        them at the end. In check mode, and with C(-v), they are told in any case.
    type: bool
    default: true
    env:
      - name: FT_SERVICES_DISPLAY_CHANGED_HOSTS
    ini:
      - section: callback_screen
        key: display_changed_hosts
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

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._progress_display import essential, plain

DEBUG = ("debug", "ansible.builtin.debug", "ansible.legacy.debug")


class CallbackModule(Default):
    """Shortens what failed."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "fortytwo.ft_services.screen"

    # What is printed now is of a failure; the result itself does not say so any more.
    _failed = False
    # What is printed now is only a text.
    _text = False

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Print the message of a task that failed."""
        with self._while("_failed"):
            super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """The same of one round of a loop."""
        with self._while("_failed"):
            super().v2_runner_item_on_failed(result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """The same of a host that was not reached."""
        with self._while("_failed"):
            super().v2_runner_on_unreachable(result)

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Print a task that went well, where people want to see it."""
        self._went_well(result, super().v2_runner_on_ok)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        """The same of one round of a loop."""
        self._went_well(result, super().v2_runner_item_on_ok)

    def _went_well(self, result: t.Any, show: t.Callable[[t.Any], None]) -> None:
        if result.task.action in DEBUG:
            shown = self.get_option("display_ok_hosts")
            self.set_option("display_ok_hosts", True)
            try:
                with self._while("_text"):
                    show(result)
            finally:
                self.set_option("display_ok_hosts", shown)
        elif self._left_out(result):
            self._handle_warnings_and_exception(result)
        else:
            show(result)

    def _left_out(self, result: t.Any) -> bool:
        return (
            result.result.get("changed", False)
            and not self.get_option("display_changed_hosts")
            and not result.task.check_mode
            and self._display.verbosity == 0
        )

    @contextlib.contextmanager
    def _while(self, name: str) -> t.Iterator[None]:
        setattr(self, name, True)
        try:
            yield
        finally:
            setattr(self, name, False)

    def _handle_exception(self, result: t.Any, use_stderr: bool = False) -> None:
        # Ansible prints the message with the lines of the task around it, and then the result with the message in it.
        if self._failed and self._display.verbosity == 0 and result.get("msg") and not self._elsewhere():
            result.pop("exception", None)
        super()._handle_exception(result, use_stderr=use_stderr)

    def _elsewhere(self) -> bool:
        """Tell whether there is another place to look at than the task itself, such as a line of the settings."""
        event = getattr(getattr(self._current_task_result, "exception", None), "event", None)
        chain = getattr(event, "chain", None)
        while chain:
            if chain.event.formatted_source_context:
                return True
            chain = chain.event.chain
        return False

    def _dump_results(self, result: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        shown, text = result, None
        if self._display.verbosity == 0 and (self._failed or self._text):
            shown = essential(result) if self._failed else result
            text = plain(shown)
        return super()._dump_results(shown, *args, **kwargs) if text is None else text
