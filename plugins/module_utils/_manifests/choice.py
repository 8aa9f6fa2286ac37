# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that are chosen by kind, name and labels instead of being written out.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import METADATA_ONLY
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.info import find_resources
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.kinds import kind_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.resource import Resource
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.selectors import (
    SelectorError,
    conditions,
    matches,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.context import ManifestsError, Session
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import Manifest, in_set
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json


def check_choice(params: Json) -> None:
    """Refuse options of a choice that do not go together, before anything is sent."""
    kind, name, selectors = params["kind"], params["name"], params["label_selectors"]
    try:
        conditions(selectors or [])
    except SelectorError as error:
        raise ManifestsError(f"label_selectors: {error}. Nothing was changed.") from error
    if selectors is not None and not selectors:
        # Of a template that came out empty; without a condition every object would be meant.
        raise ManifestsError("label_selectors is empty: give at least one, or leave it out. Nothing was changed.")
    if selectors and params["prune"]:
        raise ManifestsError(
            "label_selectors does not go with prune: it would remove the objects of the set that the selectors leave "
            "out. Nothing was changed."
        )
    if not kind:
        if name or params["api_version"]:
            raise ManifestsError("name and api_version need kind. Nothing was changed.")
        return
    if name and selectors:
        raise ManifestsError("name and label_selectors are two ways to choose: give one. Nothing was changed.")
    if params["state"] == "present" and not name:
        raise ManifestsError("With state present, kind needs name: label_selectors only finds what there is already.")
    if not (name or selectors):
        raise ManifestsError(f"Which {kind}? Give name, or label_selectors for all that have these labels.")


def chosen(session: Session, params: Json) -> list[Manifest]:
    """The object of kind and name, or with label_selectors those that the cluster has in the namespace.

    An apiVersion that the cluster does not know has nothing to remove. KubeError for a kind that cannot be found.
    """
    client, kind, version = session.client, params["kind"], params["api_version"]
    if params["state"] == "absent" and version and session.retry(lambda: client.resource(version, kind)) is None:
        return []
    (resource,) = session.retry(lambda: find_resources(client, [kind], version))
    if params["name"]:
        manifest = _manifest(resource, {"name": params["name"]}, "the options kind and name")
        if params["set_name"]:
            manifest.body = in_set(manifest.body, params["set_name"])
        return [manifest]
    query = {"labelSelector": ",".join(params["label_selectors"])}
    path = resource.path(params["namespace"])
    found, _version = session.retry(lambda: client.list_all(path, query, METADATA_ONLY))
    return [_manifest(resource, each["metadata"], "the options kind and label_selectors") for each in found]


def _manifest(resource: Resource, metadata: Json, source: str) -> Manifest:
    kept = {key: metadata[key] for key in ("name", "namespace") if metadata.get(key)}
    body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": kept}
    return Manifest(body, source, rank=kind_of(resource.group, resource.kind).order)


def labelled(manifests: t.Iterable[Manifest], selectors: t.Sequence[str]) -> list[Manifest]:
    """Those of the given objects whose own labels fulfil all selectors."""
    wanted = conditions(selectors)
    return [manifest for manifest in manifests if matches(wanted, manifest.body["metadata"].get("labels"))]
