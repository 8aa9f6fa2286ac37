# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images are to be built, decided by content.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.context import (
    Context,
    ContextError,
    changed_inputs,
    content_hash,
    input_lines,
    read_context,
    short_lines,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    SDK_ERRORS,
    APIClient,
    APIError,
    DaemonError,
    account_problem,
    explain,
    inspect_image,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.dockerfile import (
    Dockerfile,
    DockerfileError,
    base_images,
    buildkit_need,
    parse,
    refuse_moving,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.load import Loader, familiar

NAME_LABEL = "ft-services.fortytwo/name"
HASH_LABEL = "ft-services.fortytwo/content-hash"
PACKAGES_LABEL = "ft-services.fortytwo/packages"
INPUTS_LABEL = "ft-services.fortytwo/inputs"
# Labels travel in the address of a request: a longer list of inputs is left out, and with it the next run's diff.
MAXIMUM_LABEL = 16000
UNKNOWN = "unknown"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?::[0-9]+)?(?:/{_COMPONENT})*")


class BuildRefusedError(Exception):
    """An image cannot be built as asked; the text names it and says what to do."""


@dataclass
class Image:
    """One image of the request, and what is found out about it on the way."""

    name: str
    repository: str
    sent: Context
    bases: list[str]
    args: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    target: str | None = None
    inputs: list[str] = field(default_factory=list)
    hash: str = ""
    known: dict[str, t.Any] | None = None
    previous: dict[str, t.Any] | None = None
    cache_from: list[str] = field(default_factory=list)
    packages: str | None = None
    # None: there is no registry to push to.
    pushed: bool | None = None

    @property
    def tag(self) -> str:
        """The image's tag; unknown in check mode as long as a base image is missing."""
        return self.hash[:16] or UNKNOWN

    @property
    def reference(self) -> str:
        """Repository and tag."""
        return f"{self.repository}:{self.tag}"

    @property
    def build(self) -> bool:
        """Whether the image is to be built: the daemon lacks it, and no registry has it."""
        return self.known is None and not self.pushed

    @property
    def changed(self) -> bool:
        """Whether anything is to be done for the image."""
        return self.build or self.pushed is False

    def all_labels(self) -> dict[str, str]:
        """The labels given and those by which a later run knows the image."""
        labels = {**self.labels, NAME_LABEL: self.name, HASH_LABEL: self.hash}
        if self.packages:
            labels[PACKAGES_LABEL] = self.packages
        inputs = short_lines(self.inputs)
        if len(inputs) <= MAXIMUM_LABEL:
            labels[INPUTS_LABEL] = inputs
        return labels

    def previous_reference(self) -> str:
        """A reference of the newest earlier image of this name."""
        tags = (self.previous or {}).get("RepoTags") or []
        return str(tags[0]) if tags else "no earlier image"

    def inputs_before(self) -> str:
        """The inputs of the newest earlier image of this name; empty when there is none or it does not tell."""
        return str(labels_of(self.previous or {}).get(INPUTS_LABEL, ""))

    def changed_inputs(self) -> list[str]:
        """What differs from the earlier image; empty when nothing is built or nothing is known."""
        before = self.inputs_before()
        return changed_inputs(before, short_lines(self.inputs)) if self.build and before and self.hash else []


def labels_of(known: dict[str, t.Any]) -> dict[str, str]:
    """Labels in an answer of the daemon, of a list of images or of one image."""
    return known.get("Labels") or (known.get("Config") or {}).get("Labels") or {}


def repository_of(name: str, prefix: str, registry: str | None) -> str:
    """Where an image of this name goes, without a tag."""
    repository = "/".join(part.strip("/") for part in (registry, prefix, name) if part)
    if not _REPOSITORY.fullmatch(repository):
        raise BuildRefusedError(
            f"{repository} is no valid image repository: use lower-case letters, digits and single ., _ or - in "
            "name and repository_prefix, and no tag, as the tag is the content hash."
        )
    return repository


def texts(name: str, option: str, given: t.Mapping[str, t.Any] | None) -> dict[str, str]:
    """The values of args or labels; refuses what is no text, as its spelling is lost already (1.10 is 1.1 here)."""
    values = {str(key): value for key, value in (given or {}).items()}
    wrong = sorted(key for key, value in values.items() if not isinstance(value, str))
    if wrong:
        raise BuildRefusedError(
            f"Image {name}: the values of {', '.join(wrong)} in {option} are no texts: put them in quotes, as in "
            f'{wrong[0]}: "...". What is read as a number, as true or as null has lost its spelling.'
        )
    return {key: str(value) for key, value in values.items()}


def read_dockerfile(context: Context) -> Dockerfile:
    """The Dockerfile of a context."""
    path = next(entry.full_path for entry in context.entries if entry.path == context.dockerfile)
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as handle:
        return parse(handle.read())


def read_image(request: t.Mapping[str, t.Any], prefix: str, registry: str | None) -> Image:
    """Read context and Dockerfile of one requested image, and refuse what cannot be built."""
    name = str(request["name"])
    repository = repository_of(name, prefix, registry)
    args, labels = (texts(name, option, request.get(option)) for option in ("args", "labels"))
    target = request.get("target")
    try:
        sent = read_context(str(request["context"]), str(request["dockerfile"]), request.get("paths") or ())
    except ContextError as error:
        raise BuildRefusedError(f"Image {name}: {error}") from error
    try:
        dockerfile = read_dockerfile(sent)
        need = buildkit_need(dockerfile)
        if need:
            raise DockerfileError(
                f"{need}, which needs BuildKit; images are built by the classic builder here: write it without."
            )
        bases = base_images(dockerfile, args, target)
        refuse_moving(bases)
    except (DockerfileError, OSError) as error:
        raise BuildRefusedError(f"Image {name}, {request['context']}/{request['dockerfile']}: {error}") from error
    return Image(name, repository, sent, bases, args, labels, target)


def refuse_twins(images: t.Sequence[Image]) -> None:
    """Refuse two images of one name: their tags would come and go in turn."""
    names = [image.name for image in images]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise BuildRefusedError(f"Several images are called {', '.join(twins)}: give each its own name.")


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


def provide_bases(client: APIClient, images: t.Sequence[Image], loader: Loader | None, check: bool) -> list[Base]:
    """All base images of the request; fetches what is missing from archives or, failing that, registries."""
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
        if known is None:
            base.changed = True
            if not check:
                pull(client, reference)
                known = inspect_image(client, reference)
        base.id = str(known["Id"]) if known else None
    return bases


def ours(client: APIClient, names: t.Iterable[str]) -> dict[str, list[dict[str, t.Any]]]:
    """All images in the daemon that carry our labels, by name, newest first."""
    try:
        listed = client.images(filters={"label": HASH_LABEL})
    except SDK_ERRORS as error:
        raise DaemonError(f"The docker daemon could not list its images: {explain(error)}") from error
    listed.sort(key=lambda entry: int(entry.get("Created") or 0), reverse=True)
    return {name: [entry for entry in listed if labels_of(entry).get(NAME_LABEL) == name] for name in names}


def is_in_registry(client: APIClient, reference: str) -> bool:
    """Whether the registry of a reference has the image."""
    try:
        client.inspect_distribution(reference)
    except APIError as error:
        # Registries hide what an account may not see: unknown and forbidden look alike. The push will tell.
        if error.response is not None and error.response.status_code in (401, 403, 404):
            return False
        raise DaemonError(
            f"The registry of {reference} did not answer as one: {explain(error)}. Check push_to."
        ) from error
    except SDK_ERRORS as error:
        raise DaemonError(f"The registry of {reference} cannot be asked: {explain(error)}. Check push_to.") from error
    return True


def decide(client: APIClient, image: Image, identities: t.Mapping[str, str | None], packages: str | None) -> None:
    """Find out the image's hash, and whether the daemon has it; without all base images both stay unknown."""
    image.packages = packages
    bases = {base: identities[base] for base in image.bases}
    if None in bases.values():
        return
    build = {"dockerfile": image.sent.dockerfile, "args": image.args, "labels": image.labels, "bases": bases}
    image.inputs = input_lines(image.sent.entries, {**build, "target": image.target, "packages": packages})
    image.hash = content_hash(image.inputs)
    known = inspect_image(client, image.reference)
    image.known = known if known and labels_of(known).get(HASH_LABEL) == image.hash else None


def plan(
    client: APIClient, images: t.Sequence[Image], bases: t.Sequence[Base], packages: str | None, registry: str | None
) -> None:
    """Decide for all images what is to be done, and which earlier layers may be used again."""
    identities = {base.reference: base.id for base in bases}
    for image in images:
        decide(client, image, identities, packages)
        if registry and image.hash:
            image.pushed = is_in_registry(client, image.reference)
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
    is never touched.
    """
    removed = []
    try:
        used = {entry["ImageID"] for entry in client.containers(all=True)}
        old = [x for x in ours(client, [image.name])[image.name] if labels_of(x).get(HASH_LABEL) != image.hash]
        old = [x for x in old if x["Id"] not in used]
        tags = [
            str(tag) for x in old for tag in x.get("RepoTags") or [] if str(tag).rsplit(":", 1)[0] == image.repository
        ]
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
