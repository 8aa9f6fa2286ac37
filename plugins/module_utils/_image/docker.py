# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of a docker daemon, and errors that help.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import os
import traceback
import typing as t
from dataclasses import dataclass

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import too_old

DOCKER_IMPORT_ERROR: str | None = None
# What the SDK lets through: its own errors, those of the HTTP layers below it, and the system's.
SDK_ERRORS: tuple[type[Exception], ...]
try:
    import docker
    from docker import APIClient
    from docker.auth import AuthConfig
    from docker.context import ContextAPI
    from docker.context.config import get_current_context_name, get_tls_dir
    from docker.credentials.errors import StoreError
    from docker.errors import APIError, DockerException, ImageNotFound
    from docker.tls import TLSConfig
    from urllib3.exceptions import HTTPError

    # StoreError: a program that keeps the accounts of registries is missing or fails.
    SDK_ERRORS = (DockerException, StoreError, HTTPError, OSError)
except ImportError:
    DOCKER_IMPORT_ERROR = traceback.format_exc()
    # Names for type hints and except clauses; nothing runs before require_docker() has refused.
    APIClient = AuthConfig = ContextAPI = TLSConfig = object
    get_current_context_name = get_tls_dir = None
    APIError = DockerException = ImageNotFound = StoreError = OSError
    SDK_ERRORS = (OSError,)

DEFAULT_HOST = "unix:///var/run/docker.sock"
TLS_FILES = ("ca.pem", "cert.pem", "key.pem")
CONNECTION_SPEC: dict[str, t.Any] = {
    "docker_host": {"type": "str"},
    "docker_context": {"type": "str"},
    "tls_path": {"type": "path"},
}
CONNECTION_EXCLUSIVE = [("docker_host", "docker_context")]


class DaemonError(Exception):
    """The daemon cannot be reached or refused a request; the text says what to do."""


@dataclass(frozen=True)
class Connection:
    """Where a daemon is; ``timeout`` is the longest silence of the daemon in seconds."""

    host: str = DEFAULT_HOST
    tls_path: str | None = None
    timeout: int = 60


def find_connection(
    given: t.Mapping[str, t.Any], timeout: int = 60, environment: t.Mapping[str, str] | None = None
) -> Connection:
    """The daemon that the options name or, failing that, the one that the docker command would ask.

    The order is that of the docker command: docker_host, docker_context, the variable DOCKER_HOST with
    DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, the variable DOCKER_CONTEXT, the context in use, the local socket.
    """
    environment = os.environ if environment is None else environment
    tls_path = given.get("tls_path")
    host, name = given.get("docker_host"), given.get("docker_context")
    if host:
        return Connection(host, tls_path, timeout)
    host = environment.get("DOCKER_HOST")
    if host and not name:
        if environment.get("DOCKER_TLS_VERIFY") and not tls_path:
            tls_path = environment.get("DOCKER_CERT_PATH") or os.path.expanduser("~/.docker")
        return Connection(host, tls_path, timeout)
    try:
        name = name or environment.get("DOCKER_CONTEXT") or get_current_context_name()
        if name == "default":
            return Connection(DEFAULT_HOST, tls_path, timeout)
        known = ContextAPI.get_context(name)
        host = known.Host if known else None
    except SDK_ERRORS as error:
        raise DaemonError(f"The docker context {name} cannot be read: {explain(error)}.") from error
    if not host:
        raise DaemonError(f"There is no docker context {name}: correct docker_context, or look at docker context ls.")
    files = get_tls_dir(name, "docker")
    return Connection(host, tls_path or (files if os.path.isdir(files) else None), timeout)


def environment(connection: Connection) -> dict[str, str]:
    """What makes the docker command reach the daemon of the options, and no other."""
    # An empty variable is none to docker; each of these could send a build elsewhere.
    found = dict.fromkeys(
        (
            "BUILDX_BUILDER",
            "DOCKER_API_VERSION",
            "DOCKER_CERT_PATH",
            "DOCKER_CONTEXT",
            "DOCKER_TLS",
            "DOCKER_TLS_VERIFY",
        ),
        "",
    )
    found["DOCKER_HOST"] = connection.host
    if connection.tls_path:
        found |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": connection.tls_path}
    return found


def require_docker(module: AnsibleModule) -> None:
    """Fail with installation advice when the Python package docker is missing or too old."""
    if DOCKER_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("docker"), exception=DOCKER_IMPORT_ERROR)
    problem = too_old("docker", docker.__version__, (7, 1, 0))
    if problem:
        module.fail_json(msg=problem)


def _causes(error: BaseException) -> t.Iterator[BaseException]:
    queue: list[t.Any] = [error]
    seen: set[int] = set()
    while queue:
        current = queue.pop(0)
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            queue += [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]


def explain(error: Exception) -> str:
    """The short reason inside an error of the SDK, which wraps the system's own several times."""
    if isinstance(error, APIError) and getattr(error, "explanation", None):
        return str(error.explanation).strip()
    for cause in _causes(error):
        if isinstance(cause, TimeoutError):
            return "it did not answer in time (option timeout)"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return str(error).removeprefix("Error while fetching server API version: ").strip() or type(error).__name__


def connection_advice(host: str, reason: str) -> str:
    """What to do when a daemon does not answer for this reason."""
    if "Permission denied" in reason:
        return "Run with become, or add the user to the group docker and log in again."
    if "HTTPS server" in reason:
        return "This daemon asks for TLS: give tls_path, as minikube_info returns it."
    if "certificate" in reason.lower() or "SSL" in reason:
        return "The files in tls_path do not fit this daemon: take docker_host and tls_path from a fresh minikube_info."
    if host.startswith("ssh://") and "paramiko" in reason:
        return "The docker SDK wants that package on the host on which the module runs, though the ssh command is used."
    if host.startswith("ssh://"):
        return "Check that ssh reaches that host without a question, and that its user may use docker there."
    if host.startswith("unix://"):
        return "Start the docker engine, for example with the role fortytwo.ft_services.docker."
    return "Check that the cluster runs, and take docker_host and tls_path from a fresh minikube_info."


def _tls(connection: Connection) -> t.Any:
    if not connection.tls_path:
        return False
    paths = {name: os.path.join(connection.tls_path, name) for name in TLS_FILES}
    missing = [name for name, path in paths.items() if not os.access(path, os.R_OK)]
    if missing:
        raise DaemonError(
            f"Cannot read {', '.join(missing)} in tls_path {connection.tls_path}: "
            "give the folder with the daemon's client certificate, as minikube_info returns it."
        )
    return TLSConfig(client_cert=(paths["cert.pem"], paths["key.pem"]), ca_cert=paths["ca.pem"], verify=True)


class _Accounts(AuthConfig):
    """The accounts of registries, as far as they can be had.

    Most requests need none, so a program that keeps accounts and fails must not end them: the registry will tell.
    """

    problem = ""

    def _failed(self, error: Exception) -> None:
        self.problem = (
            f" The accounts in {os.environ.get('DOCKER_CONFIG', '~/.docker')}/config.json could not be read, as its "
            f"credsStore or credHelpers fails ({str(error).strip().rstrip('.')}): install that program or remove the "
            "entry."
        )

    def _resolve_authconfig_credstore(self, registry: str | None, credstore_name: str) -> t.Any:
        try:
            return super()._resolve_authconfig_credstore(registry, credstore_name)
        except (DockerException, StoreError) as error:
            self._failed(error)
            return None

    def get_all_credentials(self) -> dict[str, t.Any]:
        """All accounts; when a program fails, those of the others and of the file itself."""
        try:
            found = super().get_all_credentials()
        except (DockerException, StoreError) as error:
            self._failed(error)
            found = self.auths
        return {registry: account for registry, account in found.items() if account is not None}


class _Client(APIClient):
    """The SDK's client without the environment's proxy: that one is for the internet, not for a local daemon."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        """Connect, and take accounts as far as they can be had."""
        super().__init__(*args, **kwargs)
        found: t.Any = self._auth_configs
        self._auth_configs: t.Any = _Accounts(found, self.credstore_env)

    @property
    def account_problem(self) -> str:
        """A sentence about accounts that could not be read; empty when none was missed."""
        return str(getattr(self._auth_configs, "problem", ""))

    def request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Send a request without settings from the environment."""
        self.trust_env = False
        return super().request(*args, **kwargs)


def connect(connection: Connection, version: str | None = None) -> APIClient:
    """Return a client; a known API ``version`` saves one request. A client serves one thread only."""
    tls = _tls(connection)
    try:
        return _Client(
            connection.host,
            version=version or "auto",
            timeout=connection.timeout,
            tls=tls,
            # The ssh command knows the user's keys and hosts.
            use_ssh_client=connection.host.startswith("ssh://"),
        )
    except SDK_ERRORS as error:
        reason = explain(error)
        raise DaemonError(
            f"No docker daemon answers at {connection.host}: {reason}. {connection_advice(connection.host, reason)}"
        ) from error


def platform_of(client: APIClient) -> str:
    """The platform of a daemon, such as linux/amd64."""
    known = client.version()
    return f"{known['Os']}/{known['Arch']}"


def account_problem(client: APIClient) -> str:
    """What to add to a registry's refusal: a sentence about accounts that could not be read, or nothing."""
    return str(getattr(client, "account_problem", ""))


def inspect_image(client: APIClient, reference: str) -> dict[str, t.Any] | None:
    """What the daemon knows about an image; None when it has none of that reference."""
    try:
        return client.inspect_image(reference)
    except ImageNotFound:
        return None
    except SDK_ERRORS as error:
        raise DaemonError(f"The docker daemon could not look up the image {reference}: {explain(error)}") from error
