# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds of several images at the same time.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import collections
import contextlib
import re
import tempfile
import textwrap
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.context import ContextError, write_tar
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    SDK_ERRORS,
    APIClient,
    Connection,
    DaemonError,
    account_problem,
    connect,
    explain,
    inspect_image,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.package_server import (
    PackageServer,
    bridge_address,
    local_address,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.plan import Image, prune
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

LAST_LINES = 20
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_LAYER = re.compile(r" ---> ([0-9a-f]{12})$")
_ADVICE = (
    (
        r"unable to select packages|no such package",
        "The package repository lacks a package: add it to the bundle, or correct its name.",
    ),
    (
        r"temporary error|could not connect|host is unreachable|timed out|network error|bad address|unable to open",
        "The package repository was not reached from the build container: check that a firewall lets containers "
        "reach this host, and serve_address.",
    ),
    (r"COPY failed|ADD failed", "A file is missing from the build context: check paths and .dockerignore."),
    (r"option timeout", "Find out why that step takes so long, or raise timeout."),
    (r"no space left on device", "The daemon's disk is full: free some space."),
    (r"returned a non-zero code", "Correct the command of that step and run again."),
)


class BuildFailedError(Exception):
    """A build failed; the text has the failing step and its last lines."""


_EXPECTED: tuple[type[Exception], ...] = (BuildFailedError, DaemonError, *SDK_ERRORS)


def advice(text: str) -> str:
    """What to do about a failed build with this output."""
    return next(
        (hint for pattern, hint in _ADVICE if re.search(pattern, text, re.I)), "Correct the Dockerfile and run again."
    )


@dataclass
class BuildLog:
    """What a running build said: current step and its last lines."""

    step: str = ""
    number: int = 0
    total: int = 0
    layer: str = ""
    lines: collections.deque[str] = field(default_factory=lambda: collections.deque(maxlen=LAST_LINES))

    def add(self, text: str) -> bool:
        """Take a piece of output; True when it begins a new step."""
        begun = False
        for line in _COLOR.sub("", text).replace("\r", "\n").splitlines():
            step = _STEP.match(line)
            layer = _LAYER.match(line)
            if step:
                self.number, self.total = int(step.group(1)), int(step.group(2))
                self.step = textwrap.shorten(line, 200, placeholder=" ...")
                self.lines.clear()
                begun = True
            elif layer:
                self.layer = layer.group(1)
            elif line.strip() and not line.startswith((" ---> ", "Removing intermediate container")):
                self.lines.append(line)
        return begun

    def failure(self, name: str, reason: str) -> str:
        """The report of a failed build."""
        lines = "\n".join(f"  {line}" for line in self.lines)
        where = f" at {self.step}" if self.step else ""
        said = f"\nLast lines of that step:\n{lines}" if lines else ""
        look = (
            f" To look around: docker run --rm -it {self.layer} sh" if self.layer and "non-zero code" in reason else ""
        )
        return f"Image {name} failed{where}\nReason: {reason}{said}\n{advice(reason + lines)}{look}"


@dataclass
class Outcome:
    """How the work on one image ended."""

    image: Image
    id: str | None = None
    size: int | None = None
    seconds: float = 0.0
    error: str | None = None
    removed: list[str] = field(default_factory=list)

    def result(self) -> dict[str, t.Any]:
        """The entry for the module's result."""
        return {
            "name": self.image.name,
            "reference": self.image.reference,
            "id": self.id,
            "changed": self.image.changed and self.error is None,
            "changed_inputs": self.image.changed_inputs(),
            "seconds": round(self.seconds, 1),
            "size": self.size,
            "removed": self.removed,
        }


def unchanged(image: Image) -> Outcome:
    """The outcome of doing nothing."""
    known = image.known or {}
    return Outcome(image, known.get("Id"), known.get("Size"))


@dataclass(frozen=True)
class Settings:
    """How to build; ``timeout`` in seconds for one image."""

    connection: Connection
    parallel: int
    timeout: int
    keep: int
    package_repository: str | None = None
    serve_address: str | None = None


class Builder:
    """Builds, pushes and prunes."""

    def __init__(self, client: APIClient, settings: Settings) -> None:
        """Use the client for what happens outside of the threads."""
        self._client, self._settings = client, settings
        self._progress = Progress(0)

    def run(self, images: t.Sequence[Image]) -> list[Outcome]:
        """Do what is to be done for all images at the same time; a failure of one does not stop the others."""
        todo = [image for image in images if image.changed]
        outcomes = {image.name: unchanged(image) for image in images if not image.changed}
        if todo:
            with contextlib.ExitStack() as stack:
                proxy = self._serve(stack) if any(image.build for image in todo) else None
                pool = stack.enter_context(ThreadPoolExecutor(max_workers=self._settings.parallel or len(todo)))
                for outcome in pool.map(lambda image: self._one(image, proxy), todo):
                    outcomes[outcome.image.name] = outcome
            for outcome in outcomes.values():
                if outcome.image.build and outcome.error is None:
                    outcome.removed = prune(self._client, outcome.image, self._settings.keep)
        return [outcomes[image.name] for image in images]

    def _serve(self, stack: contextlib.ExitStack) -> str | None:
        folder = self._settings.package_repository
        if folder is None:
            return None
        address = (
            self._settings.serve_address
            or local_address(self._settings.connection.host)
            or bridge_address(self._client)
        )
        return stack.enter_context(PackageServer(folder, address)).url

    def _one(self, image: Image, proxy: str | None) -> Outcome:
        begun = time.monotonic()
        outcome = unchanged(image)
        try:
            # A client serves one thread only.
            with contextlib.closing(connect(self._settings.connection, self._client.api_version)) as client:
                if image.build:
                    self._build(client, image, proxy)
                    known = inspect_image(client, image.reference) or {}
                    outcome.id, outcome.size = known.get("Id"), known.get("Size")
                if image.pushed is False:
                    self._push(client, image)
        except _EXPECTED as error:
            outcome.error = str(error)
        outcome.seconds = time.monotonic() - begun
        return outcome

    def _build(self, client: APIClient, image: Image, proxy: str | None) -> None:
        log = BuildLog()
        deadline = time.monotonic() + self._settings.timeout
        try:
            with tempfile.TemporaryFile() as context:
                write_tar(image.sent, context)
                context.seek(0)
                for line in self._start(client, image, proxy, context):
                    if "error" in line:
                        reason = f"{str(line['error']).strip()}{account_problem(client)}"
                        raise BuildFailedError(log.failure(image.name, reason))
                    if log.add(str(line.get("stream") or line.get("status") or "")):
                        self._report(image, log)
                    if time.monotonic() > deadline:
                        raise BuildFailedError(
                            log.failure(
                                image.name, f"it took longer than {self._settings.timeout} seconds (option timeout)"
                            )
                        )
        except ContextError as error:
            raise BuildFailedError(f"Image {image.name} failed: {error}") from error
        except SDK_ERRORS as error:
            raise BuildFailedError(log.failure(image.name, explain(error))) from error

    def _start(
        self, client: APIClient, image: Image, proxy: str | None, context: t.IO[bytes]
    ) -> t.Iterator[dict[str, t.Any]]:
        # The builder knows these names by itself: they reach every RUN, but neither the image's history nor the
        # layer cache.
        arguments = {**({"http_proxy": proxy, "HTTP_PROXY": proxy} if proxy else {}), **image.args}
        stream: t.Iterator[dict[str, t.Any]] = client.build(
            fileobj=context,
            custom_context=True,
            dockerfile=image.sent.dockerfile,
            tag=image.reference,
            buildargs=arguments,
            labels=image.all_labels(),
            target=image.target,
            cache_from=image.cache_from if image.packages else None,
            nocache=bool(image.packages) and not image.cache_from,
            rm=True,
            forcerm=True,
            decode=True,
            timeout=self._settings.timeout,
            use_config_proxy=proxy is None,
        )
        return stream

    def _report(self, image: Image, log: BuildLog) -> None:
        if log.number == 1:
            self._progress.total = (self._progress.total or 0) + log.total
        self._progress.step(f"{image.name}: {textwrap.shorten(log.step, 100, placeholder=' ...')}")

    def _push(self, client: APIClient, image: Image) -> None:
        self._progress.message(f"{image.name}: push")
        reason = ""
        try:
            for line in client.push(image.repository, tag=image.tag, stream=True, decode=True):
                reason = reason or str(line.get("error") or "").strip()
        except SDK_ERRORS as error:
            reason = explain(error)
        if reason:
            raise BuildFailedError(
                f"Pushing {image.reference} failed: {reason.rstrip('.')}. Check push_to and docker login."
                f"{account_problem(client)}"
            )
