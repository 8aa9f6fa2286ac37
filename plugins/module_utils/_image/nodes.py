# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of nodes that are containers, as those of minikube and kind, whatever container runtime is in them.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import (
    SavedImage,
    check_archive,
    familiar,
    read_archive,
    refuse_ambiguous,
    stream,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    Connection,
    DaemonError,
    connect,
    environment,
    platform_of,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.load import Loaded
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

# What takes an archive of docker on its input, by the name that a runtime gives itself.
IMPORTERS = {
    "containerd": ("ctr", "--namespace=k8s.io", "images", "import", "-"),
    "cri-o": ("podman", "load"),
    "docker": ("docker", "load", "--quiet"),
}
# Seconds until the runtime tells the cluster of an image that another program gave it.
SETTLING = 15.0
_RUNTIME = re.compile(r"^RuntimeName:\s*(\S+)", re.MULTILINE)
_MISSING = (126, 127)
_DOCKER_IMAGES = ("docker", "images", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}")


def runtime_of(version: str) -> str:
    """The name of the runtime in the output of ``crictl version``; empty when there is none."""
    match = _RUNTIME.search(version)
    return match[1].lower() if match else ""


def known_images(text: str) -> dict[str, str]:
    """IDs by reference, and by ID, in the output of ``crictl images --output=json``."""
    found: dict[str, str] = {}
    for entry in json.loads(text).get("images") or []:
        # CRI-O writes the digits alone.
        identity = f"sha256:{str(entry.get('id') or '').removeprefix('sha256:')}"
        found[identity] = identity
        found.update((familiar(tag), identity) for tag in entry.get("repoTags") or [])
    return found


def docker_images(text: str) -> dict[str, str]:
    """The same out of ``docker images`` with the format above; an image without a name has ``<none>`` for it."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        identity, dummy, name = line.partition(" ")
        found[identity] = identity
        if "<none>" not in name:
            found[familiar(name)] = identity
    return found


@dataclass(frozen=True)
class Node:
    """One node and its container runtime."""

    name: str
    runtime: str


class NodeLoader:
    """Compares archives with nodes and loads what is missing there."""

    def __init__(
        self,
        module: AnsibleModule,
        connection: Connection,
        names: t.Sequence[str],
        archives: t.Sequence[str],
        parallel: int,
    ) -> None:
        """``connection`` leads to the daemon in which the nodes are containers. Raises DaemonError, ArchiveError."""
        self._module, self._connection, self._parallel = module, connection, max(1, parallel)
        self._docker = module.get_bin_path("docker")
        if not self._docker:
            raise DaemonError(
                "Loading into nodes needs the docker command: install docker-cli (Debian) or docker-ce-cli."
            )
        self._nodes = [Node(name, self._runtime(name)) for name in dict.fromkeys(names)]
        self._images = [image for archive in archives for image in read_archive(archive, self._platform)]
        refuse_ambiguous(self._images)

    def _platform(self) -> str:
        return platform_of(connect(self._connection))

    def _words(self, node: str, *words: str, stdin: bool = False) -> list[str]:
        return [str(self._docker), "exec", *(["--interactive"] if stdin else []), node, *words]

    def _run(self, node: str, *words: str) -> str:
        code, out, err = self._module.run_command(
            self._words(node, *words),
            environ_update=environment(self._connection),
            expand_user_and_vars=False,
            errors="replace",
        )
        if code in _MISSING:
            raise DaemonError(
                f"The container {node} has no {words[0]}, so it is no node whose images can be told: give names of "
                "nodes of minikube or kind, such as minikube_info returns."
            )
        if code:
            said = "; ".join(err.strip().splitlines()[-2:])
            raise DaemonError(
                f"The node {node} cannot be asked: {said or f'exit code {code}'}. Check that it is a container of the "
                f"daemon at {self._connection.host} and runs."
            )
        return str(out)

    def _runtime(self, node: str) -> str:
        runtime = runtime_of(self._run(node, "crictl", "version"))
        importer = IMPORTERS.get(runtime)
        if importer is None:
            raise DaemonError(
                f"The node {node} runs {runtime or 'an unknown container runtime'}: images can be loaded into "
                f"{', '.join(IMPORTERS)}."
            )
        try:
            self._run(node, importer[0], "--version")
        except DaemonError as error:
            raise DaemonError(
                f"The node {node} runs {runtime} and has no working {importer[0]}, which loads images into it: use a "
                "node image that has it, such as minikube's own (kicbase)."
            ) from error
        return runtime

    def _known(self, node: Node) -> dict[str, str]:
        if node.runtime == "docker":
            # Docker tells all; crictl may be a stand-in there, as in a node image that role bundle built.
            return docker_images(self._run(node.name, *_DOCKER_IMAGES))
        try:
            return known_images(self._run(node.name, "crictl", "images", "--output=json"))
        except ValueError as error:
            raise DaemonError(f"The list of images of the node {node.name} cannot be read: {error}") from error

    def plan(self) -> list[Loaded]:
        """Every image for every node, with the ID it has there now."""
        plan = []
        for node in self._nodes:
            known = self._known(node)
            for image in self._images:
                before = known.get(image.name)
                plan.append(Loaded(image, before, before != image.id, node.name))
        for archive in sorted({each.image.archive for each in plan if each.changed}):
            check_archive(archive, [image for image in self._images if image.archive == archive])
        return plan

    def load(self, plan: t.Sequence[Loaded]) -> None:
        """Load the archives of all images that are missing, and verify each."""
        missing: dict[tuple[Node, str], list[SavedImage]] = {}
        nodes = {node.name: node for node in self._nodes}
        for entry in plan:
            if entry.changed:
                missing.setdefault((nodes[str(entry.node)], entry.image.archive), []).append(entry.image)
        progress = Progress(len(missing))

        def work(item: tuple[tuple[Node, str], list[SavedImage]]) -> DaemonError | None:
            (node, archive), images = item
            try:
                self._import(node, archive, images)
            except DaemonError as error:
                return error
            progress.step(f"{node.name}: {', '.join(image.name for image in images)}")
            return None

        # All loads run to their end before the first error is raised: what is loaded stays loaded.
        with ThreadPoolExecutor(max_workers=self._parallel) as pool:
            errors = [error for error in pool.map(work, missing.items()) if error]
        if errors:
            raise errors[0]
        for node in nodes.values():
            self._verify(
                node, [image for (other, dummy), images in missing.items() if other == node for image in images]
            )

    def _import(self, node: Node, archive: str, images: t.Sequence[SavedImage]) -> None:
        words = self._words(node.name, *IMPORTERS[node.runtime], stdin=True)
        with contextlib.ExitStack() as stack:
            source = archive
            if any(image.oci for image in images):
                whole = stack.enter_context(tempfile.NamedTemporaryFile(prefix="image_load-", suffix=".tar"))
                whole.writelines(stream(archive, images))
                whole.flush()
                source = whole.name
            code, said = self._feed(source, words)
        if code:
            raise DaemonError(
                f"Loading {archive} into the node {node.name} failed: {said or f'exit code {code}'}. Check the free "
                "space of the node."
            )

    def _feed(self, source: str, words: list[str]) -> tuple[int, str]:
        """Run a command on the content of a file; return its exit code and what it said last."""
        timers: list[threading.Timer] = []

        def limit(process: t.Any) -> None:
            timers.append(threading.Timer(self._connection.timeout, process.terminate))
            timers[0].start()

        # A shell does nothing but connect the file: it may be larger than the memory.
        code, out, err = self._module.run_command(
            ["sh", "-c", 'exec "$@" <"$0"', source, *words],
            environ_update=environment(self._connection),
            before_communicate_callback=limit,
            expand_user_and_vars=False,
            errors="replace",
        )
        for timer in timers:
            timer.cancel()
        late = f"it took longer than {self._connection.timeout} seconds (option timeout)" if code < 0 else ""
        return int(code), late or "; ".join((err.strip() or out.strip()).splitlines()[-3:])

    def _verify(self, node: Node, images: t.Sequence[SavedImage]) -> None:
        deadline = time.monotonic() + SETTLING
        while True:
            known = self._known(node)
            wrong = [image for image in images if known.get(image.name) != image.id]
            if not wrong:
                return
            if time.monotonic() > deadline:
                raise DaemonError(
                    f"The node {node.name} took {wrong[0].archive}, but {wrong[0].name} is "
                    f"{known.get(wrong[0].name) or 'not there'} afterwards instead of {wrong[0].id}. Does something "
                    "else load an image of that name?"
                )
            time.sleep(0.5)
