# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search for every secret of the platform where no secret may be. No secret is printed, nor stands in a command line.

Reads from standard input, in JSON: `state`, the folder of the platform's state; `namespace`; `kubectl`, `node` and
`docker`, the beginnings of commands for the cluster, in the node and for the node's daemon; `images`, how the names of
the platform's images start; `files`, files and folders on this machine that hold the output of runs.
Prints a line for each place that holds a secret, with the secret's name, and at last how much was searched.
"""

from __future__ import annotations

import base64
import json
import pathlib
import subprocess
import sys
import typing as t

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

# Kinds that hold secrets by nature, or nothing: reviews and the like cannot be listed.
EXCEPT = ("secrets",)
# A process or a container may end while it is read.
READ = "for file in {}; do cat $file 2>/dev/null || :; echo; done"
PROCESSES = READ.format("/proc/[0-9]*/cmdline /proc/[0-9]*/environ")
CONTAINERS = "/var/lib/docker/containers"
# What etcd has of the cluster, and what the API server tells of its clients; both as it is on the disk.
# A file of its journal has its full length from the beginning.
DATABASE = "cd /var/lib/minikube/etcd/member; cat snap/db wal/*.wal | tr -d '\\000'"
AUDIT = "cd /var/log/kubernetes/audit; cat ./*.log; for file in ./*.gz; do [ ! -f $file ] || gzip -dc $file; done"
SHORTEST = 12


class Place(t.NamedTuple):
    """Where to look: a command whose output is searched, and what this output must hold if it is worth anything."""

    name: str
    command: list[str]
    sign: bytes


def secrets(state: pathlib.Path) -> dict[str, list[bytes]]:
    """Each secret's name and its parts: passwords whole, keys by line, as they may be wrapped anew anywhere.

    What was rotated stands in copies of the file of credentials from before, credentials.json.*
    """
    known = json.loads((state / "credentials.json").read_text(encoding="utf-8"))
    found = {"checksum_key": [known["checksum_key"].encode()]}
    current = {name: secret_of(credential) for name, credential in known["credentials"].items()}
    found |= {name: parts(secret) for name, secret in current.items()}
    for file in sorted(state.glob("credentials.json.*")):
        for name, credential in json.loads(file.read_text(encoding="utf-8"))["credentials"].items():
            if secret_of(credential) != current.get(name):
                found[f"{name} of {file.name}"] = parts(secret_of(credential))
    for key in sorted((state / "certificates").glob("*.key")):
        found[key.name] = parts(key.read_text(encoding="ascii"))
    for key in (state / "backup.key", state / "secrets.key"):
        if key.exists():
            found[key.name] = [key.read_bytes().strip()]
    for name, texts in found.items():
        if not texts or any(len(text) < SHORTEST for text in texts):
            raise SystemExit(f"{name} is too short to be looked for")
    return found


def secret_of(credential: dict[str, str]) -> str:
    """A password, or the private part of a key."""
    return credential.get("value") or credential["private"]


def parts(secret: str) -> list[bytes]:
    """Of a key in PEM format the lines of its body; the first one is the same in all keys of a kind.

    A line with nothing but the public key, which certificates have too, is no secret.
    """
    if not secret.startswith("-----BEGIN"):
        return [secret.encode()]
    load = load_ssh_private_key if "OPENSSH" in secret else load_pem_private_key
    public = load(secret.encode(), None).public_key()
    known = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    lines = [line for line in secret.splitlines()[2:] if len(line) >= SHORTEST and "-----" not in line]
    return [line.encode() for line in lines if base64.b64decode(line[: len(line) // 4 * 4]) not in known]


def forms(secret: bytes) -> set[bytes]:
    """The secret as it is, and inside of what was encoded in base64, where it may start at each of three positions."""
    found = {secret}
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + secret).rstrip(b"=")
        # What depends on the bytes around the secret is left out.
        end = len(coded) - (1 if (before + len(secret)) % 3 else 0)
        found.add(coded[(0, 2, 3)[before] : end])
    return found


def hits(text: bytes, needles: t.Mapping[str, t.Iterable[bytes]]) -> list[str]:
    """The names of the secrets in a text."""
    return [name for name, wanted in needles.items() if any(each in text for each in wanted)]


def output(command: list[str]) -> bytes:
    """All that a command says. A failure ends the search: what could not be searched is not clean."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)[:200]} ended with {done.returncode}")
    return done.stdout


def listed(kubectl: list[str], *options: str) -> list[str]:
    """The kinds of objects that can be listed."""
    return sorted(set(output([*kubectl, "api-resources", "--verbs=list", "--output=name", *options]).decode().split()))


def cluster_places(kubectl: list[str], namespace: str) -> t.Iterator[Place]:
    """What the cluster's API tells."""
    inside = [f"--namespace={namespace}"]
    for scope, where, sign in (("true", inside, b"kind: Deployment"), ("false", [], b"kind: Node")):
        kinds = ",".join(kind for kind in listed(kubectl, f"--namespaced={scope}") if kind not in EXCEPT)
        options = ["--output=yaml", "--show-managed-fields", *where]
        yield Place(f"kubectl get, namespaced {scope}", [*kubectl, "get", kinds, *options], sign)
    described = "all,configmaps,secrets,persistentvolumeclaims,events,networkpolicies"
    yield Place("kubectl describe", [*kubectl, "describe", described, *inside], b"Namespace:")
    metadata = "--output=jsonpath={range .items[*]}{.metadata}{end}"
    yield Place("metadata of Secrets", [*kubectl, "get", "secrets", metadata, *inside], b"namespace")
    pods = json.loads(output([*kubectl, "get", "pods", "--output=json", *inside]))["items"]
    for pod in pods:
        name = pod["metadata"]["name"]
        for status in pod["status"].get("containerStatuses", []):
            logs = [*kubectl, "logs", name, f"--container={status['name']}", *inside]
            yield Place(f"logs of {name}", logs, b"")
            if "terminated" in status.get("lastState", {}):
                yield Place(f"logs of {name} before its restart", [*logs, "--previous"], b"")
            inner = [*kubectl, "exec", name, f"--container={status['name']}", *inside, "--", "sh", "-c"]
            yield Place(f"processes in {name}", [*inner, f"ps; {PROCESSES}"], b"tini")


def node_places(node: list[str], docker: list[str], images: str) -> t.Iterator[Place]:
    """What the node and its daemon know: also of containers that are gone, and of those of other namespaces."""
    yield Place("database of the cluster", [*node, "sh", "-c", DATABASE], b"k8s:enc:secretbox:")
    yield Place("audit log", [*node, "sh", "-c", AUDIT], b'"resource":"secrets"')
    yield Place("processes of the node", [*node, "sh", "-c", PROCESSES], b"kubelet")
    settings = READ.format(f"{CONTAINERS}/*/config.v2.json {CONTAINERS}/*/hostconfig.json")
    yield Place("settings of all containers", [*node, "sh", "-c", settings], b"Entrypoint")
    yield Place("logs of all containers", [*node, "sh", "-c", READ.format(f"{CONTAINERS}/*/*-json.log*")], b"log")
    yield Place("journal of the node", [*node, "journalctl", "--no-pager", "--output=cat"], b"kubelet")
    for image in output([*docker, "images", "--quiet", "--no-trunc", f"--filter=reference={images}*"]).decode().split():
        yield Place(f"history of {image}", [*docker, "history", "--no-trunc", image], b"ENTRYPOINT")
        yield Place(f"settings of {image}", [*docker, "inspect", image], b"Entrypoint")


def file_texts(roots: t.Iterable[str]) -> t.Iterator[tuple[str, bytes]]:
    """The files of this machine."""
    for root in map(pathlib.Path, roots):
        files = [root] if root.is_file() else [file for file in root.rglob("*") if file.is_file()]
        if not files:
            raise SystemExit(f"no file in {root}")
        for file in files:
            yield str(file), file.read_bytes()


def state_texts(state: pathlib.Path) -> t.Iterator[tuple[str, bytes]]:
    """The rest of the platform's state: reports, copies of manifests, public keys."""
    for file in state.rglob("*"):
        secret = file.name.startswith("credentials.json") or file.name == "id_ed25519" or file.suffix == ".key"
        if file.is_file() and not secret:
            yield str(file), file.read_bytes()


def texts(wanted: t.Mapping[str, t.Any]) -> t.Iterator[tuple[str, bytes]]:
    """All places and what they hold."""
    yield "processes of this machine", output(["sh", "-c", PROCESSES])
    yield from state_texts(pathlib.Path(wanted["state"]))
    yield from file_texts(wanted["files"])
    places = [*cluster_places(wanted["kubectl"], wanted["namespace"])]
    places += node_places(wanted["node"], wanted["docker"], wanted["images"])
    for place in places:
        text = output(place.command)
        if place.sign not in text:
            raise SystemExit(f"{place.name}: not what it should be, {place.sign!r} is not in it")
        yield place.name, text


def main() -> int:
    """Search."""
    wanted = json.load(sys.stdin)
    needles = {
        name: {form for secret in each for form in forms(secret)}
        for name, each in secrets(pathlib.Path(wanted["state"])).items()
    }
    found, places, size = 0, 0, 0
    for place, text in texts(wanted):
        places, size = places + 1, size + len(text)
        for name in hits(text, needles):
            found += 1
            print(f"{name} is in: {place}")
    print(f"{len(needles)} secrets, {places} places, {size >> 20} MiB searched, {found} found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
