# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of a request: what is asked for, read and refused before anything is built.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.context import (
    Context,
    ContextError,
    changed_inputs,
    find_dockerfile,
    own_ignore_file,
    read_context,
    short_lines,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.dockerfile import (
    Dockerfile,
    DockerfileError,
    base_images,
    buildkit_need,
    parse,
    platform_variables,
    refuse_moving,
)

NAME_LABEL = "ft-services.fortytwo/name"
HASH_LABEL = "ft-services.fortytwo/content-hash"
PACKAGES_LABEL = "ft-services.fortytwo/packages"
INPUTS_LABEL = "ft-services.fortytwo/inputs"
# Labels travel in the address of a request: a longer list of inputs is left out, and with it the next run's diff.
MAXIMUM_LABEL = 16000
UNKNOWN = "unknown"
# Stands for the tag of another image of the call while Dockerfiles are read.
CHAINED = "image-of-this-call"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?::[0-9]+)?(?:/{_COMPONENT})*")


_TAG = re.compile(rf"(?:{_REPOSITORY.pattern}:)?[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}")


class BuildRefusedError(Exception):
    """An image cannot be built as asked; the text names it and says what to do."""


@dataclass(frozen=True)
class Options:
    """How one image is built; what is empty is left to the builder.

    ``builder`` is classic or buildkit. ``secrets`` have the keys id and one of src, env, value.
    """

    builder: str = "classic"
    tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    secrets: tuple[t.Mapping[str, t.Any], ...] = ()
    ssh: tuple[str, ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    network: str | None = None
    etc_hosts: tuple[tuple[str, str], ...] = ()
    rebuild: bool = False
    nocache: bool = False

    def inputs(self) -> list[str]:
        """Those that decide what the image is, for its hash."""
        return [
            *(f"option platform {platform}" for platform in self.platforms),
            *([f"option network {self.network}"] if self.network else []),
            *(f"option host {name} {address}" for name, address in self.etc_hosts),
        ]

    def buildkit_need(self) -> str | None:
        """The option that the classic builder does not know; None without one."""
        names = ("platforms", "secrets", "ssh", "cache_to", "outputs")
        external = ("cache_from",) if any("type=" in source for source in self.cache_from) else ()
        return next((f"option {name} is given" for name in (*names, *external) if getattr(self, name)), None)


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
    options: Options = field(default_factory=Options)
    # Build arguments that become references of other images of the call, by the name of those.
    chained: dict[str, str] = field(default_factory=dict)
    parents: list[Image] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    hash: str = ""
    known: dict[str, t.Any] | None = None
    previous: dict[str, t.Any] | None = None
    cache_from: list[str] = field(default_factory=list)
    packages: str | None = None
    # None: there is no registry to push to. Empty: the registry lacks it.
    digest: str | None = None
    # Further tags that are missing or mean something else, in the daemon and in the registry.
    missing_tags: list[str] = field(default_factory=list)
    unpushed_tags: list[str] = field(default_factory=list)

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
        """Whether the image is to be built: the daemon lacks it and no registry has it, or it was asked for."""
        return self.options.rebuild or (self.known is None and not self.digest)

    @property
    def push(self) -> bool:
        """Whether the image is to be pushed."""
        return self.digest == "" or (self.digest is not None and self.build)

    @property
    def changed(self) -> bool:
        """Whether anything is to be done for the image."""
        return self.build or self.push or bool(self.missing_tags) or bool(self.unpushed_tags)

    @property
    def tags(self) -> list[str]:
        """References of the further tags."""
        return [tag if "/" in tag or ":" in tag else f"{self.repository}:{tag}" for tag in self.options.tags]

    def all_args(self) -> dict[str, str]:
        """The build arguments given, and those that name other images of the call."""
        parents = {parent.name: parent.reference for parent in self.parents}
        return {**self.args, **{argument: parents[name] for argument, name in self.chained.items()}}

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


def read_options(request: t.Mapping[str, t.Any], common: t.Mapping[str, t.Any]) -> Options:
    """The options of one image; ``common`` has builder, rebuild and nocache of the whole call."""
    name = str(request["name"])
    lists = ("tags", "platforms", "secrets", "ssh", "cache_from", "cache_to", "outputs")
    given: dict[str, t.Any] = {option: tuple(request.get(option) or ()) for option in lists}
    wrong = [tag for tag in given["tags"] if not _TAG.fullmatch(tag) or tag.endswith("latest")]
    if wrong:
        raise BuildRefusedError(
            f"Image {name}: {wrong[0]} in tags is no tag or reference with a tag, or it is latest, which says nothing: "
            "name a version."
        )
    hosts = texts(name, "etc_hosts", request.get("etc_hosts"))
    return Options(
        builder=str(common.get("builder") or "auto"),
        network=request.get("network"),
        etc_hosts=tuple(sorted(hosts.items())),
        rebuild=bool(common.get("rebuild")),
        nocache=bool(common.get("nocache")),
        **given,
    )


def read_dockerfile(path: str) -> Dockerfile:
    """The Dockerfile at a path."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as handle:
        return parse(handle.read())


def choose_builder(options: Options, dockerfile: Dockerfile, path: str) -> str:
    """The builder for a Dockerfile at this path; refuses what the classic one cannot do when it was asked for."""
    need = options.buildkit_need() or buildkit_need(dockerfile)
    if need is None and own_ignore_file(path):
        need = f"{path}.dockerignore is there"
    if options.builder == "classic" and need and not need.endswith("is there"):
        raise DockerfileError(
            f"{need}, which needs BuildKit, but builder is classic: set builder to auto, or do without."
        )
    return "buildkit" if options.builder == "buildkit" or (options.builder == "auto" and need) else "classic"


def read_image(
    request: t.Mapping[str, t.Any],
    prefix: str,
    registry: str | None,
    common: t.Mapping[str, t.Any] | None = None,
    platform: t.Callable[[], str] = lambda: "linux/amd64",
) -> Image:
    """Read context and Dockerfile of one requested image, and refuse what cannot be built.

    ``platform`` tells the daemon's own, and is asked only when the Dockerfile depends on it.
    """
    name = str(request["name"])
    repository = repository_of(name, prefix, registry)
    args, labels = (texts(name, option, request.get(option)) for option in ("args", "labels"))
    options = read_options(request, common or {})
    chained = {argument: str(other) for argument, other in (request.get("bases") or {}).items()}
    target = request.get("target")
    if len(options.platforms) > 1 and not registry:
        raise BuildRefusedError(f"Image {name}: a docker daemon holds one of several platforms only: give push_to.")
    context, where = str(request["context"]), str(request["dockerfile"])
    try:
        path = find_dockerfile(context, where)[1]
        dockerfile = read_dockerfile(path)
        options = replace(options, builder=choose_builder(options, dockerfile, path))
        buildkit = options.builder == "buildkit"
        given = {**args, **{argument: f"{other}:{CHAINED}" for argument, other in chained.items()}}
        bases: set[str] = set()
        for wanted in options.platforms or ("",):
            known = platform_variables(wanted, platform, dockerfile) if buildkit else None
            bases |= set(base_images(dockerfile, given, target, known))
        bases = {base for base in bases if not base.endswith(f":{CHAINED}")}
        refuse_moving(sorted(bases))
    except ContextError as error:
        raise BuildRefusedError(f"Image {name}: {error}") from error
    except (DockerfileError, OSError) as error:
        raise BuildRefusedError(f"Image {name}, {context}/{where}: {error}") from error
    try:
        sent = read_context(context, where, request.get("paths") or (), buildkit)
    except ContextError as error:
        raise BuildRefusedError(f"Image {name}: {error}") from error
    return Image(name, repository, sent, sorted(bases), args, labels, target, options, chained)


def refuse_twins(images: t.Sequence[Image]) -> None:
    """Refuse two images of one name: their tags would come and go in turn."""
    names = [image.name for image in images]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise BuildRefusedError(f"Several images are called {', '.join(twins)}: give each its own name.")


def levels(images: t.Sequence[Image]) -> list[list[Image]]:
    """The images in groups, each after those that it starts from; tells every image its parents."""
    by_name = {image.name: image for image in images}
    for image in images:
        unknown = sorted(set(image.chained.values()) - by_name.keys())
        if unknown:
            raise BuildRefusedError(f"Image {image.name}: {unknown[0]} in bases is no image of this call.")
        image.parents = [by_name[name] for name in sorted(set(image.chained.values()))]
    found: list[list[Image]] = []
    done: set[str] = set()
    while len(done) < len(by_name):
        ready = [image for image in images if image.name not in done and set(image.chained.values()) <= done]
        if not ready:
            names = ", ".join(sorted(by_name.keys() - done))
            raise BuildRefusedError(f"The images {names} start from each other in a circle: correct bases.")
        found.append(ready)
        done |= {image.name for image in ready}
    return found
