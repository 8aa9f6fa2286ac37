# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback plugin: what a long task does now, the time of each stage, and the summary at the end."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: aggregate
short_description: Live progress of long tasks, time of each stage, summary of the run
version_added: 0.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Ansible shows nothing while a module works for minutes. This callback prints what the modules of this collection
    report while they run, for example "images - 7 of 15, kube-apiserver, 2 min 10 s".
  - On a terminal it is one line which changes in place. Elsewhere it is a plain line for each new report, at most one
    a second, and a sign of life after each O(heartbeat).
  - On a terminal a line stays for each stage (role) that is over.
  - At the end it prints the time of each stage, the lines which a play handed over in the key
    C(ft_services_summary) of M(ansible.builtin.set_stats), and one line with the number of changes and failures.
  - Where something was changed it says what, and how to undo it when a play has a variable C(ft_services_undo) with
    that text.
  - Modules report through a private file on the controller, so a remote host has no live lines but all the rest.
requirements:
  - enable in configuration
options:
  live:
    description:
      - V(auto) changes one line in place on a terminal and prints plain lines elsewhere.
      - V(lines) prints plain lines everywhere.
      - V(off) shows nothing while a task runs.
    type: str
    choices: [auto, lines, 'off']
    default: auto
    env:
      - name: FT_SERVICES_LIVE
    ini:
      - section: callback_progress
        key: live
  heartbeat:
    description: Seconds without a report after which a plain line says that a task still runs.
    type: int
    default: 30
    env:
      - name: FT_SERVICES_HEARTBEAT
    ini:
      - section: callback_progress
        key: heartbeat
seealso:
  - module: ansible.builtin.set_stats
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  callbacks_enabled = fortytwo.ft_services.progress

playbook.yml: |
  - name: Hand lines over to the end of the run
    ansible.builtin.set_stats:
      per_host: false
      aggregate: false
      data:
        ft_services_summary:
          - title: Addresses
            lines:
              - https://192.168.49.200/
"""

import contextlib
import os
import shutil
import sys
import tempfile
import threading
import time
import typing as t

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._progress_display import (
    Report,
    change_lines,
    changes_and_failures,
    live_text,
    newest_report,
    printable,
    stage_line,
    stage_table,
    summary_lines,
)

# The same name as in module_utils/_progress.py, which the modules read.
ENVIRONMENT_VARIABLE = "FT_SERVICES_PROGRESS"
SUMMARY_KEY = "ft_services_summary"
POLL_SECONDS = 0.2
LINE_SECONDS = 1.0  # at most one plain line in this time
QUIET_SECONDS = 3.0  # a task without a report gets a line on a terminal after this time


class RunningTask:
    """The task that runs now. The main thread makes a new one for each task; the live thread only looks at it."""

    def __init__(self, stage: str, name: str, secret: bool) -> None:
        """Start the clock of the task ``name`` in the role ``stage``."""
        self.stage = stage
        self.name = name
        self.secret = secret
        self.hosts = 0
        self.epoch = time.time()
        self.started = time.monotonic()
        self.report: Report | None = None
        self.printed_at = self.started
        self.printed: tuple[int, str] | None = None


class LiveLines(threading.Thread):
    """Tails the progress file and writes to the terminal or log.

    Ansible forks workers while this thread runs, so it takes no lock of Python: it reads and writes file
    descriptors only, never through ``sys.stdout`` or ``Display``.
    """

    def __init__(self, path: str, output: int, in_place: bool, heartbeat: float) -> None:
        """Read reports from the file ``path`` and write to the file descriptor ``output``."""
        super().__init__(name="ft_services_progress", daemon=True)
        self.task: RunningTask | None = None
        self._path = path
        self._output = output
        self._in_place = in_place
        self._heartbeat = heartbeat
        self._offset = 0
        self._shown = ""
        self._stopped = False

    def stop(self) -> None:
        """End the thread, without waiting for it, and take its line off the terminal."""
        self.task = None
        self._stopped = True
        self.hide()

    def run(self) -> None:
        """Look at the file a few times a second until told to stop or until nobody listens any more."""
        while not self._stopped:
            time.sleep(POLL_SECONDS)
            report = self._read()
            task = self.task
            if task is None or task.hosts <= 0:
                continue
            if report is not None and report.at >= task.epoch:
                task.report = report
            if self._in_place:
                self._draw(task)
            else:
                self._print(task)

    def hide(self) -> None:
        """Erase the line on the terminal, because something else is about to be printed there."""
        if self._shown:
            self._shown = ""
            self._write("\r\x1b[K")

    def _read(self) -> Report | None:
        """The newest report that has been added to the file since the last look."""
        try:
            handle = os.open(self._path, os.O_RDONLY)
        except OSError:
            return None
        try:
            chunk = os.pread(handle, 1 << 20, self._offset)
        except OSError:
            return None
        finally:
            os.close(handle)
        complete = chunk.rfind(b"\n") + 1
        self._offset += complete
        return newest_report(chunk[:complete])

    def _draw(self, task: RunningTask) -> None:
        seconds = time.monotonic() - task.started
        if seconds < (LINE_SECONDS if task.report else QUIET_SECONDS):
            return
        try:
            width = os.get_terminal_size(self._output).columns or 80
        except OSError:
            width = 80
        line = live_text(task.stage, task.name, task.report, seconds, task.secret)[: max(width - 1, 10)]
        if line != self._shown:
            self._write("\r\x1b[K" + line)
            self._shown = line

    def _print(self, task: RunningTask) -> None:
        now = time.monotonic()
        since = now - task.printed_at
        # The same text again is no news.
        news = task.report is not None and task.report.said != task.printed and since >= LINE_SECONDS
        if news or since >= self._heartbeat > 0:
            task.printed = task.report.said if task.report else None
            task.printed_at = now
            self._write(live_text(task.stage, task.name, task.report, now - task.started, task.secret) + "\n")

    def _write(self, text: str) -> None:
        try:
            os.write(self._output, text.encode("utf-8", "replace"))
        except OSError:
            # The reader went away (a closed pipe, a lost terminal): the run itself goes on.
            self._stopped = True


class CallbackModule(CallbackBase):
    """Prints progress while tasks run, and stages and summary when all is done."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "fortytwo.ft_services.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Start the clock of the run."""
        super().__init__(*args, **kwargs)
        self._started = time.monotonic()
        self._stages: dict[str, float] = {}
        self._stage = ""
        # Where a task failed last; one that was rescued is followed by others.
        self._failed = ""
        self._stage_started = self._started
        self._changed: list[str] = []
        self._undo: list[str] = []
        self._in_place = False
        self._live: LiveLines | None = None
        self._folder: str | None = None
        self._outer: str | None = None

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        """Make the private file and start to tail it."""
        output = self._standard_output()
        live = self.get_option("live")
        if output is None or live == "off":
            return
        try:
            # Ansible itself removes its own temporary folder when it ends, however it ends.
            self._folder = tempfile.mkdtemp(prefix="progress_", dir=C.DEFAULT_LOCAL_TMP)
        except OSError as error:
            self._display.vv(f"No live progress, because no temporary folder can be made: {error}")
            return
        path = os.path.join(self._folder, "reports.jsonl")
        self._outer = os.environ.get(ENVIRONMENT_VARIABLE)
        os.environ[ENVIRONMENT_VARIABLE] = path
        in_place = live == "auto" and os.isatty(output) and os.environ.get("TERM", "dumb") != "dumb"
        self._live = LiveLines(path, output, in_place, self.get_option("heartbeat"))
        self._in_place = in_place
        if in_place:
            self._erase_before_display(self._live)
        self._live.start()

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """Count what is outside of roles, such as the gathering of facts, as no stage."""
        self._begin("", None)
        undo = str((play.vars or {}).get("ft_services_undo", ""))
        if undo not in self._undo:
            self._undo.append(undo)

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """Follow the task, and its role."""
        role = task._role.get_name(include_role_fqcn=False) if task._role else ""
        # A name may hold a template which only the worker resolves; what is shown is never worth a failure here.
        name = printable(str(task.name or task.action))
        self._begin(role, RunningTask(role, name, secret=bool(task.no_log)))

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        """Follow a handler like a task."""
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        """One more host works on the task."""
        self._count(1)

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """One host is done."""
        self._count(-1)
        if result.is_changed():
            self._changed.append(printable(str(result.task_name)))

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """One host is done."""
        self._count(-1)
        if not ignore_errors:
            self._failed = self._stage

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """One host is done."""
        self._count(-1)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """One host is done."""
        self._count(-1)
        self._failed = self._stage

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Print stages and summary, and clean up."""
        # The table says it of the last one too.
        self._in_place = False
        self._begin("", None)
        self._end()
        lines: list[str] = []
        changed, failed = changes_and_failures(stats.changed, stats.failures, stats.dark)
        stages = stage_table(self._stages, self._failed if failed else "")
        if stages:
            lines += ["", "STAGES", *stages]
        summary = summary_lines(stats.custom.get("_run", {}).get(SUMMARY_KEY))
        if summary:
            lines += ["", "SUMMARY", *summary]
        told = change_lines(self._changed, self._undo)
        if told:
            lines += ["", *told]
        seconds = time.monotonic() - self._started
        lines += ["", f"changed={changed} failed={failed} in {seconds:.1f} s"]
        # Without standard output the exit code tells the rest.
        with contextlib.suppress(AttributeError, OSError):
            self._display.display("\n".join(lines).lstrip("\n"))

    def _begin(self, stage: str, task: RunningTask | None) -> None:
        """Close the account of the stage so far and open that of ``stage``."""
        now = time.monotonic()
        if self._stage:
            spent = self._stages.get(self._stage, 0.0) + now - self._stage_started
            self._stages[self._stage] = spent
            # A role that lends its settings to the next one is seen again; one that is new means that this one is over.
            if self._in_place and stage not in self._stages and spent >= LINE_SECONDS:
                self._display.display(stage_line(self._stage, spent))
        self._stage = stage
        self._stage_started = now
        if self._live:
            self._live.task = task
        self._flush()

    def _count(self, hosts: int) -> None:
        if self._live and self._live.task:
            self._live.task.hosts += hosts
        self._flush()

    def _flush(self) -> None:
        """Ansible leaves its lines in the buffer of a pipe or file; ours must not come before them."""
        # No standard output, or one that is closed: Ansible reports that itself if it wants to.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            sys.stdout.flush()

    def _end(self) -> None:
        """Stop the thread and remove the private file."""
        if self._live:
            self._live.stop()
            self._display.__dict__.pop("display", None)
            self._live = None
        if self._folder:
            if self._outer is None:
                os.environ.pop(ENVIRONMENT_VARIABLE, None)
            else:
                os.environ[ENVIRONMENT_VARIABLE] = self._outer
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _erase_before_display(self, live: LiveLines) -> None:
        """Let Ansible's own lines start on a clean line: the standard callback prints before this one is called."""
        original = self._display.display
        owner = os.getpid()

        def display(*args: t.Any, **kwargs: t.Any) -> None:
            # Workers inherit this function, but the terminal belongs to the main process.
            if os.getpid() == owner:
                live.hide()
            original(*args, **kwargs)

        self._display.__dict__["display"] = display

    @staticmethod
    def _standard_output() -> int | None:
        """A descriptor of our own for the standard output; None when there is none."""
        try:
            return os.dup(sys.stdout.fileno())
        except (AttributeError, OSError, ValueError):
            return None
