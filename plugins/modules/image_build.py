# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build several images at the same time, only those whose content changed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_build
short_description: Build several images at the same time, only those whose content changed
version_added: 0.1.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Builds images in a docker daemon, all of a call at the same time, and optionally pushes them to a registry.
  - The tag of an image is a hash of everything that decides what it is - the files of its context after
    C(.dockerignore), its Dockerfile,
    build arguments, target, labels, the IDs of its base images in that daemon, and the index of the package repository.
  - An image is built only when the daemon has none with that tag and hash. The tag C(latest) is never made, and
    refused as a base.
  - A build that fails or is interrupted leaves no tag. The other builds of the call are finished and kept.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.docker_daemon
attributes:
  check_mode:
    support: full
    details: When a base image is missing in the daemon and would have to be pulled, the tag is C(unknown).
  diff_mode:
    support: full
    details: Shows the files and other inputs that differ from the newest earlier image of the same name.
  idempotent:
    support: full
options:
  images:
    description: The images.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the image, the last part of its repository.
        type: str
        required: true
      context:
        description: Folder of the build context.
        type: path
        required: true
      dockerfile:
        description:
          - The Dockerfile, relative to the context. It is part of the build even when O(images[].paths) does not cover
            it.
          - It may be outside of the context, as an absolute path or one with C(..); then C(COPY) does not see it.
        type: str
        default: Dockerfile
      paths:
        description:
          - Files and folders inside the context that belong to this image; nothing else is sent or hashed.
          - Without any, it is the whole context.
        type: list
        elements: str
        default: []
      args:
        description:
          - Build arguments. They may be seen in the image's history, so they are no place for secrets.
          - Values must be text. Numbers, truth values and nulls are refused, as their spelling is lost (C(1.10) is
            1.1).
        type: dict
        default: {}
      target:
        description: The stage to build, of a Dockerfile with several.
        type: str
      labels:
        description: Labels to put on the image, values as for O(images[].args).
        type: dict
        default: {}
      tags:
        description:
          - Further tags for the image, such as C(1.4) for its own repository, or whole references.
          - They are set on every run on which they mean another image, and pushed when they begin with O(push_to).
          - The tag C(latest) is refused.
        type: list
        elements: str
        default: []
      bases:
        description:
          - Build arguments that become references of other images of the same call, by argument and name of the image.
            The Dockerfile uses them as C(ARG BASE) and C(FROM ${BASE}).
          - Those images are built first, and whatever changes them changes this one.
        type: dict
        default: {}
      platforms:
        description:
          - Platforms to build for, such as C(linux/arm64). Needs BuildKit.
          - Several of them need O(push_to), as a daemon holds one, and mostly a O(buildx_builder) of one's own.
        type: list
        elements: str
        default: []
      secrets:
        description:
          - Secrets for C(RUN --mount=type=secret). Needs BuildKit.
          - They are in no layer, no history, no argument list and no hash. A new secret alone builds nothing again.
        type: list
        elements: dict
        default: []
        suboptions:
          id:
            description: The name by which the Dockerfile asks for it.
            type: str
            required: true
          src:
            description: File that holds it, on the host on which the module runs.
            type: path
          env:
            description: Environment variable that holds it.
            type: str
          value:
            description: The secret itself. It is written into a file of mode 0600 while the build runs.
            type: str
      ssh:
        description: Agents or keys for C(RUN --mount=type=ssh), such as C(default) or C(ID=PATH). Needs BuildKit.
        type: list
        elements: str
        default: []
      cache_from:
        description:
          - Where layers may be taken from, references of images or C(type=...) as in C(docker buildx build).
          - The latter need BuildKit.
        type: list
        elements: str
        default: []
      cache_to:
        description: Where BuildKit puts its layers, such as C(type=registry,ref=...). Needs BuildKit.
        type: list
        elements: str
        default: []
      outputs:
        description:
          - What to write beside the image in the daemon, such as C(type=local,dest=/srv/out). Needs BuildKit.
          - It is written when the image is built. An unchanged image writes nothing.
        type: list
        elements: str
        default: []
      network:
        description: Network of C(RUN), such as C(none) or C(host).
        type: str
      etc_hosts:
        description: Names and addresses for C(/etc/hosts) of C(RUN).
        type: dict
        default: {}
  repository_prefix:
    description: First part of the repositories of all images.
    type: str
    default: fortytwo
  push_to:
    description:
      - Registry to push to, such as C(registry.example.com:5000); it becomes the first part of the references.
      - What is in the registry already is neither pushed nor, when the daemon lacks it, built again.
    type: str
  base_archives:
    description:
      - Folder with archives as written by C(docker save), for networks without registries.
      - Base images that are in one of them are loaded from there when the daemon lacks them or has others; archives
        that no build needs are left alone.
    type: path
  package_repository:
    description:
      - Folder with a local Alpine repository (the one above C(x86_64) or C(aarch64)), served over HTTP while the builds
        run.
      - Builds reach it by the predefined build argument C(http_proxy), for the repository
        C(http://bundle.invalid/apk/x86_64/APKINDEX.adb).
      - Only files in this folder are served, read-only; a build that asks the proxy for another host gets a 404.
      - A new index means a new hash, and layers made from another index are not used again.
    type: path
  serve_address:
    description:
      - Address of this host on which O(package_repository) is served; the port is a random one.
      - By default the address by which this host reaches the daemon, and for a local daemon the one on docker's bridge.
    type: str
  parallel:
    description: How many images are built at the same time. 0 means all of them.
    type: int
    default: 0
  timeout:
    description: Longest duration of one image's build, in seconds.
    type: int
    default: 1800
  keep:
    description:
      - How many older tags of an image to keep after it was built.
      - Others that this module made are removed, unless a container uses them; so are those that lost their tag.
      - Tags that were not made by this module stay.
    type: int
    default: 2
  builder:
    description:
      - V(classic) is the daemon's own builder, reached through the Python SDK.
      - V(buildkit) is C(docker buildx), which must be on the host on which the module runs (package C(docker-buildx) in
        Debian and Ubuntu, C(docker-buildx-plugin) in docker's own repository).
      - V(auto) takes BuildKit for the images that need it and the classic builder for the others. Such a need is an
        option that says so, syntax of the Dockerfile (C(RUN --mount), here-documents, C(COPY --chmod) and the like), or
        a file C(NAME.dockerignore) beside the Dockerfile.
      - The tag does not depend on the builder, as long as both read the same files.
    type: str
    default: auto
    choices: [auto, classic, buildkit]
  buildx_builder:
    description:
      - The builder of C(docker buildx ls) to use. V(default) is the daemon's own.
      - Caches in registries and several platforms mostly need one with another driver.
    type: str
    default: default
  rebuild:
    description: Whether to build all images even if they are there. Every run is a change then.
    type: bool
    default: false
  pull:
    description:
      - Whether to pull all base images again, as their tags may mean something newer, except those that an archive
        holds.
      - Check mode pulls nothing and goes by the images that are there.
    type: bool
    default: false
  nocache:
    description: Whether to build without layers of earlier builds.
    type: bool
    default: false
notes:
  - The classic builder refuses syntax that needs BuildKit before anything is built.
  - The classic builder's layers are used again only when the index of O(package_repository) is the same. BuildKit is
    told to use no cache at all when there is such a repository, as it cannot know about the index.
  - A C(# syntax=) line makes BuildKit pull that image. Its reference is part of the hash, its content is not.
  - C(.dockerignore), Dockerfiles and their variables are read as the docker command reads them.
  - When a program that keeps the accounts of registries fails (C(credsStore), C(credHelpers) in
    C(~/.docker/config.json)), the build goes on without those accounts. A registry's refusal then names the program.
  - Modes of files are taken as git keeps them, 0755 or 0644, so that the hash is the same with every umask.
  - Base images that neither the daemon nor O(base_archives) has are pulled by the daemon.
seealso:
  - module: fortytwo.ft_services.image_load
"""

EXAMPLES = r"""
- name: Build two services in the daemon of a minikube node
  fortytwo.ft_services.image_build:
    docker_host: tcp://192.168.49.2:2376
    tls_path: ~/.minikube/certs
    base_archives: ~/.cache/ft_services/bundle/images/node
    package_repository: ~/.cache/ft_services/bundle/apk
    images:
      - name: nginx
        context: images
        dockerfile: nginx/Dockerfile
        paths:
          - nginx
          - common
      - name: mysql
        context: images
        dockerfile: mysql/Dockerfile
        paths:
          - mysql
          - common
        args:
          ALPINE_VERSION: "3.23"
  register: built

- name: Show the reference for a manifest
  ansible.builtin.debug:
    msg: "{{ built.references.nginx }}"

- name: Build an image and another one that starts from it, with further tags
  fortytwo.ft_services.image_build:
    images:
      - name: base
        context: images/base
      - name: shop
        context: images/shop
        bases:
          BASE: base
        tags:
          - "1.4"

- name: Build with a secret and a here-document, by BuildKit
  fortytwo.ft_services.image_build:
    builder: buildkit
    images:
      - name: shop
        context: images/shop
        secrets:
          - id: token
            value: "{{ shop_token }}"

- name: Build in the daemon of another host
  fortytwo.ft_services.image_build:
    docker_host: ssh://alice@build.example.com
    images:
      - name: shop
        context: images/shop

- name: Build and push for an existing cluster
  fortytwo.ft_services.image_build:
    push_to: registry.example.com:5000
    images:
      - name: nginx
        context: images/nginx
"""

RETURN = r"""
bases:
  description: All base images.
  returned: success or a failed build
  type: list
  elements: dict
  contains:
    reference:
      description: The image's reference.
      type: str
      sample: alpine:3.23
    id:
      description: Its ID in the daemon; null in check mode when it would have to be pulled.
      type: str
      sample: sha256:7acffee03fe864cd6b88219a1028855d6c912e7cf6fac633aa4307529fd0cc08
    archive:
      description: The archive in O(base_archives) that holds it; null without one.
      type: str
      sample: /home/alice/.cache/ft_services/bundle/images/node/alpine.tar
    changed:
      description: Whether it was loaded or pulled, or would be in check mode.
      type: bool
      sample: false
images:
  description: All images, in the order of the request.
  returned: success or a failed build
  type: list
  elements: dict
  contains:
    name:
      description: Name of the image.
      type: str
      sample: nginx
    reference:
      description: Repository and tag.
      type: str
      sample: fortytwo/nginx:1f0c2a9b7d3e4f56
    id:
      description: The image's ID in the daemon; null when it is not there (in check mode, or when only the registry
        has it).
      type: str
      sample: sha256:7acffee03fe864cd6b88219a1028855d6c912e7cf6fac633aa4307529fd0cc08
    changed:
      description: Whether it was built or pushed, or would be in check mode.
      type: bool
      sample: true
    changed_inputs:
      description: What differs from the newest earlier image of this name, as kind and name. Empty when nothing is
        built or there was none.
      type: list
      elements: str
      sample: ["file nginx/nginx.conf"]
    seconds:
      description: Duration of its build and push in seconds.
      type: float
      sample: 4.2
    size:
      description: Size in bytes; null when it is not in the daemon.
      type: int
      sample: 15728640
    builder:
      description: The builder that was chosen for it, V(classic) or V(buildkit).
      type: str
      sample: classic
    tags:
      description: References of its further tags.
      type: list
      elements: str
      sample: ["fortytwo/nginx:1.4"]
    digest:
      description: The digest by which the registry has it, to pull exactly this image; null without O(push_to).
      type: str
      sample: sha256:7acffee03fe864cd6b88219a1028855d6c912e7cf6fac633aa4307529fd0cc08
    removed:
      description: Older tags that were removed, and IDs of images without any.
      type: list
      elements: str
      sample: []
references:
  description: References by name, for use in manifests.
  returned: success or a failed build
  type: dict
  sample:
    nginx: fortytwo/nginx:1f0c2a9b7d3e4f56
failures:
  description: One report for every failed image, with the failing step and its last lines.
  returned: a failed build
  type: list
  elements: str
  sample: ["Image nginx failed at Step 2/9 : RUN false"]
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import ArchiveError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.build import IMAGE_SPEC, run
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    CONNECTION_EXCLUSIVE,
    CONNECTION_SPEC,
    DaemonError,
    require_docker,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.package_server import RepositoryError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.request import BuildRefusedError


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "images": {"type": "list", "elements": "dict", "required": True, "options": IMAGE_SPEC},
            "repository_prefix": {"type": "str", "default": "fortytwo"},
            "push_to": {"type": "str"},
            "base_archives": {"type": "path"},
            "package_repository": {"type": "path"},
            "serve_address": {"type": "str"},
            "parallel": {"type": "int", "default": 0},
            "timeout": {"type": "int", "default": 1800},
            "keep": {"type": "int", "default": 2},
            "builder": {"type": "str", "default": "auto", "choices": ["auto", "classic", "buildkit"]},
            "buildx_builder": {"type": "str", "default": "default"},
            "rebuild": {"type": "bool", "default": False},
            "pull": {"type": "bool", "default": False},
            "nocache": {"type": "bool", "default": False},
        },
        mutually_exclusive=CONNECTION_EXCLUSIVE,
        supports_check_mode=True,
    )
    require_docker(module)
    if module.params["parallel"] < 0 or module.params["keep"] < 0 or module.params["timeout"] < 1:
        module.fail_json(msg="parallel and keep must not be negative, and timeout must be at least 1 second.")
    try:
        module.exit_json(**run(module))
    except (BuildRefusedError, ArchiveError, RepositoryError, DaemonError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
