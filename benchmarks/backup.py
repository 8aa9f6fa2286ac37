# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup into a repository beside tar and mariadb-dump alone: files and a database, first and then unchanged.

No cluster is needed: the module service_backup runs as it does in a play, and the programs of the images write the data
on this machine, with a stand-in for kubectl between them. Wants MariaDB's server and client, restic and room for four
times the data.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t

from paired import ROOT, Rounds, add_check, environment, finish

MIB = 1 << 20
# Shares of the data, in percent, and the size of one file or row.
SHARES = {"pictures": (40, 4 * MIB), "texts": (20, MIB), "small": (15, 8 << 10), "database": (25, 4 << 10)}
PRODUCT, PLAIN, PACKED = "service_backup", "tar and mariadb-dump", "the same through gzip"
FIRST, AGAIN, SPACE, CPU = "first", "unchanged", "space", "CPU, "
GOALS = {
    f"first, beside {PLAIN}": 1.43,
    "unchanged, beside the first": 0.15,
    "space that the unchanged takes, beside the first": 0.05,
}
# kubectl is told: --namespace=bench exec deploy/NAME -- backup [--fingerprint] PATH
KUBECTL = """#!/bin/sh
for word; do
    case $word in
    deploy/*) name=${word#deploy/} ;;
    --fingerprint) option=$word ;;
    esac
done
PATH=@ROOT@/$name/bin:/usr/sbin:/usr/bin:/sbin:/bin exec backup $option @ROOT@/$name/data
"""
PROGRAMS = {
    "mysql": {"backup": "mysql/backup", "room": "common/room", "written_by": "common/written_by"},
    "ftps": {"backup": "common/folder/backup", "restore": "common/folder/restore", "room": "common/room"},
}


class Words:
    """Text that shrinks as people's does, the same in each run."""

    def __init__(self) -> None:
        """Make up phrases of short words."""
        self._chance = random.Random(42)
        words = ["".join(self._chance.choices("etaoinshrdlu", k=2 + number % 5)) for number in range(3000)]
        self._phrases = [" ".join(self._chance.choices(words, k=3)) for dummy in range(200_000)]

    def text(self, size: int) -> bytes:
        """So many bytes of it."""
        return " ".join(self._chance.choices(self._phrases, k=size // 9)).ljust(size)[:size].encode()

    def noise(self, size: int) -> bytes:
        """So many bytes that do not shrink, such as pictures are."""
        return self._chance.randbytes(size)


class Cost(t.NamedTuple):
    """What a command took, in seconds: by the clock, and of the processors."""

    wall: float
    cpu: float


class Bench:
    """The data, and how each contender backs them up."""

    def __init__(self, folder: pathlib.Path, megabytes: int) -> None:
        """Make the data of both services below ``folder``, and start the database."""
        self.folder, self.words = folder, Words()
        self.environment = environment(folder)
        self.client = ["mariadb", f"--defaults-file={folder}/mysql/run/root.cnf"]
        for name, programs in PROGRAMS.items():
            for part in ("bin", "data", "run", "etc", "tmp"):
                (folder / name / part).mkdir(parents=True)
            for program, source in programs.items():
                self._script(name, program, ROOT / "images" / f"{source}.sh")
        kubectl = folder / "kubectl"
        kubectl.write_text(KUBECTL.replace("@ROOT@", str(folder)), encoding="utf-8")
        kubectl.chmod(0o755)
        counts = {name: megabytes * MIB * share // 100 // size for name, (share, size) in SHARES.items()}
        self._files(counts)
        self.server = self._database(counts["database"])

    def _script(self, service: str, program: str, source: pathlib.Path) -> None:
        """A program of an image, with folders of ours in place of the container's."""
        root = self.folder / service
        places = {"/etc/service": "etc", "/run/mysqld": "run", "/tmp": "tmp"}
        text = source.read_text(encoding="utf-8")
        text = re.sub(r"(?<![\w/])(/etc/service|/run/mysqld|/tmp)\b", lambda at: f"{root}/{places[at[1]]}", text)
        (root / "bin" / program).write_text(text, encoding="utf-8")
        (root / "bin" / program).chmod(0o755)

    def _files(self, counts: dict[str, int]) -> None:
        for kind in ("pictures", "texts", "small"):
            for number in range(counts[kind]):
                place = self.folder / "ftps/data" / kind / str(number // 100)
                place.mkdir(parents=True, exist_ok=True)
                make = self.words.noise if kind == "pictures" or (kind == "small" and number % 2) else self.words.text
                (place / str(number)).write_bytes(make(SHARES[kind][1]))

    def _database(self, rows: int) -> subprocess.Popen[bytes]:
        root = self.folder / "mysql"
        socket, data = root / "run/socket", root / "data/mysql"
        options = ["--no-defaults", f"--datadir={data}", f"--user={os.environ.get('USER', 'root')}"]
        install = ["mariadb-install-db", *options, "--auth-root-authentication-method=normal"]
        subprocess.run(install, capture_output=True, check=True)
        more = [f"--socket={socket}", "--skip-networking", "--innodb-flush-log-at-trx-commit=0"]
        log = (root / "log").open("wb")
        server = subprocess.Popen(["/usr/sbin/mariadbd", *options, *more], stdout=log, stderr=log)
        (root / "run/root.cnf").write_text(f"[client]\nuser = root\nsocket = {socket}\n", encoding="utf-8")
        (root / "etc/version").write_text("MariaDB 10.0\n", encoding="utf-8")
        while subprocess.run([*self.client, "--execute=DO 1"], capture_output=True, check=False).returncode:
            if server.poll() is not None:
                sys.exit((root / "log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.2)
        size = SHARES["database"][1]
        with subprocess.Popen(self.client, stdin=subprocess.PIPE) as client:
            stdin = t.cast(t.IO[bytes], client.stdin)
            stdin.write(b"CREATE DATABASE site; CREATE TABLE site.posts (id INT PRIMARY KEY, content LONGTEXT);\n")
            for number in range(rows):
                stdin.write(b"INSERT INTO site.posts VALUES (%d, '%s');\n" % (number, self.words.text(size)))
        if client.returncode:
            sys.exit("the rows could not be written")
        return server

    def product(self, repository: pathlib.Path) -> Cost:
        """What is taken by a backup of the module, into a repository."""
        services = [
            {"name": name, "form": form, "dump": ["backup", "/data"], "load": ["restore", "/data"]}
            for name, form in (("mysql", "sql"), ("ftps", "tar"))
        ]
        # As the role asks for folders.
        services[1]["fingerprint"] = ["backup", "--fingerprint", "/data"]
        arguments = {
            "repository": str(repository),
            "key_file": str(self.folder / "key"),
            "name": f"bench-{time.monotonic_ns()}",
            "namespace": "bench",
            "services": services,
            "executable": str(self.folder / "kubectl"),
        }
        module = "ansible_collections.fortytwo.ft_services.plugins.modules.service_backup"
        more = {"PYTHONPATH": str(self.folder / "collections"), "XDG_CACHE_HOME": str(self.folder / "cache")}
        given = json.dumps({"ANSIBLE_MODULE_ARGS": arguments})
        return self._timed([sys.executable, "-m", module], given, more)

    def plain(self, target: pathlib.Path, through: str = "") -> Cost:
        """What is taken by the programs alone, into files."""
        target.mkdir()
        dump = [f"--defaults-file={self.folder}/mysql/run/root.cnf", "--single-transaction", "--quick", "--databases"]
        writers = {
            "site.sql": ["mariadb-dump", *dump, "site"],
            "files.tar": ["tar", "-C", f"{self.folder}/ftps/data", "-cf", "-", "."],
        }
        lines = [f"{shlex.join(words)} {through} >{shlex.quote(str(target / file))}" for file, words in writers.items()]
        return self._timed(["sh", "-euc", "\n".join(lines)])

    def _timed(self, command: list[str], given: str = "", more: t.Mapping[str, str] | None = None) -> Cost:
        """What a command takes until all that it wrote is on the disk."""
        os.sync()
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            env={**self.environment, **(more or {})},
        )
        os.sync()
        taken, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode or '"missing": {}' not in (done.stdout if given else '"missing": {}'):
            sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return Cost(taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def round(self, rounds: Rounds) -> None:
        """Each contender once, and the product once more."""
        places = [self.folder / name for name in ("repository", "plain", "packed")]

        def add(step: str, contender: str, cost: Cost, space: float) -> None:
            rounds.add(step, contender, cost.wall)
            rounds.add(CPU + step, contender, cost.cpu)
            rounds.add(SPACE, contender if step == FIRST else step, space)

        cost = self.plain(places[1])
        add(FIRST, PLAIN, cost, size_of(places[1]))
        cost = self.product(places[0])
        first = size_of(places[0])
        add(FIRST, PRODUCT, cost, first)
        cost = self.product(places[0])
        add(AGAIN, PRODUCT, cost, size_of(places[0]) - first)
        cost = self.plain(places[2], "| gzip")
        add(FIRST, PACKED, cost, size_of(places[2]))
        for place in places:
            shutil.rmtree(place)

    def end(self) -> None:
        """Stop the database."""
        self.server.terminate()
        self.server.wait()


def size_of(folder: pathlib.Path) -> float:
    """MiB of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MIB


def machine(megabytes: int, rounds: int) -> str:
    """The machine, the versions and the data, in one paragraph."""
    said = {
        name: subprocess.run([name, option], capture_output=True, text=True, check=True).stdout
        for name, option in {"restic": "version", "mariadb-dump": "--version"}.items()
    }
    restic = re.search(r"restic (\S+)", said["restic"])
    database = re.search(r"(\d+\.\d+\.\d+)-MariaDB", said["mariadb-dump"])
    shares = ", ".join(f"{share} % {name}" for name, (share, dummy) in SHARES.items())
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} processors, "
        f"restic {restic[1] if restic else 'unknown'}, MariaDB {database[1] if database else 'unknown'}, "
        f"{megabytes} MiB ({shares}). Medians of {rounds} rounds."
    )


def table(rounds: Rounds) -> list[str]:
    """The medians."""
    rows = ["| | seconds | CPU seconds | MiB |", "|---|---|---|---|"]
    for name, step, contender in (
        (PLAIN, FIRST, PLAIN),
        (PACKED, FIRST, PACKED),
        (f"{PRODUCT}, first", FIRST, PRODUCT),
        (f"{PRODUCT}, unchanged", AGAIN, PRODUCT),
    ):
        taken = (rounds.median(kind + step, contender) for kind in ("", CPU))
        space = rounds.median(SPACE, contender if step == FIRST else step)
        rows.append(f"| {name} | {' | '.join(f'{each:.1f}' for each in taken)} | {space:.1f} |")
    return rows


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024, help="how much data")
    parser.add_argument("--rounds", type=int, default=3)
    add_check(parser)
    # The options of the other benchmarks are given to all of them.
    arguments = parser.parse_known_args()[0]
    lacking = [name for name in ("restic", "mariadb-dump", "mariadb-install-db") if not shutil.which(name)]
    if lacking:
        sys.exit(
            f"{', '.join(lacking)}: not there. On Debian: apt-get install restic mariadb-server-core mariadb-client"
        )
    rounds = Rounds()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(pathlib.Path(folder), arguments.megabytes)
        try:
            bench.plain(bench.folder / "warm")
            shutil.rmtree(bench.folder / "warm")
            for dummy in range(arguments.rounds):
                bench.round(rounds)
        finally:
            bench.end()
    ratios = {
        f"first, beside {PLAIN}": rounds.ratio((FIRST, PRODUCT), (FIRST, PLAIN)),
        f"first, beside {PACKED}": rounds.ratio((FIRST, PRODUCT), (FIRST, PACKED)),
        "unchanged, beside the first": rounds.ratio((AGAIN, PRODUCT), (FIRST, PRODUCT)),
        "space that the unchanged takes, beside the first": rounds.ratio((SPACE, AGAIN), (SPACE, PRODUCT)),
    }
    text = [machine(arguments.megabytes, arguments.rounds), "", *table(rounds)]
    finish("backup", text, ratios, GOALS, check=arguments.check)


if __name__ == "__main__":
    main()
