# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call of image_build: what is given, what is built, what is returned.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import archives_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.builder import (
    Builder,
    Outcome,
    Settings,
    unchanged,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.buildkit import Buildx
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.context import short_lines
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    Connection,
    connect,
    find_connection,
    platform_of,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.load import Loader
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.package_server import (
    index_hash,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.plan import (
    Base,
    plan,
    provide_bases,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.request import (
    Image,
    levels,
    read_image,
    refuse_twins,
)

SECRET_SPEC: dict[str, t.Any] = {
    "id": {"type": "str", "required": True},
    "src": {"type": "path"},
    "env": {"type": "str"},
    "value": {"type": "str", "no_log": True},
}
IMAGE_SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "context": {"type": "path", "required": True},
    "dockerfile": {"type": "str", "default": "Dockerfile"},
    "paths": {"type": "list", "elements": "str", "default": []},
    "args": {"type": "dict", "default": {}},
    "target": {"type": "str"},
    "labels": {"type": "dict", "default": {}},
    "tags": {"type": "list", "elements": "str", "default": []},
    "bases": {"type": "dict", "default": {}},
    "platforms": {"type": "list", "elements": "str", "default": []},
    "secrets": {
        "type": "list",
        "elements": "dict",
        "default": [],
        # The option itself is none; its values are.
        "no_log": False,
        "options": SECRET_SPEC,
        "mutually_exclusive": [("src", "env", "value")],
        "required_one_of": [("src", "env", "value")],
    },
    "ssh": {"type": "list", "elements": "str", "default": []},
    "cache_from": {"type": "list", "elements": "str", "default": []},
    "cache_to": {"type": "list", "elements": "str", "default": []},
    "outputs": {"type": "list", "elements": "str", "default": []},
    "network": {"type": "str"},
    "etc_hosts": {"type": "dict", "default": {}},
}


def diff(images: t.Sequence[Image]) -> list[dict[str, str]]:
    """Inputs before and after, of each image that is built."""
    return [
        {
            "before_header": image.previous_reference(),
            "after_header": image.reference,
            "before": image.inputs_before() + "\n" if image.previous else "",
            "after": short_lines(image.inputs) + "\n" if image.inputs else "",
        }
        for image in images
        if image.build
    ]


def loader_of(connection: Connection, folder: str | None, images: t.Sequence[Image]) -> Loader | None:
    """What brings base images from a folder of archives into the daemon."""
    if folder is None:
        return None
    return Loader(connection, archives_of(folder), 3, {base for image in images for base in image.bases})


def result_of(bases: t.Sequence[Base], outcomes: t.Sequence[Outcome]) -> dict[str, t.Any]:
    """The module's result, the same with and without changes."""
    built = any(outcome.image.changed and outcome.error is None for outcome in outcomes)
    return {
        "changed": built or any(base.changed for base in bases),
        "bases": [dataclasses.asdict(base) for base in bases],
        "images": [outcome.result() for outcome in outcomes],
        "references": {outcome.image.name: outcome.image.reference for outcome in outcomes},
    }


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Plan, and build unless in check mode."""
    given = module.params
    registry = given["push_to"]
    connection = find_connection(given)
    images = [
        read_image(request, given["repository_prefix"], registry, given, lambda: platform_of(connect(connection)))
        for request in given["images"]
    ]
    refuse_twins(images)
    levels(images)
    buildx = Buildx(module, connection, given["buildx_builder"], given["timeout"])
    if any(image.options.builder == "buildkit" for image in images):
        buildx.require()
    folder = given["package_repository"]
    packages = index_hash(folder) if folder else None
    client = connect(connection)
    loader = loader_of(connection, given["base_archives"], images)
    bases = provide_bases(client, images, loader, module.check_mode, given["pull"])
    plan(client, images, bases, packages, registry)
    # The diff tells what is to be built: take it before the builds change what the daemon has.
    shown = {"diff": diff(images)} if module._diff else {}
    if module.check_mode:
        return {**result_of(bases, [unchanged(image) for image in images]), **shown}
    settings = Settings(
        connection,
        given["parallel"],
        given["timeout"],
        given["keep"],
        package_repository=folder,
        serve_address=given["serve_address"],
    )
    outcomes = Builder(client, settings, buildx).run(images)
    failures = [outcome.error for outcome in outcomes if outcome.error]
    if failures:
        module.fail_json(msg="\n\n".join(failures), failures=failures, **result_of(bases, outcomes))
    return {**result_of(bases, outcomes), **shown}
