# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller for the module folder_copy: compares, and sends an archive only when it has to."""

from __future__ import annotations

import os
import pathlib
import tempfile
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _folders as util
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _additions

MODULE = "fortytwo.ft_services.folder_copy"
ADDITION = {"source": {"type": "path", "required": True}, "path": {"type": "str", "required": True}}
Result = dict[str, t.Any]


class ActionModule(ActionBase):
    """Sends what the controller has to the module on the target."""

    def run(self, tmp: str | None = None, task_vars: Result | None = None) -> Result:
        """Return the module's result, with the number of files and what differs."""
        super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(
            {
                "sources": {"type": "list", "elements": "path", "required": True},
                "dest": {"type": "path", "required": True},
                "additions": {"type": "list", "elements": "dict", "default": [], "options": ADDITION},
            }
        )
        with tempfile.TemporaryDirectory() as scratch:
            return self._copy(options, pathlib.Path(scratch), task_vars)

    def _copy(self, options: Result, scratch: pathlib.Path, task_vars: Result | None) -> Result:
        """Compare, and send when there is something to send; ``scratch`` is a folder for what is unpacked."""
        sources = [pathlib.Path(os.path.expanduser(path)).absolute() for path in options["sources"]]
        try:
            placed = {
                each["path"]: _additions.unpack(each["source"], scratch / str(number))
                for number, each in enumerate(options["additions"])
            }
            found = util.entries(sources, placed)
            wanted = util.digest(found)
        except (_additions.AdditionsError, util.FoldersError) as error:
            raise AnsibleActionFail(f"Nothing was copied: {error}.") from error
        except OSError as error:
            raise AnsibleActionFail(f"Nothing was copied: {error.filename}: {error.strerror}.") from error
        # The path of the target is the target's to expand, so it is handed on as it was written.
        arguments = {"sources": list(map(str, sources)), "dest": self._task.args["dest"], "sha256": wanted}
        # Only a look, by check mode of the module's own.
        looked = self._execute(arguments, task_vars)
        if looked.get("failed") or not looked["changed"] or self._task.check_mode:
            return self._told(looked, found)
        return self._told(self._send(arguments, found, task_vars), found, looked)

    def _send(self, arguments: Result, found: list[util.Entry], task_vars: Result | None) -> Result:
        """Bring one archive to the target and have it unpacked."""
        handle, local = tempfile.mkstemp(suffix=".tar.gz")
        os.close(handle)
        try:
            util.pack(found, pathlib.Path(local))
            if not self._connection._shell.tmpdir:
                self._make_tmp_path()
            remote = self._connection._shell.join_path(self._connection._shell.tmpdir, "folders.tar.gz")
            self._transfer_file(local, remote)
            self._fixup_perms2((self._connection._shell.tmpdir, remote))
            return self._execute({**arguments, "archive": remote}, task_vars)
        finally:
            os.unlink(local)
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _execute(self, arguments: Result, task_vars: Result | None) -> Result:
        return t.cast(Result, self._execute_module(MODULE, module_args=arguments, task_vars=task_vars))

    def _told(self, result: Result, found: list[util.Entry], before: Result | None = None) -> Result:
        """What users see of the module's result."""
        there = (before or result).get("paths") or []
        result.pop("paths", None)
        result.pop("invocation", None)
        result["files"] = sum(entry.source is not None for entry in found)
        if result.get("changed") and self._task.diff:
            result["diff"] = {
                "before": "\n".join(there) + "\n",
                "after": "\n".join(entry.path for entry in found) + "\n",
            }
        return result
