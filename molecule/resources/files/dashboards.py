# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every query of the deployed dashboards at InfluxDB itself; load one container and see whose processors work.

Reads from standard input, in JSON: `kubectl` (words, with context and namespace), `namespace`, `containers` (names)
and `load`, the container that is kept busy for a while. Prints, in JSON, what was measured, and what was `wrong`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import typing as t

# How far back the queries look, and how old the newest value may be, in seconds.
SPAN, RECENT = 300, 90
# The busy loop in the container, and when it shows: the kubelet measures every 10 to 15 s, telegraf asks every 10 s.
BUSY, FIRST = 60, 35
# Processors: what a loaded container uses more than before, at least, and another one at most.
MOVED, STILL = 0.3, 0.2

Json = dict[str, t.Any]


class Platform:
    """kubectl in the namespace."""

    def __init__(self, kubectl: list[str]) -> None:
        """Take the words that every command begins with."""
        self._kubectl = kubectl

    def run(self, *words: str, text: str = "") -> str:
        """Return what a command says."""
        command = [*self._kubectl, *words]
        result = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)
        if result.returncode:
            raise RuntimeError(f"{' '.join(words[:4])}: {result.stderr.strip()}")
        return result.stdout

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command that goes on by itself."""
        return subprocess.Popen([*self._kubectl, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def ask(self, queries: list[str]) -> list[list[Json]]:
        """Return the series of each query, asked in the container of InfluxDB by the user who may only read."""
        said = self.run("exec", "--stdin", "deploy/influxdb", "--", "query", "grafana", text="; ".join(queries))
        return [result.get("series", []) for result in json.loads(said)["results"]]

    def dashboards(self) -> dict[str, Json]:
        """Return the dashboards as they are deployed, by the name of the container."""
        files = json.loads(self.run("get", "configmap", "grafana", "--output=json"))["data"]
        return {name.removesuffix(".json"): json.loads(text) for name, text in files.items() if name.endswith(".json")}


def expanded(query: str, now: float) -> str:
    """Put times in the place of Grafana's macros, and ask for the tags that tell whose the values are."""
    times = f"time >= {int(now - SPAN)}s and time <= {int(now)}s"
    step = "time(20s)"
    for tag in ("container_name", "namespace"):
        # A query that has the tag in its groups already has it in all of them.
        if f'"{tag}"' not in query.rpartition("GROUP BY")[2]:
            step += f', "{tag}"'
    return query.replace("$timeFilter", times).replace("time($__interval)", step)


def look(platform: Platform, namespace: str, containers: list[str]) -> tuple[int, list[str]]:
    """Run all queries; return how many there were, and what is wrong."""
    boards, wrong, count = platform.dashboards(), [], 0
    wrong += [f"no dashboard {name}" for name in [*containers, "overview"] if name not in boards]
    for name, board in boards.items():
        own = set(containers) if name == "overview" else {name}
        targets = [(panel["title"], target["query"]) for panel in board["panels"] for target in panel["targets"]]
        now = time.time()
        found = platform.ask([expanded(query, now) for dummy, query in targets])
        count += len(targets)
        for (title, query), series in zip(targets, found, strict=True):
            tags = {(row["tags"]["container_name"], row["tags"]["namespace"]) for row in series}
            newest = max((value[0] for row in series for value in row["values"] if value[1] is not None), default=0)
            if now - newest > RECENT:
                wrong.append(f"{name}, {title}: nothing of the last {RECENT} s ({query})")
            if not tags <= {(container, namespace) for container in own}:
                wrong.append(f"{name}, {title}: {sorted(tags)}")
    return count, wrong


def busy(platform: Platform, containers: list[str], start: float, end: float) -> dict[str, float]:
    """Return the processors that each container used at most, in seconds since 1970."""
    times = f"time >= {int(start)}s and time <= {int(end)}s"
    (series,) = platform.ask(
        [f"SELECT max(cpu_usage_nanocores) FROM kubernetes_pod_container WHERE {times} GROUP BY container_name"]
    )
    used = {row["tags"]["container_name"]: row["values"][0][1] / 1e9 for row in series}
    return {name: used.get(name, -1.0) for name in containers}


def load(platform: Platform, containers: list[str], name: str) -> tuple[dict[str, list[float]], list[str]]:
    """Keep one container busy; return each one's processors before and meanwhile, and what is wrong."""
    start = time.time()
    before = busy(platform, containers, start - BUSY, start)
    with platform.start("exec", f"deploy/{name}", "--", "timeout", str(BUSY), "sh", "-c", "while :; do :; done"):
        time.sleep(BUSY)
    meanwhile = busy(platform, containers, start + FIRST, start + BUSY + 5)
    moved = {each: meanwhile[each] - before[each] for each in containers}
    wrong = [f"{each} was not measured" for each in containers if min(before[each], meanwhile[each]) < 0]
    wrong += [f"{name} was busy and used {moved[name]:.3f} more"] if moved[name] < MOVED else []
    wrong += [f"{each} used {more:.3f} more too" for each, more in moved.items() if each != name and more > STILL]
    return {each: [round(before[each], 3), round(meanwhile[each], 3)] for each in containers}, wrong


def main() -> int:
    """Do both."""
    asked = json.load(sys.stdin)
    platform, containers = Platform(asked["kubectl"]), asked["containers"]
    queries, wrong = look(platform, asked["namespace"], containers)
    processors: dict[str, list[float]] = {}
    if asked.get("load"):
        processors, faults = load(platform, containers, asked["load"])
        wrong += faults
    print(json.dumps({"queries": queries, "processors": processors, "wrong": wrong}, indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
