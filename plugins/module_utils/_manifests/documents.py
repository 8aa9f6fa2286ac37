# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From YAML to objects in the order in which to apply them.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
"""

from __future__ import annotations

import base64
import os
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import group_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import kind_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import HIDDEN
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

try:
    import yaml
except ImportError:
    # The kubernetes package needs PyYAML: the module reports the missing one before it comes here.
    yaml = None

SUFFIXES = (".yaml", ".yml", ".json")
SET_LABEL = "ft-services.fortytwo/set"
# Written by the server: in a manifest they are left over from `kubectl get -o yaml`, and an apply refuses some of them.
_SERVER_FIELDS = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")

# What a YAML error quotes from the text; tags (!...) and single characters are harmless.
_QUOTED = re.compile(r"'(?!!)[^' ]{2,}'|\"(?!!)[^\" ]{2,}\"")


class ManifestError(Exception):
    """Input that cannot be applied, with the place where it stands."""


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
        """The name of the object."""
        return self.body["metadata"]["name"]

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
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _loader() -> t.Any:
    """A safe YAML loader that refuses what Kubernetes users never mean: the same key twice."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        def construct_mapping(self, node: t.Any, deep: bool = False) -> t.Any:
            seen: dict[str, int] = {}
            for key, _value in node.value if isinstance(node, yaml.MappingNode) else ():
                if not isinstance(key, yaml.ScalarNode):
                    continue
                if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                    line = key.start_mark.line + 1
                    first = seen[key.value]
                    raise ManifestError(f"line {line}: the key {key.value} stands here again (first in line {first})")
                seen[key.value] = key.start_mark.line + 1
            return super().construct_mapping(node, deep=deep)

    # A date is a string in JSON, and so in Kubernetes.
    Loader.yaml_implicit_resolvers = {
        letter: [(tag, expression) for tag, expression in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for letter, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    return Loader


def _documents(text: str, source: str) -> t.Iterator[tuple[t.Any, str]]:
    """Every document of a YAML text with its place. Messages never quote the text: it may hold a secret."""
    number = 0
    loader = None
    try:
        loader = _loader()(text)
        while loader.check_node():
            number += 1
            node = loader.get_node()
            place = f"{source}, document {number} (line {node.start_mark.line + 1})"
            yield loader.construct_document(node), place
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        problem = _QUOTED.sub(HIDDEN, error.problem or error.context or "not readable")
        raise ManifestError(f"{source}, document {max(number, 1)}: not valid YAML: {problem}{where}") from None
    except yaml.YAMLError:
        raise ManifestError(f"{source}: not valid YAML: it holds characters that YAML does not allow") from None
    except (ManifestError, ValueError, RecursionError) as error:
        detail = error if isinstance(error, ManifestError) else "a value cannot be read"
        raise ManifestError(f"{source}, document {number}: {detail}") from None
    finally:
        if loader is not None:
            loader.dispose()


def plain(value: t.Any, path: str = "") -> t.Any:
    """The same value in JSON's types; numbers as mapping keys become strings, as kubectl does it."""
    if isinstance(value, dict):
        result = {}
        for key, inner in value.items():
            if isinstance(key, bool) or not isinstance(key, (str, int, float)):
                raise ManifestError(f"the key {key!r} below {path or 'the top'} is not a string; put it in quotes")
            result[str(key)] = plain(inner, f"{path}.{key}")
        return result
    if isinstance(value, (list, tuple)):
        return [plain(inner, f"{path}[{index}]") for index, inner in enumerate(value)]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise ManifestError(
        f"{path or 'the document'} is of the YAML type {type(value).__name__}, which JSON does not have"
    )


def read_sources(paths: t.Sequence[str]) -> t.Iterator[tuple[str, str]]:
    """(text, file name) of every file; of a folder its YAML and JSON files, sorted, without its subfolders."""
    for path in paths:
        if os.path.isdir(path):
            names = sorted(name for name in os.listdir(path) if name.lower().endswith(SUFFIXES))
            if not names:
                raise ManifestError(f"src: the folder {path} holds no file that ends in {', '.join(SUFFIXES)}")
            files = [os.path.join(path, name) for name in names]
        else:
            files = [path]
        for each in files:
            try:
                with open(each, encoding="utf-8") as handle:
                    yield handle.read(), each
            except OSError as error:
                raise ManifestError(f"src: cannot read {each} on the target: {error.strerror}") from error
            except UnicodeDecodeError as error:
                raise ManifestError(f"src: {each} is not UTF-8 text") from error


def _objects(value: t.Any, source: str) -> t.Iterator[tuple[Json, str]]:
    """The objects in one document: none when it is empty, several when it is a list."""
    if value is None or value == {} or value == []:
        return
    if isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from _objects(each, f"{source}, entry {number}")
        return
    if not isinstance(value, dict):
        raise ManifestError(f"{source}: a mapping is needed, this is a {type(value).__name__}")
    try:
        body = plain(value)
    except RecursionError:
        raise ManifestError(f"{source}: the document contains itself") from None
    except ManifestError as error:
        raise ManifestError(f"{source}: {error}") from None
    if isinstance(body.get("items"), list) and str(body.get("kind", "")).endswith("List"):
        for number, each in enumerate(body["items"], 1):
            yield from _objects(each, f"{source}, item {number}")
        return
    yield body, source


def _checked(body: Json, source: str) -> Json:
    """The object without what only the server may write; complains about what every object must have."""
    for key in ("apiVersion", "kind"):
        if not isinstance(body.get(key), str) or not body[key]:
            raise ManifestError(f"{source}: {key} is missing")
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        raise ManifestError(f"{source}: {body['kind']} has no metadata")
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        generated = " (generateName cannot be applied twice with the same result)" if "generateName" in metadata else ""
        raise ManifestError(f"{source}: {body['kind']} has no metadata.name{generated}")
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


def parse(definitions: t.Any, src: t.Sequence[str] | None = None, set_name: str | None = None) -> list[Manifest]:
    """All objects of the inline ``definitions`` (mappings, YAML texts, lists of them) and of the files ``src``."""
    found: list[tuple[Json, str]] = []
    entries = definitions if isinstance(definitions, list) else [definitions]
    for number, entry in enumerate(entries, 1):
        source = f"definitions[{number}]"
        if isinstance(entry, str):
            for value, place in _documents(entry, source):
                found += _objects(value, place)
        else:
            found += _objects(entry, source)
    for text, name in read_sources(src or []):
        for value, place in _documents(text, name):
            found += _objects(value, place)

    manifests = []
    for body, source in found:
        body = _checked(body, source)
        if body["kind"] == "Secret" and body["apiVersion"] == "v1":
            body = _without_string_data(body, source)
        if set_name:
            metadata = body["metadata"]
            body = {**body, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), SET_LABEL: set_name}}}
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
        first = seen.setdefault(manifest.key, manifest)
        if first is not manifest:
            found.append(f"{manifest.label} is defined twice: {first.source} and {manifest.source}")
    return found
