# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests that the world wrote, as Go modules carry them: the module manifests and kubectl must judge each the same.

PYTHONPATH=COLLECTIONS corpus.py FOLDER KUBECTL CONTEXT [KUBECONFIG]

Dry runs in the API server of server-side applies, one a file; nothing in the cluster is changed. FOLDER keeps what Go
downloads. Ends with 1 when a verdict differs and no exception explains it.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.connection import Connection
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import ManifestsError, Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import Manifest, parse
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.runner import Run
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.texts import ManifestError

# Modules and the folders in them that hold manifests, and no templates or configuration of programs.
MODULES = {
    "go.universe.tf/metallb@v0.15.3": ["config", "configsamples"],
    "k8s.io/kubernetes@v1.34.4": ["cluster/addons", "test/e2e/testing-manifests", "test/fixtures/doc-yaml"],
    "sigs.k8s.io/gateway-api@v1.7.0": ["config/crd", "examples"],
    "sigs.k8s.io/metrics-server@v0.9.0": ["manifests"],
    "github.com/cert-manager/cert-manager@v1.21.2": ["deploy/crds", "design", "test"],
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": ["example"],
    "github.com/kubernetes-csi/external-snapshotter/v8@v8.7.0": ["client/config", "deploy", "examples"],
    "knative.dev/serving@v0.51.0": ["config", "third_party"],
    "sigs.k8s.io/cluster-api@v1.14.2": ["config", "bootstrap", "controlplane"],
    "sigs.k8s.io/kueue@v0.17.0": ["config/components", "examples"],
}
FEWEST = 300
SECONDS = 40
# What `kubectl` says of an object whose namespace or kind the same file would make.
NO_NAMESPACE = re.compile(r'namespaces "([^"]+)" not found')
NO_KIND = re.compile(r'no matches for kind "([^"]+)" in version "([^"]+)"')


def modules(folder: pathlib.Path) -> list[pathlib.Path]:
    """Download the modules; return every file of manifests in them."""
    environment = {**os.environ, "GOMODCACHE": str(folder), "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local"}
    found = []
    for name, parts in MODULES.items():
        # Outside of a module of its own, and whatever Go the module asks for: nothing of it is built.
        command = ["go", "mod", "download", "-json", name]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)
        root = json.loads(answer.stdout or "{}").get("Dir") or str(folder / name)
        if not os.path.isdir(root):
            sys.exit(f"{name} cannot be had: {answer.stdout} {answer.stderr}")
        for part in parts:
            found += [file for file in sorted(pathlib.Path(root, part).rglob("*.y*ml")) if is_manifest(file)]
    return found


def is_manifest(file: pathlib.Path) -> bool:
    """True for a file whose documents are objects, and no template, overlay or input of kustomize."""
    text = file.read_text(encoding="utf-8", errors="replace")
    if "{{" in text or "kustomize.config.k8s.io" in text or file.name == "kustomization.yaml":
        return False
    return all(
        re.search(r"^apiVersion:", part, re.MULTILINE) and re.search(r"^kind:", part, re.MULTILINE)
        for part in re.split(r"^---.*$", text, flags=re.MULTILINE)
        if re.search(r"^\w", part, re.MULTILINE)
    ) and bool(re.search(r"^kind:", text, re.MULTILINE))


def by_us(client: KubeClient, file: pathlib.Path) -> str:
    """Why ours refuses a file; empty when it would apply it."""
    try:
        wanted = parse(None, [str(file)])
        session = Session(client=client, deadline=time.monotonic() + SECONDS, timeout=SECONDS, check=True, wait=False)
        Run(session, "default").present(wanted, None, False, [], False)
    except (ManifestError, ManifestsError, KubeError) as error:
        return str(error) or type(error).__name__
    return ""


def by_kubectl(command: list[str], file: pathlib.Path) -> str:
    """Why kubectl refuses a file; empty when it would apply it."""
    words = ["apply", "--server-side", "--dry-run=server", "--field-manager=fortytwo.ft_services", "--filename"]
    answer = subprocess.run([*command, *words, str(file)], capture_output=True, text=True, check=False)
    return answer.stderr.strip() if answer.returncode else ""


def exception(file: pathlib.Path, ours: str, theirs: str) -> str:
    """Why a difference is as it should be; empty when it is none of these."""
    if "stands here again" in ours or "is defined twice" in ours:
        return "what stands twice in a file is refused on purpose"
    if ours or not theirs:
        return ""
    made = parse(None, [str(file)])
    if all(made_here(line, made) for line in theirs.splitlines() if is_refusal(line)):
        return "what the same file makes (a namespace, a kind) counts as made"
    return ""


def is_refusal(line: str) -> bool:
    """True for a line of kubectl that says what is wrong with one object."""
    return not line.startswith(("Warning", "ensure CRDs are installed first"))


def made_here(line: str, made: list[Manifest]) -> bool:
    """True when the namespace or the kind that kubectl misses is in the same file."""
    space, kind = NO_NAMESPACE.search(line), NO_KIND.search(line)
    if space:
        return any(each.kind == "Namespace" and each.name == space.group(1) for each in made)
    if kind:
        return any(
            each.kind == "CustomResourceDefinition" and each.body["spec"]["names"]["kind"] == kind.group(1)
            for each in made
        )
    return False


def main() -> int:
    """Compare the verdicts, and print what differs."""
    folder, kubectl, context, *kubeconfig = sys.argv[1:]
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    files = modules(pathlib.Path(folder))
    client = KubeClient(Connection(kubeconfig=kubeconfig[0] if kubeconfig else None, context=context))
    command = [kubectl, f"--context={context}", *(f"--kubeconfig={path}" for path in kubeconfig)]

    def judge(file: pathlib.Path) -> tuple[str, str]:
        return by_us(client, file), by_kubectl(command, file)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        verdicts = list(pool.map(judge, files))
    excepted: dict[str, int] = {}
    different = []
    for file, (ours, theirs) in zip(files, verdicts, strict=True):
        if bool(ours) == bool(theirs):
            continue
        reason = exception(file, ours, theirs)
        if reason:
            excepted[reason] = excepted.get(reason, 0) + 1
        else:
            different.append(
                f"{file.relative_to(folder)}\n  ours: {ours[:500] or 'yes'}\n  kubectl: {theirs[:500] or 'yes'}"
            )
    accepted = sum(1 for ours, _theirs in verdicts if not ours)
    print(f"{len(files)} files, {accepted} accepted, {len(files) - accepted} refused")
    for reason, count in excepted.items():
        print(f"{count} differ: {reason}")
    print(f"{len(different)} differ without a reason", *different, sep="\n")
    return 1 if different or len(files) < FEWEST else 0


if __name__ == "__main__":
    sys.exit(main())
