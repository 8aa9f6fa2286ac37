# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds by BuildKit, through ``docker buildx``.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    Connection,
    DaemonError,
    environment,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.log import BuildkitLog
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.request import Image
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.send import write_folder
from ansible_collections.fortytwo.ft_services.plugins.module_utils._lines import LineTee

_ADVICE = (
    "install the package docker-buildx (Debian, Ubuntu) or docker-buildx-plugin (docker's own repository), or set "
    "builder to classic where the Dockerfile allows it."
)


class BuildkitError(Exception):
    """A build failed; the text is the reason."""


def _secret(folder: str, secret: t.Mapping[str, t.Any]) -> str:
    if secret.get("value") is None:
        kind = "src" if secret.get("src") else "env"
        return f"id={secret['id']},{kind}={secret[kind]}"
    # A file for the owner only: arguments are seen by everybody on the host.
    handle, path = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(str(secret["value"]))
    return f"id={secret['id']},src={path}"


def arguments(image: Image, folder: str, builder: str, proxy: str | None) -> list[str]:
    """The options of ``docker buildx build``; secrets given as values are written into the folder."""
    options = image.options
    # The builder knows these names by itself: they reach every RUN, but neither history nor layer cache.
    given = {**({"http_proxy": proxy, "HTTP_PROXY": proxy} if proxy else {}), **image.all_args()}
    found = ["--builder", builder, "--progress", "plain", "--provenance", "false", "--tag", image.reference]
    found += ["--metadata-file", os.path.join(folder, "result.json")]
    for option, values in (
        ("build-arg", [f"{key}={value}" for key, value in given.items()]),
        ("label", [f"{key}={value}" for key, value in image.all_labels().items()]),
        ("target", [image.target] if image.target else []),
        ("platform", [",".join(options.platforms)] if options.platforms else []),
        ("secret", [_secret(folder, secret) for secret in options.secrets]),
        ("ssh", options.ssh),
        ("cache-from", options.cache_from),
        ("cache-to", options.cache_to),
        ("network", [options.network] if options.network else []),
        ("add-host", [f"{name}:{address}" for name, address in options.etc_hosts]),
        ("output", [*options.outputs, "type=registry" if len(options.platforms) > 1 else "type=docker"]),
    ):
        for value in values:
            found += [f"--{option}", value]
    # BuildKit does not know the package repository, and would take layers made from an older index.
    return [*found, *(["--no-cache"] if options.nocache or image.packages else [])]


class Buildx:
    """The docker command with its plugin buildx."""

    def __init__(self, module: AnsibleModule, connection: Connection, builder: str, timeout: int) -> None:
        """Build with a ``builder`` of ``docker buildx ls``, within ``timeout`` seconds for one image."""
        self._module, self._connection = module, connection
        self._builder, self._timeout = builder, timeout
        self._docker: str | None = None

    def require(self) -> None:
        """Refuse a host without the docker command or its plugin."""
        self._docker = self._module.get_bin_path("docker")
        if not self._docker:
            raise DaemonError(f"BuildKit needs the docker command and its plugin buildx: {_ADVICE}")
        if self._run(["buildx", "version"])[0]:
            raise DaemonError(f"BuildKit needs buildx, a plugin of the docker command: {_ADVICE}")

    def _run(self, words: list[str], on_line: t.Callable[[str], None] = lambda line: None) -> tuple[int, bool]:
        """Run a docker command; return its exit code and whether it took too long."""
        late = threading.Event()
        timers = []

        def watch(process: t.Any) -> None:
            def stop() -> None:
                late.set()
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()

            process.stderr = LineTee(process.stderr, on_line)
            timers.append(threading.Timer(self._timeout, stop))
            timers[0].start()

        try:
            code, dummy, dummy = self._module.run_command(
                [self._docker, *words],
                environ_update=environment(self._connection),
                before_communicate_callback=watch,
                expand_user_and_vars=False,
                handle_exceptions=False,
                errors="replace",
            )
        finally:
            for timer in timers:
                timer.cancel()
        return int(code), late.is_set()

    def build(self, image: Image, proxy: str | None, log: BuildkitLog, step: t.Callable[[], None]) -> str | None:
        """Build an image; return the digest of what was pushed on the way, if any.

        ``log`` takes what is said, ``step`` is called when a step begins.
        """

        def take(line: str) -> None:
            if log.add(line):
                step()

        with tempfile.TemporaryDirectory(prefix="image_build-") as folder:
            root, dockerfile = write_folder(image.sent, folder)
            words = arguments(image, folder, self._builder, proxy)
            code, late = self._run(["buildx", "build", *words, "--file", dockerfile, root], take)
            if late:
                raise BuildkitError(f"it took longer than {self._timeout} seconds (option timeout)")
            if code:
                raise BuildkitError(log.reason or f"docker buildx ended with exit code {code}")
            if len(image.options.platforms) < 2:
                return None
            with open(os.path.join(folder, "result.json"), encoding="utf-8") as handle:
                return str(json.load(handle)["containerimage.digest"])
