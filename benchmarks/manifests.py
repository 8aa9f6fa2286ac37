# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long manifests takes beside kubernetes.core and kubectl: whole plays, in paired rounds, medians and ratios.

The peers are installed into a virtual environment of their own in the cache, and all plays run by its Ansible. Every
contender has a namespace of its own, which is empty before its first run and removed at the end.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time
import typing as t

from paired import Rounds, add_check, environment, finish, peers

LOOP_LIMIT = 100  # A loop over more objects takes minutes and shows nothing new.
CONTENDERS = {
    "manifests": "fortytwo.ft_services.manifests, one call",
    "core": "kubernetes.core.k8s, one call",
    "loop": "kubernetes.core.k8s, a loop",
    "kubectl": "kubectl apply --server-side, and an empty play",
}
# The goals, as the most that manifests may take of another (of itself with fewer objects: no worse than linearly).
GOALS = {
    "100 objects, first, beside kubectl and an empty play": 1.1,
    "100 objects, unchanged, beside kubernetes.core in one call": 0.75,
}
STEPS = ("first", "unchanged")
BESIDE = {"core": "kubernetes.core in one call", "loop": "its loop", "kubectl": "kubectl and an empty play"}
PLAYS = {
    "empty": "",
    "manifests": """
    - fortytwo.ft_services.manifests:
        context: "{{ context }}"
        src: ["{{ file }}"]
        wait: false
""",
    "core": """
    - kubernetes.core.k8s:
        context: "{{ context }}"
        src: "{{ file }}"
        state: present
""",
    "loop": """
    - kubernetes.core.k8s:
        context: "{{ context }}"
        definition: "{{ item }}"
        state: present
      loop: "{{ lookup('ansible.builtin.file', file) | from_yaml_all }}"
      loop_control:
        label: "{{ item.metadata.name }}"
""",
}
PLAY = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks: {tasks}\n"


def objects(count: int, namespace: str) -> list[dict[str, t.Any]]:
    """Objects in the proportions of an application; Deployments have no pods, as those would be measured instead."""
    found: list[dict[str, t.Any]] = []
    for number in range(count):
        name = f"bench-{number}"
        body: dict[str, t.Any] = {"metadata": {"name": name, "namespace": namespace, "labels": {"app": name}}}
        kind = number % 10
        if kind < 5:
            body |= {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "data": {f"key-{each}": "value " * 20 for each in range(5)},
            }
        elif kind < 7:
            ports = [{"name": "http", "port": 80, "targetPort": 8080}]
            body |= {"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"app": name}, "ports": ports}}
        elif kind < 8:
            body |= {"apiVersion": "v1", "kind": "ServiceAccount"}
        else:
            pod = {
                "containers": [
                    {"name": "main", "image": "example.invalid/main:1", "env": [{"name": "A", "value": "b"}]}
                ]
            }
            template = {"metadata": {"labels": {"app": name}}, "spec": pod}
            spec = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template}
            body |= {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}
        found.append(body)
    return found


class Bench:
    """One cluster, and how to run a contender on it."""

    def __init__(self, arguments: argparse.Namespace, folder: pathlib.Path) -> None:
        """Write the playbooks into ``folder``."""
        self.folder, self.context = folder, arguments.context
        self.kubectl = [arguments.kubectl, f"--context={arguments.context}"]
        self.bin = peers()
        self.environment = environment(folder) | {"ANSIBLE_PYTHON_INTERPRETER": str(self.bin / "python")}
        for name, tasks in PLAYS.items():
            (folder / f"{name}.yml").write_text(PLAY.format(tasks=tasks or "[]"), encoding="utf-8")

    def timed(self, command: t.Sequence[str | pathlib.Path]) -> float:
        """Seconds that a command takes. Its output is shown only when it fails."""
        began = time.monotonic()
        answer = subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment)
        if answer.returncode:
            sys.exit(f"{command} ended with {answer.returncode}:\n{answer.stdout[-2000:]}\n{answer.stderr[-2000:]}")
        return time.monotonic() - began

    def play(self, name: str, file: pathlib.Path) -> float:
        """Seconds that a whole play takes."""
        variables = json.dumps({"file": str(file), "context": self.context})
        return self.timed(
            [self.bin / "ansible-playbook", "-i", "localhost,", "-e", variables, self.folder / f"{name}.yml"]
        )

    def run(self, contender: str, file: pathlib.Path) -> float:
        """Seconds that a contender needs for the objects in a file."""
        if contender != "kubectl":
            return self.play(contender, file)
        return self.timed([*self.kubectl, "apply", "--server-side", f"--filename={file}"]) + self.play("empty", file)

    def round(self, count: int, contenders: t.Sequence[str], rounds: Rounds) -> None:
        """First and unchanged of each contender, one after the other."""
        for contender in contenders:
            space = f"ft-bench-{contender}"
            self.timed([*self.kubectl, "create", "namespace", space])
            file = self.folder / f"{contender}.json.yaml"
            file.write_text("\n---\n".join(json.dumps(each) for each in objects(count, space)), encoding="utf-8")
            for step in STEPS:
                rounds.add(f"{count} objects, {step}", contender, self.run(contender, file))
            self.timed([*self.kubectl, "delete", "namespace", space, "--wait=true"])

    def clean(self) -> None:
        """Remove what an interrupted run left."""
        spaces = [f"ft-bench-{contender}" for contender in CONTENDERS]
        self.timed([*self.kubectl, "delete", "namespace", *spaces, "--ignore-not-found", "--wait=true"])


def machine(bench: Bench) -> str:
    """The machine and the versions, in one paragraph."""
    said = subprocess.run([*bench.kubectl, "version", "--output=json"], capture_output=True, text=True, check=True)
    versions = json.loads(said.stdout)
    lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    processor = re.search(r"model name\s*: (.*)", lines)
    core = subprocess.run([bench.bin / "ansible", "--version"], capture_output=True, text=True, check=True).stdout
    galaxy: list[str | pathlib.Path] = [bench.bin / "ansible-galaxy", "collection", "list", "kubernetes.core"]
    listed = subprocess.run(galaxy, capture_output=True, text=True, check=True).stdout
    peer = re.search(r"kubernetes\.core\s+(\S+)", listed)
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} processors "
        f"({processor.group(1).strip() if processor else 'unknown'}), Python {platform.python_version()}, "
        f"{core.splitlines()[0]}, kubernetes.core {peer.group(1) if peer else 'unknown'}, "
        f"kubectl {versions['clientVersion']['gitVersion']}, Kubernetes {versions['serverVersion']['gitVersion']}."
    )


def table(sizes: t.Sequence[int], rounds: Rounds) -> list[str]:
    """The medians of each size, in seconds."""
    rows = ["| objects | | first | unchanged |", "|---|---|---|---|"]
    for count in sizes:
        for contender, title in CONTENDERS.items():
            steps = [f"{count} objects, {step}" for step in STEPS]
            if rounds.has(steps[0], contender):
                first, again = (rounds.median(step, contender) for step in steps)
                rows.append(f"| {count} | {title} | {first:.1f} | {again:.1f} |")
    return rows


def ratios_of(sizes: t.Sequence[int], rounds: Rounds) -> tuple[dict[str, float], dict[str, float]]:
    """What manifests takes of each other contender, and of itself with fewer objects; the goals of all of them."""
    found, goals = {}, dict(GOALS)
    for count in sizes:
        for step in (f"{count} objects, {part}" for part in STEPS):
            for contender, title in BESIDE.items():
                if rounds.has(step, contender):
                    found[f"{step}, beside {title}"] = rounds.ratio((step, "manifests"), (step, contender))
    for fewer, more in itertools.pairwise(sorted(sizes)):
        for part in STEPS:
            name = f"{more} objects, {part}, beside {fewer}"
            one, other = f"{more} objects, {part}", f"{fewer} objects, {part}"
            found[name] = rounds.ratio((one, "manifests"), (other, "manifests"))
            goals[name] = more / fewer
    return found, goals


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--context", default="ft-services", help="context of the cluster to measure on")
    parser.add_argument("--kubectl", default="/usr/local/bin/kubectl")
    parser.add_argument("--sizes", default="10,100,500", help="numbers of objects")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-loop", action="store_true", help="leave out the slowest contender")
    add_check(parser)
    # The options of the other benchmarks are given to all of them.
    arguments = parser.parse_known_args()[0]
    sizes, rounds = [int(each) for each in arguments.sizes.split(",")], Rounds()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, pathlib.Path(folder))
        bench.clean()
        try:
            bench.round(1, list(CONTENDERS), Rounds())  # Fills the caches of the disk, and compiles.
            for count in sizes:
                loop = count <= LOOP_LIMIT and not arguments.no_loop
                contenders = [name for name in CONTENDERS if name != "loop" or loop]
                for dummy in range(arguments.rounds):
                    bench.round(count, contenders, rounds)
                print(*table([count], rounds)[2:], sep="\n", flush=True)
        finally:
            bench.clean()
        head = f"{machine(bench)} Medians of {arguments.rounds} rounds, seconds of whole plays."
        finish("manifests", [head, "", *table(sizes, rounds)], *ratios_of(sizes, rounds), check=arguments.check)


if __name__ == "__main__":
    main()
