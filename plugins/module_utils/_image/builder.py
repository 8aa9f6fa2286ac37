# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds of several images at the same time.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import contextlib
import tempfile
import textwrap
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.buildkit import BuildkitError, Buildx
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.context import ContextError
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
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.log import BuildkitLog, BuildLog
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.package_server import (
    PackageServer,
    bridge_address,
    local_address,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.plan import prune
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.request import Image, levels
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.send import write_tar
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress


class BuildFailedError(Exception):
    """A build failed; the text has the failing step and its last lines."""


_EXPECTED: tuple[type[Exception], ...] = (BuildFailedError, DaemonError, *SDK_ERRORS)


@dataclass
class Outcome:
    """How the work on one image ended."""

    image: Image
    id: str | None = None
    size: int | None = None
    seconds: float = 0.0
    error: str | None = None
    digest: str | None = None
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
            "builder": self.image.options.builder,
            "tags": self.image.tags,
            "digest": self.digest,
            "removed": self.removed,
        }


def unchanged(image: Image) -> Outcome:
    """The outcome of doing nothing."""
    known = image.known or {}
    return Outcome(image, known.get("Id"), known.get("Size"), digest=image.digest or None)


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

    def __init__(self, client: APIClient, settings: Settings, buildx: Buildx) -> None:
        """Use the client for what happens outside of the threads, and buildx for images that BuildKit builds."""
        self._client, self._settings, self._buildx = client, settings, buildx
        self._progress = Progress(0)

    def run(self, images: t.Sequence[Image]) -> list[Outcome]:
        """Do what is to be done for all images at the same time; a failure of one does not stop the others."""
        outcomes = {image.name: unchanged(image) for image in images if not image.changed}
        todo = [[image for image in level if image.changed] for level in levels(images)]
        if any(todo):
            with contextlib.ExitStack() as stack:
                proxy = self._serve(stack) if any(image.build for image in images) else None
                pool = stack.enter_context(ThreadPoolExecutor(max_workers=self._settings.parallel or len(images)))
                for level in todo:
                    for outcome in pool.map(lambda image: self._one(image, proxy, outcomes), level):
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

    def _one(self, image: Image, proxy: str | None, outcomes: t.Mapping[str, Outcome]) -> Outcome:
        begun = time.monotonic()
        outcome = unchanged(image)
        try:
            lost = [parent.name for parent in image.parents if outcomes[parent.name].error]
            if lost:
                raise BuildFailedError(f"Image {image.name} was not built, as the image {lost[0]} failed.")
            # A client serves one thread only.
            with contextlib.closing(connect(self._settings.connection, self._client.api_version)) as client:
                if image.build:
                    outcome.digest = self._build(client, image, proxy)
                    known = inspect_image(client, image.reference) or {}
                    outcome.id, outcome.size = known.get("Id"), known.get("Size")
                for tag in image.missing_tags if outcome.id else ():
                    client.tag(outcome.id, *tag.rsplit(":", 1))
                # Several platforms are pushed by the build itself.
                if image.push and outcome.id:
                    outcome.digest = self._push(client, image.reference)
                for tag in image.unpushed_tags if outcome.id else ():
                    self._push(client, tag)
        except _EXPECTED as error:
            outcome.error = str(error)
        outcome.seconds = time.monotonic() - begun
        return outcome

    def _build(self, client: APIClient, image: Image, proxy: str | None) -> str | None:
        log: BuildLog = BuildkitLog() if image.options.builder == "buildkit" else BuildLog()
        try:
            if isinstance(log, BuildkitLog):
                return self._buildx.build(image, proxy, log, lambda: self._report(image, log))
            self._build_classic(client, image, proxy, log)
        except ContextError as error:
            raise BuildFailedError(f"Image {image.name} failed: {error}") from error
        except BuildkitError as error:
            raise BuildFailedError(log.failure(image.name, str(error))) from error
        except SDK_ERRORS as error:
            raise BuildFailedError(log.failure(image.name, explain(error))) from error
        return None

    def _build_classic(self, client: APIClient, image: Image, proxy: str | None, log: BuildLog) -> None:
        deadline = time.monotonic() + self._settings.timeout
        with tempfile.TemporaryFile() as context:
            write_tar(image.sent, context)
            context.seek(0)
            for line in self._start(client, image, proxy, context):
                if "error" in line:
                    reason = str(line["error"]).strip()
                    # A command that failed has nothing to do with a registry.
                    reason += "" if "non-zero code" in reason else account_problem(client)
                    raise BuildFailedError(log.failure(image.name, reason))
                if log.add(str(line.get("stream") or line.get("status") or "")):
                    self._report(image, log)
                if time.monotonic() > deadline:
                    late = f"it took longer than {self._settings.timeout} seconds (option timeout)"
                    raise BuildFailedError(log.failure(image.name, late))

    def _start(
        self, client: APIClient, image: Image, proxy: str | None, context: t.IO[bytes]
    ) -> t.Iterator[dict[str, t.Any]]:
        # The builder knows these names by itself: they reach every RUN, but neither the image's history nor the
        # layer cache.
        arguments = {**({"http_proxy": proxy, "HTTP_PROXY": proxy} if proxy else {}), **image.all_args()}
        options = image.options
        stream: t.Iterator[dict[str, t.Any]] = client.build(
            fileobj=context,
            custom_context=True,
            dockerfile=image.sent.dockerfile,
            tag=image.reference,
            buildargs=arguments,
            labels=image.all_labels(),
            target=image.target,
            cache_from=[*options.cache_from, *(image.cache_from if image.packages else [])] or None,
            nocache=options.nocache or (bool(image.packages) and not image.cache_from),
            network_mode=options.network,
            extra_hosts=dict(options.etc_hosts) or None,
            rm=True,
            forcerm=True,
            decode=True,
            timeout=self._settings.timeout,
            use_config_proxy=proxy is None,
        )
        return stream

    def _report(self, image: Image, log: BuildLog) -> None:
        self._progress.total = (self._progress.total or 0) + log.announced
        self._progress.step(f"{image.name}: {textwrap.shorten(log.step, 100, placeholder=' ...')}")

    def _push(self, client: APIClient, reference: str) -> str | None:
        """Push a reference; return the digest that the registry gave it."""
        self._progress.message(f"{reference}: push")
        reason, digest = "", None
        repository, tag = reference.rsplit(":", 1)
        try:
            for line in client.push(repository, tag=tag, stream=True, decode=True):
                reason = reason or str(line.get("error") or "").strip()
                digest = (line.get("aux") or {}).get("Digest") or digest
        except SDK_ERRORS as error:
            reason = explain(error)
        if reason:
            raise BuildFailedError(
                f"Pushing {reference} failed: {reason.rstrip('.')}. Check push_to and docker login."
                f"{account_problem(client)}"
            )
        return digest
