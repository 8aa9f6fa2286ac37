# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between AnsibleModule and the run of manifests.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import re
import time
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.connection import Connection, KubeModule
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import (
    IN_SERVER_WORDS,
    hide_input,
    redact,
    secrets_in,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.choice import (
    check_choice,
    chosen,
    labelled,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import (
    DeleteOptions,
    ManifestsError,
    Session,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import (
    Manifest,
    ManifestError,
    parse,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.runner import Run
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


class SecretiveModule(KubeModule):
    """A module whose definitions may hold Secrets: they reach neither the target's log nor the shown invocation.

    The argument attribute no_log would not do: it hides every string of the objects, their names included, everywhere.
    """

    def log(self, msg: t.Any, log_args: t.Any = None) -> None:
        """Write nothing: AnsibleModule would log all arguments."""

    def exit_json(self, **kwargs: t.Any) -> None:
        """Return the result, the arguments masked."""
        self._mask()
        super().exit_json(**kwargs)

    def fail_json(self, msg: str, **kwargs: t.Any) -> None:
        """Return the error, the arguments masked."""
        self._mask()
        super().fail_json(msg, **kwargs)

    def _mask(self) -> None:
        params = getattr(self, "params", None)
        if isinstance(params, dict) and "definitions" in params:
            params["definitions"] = hide_input(params["definitions"])


def _check(params: Json, given: frozenset[str], manifests: list[Manifest]) -> None:
    """Refuse option values that make no sense, before anything is sent."""
    # A template that renders nothing is null: that is nothing to do, not a forgotten option.
    others = (params["src"], params["set_name"], params["wait_for"], params["kind"])
    if "definitions" not in given and not any(others):
        raise ManifestsError("One of definitions, src, kind, set_name and wait_for is needed. Nothing was changed.")
    check_choice(params)
    name = params["set_name"]
    if name is not None and not _LABEL_VALUE.fullmatch(name):
        raise ManifestsError(
            f"set_name {name!r} cannot be the value of a label: at most 63 letters, digits, dashes, underscores and "
            "dots, a letter or digit at both ends."
        )
    if params["state"] == "present" and params["prune"] and not (manifests or params["kind"]):
        raise ManifestsError(
            f"There is no object in definitions and src, so prune would remove all of the set {name}. "
            "If that is meant, use state absent. Nothing was changed."
        )
    _check_nameless(params, manifests)
    _check_delete_options(params, manifests)
    if params["wait_for"] and not params["wait"]:
        raise ManifestsError("wait_for needs wait to be true.")
    if params["wait_for"] and params["state"] == "absent":
        raise ManifestsError("wait_for does not go with state absent.")
    after = params["fail_fast_after"]
    if after is not None and (after < 0 or not params["fail_fast"]):
        raise ManifestsError("fail_fast_after is a number of seconds, at least 0, and needs fail_fast to be true.")
    if params["wait_timeout"] < 1 or params["request_timeout"] < 1:
        raise ManifestsError("wait_timeout and request_timeout are seconds: at least 1.")


def _check_nameless(params: Json, manifests: list[Manifest]) -> None:
    """Refuse objects without a name where they would have to be found again."""
    for manifest in manifests:
        if not (manifest.generated or manifest.review):
            continue
        why = ""
        if params["state"] == "absent":
            why = "state absent cannot find it: give the name of the object in metadata.name"
        elif params["prune"] and manifest.generated:
            why = "every call makes another one, and prune would never find them: leave it out of the set"
        if why:
            what = "has no name but generateName" if manifest.generated else "is a question, no object"
            raise ManifestsError(f"{manifest.source}: this {manifest.kind} {what}; {why}. Nothing was changed.")


def _check_delete_options(params: Json, manifests: list[Manifest]) -> None:
    options = _delete_options(params)
    if options == DeleteOptions():
        return
    if params["state"] == "present" and not (params["prune"] or params["replace_immutable"]):
        raise ManifestsError("delete_options needs state absent, prune or replace_immutable: nothing else removes.")
    if options.grace_period is not None and options.grace_period < 0:
        raise ManifestsError("delete_options.grace_period is a number of seconds, at least 0.")
    one = params["state"] == "absent" and not params["prune"] and len(manifests) + bool(params["name"]) == 1
    if (options.uid or options.resource_version) and not one:
        raise ManifestsError(
            "delete_options.uid and resource_version belong to one object: give exactly one, with state absent and "
            "without prune. Nothing was changed."
        )


def _delete_options(params: Json) -> DeleteOptions:
    given = params["delete_options"] or {}
    return DeleteOptions(
        given.get("propagation"), given.get("grace_period"), given.get("uid"), given.get("resource_version")
    )


def execute(module: KubeModule) -> None:
    """Do what the module's options say, and return the result."""
    params, began = module.params, time.monotonic()
    secrets: set[str] = set()
    run: Run | None = None
    try:
        manifests = parse(params["definitions"], params["src"], params["set_name"], params["checksums"])
        _check(params, module.given, manifests)
        if params["label_selectors"]:
            manifests = labelled(manifests, params["label_selectors"])
        secrets = secrets_in([manifest.body for manifest in manifests])
        if manifests or params["set_name"] or params["wait_for"] or params["kind"]:
            session = Session(
                client=KubeClient(Connection.from_options(params)),
                deadline=began + params["wait_timeout"],
                timeout=params["wait_timeout"],
                manager=params["field_manager"],
                force=params["force_conflicts"],
                replace=params["replace_immutable"],
                delete_options=_delete_options(params),
                check=module.check_mode,
                wait=params["wait"],
                fail_fast=params["fail_fast"],
                fail_fast_after=params["fail_fast_after"],
                warn=module.warn,
                secrets=secrets,
            )
            manifests += chosen(session, params) if params["kind"] else []
            run = Run(session, params["namespace"])
            pruned_set = params["set_name"] if params["prune"] else None
            data, spaces, diff = params["prune_data"], params["prune_namespaces"] or [], module._diff
            if params["state"] == "present":
                run.present(manifests, pruned_set, data, params["wait_for"] or [], diff, spaces)
            else:
                run.absent(manifests, pruned_set, data, diff, spaces)
    except (ManifestError, ManifestsError, KubeError) as error:
        details = getattr(error, "details", {})
        module.fail_json(msg=_message(error, secrets), **{**details, **_finish(run, module)})
    module.exit_json(**_finish(run, module))


def _message(error: Exception, secrets: set[str]) -> str:
    text = str(getattr(error, "message", error))
    if isinstance(error, ManifestError):
        return f"{text}. Nothing was changed."
    # What stands in a ManifestsError was redacted where it came from.
    return redact(text, secrets, IN_SERVER_WORDS) if isinstance(error, KubeError) else text


def _finish(run: Run | None, module: KubeModule) -> Json:
    """The constant shape of the result, with the diff when it is asked for and there is one."""
    objects = run.objects(module.params["return_objects"], module._diff) if run else []
    result = {
        "changed": any(each["changed"] for each in objects),
        "objects": objects,
        "waited": round(run.session.waited, 1) if run else 0.0,
        "retries": run.session.retries if run else 0,
        "retry_reasons": run.session.retry_reasons if run else [],
    }
    changes = run.diffs() if run and module._diff else []
    return {**result, "diff": changes} if changes else result
