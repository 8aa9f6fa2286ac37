# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From documents to objects in the order in which to apply them.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import kind_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import group_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.scalars import (
    ScalarError,
    key_text,
    number_or_same,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.sources import read_sources
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.texts import (
    DEEPEST,
    ManifestError,
    documents,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

SET_LABEL = "manifests.fortytwo/set"
# Written by the server: in a manifest they are left over from `kubectl get -o yaml`, and an apply refuses some of them.
_SERVER_FIELDS = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")

# Groups whose kinds are questions: they are sent, answered and kept nowhere.
_REVIEWS = ("authorization.k8s.io", "authentication.k8s.io")


@dataclass
class Manifest:
    """One object as it shall be, and where it was written."""

    body: Json
    source: str
    namespace: str | None = None
    rank: int = field(default=0)

    @property
    def api_version(self) -> str:
        """The apiVersion, such as apps/v1."""
        return self.body["apiVersion"]

    @property
    def kind(self) -> str:
        """The kind, such as Deployment."""
        return self.body["kind"]

    @property
    def name(self) -> str:
        """The name of the object; what it begins with while the server has not found one; empty for a review."""
        metadata = self.body["metadata"]
        return metadata.get("name") or metadata.get("generateName") or ""

    @property
    def generated(self) -> bool:
        """True for an object that has no name until the server finds one (generateName)."""
        return not self.review and not self.body["metadata"].get("name")

    @property
    def review(self) -> bool:
        """True for a question to the server, which leaves no object behind."""
        return is_review(self.body)

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return group_of(self.api_version)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes the object one of a kind: group, kind, namespace, name."""
        return (self.group, self.kind, self.namespace or "", self.name)

    @property
    def label(self) -> str:
        """The object in words, such as Deployment web/nginx."""
        return label_of(self.kind, self.namespace, self.name)


def label_of(kind: str, namespace: str | None, name: str) -> str:
    """An object in words, such as Deployment web/nginx."""
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}".rstrip()


def is_review(body: Json) -> bool:
    """True for the kinds that ask about rights and accounts, such as SelfSubjectAccessReview."""
    return group_of(body["apiVersion"]) in _REVIEWS and body["kind"].endswith("Review")


def plain(value: t.Any, path: str = "", depth: int = 0) -> t.Any:
    """The same value in JSON's types, its numbers and keys as kubectl hands them on."""
    if depth > DEEPEST:
        raise ManifestError(f"lists and mappings are nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        result = {}
        for key, inner in value.items():
            try:
                name = key_text(key)
            except ScalarError as error:
                raise ManifestError(f"{path or 'the top'}: {error}") from None
            result[name] = plain(inner, f"{path}.{name}", depth + 1)
        return result
    if isinstance(value, (list, tuple)):
        return [plain(inner, f"{path}[{index}]", depth + 1) for index, inner in enumerate(value)]
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float)):
        try:
            return number_or_same(value)
        except ScalarError as error:
            raise ManifestError(f"{path or 'the document'}: {error}") from None
    raise ManifestError(
        f"{path or 'the document'} is of the YAML type {type(value).__name__}, which JSON does not have"
    )


def objects(value: t.Any, source: str) -> t.Iterator[tuple[Json, str]]:
    """The objects in one document: none when it is empty, several when it is a list."""
    if value is None or value == {} or value == []:
        return
    if isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from objects(each, f"{source}, entry {number}")
        return
    if not isinstance(value, dict):
        raise ManifestError(f"{source}: a mapping is needed, this is a {type(value).__name__}")
    kind = str(value.get("kind") or "")
    if "items" not in value or not kind:
        yield value, source
        return
    if not kind.endswith("List") or not isinstance(value["items"], (list, type(None))):
        raise ManifestError(
            f"{source}: this {kind} has the field items: only a list (List, ConfigMapList ...) has it, with its objects"
        )
    for number, each in enumerate(value["items"] or [], 1):
        if isinstance(each, dict) and not each.get("kind") and not each.get("apiVersion") and kind != "List":
            # In the API server's own lists the objects do not say what they are.
            each = {**each, "kind": kind.removesuffix("List"), "apiVersion": value.get("apiVersion")}
        yield from objects(each, f"{source}, item {number}")


def _inline(value: t.Any, source: str) -> t.Iterator[tuple[Json, str]]:
    """The objects in an inline definition that is no text."""
    try:
        value = plain(value)
    except ManifestError as error:
        raise ManifestError(f"{source}: {error}") from None
    yield from objects(value, source)


def _checked(body: Json, source: str) -> Json:
    """The object without what only the server may write; complains about what every object must have."""
    for key in ("apiVersion", "kind"):
        if not isinstance(body.get(key), str) or not body[key]:
            raise ManifestError(f"{source}: {key} is missing")
    if group_of(body["apiVersion"]) == "kustomize.config.k8s.io":
        raise ManifestError(
            f"{source}: {body['kind']} is no object of a cluster but says how to make some: give the output of "
            "`kubectl kustomize FOLDER` as definitions"
        )
    review = is_review(body)
    metadata = body.get("metadata") or ({} if review else None)
    if not isinstance(metadata, dict):
        raise ManifestError(f"{source}: {body['kind']} has no metadata")
    name = metadata.get("name") or metadata.get("generateName")
    if not (isinstance(name, str) and name) and not review:
        raise ManifestError(f"{source}: {body['kind']} has no metadata.name")
    if not isinstance(metadata.get("namespace", ""), (str, type(None))):
        raise ManifestError(f"{source}: metadata.namespace of {body['kind']} {name} is not a string")
    labels = metadata.get("labels")
    if labels is not None and not isinstance(labels, dict):
        raise ManifestError(f"{source}: metadata.labels of {body['kind']} {name} is not a mapping")
    metadata = {key: value for key, value in metadata.items() if key not in _SERVER_FIELDS}
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


def _without_string_data(body: Json, source: str) -> Json:
    """Fold stringData into data: the server forgets who set stringData, so removed keys would stay forever."""
    text = body.get("stringData")
    if not isinstance(text, dict) or not isinstance(body.get("data") or {}, dict):
        return body
    data = dict(body.get("data") or {})
    for key, value in text.items():
        if not isinstance(value, str):
            name = body["metadata"]["name"]
            raise ManifestError(f"{source}: stringData.{key} of Secret {name} is not a string; put it in quotes")
        data[key] = base64.b64encode(value.encode()).decode()
    return {**{key: value for key, value in body.items() if key != "stringData"}, "data": data}


def in_set(body: Json, set_name: str) -> Json:
    """The object with the label of its set."""
    metadata = body["metadata"]
    return {**body, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), SET_LABEL: set_name}}}


def parse(
    definitions: t.Any,
    src: t.Sequence[str] | None = None,
    set_name: str | None = None,
    checksums: t.Mapping[str, str] | None = None,
) -> list[Manifest]:
    """All objects of the inline ``definitions`` (mappings, YAML texts, lists of them) and of the files ``src``."""
    found: list[tuple[Json, str]] = []
    entries = definitions if isinstance(definitions, list) else [definitions]
    for number, entry in enumerate(entries, 1):
        source = f"definitions[{number}]"
        if isinstance(entry, str):
            for value, place in documents(entry, source):
                found += objects(value, place)
        else:
            found += _inline(entry, source)
    for text, name in read_sources(src or [], checksums):
        for value, place in documents(text, name):
            found += objects(value, place)

    manifests = []
    for body, source in found:
        body = _checked(body, source)
        if body["kind"] == "Secret" and body["apiVersion"] == "v1":
            body = _without_string_data(body, source)
        if set_name:
            body = in_set(body, set_name)
        manifest = Manifest(body, source)
        manifest.rank = kind_of(manifest.group, manifest.kind).order
        manifests.append(manifest)
    return manifests


def place(manifest: Manifest, namespaced: bool, default_namespace: str) -> None:
    """Write the namespace into the object: its own, else the default one, or none for a cluster-wide kind."""
    metadata = {key: value for key, value in manifest.body["metadata"].items() if key != "namespace"}
    if namespaced:
        manifest.namespace = manifest.body["metadata"].get("namespace") or default_namespace
        metadata["namespace"] = manifest.namespace
    manifest.body = {**manifest.body, "metadata": metadata}


def duplicates(manifests: t.Iterable[Manifest]) -> list[str]:
    """One sentence for every object that is there twice: the second would undo the first."""
    seen: dict[tuple[str, str, str, str], Manifest] = {}
    found = []
    for manifest in manifests:
        if manifest.generated or manifest.review:
            continue
        first = seen.setdefault(manifest.key, manifest)
        if first is not manifest:
            found.append(f"{manifest.label} is defined twice: {first.source} and {manifest.source}")
    return found
