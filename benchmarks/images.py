# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Eight images by image_build and by community.docker's docker_image in a loop: cold, unchanged, one file changed.

By default in the daemon of the running platform's node, which has the base image. What is built is removed again.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

from paired import Rounds, add_check, environment, finish, peers

IMAGES = 8
FILES = 20
DOCKERFILE = """FROM {base}
COPY . /srv/
RUN ls /srv > /list
RUN sort /list > /sorted
"""
# The loop without force builds what is missing and never notices a change, so it has no third figure.
WAYS = {"ours": "image_build, one call", "forced": "docker_image, loop, force_source", "plain": "docker_image, loop"}
# The goals, as the most that image_build may take of another.
GOALS = {f"unchanged, beside {WAYS[way]}": 0.5 for way in ("forced", "plain")}
STEPS = {"cold": ("ours", "forced"), "unchanged": ("ours", "forced", "plain"), "one file changed": ("ours", "forced")}


PLAY = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Build all images in one call",
                "when": "who == 'ours'",
                "fortytwo.ft_services.image_build": {
                    "docker_host": "{{ docker_host }}",
                    "tls_path": "{{ tls_path | default(omit, true) }}",
                    "repository_prefix": "bench/ours",
                    "nocache": "{{ cold }}",
                    "images": "{{ requests }}",
                },
            },
            {
                "name": "Build all images one after the other",
                "when": "who != 'ours'",
                "loop": "{{ requests }}",
                "community.docker.docker_image": {
                    "docker_host": "{{ docker_host }}",
                    "tls": "{{ tls_path | length > 0 }}",
                    "validate_certs": "{{ tls_path | length > 0 }}",
                    "ca_path": "{{ tls_path ~ '/ca.pem' if tls_path else omit }}",
                    "client_cert": "{{ tls_path ~ '/cert.pem' if tls_path else omit }}",
                    "client_key": "{{ tls_path ~ '/key.pem' if tls_path else omit }}",
                    "name": "bench/peer/{{ item.name }}",
                    "tag": "1",
                    "source": "build",
                    # Without force it never notices that a file changed.
                    "force_source": "{{ who == 'forced' }}",
                    "build": {"path": "{{ item.context }}", "network": "none", "nocache": "{{ cold }}"},
                },
            },
        ],
    }
]


def contexts(folder: pathlib.Path, base: str) -> list[dict[str, str]]:
    """Write the contexts; return the requests for them."""
    requests = []
    for number in range(IMAGES):
        root = folder / f"image{number}"
        root.mkdir()
        (root / "Dockerfile").write_text(DOCKERFILE.format(base=base), encoding="utf-8")
        for file in range(FILES):
            (root / f"file{file}").write_text(f"{number} {file}\n" * 1000, encoding="utf-8")
        requests.append({"name": root.name, "context": str(root), "network": "none"})
    return requests


class Bench:
    """Times one playbook, a call of image_build or a loop of the peer's module."""

    def __init__(self, options: argparse.Namespace, folder: pathlib.Path) -> None:
        """Take what every round has in common."""
        self._folder = folder
        self._variables = {"docker_host": options.docker_host, "tls_path": options.tls_path}
        self._variables["requests"] = contexts(folder, options.base)
        # Both run by the Ansible and the SDK of this collection; only the peer's collection comes from its venv.
        (theirs,) = peers().parent.glob("lib/python*/site-packages")
        self._environment = environment(folder, theirs) | {"ANSIBLE_PYTHON_INTERPRETER": sys.executable}

    def seconds(self, who: str, cold: bool) -> float:
        """The duration of one whole play."""
        variables = json.dumps({**self._variables, "who": who, "cold": cold})
        playbook = self._folder / "play.json"
        playbook.write_text(json.dumps(PLAY), encoding="utf-8")
        program = pathlib.Path(sys.executable).with_name("ansible-playbook")
        command = [str(program), "-i", "localhost,", "-c", "local", "-e", variables, str(playbook)]
        begun = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self._environment)
        taken = time.monotonic() - begun
        if done.returncode:
            sys.exit(f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return taken

    def remove(self) -> None:
        """Remove all images of the benchmark."""
        docker, folder = ["docker", "--host", str(self._variables["docker_host"])], self._variables["tls_path"]
        if folder:
            docker += ["--tlsverify", f"--tlscacert={folder}/ca.pem"]
            docker += [f"--tlscert={folder}/cert.pem", f"--tlskey={folder}/key.pem"]
        listed = subprocess.run(
            [*docker, "images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=bench/*/*"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        if listed:
            # By their names: an image that others were made from cannot be removed by its id.
            subprocess.run([*docker, "image", "rm", "--force", *set(listed)], capture_output=True, check=True)


def node(profile: str) -> tuple[str, str]:
    """Address and certificates of the daemon in the platform's node."""
    command = ["minikube", "-p", profile, "docker-env", "--shell", "none"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return found["DOCKER_HOST"], found["DOCKER_CERT_PATH"]


def table(rounds: Rounds) -> list[str]:
    """The medians, in seconds."""
    lines = [f"| {IMAGES} images | {' | '.join(STEPS)} |", "|---|" + "---|" * len(STEPS)]
    for way, title in WAYS.items():
        cells = [f"{rounds.median(step, way):.1f}" if rounds.has(step, way) else "-" for step in STEPS]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def ratios_of(rounds: Rounds) -> dict[str, float]:
    """What image_build takes of each loop."""
    return {
        f"{step}, beside {WAYS[way]}": rounds.ratio((step, "ours"), (step, way))
        for step, ways in STEPS.items()
        for way in ways
        if way != "ours"
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="ft-services", help="the platform whose node builds")
    parser.add_argument("--docker-host", help="another daemon")
    parser.add_argument("--tls-path", default="")
    parser.add_argument("--base", default="alpine:3.23")
    parser.add_argument("--rounds", type=int, default=3)
    add_check(parser)
    # The options of the other benchmarks are given to all of them.
    options = parser.parse_known_args()[0]
    if not options.docker_host:
        options.docker_host, options.tls_path = node(options.profile)
    rounds = Rounds()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        bench = Bench(options, folder)
        for way in WAYS:
            bench.seconds(way, False)  # Fills the caches of the disk, and compiles.
        for number in range(options.rounds):
            bench.remove()
            for step, ways in STEPS.items():
                for way in ways:
                    if step == "one file changed":
                        (folder / "image0/file0").write_text(f"{way} {number}", encoding="utf-8")
                    rounds.add(step, way, bench.seconds(way, step == "cold"))
        bench.remove()
    head = (
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}. Medians of "
        f"{options.rounds} rounds, seconds of whole plays."
    )
    finish("images", [head, "", *table(rounds)], ratios_of(rounds), GOALS, check=options.check)


if __name__ == "__main__":
    main()
