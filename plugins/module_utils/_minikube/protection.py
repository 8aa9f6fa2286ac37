# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted Secrets, the audit log and rights in the first node of a profile.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import time
import typing as t
from pathlib import Path

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import (
    fix_mode,
    private_folder,
    write_private,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import hardening as pure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.changes import workers
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.cli import Cli
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.hardening import HardeningError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.settings import STARTS, current_settings
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

ADMIN = "/etc/kubernetes/admin.conf"
PAUSE = 2  # seconds between two questions whether the API server is back
# A Secret that somebody changes while it is written anew is refused, and is as wanted then.
TRIES = 5


def wish(params: t.Mapping[str, t.Any]) -> pure.Wish:
    """What a task asks for."""
    log = params["audit_log"]
    audit: pure.Audit | t.Literal[False] | None = None if log is None else False
    if log:
        audit = pure.Audit(*(params[f"audit_log_{name}"] for name in ("max_age", "max_backups", "max_size")))
    return pure.Wish(params["encrypt_secrets"], audit, params["system_default_admin"])


def look(cli: Cli, config: t.Mapping[str, t.Any] | None) -> pure.State:
    """What the API server of a running profile does; nothing where docker does not run the node."""
    if not config or config.get("Driver") != "docker":
        return pure.State()
    return pure.parse_state(cli.docker("exec", "--workdir", "/", cli.profile, "sh", "-c", pure.look_script())[1])


class Protection:
    """What one run of the module does to them."""

    def __init__(self, cli: Cli, params: t.Mapping[str, t.Any], dry: bool) -> None:
        """Take the wish from the module's options; what they do not say of the log is as it was said last."""
        self.cli = cli
        self.dry = dry
        self.patience: int = params["wait_timeout"]
        self.wish = wish(params)
        self._said_audit = self.wish.audit is not None
        kept = cli.kept_audit() if not self._said_audit else None
        if kept:
            self.wish = dataclasses.replace(self.wish, audit=pure.Audit(**kept))
        self.key_file = Path(params["secrets_key_file"]) if params["secrets_key_file"] else None
        self.key = ""
        self._configures = False
        self.progress = Progress()

    def plan(self, plan: list[str], config: dict[str, t.Any] | None, api: pure.State) -> list[str]:
        """The plan with what this wish takes. What a cluster that does not run needs besides is known once it does."""
        started = bool(set(plan) & STARTS)
        if not started and not api.pid and (self.wish.encrypt or self.wish.audit):
            raise HardeningError(
                f"its API server could not be found in the node {self.cli.profile}, so nothing is known of its Secrets "
                "and audit log. Look at minikube logs, or leave encrypt_secrets and audit_log out"
            )
        self._configures = bool(self.wish.encrypt) and ("create" in plan or self._to_be_configured(config, api))
        first = self._find_key(api) if api.pid or self._configures else []
        if self._configures and "create" not in plan:
            if "start" in plan:
                plan = ["configure" if action == "start" else action for action in plan]
            elif not started:
                plan = ["configure", *plan]
        rewritten = bool({"create", "configure", "upgrade", "continue_upgrade"} & set(plan))
        steps = pure.steps(self.wish, api, self.key, rewritten)
        if "create" in plan and self.wish.default_admin is False:
            steps.append("revoke_default_admin")
        return [*first, *plan, *steps]

    def _to_be_configured(self, config: dict[str, t.Any] | None, api: pure.State) -> bool:
        # The key was kept before anything else was done. Without it the node may have one that nobody may replace.
        cut = not api.pid and self.cli.configuring() and bool(self._key_in_file())
        return cut or pure.needs_option(self.wish, config, api)

    def prediction(self, after: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """What will be told of a cluster that is as wished."""
        found: dict[str, t.Any] = {}
        if self.wish.encrypt is not None:
            found["encrypt_secrets"] = self.wish.encrypt
        if self.wish.audit is not None:
            numbers = dataclasses.asdict(self.wish.audit) if self.wish.audit else {}
            seen = after["audit_log"] or {"bytes": None, "bodies": None}
            found["audit_log"] = {**seen, "path": pure.AUDIT_LOG, **numbers} if numbers else None
        return found

    def remember(self) -> None:
        """Keep what was said of the log for runs that do not say it."""
        if self._said_audit:
            self.cli.keep_audit(dataclasses.asdict(self.wish.audit) if self.wish.audit else None)

    # the key ------------------------------------------------------------------------------------------------------

    def _find_key(self, api: pure.State) -> list[str]:
        """Find the key of this cluster: that of the file, or of a cluster that has one, or a new one.

        Returns what has to be done to its file. One that does not hold the key that the cluster uses is refused.
        """
        if self.wish.encrypt is None or not (self.wish.encrypt or api.reads_encrypted):
            return []
        known = self._key_in_file()
        texts = [pure.digest(pure.encryption_config(known, encrypt)) for encrypt in (True, False)] if known else []
        used = ""
        if api.reads_encrypted and api.hashes.get(pure.ENCRYPTION_FILE) not in texts:
            rc, out, dummy = self._node("cat", pure.ENCRYPTION_FILE)
            used = pure.key_of(out if rc == 0 else "", f"{pure.ENCRYPTION_FILE} in the node {self.cli.profile}")
        if used and known and used != known:
            raise HardeningError(
                f"{self.key_file} holds another key than the cluster reads its Secrets with. Nothing was changed. Name "
                "the cluster's own file in secrets_key_file; or move this one away, and the cluster's key is written "
                "there"
            )
        self.key = known or used or pure.new_key()
        if not self.key_file or (known and not fix_mode(self.key_file, 0o600, dry=True)):
            return []
        return ["keep_key"]

    def _key_in_file(self) -> str:
        if not self.key_file:
            return ""
        try:
            return pure.checked_key(self.key_file.read_text(encoding="ascii"), str(self.key_file))
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            raise HardeningError(f"the key in {self.key_file} cannot be read: {error}") from error

    def keep_key(self) -> None:
        """Write the key to its file, before anything is encrypted with it."""
        if self.key_file:
            private_folder(self.key_file.parent, dry=False)
            write_private(self.key_file, f"{self.key}\n".encode())

    # the start ----------------------------------------------------------------------------------------------------

    def options(self, config: dict[str, t.Any] | None) -> list[str]:
        """Options of Kubernetes that a profile has to be started with, where they are not what minikube knows."""
        return self.options_then(current_settings(config)["extra_config"]) or [] if self._configures else []

    def options_then(self, there: list[str] | None) -> list[str] | None:
        """Those options once the profile is as wished."""
        return sorted({*(there or []), pure.ENCRYPTION_OPTION}) if self._configures else there

    @contextlib.contextmanager
    def handed_over(self) -> t.Iterator[None]:
        """Have minikube put the configuration into the node while it starts it, before there is an API server.

        minikube does so for what lies in this folder, in each node that it starts. A run that is killed leaves it
        there, as the next start of the cluster, by whomever, needs it.
        """
        if not self._configures:
            yield
            return
        if self.cli.config() is not None:
            self.cli.mark("configure")
        folder = Path(self.cli.path("files"))
        file = folder / pure.ENCRYPTION_FILE.lstrip("/")
        private_folder(file.parent, dry=False)
        write_private(file, pure.encryption_config(self.key, encrypt=True).encode())
        yield
        self._configures = False
        self.take_back()
        for worker in workers(self.cli.config() or {}):
            # It has no API server.
            name = f"{self.cli.profile}-{worker}"
            self.cli.docker("exec", "--workdir", "/", name, "rm", "-f", pure.ENCRYPTION_FILE)

    def take_back(self) -> None:
        """Remove what minikube was to put into the node."""
        folder = Path(self.cli.path("files"))
        file = folder / pure.ENCRYPTION_FILE.lstrip("/")
        file.unlink(missing_ok=True)
        for parent in file.parents:
            if parent == folder or not parent.is_dir() or any(parent.iterdir()):
                break
            parent.rmdir()

    # the running cluster ------------------------------------------------------------------------------------------

    def finish(self) -> list[str]:
        """Do what is left to do, step by step, in a cluster that runs; returns the steps."""
        done: list[str] = []
        while True:
            state = self.look() if self.wish != pure.Wish() else pure.State()
            # Of a cluster that did not run, the key was not known.
            if "keep_key" in self._find_key(state) and state.pid and "keep_key" not in done:
                self.keep_key()
                done.append("keep_key")
            left = pure.steps(self.wish, state, self.key)
            if not left:
                return done
            if left[0] in done:
                raise HardeningError(
                    f"{left[0].replace('_', ' ')} was done, and the API server is not as it should be. Run again; or "
                    f"look at minikube logs -p {self.cli.profile}"
                )
            self._act(left[0], state)
            done.append(left[0])

    def _act(self, step: str, state: pure.State) -> None:
        self.progress.message(step.replace("_", " "))
        if step == "configure_encryption":
            self._put(pure.ENCRYPTION_FILE, pure.encryption_config(self.key, bool(self.wish.encrypt)))
            self._node("kill", str(state.pid))
            self._await_another(state.pid, step)
        elif step == "configure_audit_log":
            self._configure_audit(state)
        elif step in ("grant_default_admin", "revoke_default_admin"):
            words = ["create", "clusterrolebinding", pure.BINDING, "--clusterrole=cluster-admin"]
            words.append("--serviceaccount=kube-system:default")
            words = words if step.startswith("grant") else ["delete", "clusterrolebinding", pure.BINDING]
            rc, dummy, err = self._node(self._kubectl, "--kubeconfig", ADMIN, *words)
            if rc != 0:
                raise HardeningError(f"kubectl {' '.join(words[:3])} failed: {err.strip()}")
        else:
            self._rewrite(wanted="encrypted" if step == "encrypt_secrets" else "plain")

    def _configure_audit(self, state: pure.State) -> None:
        audit = self.wish.audit or False
        dummy, out, err = self._node(self._kubectl, "patch", "--local", "-f", pure.MANIFEST, "-p", "{}", "-o", "json")
        try:
            pod = json.loads(out)
        except ValueError as error:
            raise HardeningError(
                f"{pure.MANIFEST} cannot be read in the node {self.cli.profile}: {err.strip()}"
            ) from error
        if audit:
            self._node("mkdir", "-p", "-m", "0700", pure.AUDIT_FOLDER)
            self._put(pure.POLICY_FILE, pure.audit_policy())
        changed = pure.with_audit(pod, audit)
        if changed == pod:
            # Only the policy is another one.
            self._node("kill", str(state.pid))
            self._await_another(state.pid, "configure_audit_log")
            return
        self._put(pure.MANIFEST, json.dumps(changed, indent=2) + "\n")
        try:
            self._await_another(state.pid, "configure_audit_log")
        except HardeningError as error:
            self._put(pure.MANIFEST, json.dumps(pod, indent=2) + "\n")
            raise HardeningError(f"{error}. Its manifest was put back as it was") from error

    def _rewrite(self, wanted: str) -> None:
        """Read and write all Secrets, which stores each as it is to be now; nothing of them leaves the node."""
        kubectl = f"{self._kubectl} --kubeconfig {ADMIN}"
        script = f"{kubectl} get secrets --all-namespaces -o json | {kubectl} replace -f - >/dev/null 2>&1"
        for attempt in range(TRIES):
            if attempt:
                time.sleep(PAUSE)
            self._node("sh", "-c", script)
            seen = self.look()
            left = seen.plain if wanted == "encrypted" else seen.encrypted
            if left == 0:
                self._forget()
                return
        raise HardeningError(
            f"{'an unknown number' if left is None else left} of its Secrets could not be written anew, so they are "
            f"not {wanted} yet. Run again; or look why, in the node: {kubectl} get secrets -A"
        )

    def _forget(self) -> None:
        """Have etcd let go of what the Secrets were before, which it keeps for a while."""
        self._node("sh", "-c", pure.forget_script())

    def look(self) -> pure.State:
        """What the API server does now."""
        return look(self.cli, {"Driver": "docker"})

    def _await_another(self, before: int, step: str) -> None:
        """Wait until the API server has been started anew and answers."""
        deadline = time.monotonic() + self.patience
        ready = (self._kubectl, "--kubeconfig", ADMIN, "--request-timeout=5s", "get", "--raw=/readyz")
        while True:
            rc, out, dummy = self._node("pgrep", "-xo", "kube-apiserver")
            if rc == 0 and out.strip() != str(before) and self._node(*ready)[0] == 0:
                return
            if time.monotonic() > deadline:
                raise HardeningError(
                    f"the API server of {self.cli.profile} did not answer within {self.patience} s after "
                    f"{step.replace('_', ' ')}. Look at minikube logs -p {self.cli.profile}, and run again"
                )
            time.sleep(PAUSE)

    # the node -----------------------------------------------------------------------------------------------------

    @property
    def _kubectl(self) -> str:
        version = ((self.cli.config() or {}).get("KubernetesConfig") or {}).get("KubernetesVersion")
        return f"/var/lib/minikube/binaries/{version}/kubectl"

    def _node(self, *words: str, data: str | None = None) -> tuple[int, str, str]:
        stdin = ["--interactive"] if data is not None else []
        return self.cli.docker("exec", *stdin, "--workdir", "/", self.cli.profile, *words, data=data)

    def _put(self, path: str, content: str) -> None:
        """Write a file for root alone, whole or not at all. It goes by standard input, which nothing shows."""
        # Beside the folder: the kubelet reads all that lies in that of its manifests.
        folder, name = os.path.split(path)
        aside = f"{os.path.dirname(folder)}/.{name}"
        script = f"umask 077 && cat >{aside} && sync {aside} && mv {aside} {path}"
        rc, dummy, err = self._node("sh", "-c", script, data=content)
        if rc != 0:
            raise HardeningError(f"{path} could not be written in the node {self.cli.profile}: {err.strip()}")
