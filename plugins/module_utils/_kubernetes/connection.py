# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the connection options to a configuration of the kubernetes package.

This module util is private to the collection fortytwo.ft_services. Nothing is sent here.
"""

from __future__ import annotations

import os
import ssl
import traceback
import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeConnectionError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.proxies import Proxy, choose_proxy
from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import too_old
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

try:
    import kubernetes
    import urllib3
    import yaml
    from kubernetes import config as kube_config
    from kubernetes.client import Configuration
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger
except ImportError:
    KUBERNETES_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    KUBERNETES_IMPORT_ERROR = None


_OLDEST_KUBERNETES = (34, 1, 0)


def _from(name: str) -> tuple[t.Any, list[str]]:
    return (env_fallback, [f"K8S_AUTH_{name}"])


KUBE_ARGUMENTS: Json = {
    # A path or a mapping. The secrets of a mapping are masked by KubeModule; no_log would hide paths in messages too.
    "kubeconfig": {"type": "raw", "no_log": False, "fallback": _from("KUBECONFIG")},
    "context": {"type": "str", "fallback": _from("CONTEXT")},
    "host": {"type": "str", "fallback": _from("HOST")},
    "api_key": {"type": "str", "no_log": True, "fallback": _from("API_KEY")},
    "client_cert": {"type": "path", "aliases": ["cert_file"], "fallback": _from("CERT_FILE")},
    "client_key": {"type": "path", "no_log": False, "aliases": ["key_file"], "fallback": _from("KEY_FILE")},
    "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"], "fallback": _from("SSL_CA_CERT")},
    "validate_certs": {"type": "bool", "aliases": ["verify_ssl"], "fallback": _from("VERIFY_SSL")},
    "proxy": {"type": "str", "fallback": _from("PROXY")},
    "no_proxy": {"type": "str", "fallback": _from("NO_PROXY")},
    "impersonate_user": {"type": "str", "fallback": _from("IMPERSONATE_USER")},
    "impersonate_groups": {"type": "list", "elements": "str", "fallback": _from("IMPERSONATE_GROUPS")},
    "request_timeout": {"type": "int", "default": 30},
}
# What is no secret in the user of a kubeconfig.
_OPEN = frozenset(
    (
        "apiVersion",
        "as",
        "as-groups",
        "as-uid",
        "client-certificate",
        "client-key",
        "command",
        "interactiveMode",
        "installHint",
        "provideClusterInfo",
        "tokenFile",
        "username",
    )
)
_SHORTEST_SECRET = 3
# What the kubernetes package raises for a mapping that is no kubeconfig.
_WRONG_TYPES = (TypeError, KeyError, ValueError, AttributeError)


def require_kubernetes(module: AnsibleModule) -> None:
    """End the module when the Python package kubernetes is missing or too old."""
    if KUBERNETES_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=KUBERNETES_IMPORT_ERROR)
    problem = too_old("kubernetes", kubernetes.__version__, _OLDEST_KUBERNETES)
    if problem:
        module.fail_json(msg=problem)


class KubeModule(AnsibleModule):
    """A module with the connection options: what is secret in them is shown nowhere, and written to no log."""

    given: frozenset[str] = frozenset()

    def _load_params(self) -> None:
        super()._load_params()
        #: The options that the task names, also those without a value.
        self.given = frozenset(self.params)
        self.no_log_values |= connection_secrets(self.params)


def connection_secrets(params: t.Mapping[str, t.Any]) -> set[str]:
    """All secret texts in the connection options that the argument attribute no_log does not cover."""
    kubeconfig = params.get("kubeconfig") or os.environ.get("K8S_AUTH_KUBECONFIG")
    found: set[str] = set()
    if isinstance(kubeconfig, dict):
        users = kubeconfig.get("users")
        for entry in users if isinstance(users, list) else [users]:
            found |= set(_secret_texts(entry.get("user") if isinstance(entry, dict) else entry))
        clusters = kubeconfig.get("clusters")
        for entry in clusters if isinstance(clusters, list) else []:
            cluster = entry.get("cluster") if isinstance(entry, dict) else None
            found |= _proxy_secrets(cluster.get("proxy-url") if isinstance(cluster, dict) else None)
    elif isinstance(kubeconfig, str) and _is_text(kubeconfig):
        found |= {kubeconfig, *kubeconfig.splitlines()}
    else:
        found |= set(_secret_texts(kubeconfig)) if isinstance(kubeconfig, list) else set()
    for source in (params.get("proxy"), os.environ.get("K8S_AUTH_PROXY")):
        found |= _proxy_secrets(source)
    return {text for text in found if len(text) >= _SHORTEST_SECRET}


def _secret_texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in _OPEN:
                yield from _secret_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _secret_texts(inner)
    elif isinstance(value, str):
        yield value


def _proxy_secrets(url: t.Any) -> set[str]:
    if not isinstance(url, str) or "@" not in url:
        return set()
    user = url.partition("://")[2].rpartition("@")[0]
    return {user, user.partition(":")[2]}


def _is_text(kubeconfig: str) -> bool:
    """True for the content of a kubeconfig where its path is wanted."""
    return "\n" in kubeconfig or kubeconfig.lstrip().startswith("{")


@dataclass
class Connection:
    """Which cluster, as whom, by which way. The fields are the options of the same names."""

    kubeconfig: str | Json | None = None
    context: str | None = None
    host: str | None = None
    api_key: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    ca_cert: str | None = None
    validate_certs: bool | None = None
    proxy: str | None = None
    no_proxy: str | None = None
    impersonate_user: str | None = None
    impersonate_groups: list[str] | None = None
    request_timeout: float = 30.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant. Raises KubeConnectionError."""
        if isinstance(self.kubeconfig, str):
            if _is_text(self.kubeconfig):
                raise KubeConnectionError(
                    "kubeconfig is the text of a file. Give the path of the file, or its content as a mapping "
                    "(filter ansible.builtin.from_yaml)."
                )
            self.kubeconfig = os.path.expanduser(os.path.expandvars(self.kubeconfig))
        elif self.kubeconfig is not None and not isinstance(self.kubeconfig, dict):
            raise KubeConnectionError("kubeconfig is neither a path nor a mapping.")
        if self.host and not self.host.startswith(("https://", "http://")):
            raise KubeConnectionError(f"host {self.host} is no URL; it looks like https://192.0.2.10:6443.")
        if self.impersonate_groups and not self.impersonate_user:
            raise KubeConnectionError("impersonate_groups needs impersonate_user.")
        if bool(self.client_cert) != bool(self.client_key):
            raise KubeConnectionError("client_cert and client_key are needed together.")
        for name in ("client_cert", "client_key", "ca_cert"):
            path = getattr(self, name)
            if path and not os.path.isfile(path):
                raise KubeConnectionError(f"{name}: there is no file {path} on the target.")

    @classmethod
    def from_options(cls, params: t.Mapping[str, t.Any]) -> Connection:
        """Take the options out of a module's parameters."""
        return cls(**{name: params[name] for name in KUBE_ARGUMENTS if name in params})

    @property
    def source(self) -> str:
        """Where the address and the credentials come from, in words."""
        if isinstance(self.kubeconfig, dict):
            return "kubeconfig given as a mapping"
        if self.kubeconfig or not self.host:
            return f"kubeconfig {self.kubeconfig or os.environ.get('KUBECONFIG') or '~/.kube/config'}"
        return "option host"


@dataclass
class Loaded:
    """What the options and the kubeconfig come to; ``impersonation``: headers, some of them more than once."""

    configuration: t.Any
    context: str = ""
    proxy: Proxy | None = None
    impersonation: list[tuple[str, str]] = field(default_factory=list)


def load(connection: Connection) -> Loaded:
    """Read the kubeconfig and let the options replace what it says. Raises KubeConnectionError."""
    configuration = Configuration()
    loaded = Loaded(configuration)
    kubeconfig_proxy = None
    # A host of its own must not get the credentials of whatever cluster the user's kubeconfig names.
    if connection.kubeconfig or connection.context or not connection.host:
        user, kubeconfig_proxy = _load_kubeconfig(connection, loaded)
        loaded.impersonation = _impersonation(user)
    if connection.host:
        configuration.host = connection.host.rstrip("/")
    if connection.api_key:
        configuration.api_key = {"BearerToken": f"Bearer {connection.api_key}"}
        configuration.refresh_api_key_hook = None
        # The API server looks at a certificate first: it would win over the token.
        configuration.cert_file = configuration.key_file = None
    if connection.client_cert:
        configuration.cert_file, configuration.key_file = connection.client_cert, connection.client_key
        if not connection.api_key:
            configuration.api_key = {}
            configuration.refresh_api_key_hook = None
    if connection.ca_cert:
        configuration.ssl_ca_cert = connection.ca_cert
    if connection.ca_cert or connection.client_cert:
        _check_files(connection)
    if connection.validate_certs is not None:
        configuration.verify_ssl = connection.validate_certs
    if not configuration.verify_ssl:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    if connection.impersonate_user:
        loaded.impersonation = [("Impersonate-User", connection.impersonate_user)]
        loaded.impersonation += [("Impersonate-Group", group) for group in connection.impersonate_groups or []]
    loaded.proxy = choose_proxy(str(configuration.host), connection.proxy, kubeconfig_proxy, connection.no_proxy)
    # Set last: the kubernetes package looks into the environment each time the host is set.
    configuration.proxy = loaded.proxy.url if loaded.proxy else None
    configuration.no_proxy = None
    if loaded.proxy and loaded.proxy.user:
        configuration.proxy_headers = urllib3.make_headers(proxy_basic_auth=loaded.proxy.user)
    return loaded


def _check_files(connection: Connection) -> None:
    """Refuse certificates and keys in the options that Python cannot read."""
    try:
        context = ssl.create_default_context(cafile=connection.ca_cert)
        if connection.client_cert:
            context.load_cert_chain(connection.client_cert, connection.client_key)
    except (ssl.SSLError, OSError) as error:
        names = [name for name in ("ca_cert", "client_cert", "client_key") if getattr(connection, name)]
        files = ", ".join(f"{name} {getattr(connection, name)}" for name in names)
        raise KubeConnectionError(
            f"Of {files} one cannot be used ({error}). They have to be certificates and their key in PEM, the key "
            "without a passphrase."
        ) from error


def _load_kubeconfig(connection: Connection, loaded: Loaded) -> tuple[Json, str | None]:
    """The user of the context in use and the cluster's proxy; inside a pod without a kubeconfig its account."""
    given = connection.kubeconfig
    path = given if isinstance(given, str) else os.environ.get("KUBECONFIG") or "~/.kube/config"
    named = connection.source
    try:
        if isinstance(given, dict):
            config: t.Any = given
        else:
            found = any(os.path.exists(os.path.expanduser(part)) for part in path.split(os.pathsep) if part)
            if not found and not given and os.environ.get("KUBERNETES_SERVICE_HOST"):
                kube_config.load_incluster_config(client_configuration=loaded.configuration)
                return {}, None
            if not found:
                raise KubeConnectionError(
                    f"There is no kubeconfig {path}. Start the cluster first, or name the file in kubeconfig."
                )
            config = KubeConfigMerger(path).config
        loader = KubeConfigLoader(config_dict=config, active_context=connection.context, config_base_path=None)
        loader.load_and_set(loaded.configuration)
        context = loader.current_context
        loaded.context = str(context["name"])
        values = _plain(config)
        user = _named(values, "user", context["context"].get("user"))
        return user, _named(values, "cluster", context["context"].get("cluster")).get("proxy-url")
    except (
        kube_config.ConfigException,
        yaml.YAMLError,
        OSError,
        TypeError,
        KeyError,
        ValueError,
        AttributeError,
    ) as error:
        wanted = f"context {connection.context}" if connection.context else "the current context"
        why = error if isinstance(error, (kube_config.ConfigException, OSError)) else "it is not a kubeconfig"
        if isinstance(given, dict) and not isinstance(error, OSError):
            # The package's messages may quote what they were given.
            why = "an entry is missing or of another type than in a kubeconfig file"
        raise KubeConnectionError(
            f"Cannot use {wanted} of the {named}: {str(why).rstrip('.')}. "
            "Check it, or name another by the options kubeconfig and context."
        ) from error


def _plain(value: t.Any) -> t.Any:
    """The same without the package's wrappers, which remember from which file a part came."""
    value = getattr(value, "value", value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _named(config: Json, what: str, name: t.Any) -> Json:
    """The user or the cluster of that name in a kubeconfig."""
    for entry in config.get(f"{what}s") or []:
        if entry.get("name") == name:
            return entry.get(what) or {}
    return {}


def _impersonation(user: Json) -> list[tuple[str, str]]:
    """The headers for what kubectl reads beside the credentials of a user: as whom the requests are made."""
    found = [("Impersonate-User", str(user["as"]))] if user.get("as") else []
    found += [("Impersonate-Uid", str(user["as-uid"]))] if user.get("as-uid") else []
    found += [("Impersonate-Group", str(group)) for group in user.get("as-groups") or []]
    for key, values in (user.get("as-user-extra") or {}).items():
        found += [(f"Impersonate-Extra-{key}", str(value)) for value in values]
    return found
