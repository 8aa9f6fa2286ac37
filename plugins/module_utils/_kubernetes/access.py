# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user of a kubeconfig may do. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

VERSION = "authorization.k8s.io/v1"
PATH = f"/apis/{VERSION}/selfsubjectaccessreviews"


class RuleError(Exception):
    """A rule that no Role could have."""


def questions(rules: t.Sequence[t.Any], namespace: str | None) -> list[Json]:
    """Each right of the rules once, in their order, as the API server is asked for it."""
    found: list[Json] = []
    for number, rule in enumerate(rules):
        for attributes in _of_rule(rule, f"rules.{number}"):
            whole = {**attributes, "namespace": namespace} if namespace else attributes
            if whole not in found:
                found.append(whole)
    return found


def _of_rule(rule: t.Any, place: str) -> t.Iterator[Json]:
    known: Json = {"resourceNames": [""], **{key: value for key, value in dict(rule).items() if value is not None}}
    for key in ("apiGroups", "resources", "verbs", "resourceNames"):
        texts = known.get(key)
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise RuleError(f"{place}.{key} must be a list of texts, as in a Role")
    for group, path in itertools.product(known["apiGroups"], known["resources"]):
        resource, _slash, subresource = path.partition("/")
        for name, verb in itertools.product(known["resourceNames"], known["verbs"]):
            every = {"verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name}
            yield {key: text for key, text in every.items() if text or key == "group"}


def refused(client: KubeClient, asked: t.Sequence[Json]) -> list[Json]:
    """Those rights that the user does not have."""

    def allowed(attributes: Json) -> bool:
        body = {"apiVersion": VERSION, "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}
        status = client.request("POST", PATH, None, body).data.get("status")
        if not isinstance(status, dict) or "allowed" not in status:
            raise KubeError(f"{client.endpoint} did not say whether this user may {words(attributes)}")
        return bool(status["allowed"])

    answers = client.parallel(allowed, asked)
    return [attributes for attributes, good in zip(asked, answers, strict=True) if not good]


def words(attributes: Json) -> str:
    """One right as people read it: get pods/log, create deployments.apps."""
    return f"{attributes['verb']} {_kind(attributes)}"


def _kind(attributes: Json) -> str:
    resource = f"{attributes['resource']}.{attributes['group']}" if attributes["group"] else attributes["resource"]
    whole = f"{resource}/{attributes['subresource']}" if attributes.get("subresource") else resource
    return f"{whole} {attributes['name']}" if attributes.get("name") else whole


def lines(attributes: t.Sequence[Json]) -> list[str]:
    """Rights in words, a line for all kinds with the same verbs: create, patch deployments.apps, pods."""
    verbs: dict[str, list[str]] = {}
    for each in attributes:
        verbs.setdefault(_kind(each), []).append(each["verb"])
    kinds: dict[str, list[str]] = {}
    for kind, of_kind in verbs.items():
        kinds.setdefault(", ".join(of_kind), []).append(kind)
    return [f"{shared} {', '.join(of_verbs)}" for shared, of_verbs in kinds.items()]
