# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long manifests takes beside kubernetes.core and kubectl: whole plays, in paired rounds, medians and ratios.

The peers are installed into a virtual environment of their own in the cache, and all plays run by its Ansible. Every
contender has a namespace of its own, which is empty before its first run and removed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
import venv

ROOT = pathlib.Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "benchmarks.md"
PEERS = ["ansible>=12", "kubernetes>=34.1", "jmespath"]
LOOP_LIMIT = 100  # A loop over more objects takes minutes and shows nothing new.
CONTENDERS = {
    "manifests": "fortytwo.ft_services.manifests, one call",
    "core": "kubernetes.core.k8s, one call",
    "loop": "kubernetes.core.k8s, a loop",
    "kubectl": "kubectl apply --server-side, and an empty play",
}
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


def peers() -> pathlib.Path:
    """The folder of programs of the virtual environment that holds the peers."""
    folder = pathlib.Path("~/.cache/ft_services/venvs/peers").expanduser()
    done = folder / "complete"
    if not done.exists():
        print(f"Installing {', '.join(PEERS)} into {folder}")
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *PEERS], check=True)
        done.touch()
    return folder / "bin"


class Bench:
    """One cluster, and how to run a contender on it."""

    def __init__(self, arguments: argparse.Namespace, folder: pathlib.Path) -> None:
        """Write the playbooks into ``folder``."""
        self.folder, self.context = folder, arguments.context
        self.kubectl = [arguments.kubectl, f"--context={arguments.context}"]
        self.bin = peers()
        collections = folder / "collections" / "ansible_collections" / "fortytwo"
        collections.mkdir(parents=True)
        (collections / "ft_services").symlink_to(ROOT)
        self.environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_PYTHON_INTERPRETER": str(self.bin / "python"),
            "LC_ALL": "C.UTF-8",
        }
        (folder / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
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

    def round(self, count: int, contenders: t.Sequence[str]) -> dict[str, tuple[float, float]]:
        """(first, unchanged) of each contender, one after the other."""
        found = {}
        for contender in contenders:
            space = f"ft-bench-{contender}"
            self.timed([*self.kubectl, "create", "namespace", space])
            file = self.folder / f"{contender}.json.yaml"
            file.write_text("\n---\n".join(json.dumps(each) for each in objects(count, space)), encoding="utf-8")
            found[contender] = (self.run(contender, file), self.run(contender, file))
            self.timed([*self.kubectl, "delete", "namespace", space, "--wait=true"])
        return found

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


def table(count: int, rounds: list[dict[str, tuple[float, float]]]) -> list[str]:
    """The rows of one size: medians, and what manifests takes of each (medians of the ratios within a round)."""
    rows = []
    for contender in rounds[0]:
        first, again = (statistics.median(each[contender][part] for each in rounds) for part in (0, 1))
        ratios = [
            statistics.median(each["manifests"][part] / each[contender][part] for each in rounds) for part in (0, 1)
        ]
        rows.append(
            f"| {count} | {CONTENDERS[contender]} | {first:.1f} | {again:.1f} | {ratios[0]:.2f} | {ratios[1]:.2f} |"
        )
    return rows


def write(text: str) -> None:
    """Put the results into the page, between its marks."""
    page = TABLE.read_text(encoding="utf-8")
    begin, end = "<!-- manifests: begin -->\n", "<!-- manifests: end -->"
    before, rest = page.split(begin)
    TABLE.write_text(f"{before}{begin}{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--context", default="ft-services", help="context of the cluster to measure on")
    parser.add_argument("--kubectl", default="/usr/local/bin/kubectl")
    parser.add_argument("--sizes", default="10,100,500", help="numbers of objects")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-loop", action="store_true", help="leave out the slowest contender")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, pathlib.Path(folder))
        bench.clean()
        try:
            bench.play("empty", pathlib.Path(folder))  # Fills the caches of the disk.
            rows = []
            for count in map(int, arguments.sizes.split(",")):
                loop = count <= LOOP_LIMIT and not arguments.no_loop
                contenders = [name for name in CONTENDERS if name != "loop" or loop]
                rows += table(count, [bench.round(count, contenders) for dummy in range(arguments.rounds)])
                print(*rows, sep="\n", flush=True)
        finally:
            bench.clean()
        head = [
            f"{machine(bench)} Medians of {arguments.rounds} rounds, seconds of whole plays.",
            "",
            "| objects | | first | unchanged | manifests / this, first | unchanged |",
            "|---|---|---|---|---|---|",
        ]
        write("\n".join([*head, *rows]))


if __name__ == "__main__":
    main()
