# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images are to be built, decided by content.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import familiar
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.context import content_hash, input_lines
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    SDK_ERRORS,
    APIClient,
    APIError,
    DaemonError,
    account_problem,
    explain,
    inspect_image,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.load import Loader
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.request import (
    HASH_LABEL,
    NAME_LABEL,
    PACKAGES_LABEL,
    Image,
    labels_of,
    levels,
)

# How a registry that knows nobody by this account is told by the daemon, which answers 500 then.
_NO_ACCOUNT = re.compile(r"no basic auth credentials|unauthorized|authentication required", re.IGNORECASE)


@dataclass
class Base:
    """A base image: what it is in the daemon, and whether it had to be fetched (or would be, in check mode)."""

    reference: str
    id: str | None
    archive: str | None
    changed: bool


def pull(client: APIClient, reference: str) -> None:
    """Fetch a base image from its registry."""
    repository, tag = (reference, None) if "@" in reference else reference.rsplit(":", 1)
    reason = ""
    try:
        # The daemon answers 200 before it asks the registry: what goes wrong then stands in the stream.
        for line in client.pull(repository, tag=tag, stream=True, decode=True):
            reason = reason or str(line.get("error") or "").strip()
    except SDK_ERRORS as error:
        reason = explain(error)
    if reason or inspect_image(client, reference) is None:
        raise DaemonError(
            f"The base image {reference} is not in the docker daemon, and pulling it failed: "
            f"{reason.rstrip('.') or 'it is not there afterwards'}. On a network without registries put its archive "
            f"into the folder base_archives.{account_problem(client)}"
        )


def provide_bases(
    client: APIClient, images: t.Sequence[Image], loader: Loader | None, check: bool, again: bool = False
) -> list[Base]:
    """All base images of the request; fetches what is missing from archives or, failing that, registries.

    With ``again`` those without an archive are pulled even if they are there, as their tags may have moved.
    """
    planned = loader.plan() if loader else []
    if loader and not check:
        loader.load(planned)
    entries = {entry.image.name: entry for entry in planned}
    bases = []
    for reference in sorted({base for image in images for base in image.bases}):
        entry = entries.get(familiar(reference))
        base = Base(reference, None, entry.image.archive if entry else None, entry is not None and entry.changed)
        bases.append(base)
        if check and entry and entry.changed:
            base.id = entry.image.id
            continue
        known = inspect_image(client, reference)
        before = known["Id"] if known else None
        if not check and (known is None or (again and entry is None)):
            pull(client, reference)
            known = inspect_image(client, reference)
        base.id = str(known["Id"]) if known else None
        base.changed = base.changed or before is None or before != base.id
    return bases


def ours(client: APIClient, names: t.Iterable[str]) -> dict[str, list[dict[str, t.Any]]]:
    """All images in the daemon that carry our labels, by name, newest first."""
    try:
        listed = client.images(filters={"label": HASH_LABEL})
    except SDK_ERRORS as error:
        raise DaemonError(f"The docker daemon could not list its images: {explain(error)}") from error
    listed.sort(key=lambda entry: int(entry.get("Created") or 0), reverse=True)
    return {name: [entry for entry in listed if labels_of(entry).get(NAME_LABEL) == name] for name in names}


def registry_digest(client: APIClient, reference: str) -> str:
    """The digest by which a registry has an image; empty when it does not have it."""
    try:
        return str(client.inspect_distribution(reference)["Descriptor"]["digest"])
    except APIError as error:
        # Registries hide what an account may not see: unknown and forbidden look alike. The push will tell.
        if error.response is not None and error.response.status_code in (401, 403, 404):
            return ""
        reason, host = explain(error), reference.partition("/")[0]
        if _NO_ACCOUNT.search(reason):
            advice = f"Log in with docker login {host}, as the user that the module runs as.{account_problem(client)}"
            raise DaemonError(f"The registry of {reference} wants an account: {reason}. {advice}") from error
        raise DaemonError(f"The registry of {reference} did not answer as one: {reason}. Check push_to.") from error
    except SDK_ERRORS as error:
        raise DaemonError(f"The registry of {reference} cannot be asked: {explain(error)}. Check push_to.") from error


def decide(client: APIClient, image: Image, identities: t.Mapping[str, str | None], packages: str | None) -> None:
    """Find out the image's hash, and whether the daemon has it; without all base images both stay unknown."""
    image.packages = packages
    # What an image of the same call will be is known by its hash before it is built.
    parents = {parent.repository: parent.hash or None for parent in image.parents}
    bases = {**{base: identities[base] for base in image.bases}, **parents}
    if None in bases.values():
        return
    build = {"dockerfile": image.sent.dockerfile, "args": image.args, "labels": image.labels, "bases": bases}
    image.inputs = input_lines(image.sent.entries, {**build, "target": image.target, "packages": packages})
    image.inputs += image.options.inputs()
    image.inputs += [f"chained {argument} {name}" for argument, name in sorted(image.chained.items())]
    image.hash = content_hash(image.inputs)
    known = inspect_image(client, image.reference)
    image.known = known if known and labels_of(known).get(HASH_LABEL) == image.hash else None


def decide_tags(client: APIClient, image: Image, registry: str | None) -> None:
    """Find out which further tags do not mean the image yet."""
    for tag in image.tags:
        known = inspect_image(client, tag)
        # An image that only the registry has cannot get a tag here.
        if image.build or (image.known and (known is None or known["Id"] != image.known["Id"])):
            image.missing_tags.append(tag)
        if registry and tag.startswith(f"{registry}/") and registry_digest(client, tag) != (image.digest or None):
            image.unpushed_tags.append(tag)


def plan(
    client: APIClient, images: t.Sequence[Image], bases: t.Sequence[Base], packages: str | None, registry: str | None
) -> None:
    """Decide for all images what is to be done, and which earlier layers may be used again."""
    identities = {base.reference: base.id for base in bases}
    for image in (image for level in levels(images) for image in level):
        decide(client, image, identities, packages)
        if registry and image.hash:
            image.digest = registry_digest(client, image.reference)
        if image.hash:
            decide_tags(client, image, registry)
    if any(image.build for image in images):
        earlier = ours(client, [image.name for image in images])
        for image in images:
            same = [x for x in earlier[image.name] if image.repository in repositories(x)]
            image.previous = same[0] if same else None
            # The builder cannot see into the package repository: only layers made from the same index may come back.
            image.cache_from = [str(x["Id"]) for x in same if labels_of(x).get(PACKAGES_LABEL) == packages]


def repositories(known: dict[str, t.Any]) -> set[str]:
    """Repositories of all tags of an image."""
    return {str(tag).rsplit(":", 1)[0] for tag in known.get("RepoTags") or []}


def prune(client: APIClient, image: Image, keep: int) -> list[str]:
    """Remove old images of a name that no container uses; return the tags, or IDs without tags, that are gone.

    The newest ``keep`` old tags stay. Images that lost their tags to a newer one go all; what bears none of our labels
    and tags that somebody else gave are never touched.
    """
    removed = []
    try:
        used = {entry["ImageID"] for entry in client.containers(all=True)}
        old = [x for x in ours(client, [image.name])[image.name] if x["Id"] not in used]
        tags = [
            f"{image.repository}:{labels_of(x)[HASH_LABEL][:16]}" for x in old if labels_of(x)[HASH_LABEL] != image.hash
        ]
        there = {str(tag) for x in old for tag in x.get("RepoTags") or []}
        tags = [tag for tag in tags if tag in there]
        for name in tags[keep:] + [str(x["Id"]) for x in old if is_dangling(x)]:
            client.remove_image(name)
            removed.append(name)
    except SDK_ERRORS:
        # Somebody else works in the daemon, or a container appeared: what is left is pruned after the next build.
        return removed
    return removed


def is_dangling(known: dict[str, t.Any]) -> bool:
    """Whether an image has no name any more."""
    names = (known.get("RepoTags") or []) + (known.get("RepoDigests") or [])
    return all("<none>" in name for name in names)
