# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A minikube profile brought to a wanted state. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import os
import shutil
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import (
    changes,
    hardening,
    problems,
    versions,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import network as networks
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import settings as pure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.cli import Cli
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.facts import facts
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.protection import Protection, look
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress


class Cluster:
    """One run of the module: looks, plans, acts, looks again."""

    def __init__(self, module: AnsibleModule) -> None:
        """Take everything from the module's options."""
        self.module = module
        self.params = module.params
        self.profile: str = module.params["profile"]
        self.cli = Cli(module, self.profile)
        self.asked = pure.asked_settings(module.params)
        self.progress = Progress()
        self.force = os.geteuid() == 0 if module.params["force"] is None else module.params["force"]
        self.protection = Protection(self.cli, module.params, dry=module.check_mode)
        self.api = hardening.State()

    def run(self) -> dict[str, t.Any]:
        """Bring the profile to the wanted state and return the module's result."""
        try:
            return self._run()
        except hardening.HardeningError as error:
            self.module.fail_json(msg=f"The minikube profile {self.profile}: {error}.")
        return {}

    def _run(self) -> dict[str, t.Any]:
        wanted = self.params["state"]
        if wanted == "present":
            self._validate()
        config, nodes = self._look()
        settled = wanted == "present" and pure.overall(nodes) == "running"
        # A cluster may look well while a killed run's minikube still makes or upgrades it.
        settled = settled and not self.cli.unfinished() and not self.cli.upgrading()
        if not settled and self._wait_while_busy():
            config, nodes = self._look()
        if pure.overall(nodes) == "running":
            self.api = look(self.cli, config)
        before = facts(self.cli, config, nodes, self.api)
        actions = {"present": self._plan_present, "stopped": self._plan_stopped, "absent": self._plan_absent}[wanted](
            config, nodes
        )
        if actions and not self.module.check_mode:
            for action in actions:
                if action not in hardening.STEPS:
                    self._act(action)
            if wanted == "present":
                actions = [action for action in actions if action not in hardening.STEPS] + self.protection.finish()
            config = self.cli.config()
            after = facts(self.cli, config, self.cli.status() if config is not None else [])
        else:
            after = dict(before)
        if self.module.check_mode:
            after.update(self._prediction(actions, after))
        elif wanted == "present":
            self._check_health(after)
            self.protection.remember()
        result = {"changed": bool(actions), "actions": actions, **after}
        if self.module._diff and actions:
            result["diff"] = {"before": _diff_side(before), "after": _diff_side(after)}
        return result

    def _look(self) -> tuple[dict[str, t.Any] | None, list[dict[str, t.Any]]]:
        """Return the profile's configuration and the status of its nodes."""
        config = self.cli.config()
        # Without the program nothing can run; in check mode a role may be about to install it.
        blind = self.module.check_mode and not self.cli.executable
        return config, [] if blind or config is None else self.cli.status()

    def _wait_while_busy(self) -> bool:
        """Let another command of minikube finish: one left behind by a killed run still does its work.

        Returns whether there was one. Gives up after ``wait_timeout`` seconds.
        """
        busy = self.cli.other_starts()
        waited, deadline = bool(busy), time.monotonic() + self.params["wait_timeout"]
        while busy:
            names = ", ".join(map(str, busy))
            if time.monotonic() > deadline:
                self.module.fail_json(
                    msg=f"Another command of minikube works on the profile {self.profile} (process {names}) for more "
                    f"than {self.params['wait_timeout']} s. Nothing was changed. Wait until it has ended, or end it, "
                    "and run again."
                )
            self.progress.message(f"waiting for another command of minikube (process {names})")
            time.sleep(1)
            busy = self.cli.other_starts()
        return waited

    # planning -----------------------------------------------------------------------------------------------------

    def _validate(self) -> None:
        machine = problems.Machine(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20, os.cpu_count() or 1)
        further = problems.argument_problems(self.params["extra_args"] or [])
        self._refuse([*problems.problems(self.profile, self.asked, machine), *further])

    def _refuse(self, found: list[str]) -> None:
        if found:
            self.module.fail_json(
                msg=f"Settings of the minikube profile {self.profile} cannot work, nothing was changed: "
                + "; ".join(found),
                problems=found,
            )

    def _plan_present(self, config: dict[str, t.Any] | None, nodes: list[dict[str, t.Any]]) -> list[str]:
        state = pure.overall(nodes)
        running = pure.is_valid(config) and state == "running"
        if not running and self.module.check_mode and not self.cli.docker_answers(config):
            # A role may be about to start the engine. What the profile holds is judged once it answers.
            if pure.is_valid(config):
                return self.protection.plan(self._upgrade(config) or ["start"], config, self.api)
            if self.cli.traces():
                return ["start"]
            self._refuse_taken_network()
            return self.protection.plan(["create"], None, self.api)
        seen = pure.Seen(
            traces=("running",) if running else self.cli.traces(),
            config=config,
            overall=state,
            kubeconfig_wrong=pure.kubeconfig_wrong(nodes),
            unfinished=self.cli.unfinished(),
        )
        probe = pure.needs_probe(seen)
        plan = pure.plan_present(seen, has_data=probe and self.cli.has_data(config, self.asked["base_image"]))
        if plan is None:
            return self._refuse_broken(seen)
        if "create" not in plan:
            plan = [*(self._upgrade(config) or plan), *changes.node_actions(config or {}, self.asked["nodes"])]
        plan += self._addons({} if "create" in plan else config or {})
        driver = self.asked["driver"] or (config or {}).get("Driver") or pure.DRIVER
        options = {*(self.asked["extra_config"] or []), *(pure.current_settings(config)["extra_config"] or [])}
        self._refuse(hardening.problems(self.protection.wish, driver, sorted(options)))
        plan = self.protection.plan(plan, config, self.api)
        if {"create", "upgrade"} & set(plan) and self.cli.executable and self.params["force"] is not True:
            problem = versions.problem(self.asked["kubernetes_version"], self.cli.known_versions())
            self._refuse([problem] if problem else [])
        if "create" in plan:
            self._refuse_taken_network()
        if not plan and not self.module.check_mode and not self.cli.upgrading():
            self.cli.mark_finished()
        folder = self.params["binaries_path"]
        missing = self.cli.missing_binaries(folder) if folder and set(plan) & pure.STARTS else []
        if missing and not self.module.check_mode:
            self.module.fail_json(
                msg=f"The folder {folder} given as binaries_path has no {', '.join(missing)}. Nothing was changed. "
                "Complete the folder (the role fortytwo.ft_services.bundle makes one), or leave binaries_path out and "
                "let minikube download them."
            )
        return plan

    def _refuse_taken_network(self) -> None:
        """Refuse an address that docker or the host has for something else: minikube would find out at its end."""
        address = self.asked["static_ip"]
        if address and (self.asked["driver"] or pure.DRIVER) == "docker":
            problem = networks.problem(address, self.cli.taken_networks())
            self._refuse([problem] if problem else [])

    def _upgrade(self, config: dict[str, t.Any] | None) -> list[str]:
        """What takes Kubernetes to a newer version, if that is asked for or was cut short; refuse other changes."""
        found = self._fixed_differences(config or {})
        if found and not pure.is_upgrade(found):
            self.module.fail_json(msg=pure.describe_differences(self.profile, found), differences=found)
        if found:
            return ["upgrade"]
        # minikube writes the new version down before it is there.
        return ["continue_upgrade"] if self.asked["kubernetes_version"] and self.cli.upgrading() else []

    def _fixed_differences(self, config: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        """Settings that are others than asked for, each with the reason why it cannot become that."""
        found = pure.differences(pure.current_settings(config or None), self.asked)
        why = changes.nodes_problem(config, self.asked["nodes"], self.params["remove_nodes"])
        for each in found:
            if each["setting"] == "nodes":
                each["reason"] = why
        return [each for each in found if each["reason"]]

    def _addons(self, config: dict[str, t.Any]) -> list[str]:
        """What brings the addons to their wanted state; in a new cluster minikube enables some by itself."""
        there = config or {"Addons": dict.fromkeys(changes.FIRST_ADDONS, True)}
        wanted = changes.addon_changes(there, self.params["addons"])
        known = self.cli.known_addons() if wanted and self.cli.executable else []
        unknown = [name for name in wanted if known and name not in known]
        self._refuse([f"this minikube has no addon {name}: see minikube addons list" for name in unknown])
        return changes.addon_actions(wanted)

    def _refuse_broken(self, seen: pure.Seen) -> list[str]:
        self.module.fail_json(
            msg=f"The minikube profile {self.profile} has no usable configuration in {self.cli.path('profiles')}, "
            f"but there is {', '.join(seen.traces)}, which may hold a cluster's data. Nothing was changed. Bring "
            f"back {self.cli.path('profiles', self.profile, 'config.json')} from a backup, or give the data up "
            "with state=absent."
        )
        return []

    def _plan_stopped(self, config: dict[str, t.Any] | None, nodes: list[dict[str, t.Any]]) -> list[str]:
        if config is None or pure.overall(nodes) in ("stopped", "gone"):
            return []
        machines = config.get("Nodes") or [{}]
        names = [pure.machine_name(self.profile, machines, machine) for machine in machines]
        at_risk = [name for name in names if config.get("Driver") == "docker" and self.cli.volumes_at_risk(name)]
        if at_risk:
            self.module.fail_json(
                msg=f"The node {at_risk[0]} of the minikube profile {self.profile} keeps Kubernetes' volumes in its "
                "memory (/tmp/hostpath-provisioner is on a tmpfs): stopping it would lose them, so it was not stopped. "
                "Make a backup and build the cluster from a node image that binds this folder to /var, as the one of "
                "the role fortytwo.ft_services.bundle does."
            )
        return ["stop"]

    def _plan_absent(self, config: dict[str, t.Any] | None, nodes: list[dict[str, t.Any]]) -> list[str]:
        plan = ["delete"] if self.cli.traces() else []
        if plan and not self.cli.docker_answers(config):
            self.module.fail_json(
                msg=f"The minikube profile {self.profile} cannot be removed while the docker engine does not answer: "
                "its container and its volume would stay. Nothing was changed. Start the engine (the role "
                "fortytwo.ft_services.docker does), and run again."
            )
        if self.params["purge"] and os.path.isdir(self.cli.folder):
            others = self.cli.other_profiles()
            if not others:
                return [*plan, "purge"]
            self.module.warn(f"{self.cli.folder} was kept, because it also serves {', '.join(others)}.")
        return plan

    def _prediction(self, actions: list[str], after: dict[str, t.Any]) -> dict[str, t.Any]:
        if not actions:
            return {}
        found = self._settings_then(actions, after)
        if self.params["state"] == "present":
            found |= self.protection.prediction(after)
            found["settings"]["extra_config"] = self.protection.options_then(found["settings"]["extra_config"])
        return found

    def _settings_then(self, actions: list[str], after: dict[str, t.Any]) -> dict[str, t.Any]:
        if "create" in actions:
            settings = {key: value for key, value in self.asked.items() if value is not None}
            settings = {**pure.current_settings(None), "driver": pure.DRIVER, **settings}
            settings["addons"] = self._addons_then(changes.FIRST_ADDONS)
            return {"state": "running", "settings": settings}
        if self.params["state"] == "absent":
            return {"state": "absent", "settings": pure.current_settings(None)}
        settings = dict(after["settings"])
        if "upgrade" in actions:
            settings["kubernetes_version"] = self.asked["kubernetes_version"]
        if {"add_node", "remove_node"} & set(actions):
            settings["nodes"] = self.asked["nodes"]
        settings["addons"] = self._addons_then(settings["addons"] or [])
        return {"state": "stopped" if self.params["state"] == "stopped" else "running", "settings": settings}

    def _addons_then(self, there: t.Sequence[str]) -> list[str]:
        """The addons that are enabled once all is as asked for."""
        wanted = (self.params["addons"] or {}) if self.params["state"] == "present" else {}
        return sorted({name for name in [*there, *wanted] if wanted.get(name, True)})

    # acting -------------------------------------------------------------------------------------------------------

    def _act(self, action: str) -> None:
        if action in pure.STARTS:
            self._start(action)
        elif action == "keep_key":
            self.protection.keep_key()
        elif action == "purge":
            shutil.rmtree(self.cli.folder)
        elif action in ("add_node", "remove_node"):
            self._change_nodes(action)
        elif action in ("enable_addons", "disable_addons"):
            self._change_addons(action)
        else:
            words = {"stop": ["stop"], "delete": ["delete"], "update_context": ["update-context"]}[action]
            output = ["-o", "json"] if action in ("stop", "delete") else []
            # A start that finds the cluster's entry gone writes it anew and makes it the current one for a while.
            if action == "stop" and self._foreign_context():
                output.append("--keep-context-active=true")
            self._call(action, [self.cli.require(), *words, "-p", self.profile, *output])
        if action == "delete":
            self.protection.take_back()
            left = self.cli.traces()
            if left:
                self.module.fail_json(
                    msg=f"minikube delete left parts of the profile {self.profile}: {', '.join(left)}. Remove them by "
                    "hand and run again."
                )

    def _change_nodes(self, action: str) -> None:
        last = changes.workers(self.cli.config() or {})[-1:]
        words = ["add"] if action == "add_node" else ["delete", *last]
        self._call(f"node {words[0]}", [self.cli.require(), "node", *words, "-p", self.profile])

    def _change_addons(self, action: str) -> None:
        for name, wanted in changes.addon_changes(self.cli.config() or {}, self.params["addons"]).items():
            if wanted == (action == "enable_addons"):
                verb = "enable" if wanted else "disable"
                self._call(f"addons {verb} {name}", [self.cli.require(), "addons", verb, name, "-p", self.profile])

    def _start(self, action: str) -> None:
        executable = self.cli.require()
        folder, version = self.params["binaries_path"], self.asked["kubernetes_version"]
        if folder and version:
            self.cli.link_binaries(folder, version)
        if (self.asked["driver"] or (self.cli.config() or {}).get("Driver") or pure.DRIVER) == "docker":
            self.cli.drop_stale_images()
        if action in ("create", "upgrade"):
            self.cli.mark(action)
        command = pure.start_command(
            executable,
            self.profile,
            self.asked,
            action,
            preload=self.params["preload"],
            wait_timeout=self.params["wait_timeout"],
            force=self.force,
            keep_context=bool(self._foreign_context()),
            extra_args=self.params["extra_args"] or [],
            extra_config=self.protection.options(self.cli.config()),
        )
        with self.protection.handed_over():
            events = self._call("start", command)
        # Started without a version, a cluster that is half upgraded stays so.
        if version or not self.cli.upgrading():
            self.cli.mark_finished()
        for event in events:
            # The one place where minikube itself throws a cluster's objects away: say so loudly.
            if event.kind == "error" and "will reset cluster" in event.data.get("message", ""):
                self.module.warn(
                    f"minikube could not restart the control plane of {self.profile} and made a new one: objects that "
                    "were in the cluster are gone, volumes on the node's disk are not."
                )

    def _foreign_context(self) -> str:
        """The user's current context when it is another cluster's and is to be kept."""
        current = self.cli.current_context() if self.params["keep_context"] else ""
        return "" if current == self.profile else current

    def _call(self, action: str, command: list[str]) -> list[pure.Event]:
        foreign = self._foreign_context()
        rc, out, err = self.cli.run(command, on_line=self._live())
        # update-context has no --keep-context, and start forgets it where it repairs the cluster's entry.
        if foreign and self.cli.current_context() != foreign:
            self.cli.restore_context(foreign)
        events = pure.parse_events(out)
        if rc != 0:
            what = f"minikube {action} of the profile {self.profile}"
            self.module.fail_json(**pure.failure(what, rc, events, err))
        return events

    def _live(self) -> t.Callable[[str], None]:
        """What to do with each line of minikube's output: a new step counts, everything else is a message."""
        seen: set[str] = set()

        def report(line: str) -> None:
            event = pure.parse_event(line)
            if event is None or event.kind not in ("step", "download.progress"):
                return
            name = event.data.get("name") or event.data.get("artifact") or ""
            if event.kind == "step" and name not in seen:
                seen.add(name)
                self.progress.step(event.data.get("message") or name)
            elif event.kind == "step":
                self.progress.message(event.data.get("message") or name)
            else:
                self.progress.message(f"Downloading {name}")

        return report

    def _check_health(self, after: dict[str, t.Any]) -> None:
        if after["state"] != "running":
            told = ", ".join(f"{key} {value}" for key, value in after["status"].items())
            self.module.fail_json(
                msg=f"minikube started the profile {self.profile}, but it is not healthy: {told}. Look at "
                f"'minikube logs -p {self.profile}', then run again.",
                status=after["status"],
            )


def _diff_side(side: dict[str, t.Any]) -> dict[str, t.Any]:
    settings = {key: value for key, value in side["settings"].items() if value is not None}
    settings |= {"encrypt_secrets": side["encrypt_secrets"]} if side["encrypt_secrets"] is not None else {}
    log = side["audit_log"] or {}
    settings |= {f"audit_log_{key}": log[key] for key in ("max_age", "max_backups", "max_size") if key in log}
    return {"state": side["state"], **({"settings": settings} if settings else {})}
