# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw requests to a Kubernetes API server. This module util is private to the collection fortytwo.ft_services.

The kubernetes package reads the kubeconfig and carries the requests (credentials, certificates, proxies). The paths are
put together here: its generated and dynamic clients cost several requests an object and discover the whole API.
"""

from __future__ import annotations

import json
import re
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.connection import Connection, load
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import (
    KubeConnectionError,
    KubeError,
    connection_advice,
    error_of,
    through,
    warning_texts,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

try:
    import urllib3
    from kubernetes.client.rest import RESTClientObject
except ImportError:
    pass  # KUBERNETES_IMPORT_ERROR holds the reason.

Item = t.TypeVar("Item")
Result = t.TypeVar("Result")

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
PAGE = 500
_ESCAPED_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class Response(t.NamedTuple):
    """What the API server said: HTTP status, decoded body, its warnings."""

    status: int
    data: t.Any
    warnings: list[str]


def encoded(body: Json | list[Json]) -> bytes:
    """The body of a request, which means the same as JSON and as YAML.

    The API server reads that of an apply as YAML, which has no pairs of escapes for emoji, and in which some other
    characters end a line or are not allowed unless they are escaped.
    """
    text = json.dumps(body, ensure_ascii=False)
    return _ESCAPED_IN_YAML.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()


class KubeClient:
    """A connection to one API server, safe to use from several threads."""

    def __init__(self, connection: Connection | None = None, connections: int = 6) -> None:
        """Read the kubeconfig. Nothing is sent yet. Raises KubeConnectionError."""
        self.connection = connection or Connection()
        self.request_timeout = self.connection.request_timeout
        self.connections = connections
        loaded = load(self.connection)
        self._configuration = loaded.configuration
        self._context, self._proxy, self._impersonation = loaded.context, loaded.proxy, loaded.impersonation
        # Watches hold a connection each, beside those of the workers.
        self._configuration.connection_pool_maxsize = connections + 8
        try:
            self._pool = RESTClientObject(self._configuration).pool_manager
        except (ImportError, ValueError, urllib3.exceptions.HTTPError) as error:
            raise KubeConnectionError(
                f"The way to {self.where()} cannot be used{through(self._proxy)}: {type(error).__name__}. A proxy "
                "looks like http://192.0.2.1:3128; one that begins with socks needs the Python package PySocks."
            ) from error
        self._reached = False
        self._lock = threading.Lock()
        self._kinds: dict[str, dict[str, Resource] | None] = {}

    @property
    def endpoint(self) -> str:
        """URL of the API server."""
        return str(self._configuration.host).rstrip("/")

    def where(self) -> str:
        """The cluster in words, for messages: endpoint, kubeconfig, context."""
        context = f", context {self._context}" if self._context else ""
        return f"{self.endpoint} ({self.connection.source}{context})"

    def _headers(self, accept: str, content_type: str | None) -> t.Any:
        headers = urllib3.HTTPHeaderDict({"Accept": accept, "User-Agent": "fortytwo.ft_services"})
        for name, text in self._impersonation:
            headers.add(name, text)
        if content_type:
            headers["Content-Type"] = content_type
        with self._lock:  # May run a credential plugin to renew a token: once, not in every thread.
            for setting in self._configuration.auth_settings().values():
                if setting.get("in") == "header" and setting.get("value"):
                    headers[setting["key"]] = setting["value"]
        return headers

    def _send(
        self,
        method: str,
        path: str,
        query: t.Mapping[str, t.Any] | None,
        body: Json | list[Json] | None,
        content_type: str | None,
        accept: str,
        timeout: float | None,
        stream: bool = False,
    ) -> t.Any:
        url = self.endpoint + path + (f"?{urlencode(query)}" if query else "")
        try:
            response = self._pool.request(
                method,
                url,
                body=None if body is None else encoded(body),
                headers=self._headers(accept, content_type or (None if body is None else "application/json")),
                timeout=urllib3.Timeout(connect=min(10.0, self.request_timeout), read=timeout or self.request_timeout),
                retries=False,
                preload_content=not stream,
            )
        except urllib3.exceptions.HTTPError as error:
            if not self._reached:
                raise KubeConnectionError(
                    f"Cannot reach the Kubernetes API server at {self.where()}"
                    f"{through(self._proxy)}: {connection_advice(error, self._proxy, self.endpoint)}"
                ) from error
            raise KubeError(
                f"connection to {self.endpoint}{through(self._proxy)} lost: {error}", transient=True
            ) from error
        self._reached = True
        if response.status >= 400:
            verdict = error_of(response.status, response.data, response.headers)
            if response.status == 401:
                raise KubeConnectionError(
                    f"The Kubernetes API server at {self.where()} refuses these credentials: {verdict.message}. "
                    "Fetch a fresh kubeconfig, or name another context.",
                    status=401,
                )
            raise verdict
        return response

    def request(
        self,
        method: str,
        path: str,
        query: t.Mapping[str, t.Any] | None = None,
        body: Json | list[Json] | None = None,
        content_type: str | None = None,
        accept: str = "application/json",
        timeout: float | None = None,
    ) -> Response:
        """Send one request; ``timeout`` in seconds. Raises KubeError for every status of 400 and above."""
        response = self._send(method, path, query, body, content_type, accept, timeout)
        data = response.data
        decoded = (
            json.loads(data)
            if "json" in response.headers.get("Content-Type", "") and data
            else data.decode(errors="replace")
        )
        return Response(response.status, decoded, warning_texts(response.headers))

    def get(self, path: str, query: t.Mapping[str, t.Any] | None = None, **options: t.Any) -> Json | None:
        """One object; None when it does not exist."""
        try:
            return self.request("GET", path, query, **options).data
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    def list_all(
        self, path: str, query: t.Mapping[str, t.Any] | None = None, accept: str = "application/json"
    ) -> tuple[list[Json], str]:
        """All objects of a collection, and the resource version to watch from."""
        found: list[Json] = []
        parameters: Json = {**(query or {}), "limit": PAGE}
        while True:
            page = self.request("GET", path, parameters, accept=accept).data
            # Objects in a list lack these two; without them nobody can tell what they are.
            kind, version = str(page.get("kind", "")).removesuffix("List"), page.get("apiVersion")
            found += [{"apiVersion": version, "kind": kind, **each} for each in page.get("items") or []]
            marker = page.get("metadata", {}).get("continue")
            if not marker:
                return found, page.get("metadata", {}).get("resourceVersion", "")
            parameters["continue"] = marker

    def watch(
        self, path: str, resource_version: str, query: t.Mapping[str, t.Any] | None = None, seconds: float = 60.0
    ) -> t.Iterator[tuple[str, Json]]:
        """Events (type, object) since ``resource_version`` until the server ends the stream after ``seconds``."""
        parameters: Json = {
            **(query or {}),
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": max(1, int(seconds)),
        }
        response = self._send("GET", path, parameters, None, None, "application/json", seconds + 10, stream=True)
        rest = b""
        try:
            for chunk in response.stream(65536, decode_content=True):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    yield event.get("type", ""), event.get("object", {})
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise KubeError(f"watch of {path} was cut off: {error}", transient=True) from error
        finally:
            response.close()

    def apply(
        self, resource: Resource, body: Json, manager: str, force: bool = False, dry_run: bool = False
    ) -> Response:
        """Server-side apply of one object, refusing fields that its kind does not have. Status 201 means created."""
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        metadata = body["metadata"]
        return self.request("PATCH", resource.path(metadata.get("namespace"), metadata["name"]), query, body, APPLY)

    def create(self, resource: Resource, body: Json, manager: str, dry_run: bool = False) -> Response:
        """Create one object, for which the server may find a name (generateName)."""
        query = {"fieldManager": manager, "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        return self.request("POST", resource.path(body["metadata"].get("namespace")), query, body)

    def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        uid: str | None = None,
        propagation: str = "Foreground",
        grace_period: int | None = None,
        resource_version: str | None = None,
    ) -> None:
        """Delete one object and what it owns, by default the owned first. An object that is gone already is fine.

        ``grace_period``: seconds that it gets to end, instead of its own; with ``uid`` and ``resource_version`` the
        server refuses when the object is another one, or has changed.
        """
        body: Json = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if grace_period is not None:
            body["gracePeriodSeconds"] = grace_period
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        body["preconditions"] = {key: value for key, value in preconditions.items() if value}
        try:
            self.request("DELETE", resource.path(namespace, name), None, body)
        except KubeError as error:
            if error.status != 404:
                raise

    def resource(self, api_version: str, kind: str) -> Resource | None:
        """How the API server serves a kind; None when it does not. Asks once per apiVersion."""
        if api_version not in self._kinds:
            data = self.get(("/apis/" if "/" in api_version else "/api/") + api_version)
            self._kinds[api_version] = (
                None
                if data is None
                else {
                    each["kind"]: Resource(
                        api_version,
                        each["kind"],
                        each["name"],
                        bool(each.get("namespaced")),
                        tuple(each.get("verbs") or ()),
                    )
                    for each in data.get("resources") or []
                    if "/" not in each["name"]
                }
            )
        return (self._kinds[api_version] or {}).get(kind)

    def kinds_of(self, api_version: str) -> list[str] | None:
        """Kinds that an apiVersion serves; None when the API server does not know it."""
        self.resource(api_version, "")
        kinds = self._kinds[api_version]
        return None if kinds is None else sorted(kinds)

    def forget(self, api_version: str) -> None:
        """Ask anew next time: a new CustomResourceDefinition changed what the server knows."""
        self._kinds.pop(api_version, None)

    def all_resources(self) -> list[Resource]:
        """Every kind of every group in its preferred version. Two requests on Kubernetes 1.27 and later."""
        found: list[Resource] = []
        for root in ("/api", "/apis"):
            data = self.request("GET", root, accept=DISCOVERY).data
            if "items" not in data:
                raise KubeError(
                    f"{self.endpoint} is too old: it has no aggregated discovery (Kubernetes 1.27 or later has)"
                )
            for group in data["items"]:
                seen: set[str] = set()
                for version in group.get("versions") or []:
                    name = group.get("metadata", {}).get("name")
                    api_version = f"{name}/{version['version']}" if name else version["version"]
                    for each in version.get("resources") or []:
                        kind = each.get("responseKind", {}).get("kind", "")
                        if each["resource"] not in seen:
                            seen.add(each["resource"])
                            verbs = tuple(each.get("verbs") or ())
                            namespaced = each.get("scope") == "Namespaced"
                            found.append(Resource(api_version, kind, each["resource"], namespaced, verbs))
        return found

    def parallel(self, work: t.Callable[[Item], Result], items: t.Sequence[Item]) -> list[Result]:
        """Results of ``work`` for every item, in order, a few at a time."""
        if len(items) < 2:
            return [work(item) for item in items]
        with ThreadPoolExecutor(max_workers=min(self.connections, len(items))) as pool:
            return list(pool.map(work, items))


def retrying(
    work: t.Callable[[], Result], deadline: float, note: t.Callable[[KubeError], None], pause: float = 0.25
) -> Result:
    """Repeat ``work`` while it fails for a passing reason, until ``deadline`` (time.monotonic() seconds)."""
    while True:
        try:
            return work()
        except KubeError as error:
            delay = max(pause, error.retry_after)
            if not error.transient or time.monotonic() + delay >= deadline:
                raise
            note(error)
        time.sleep(delay)
        pause = min(pause * 2, 3.0)
