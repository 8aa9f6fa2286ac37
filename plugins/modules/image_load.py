# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load image archives into a docker daemon or into nodes of a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_load
short_description: Load image archives into a docker daemon or into nodes of a cluster
version_added: 0.1.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Loads archives as written by C(docker save), C(podman save), C(skopeo) or C(docker buildx build --output type=oci)
    into a docker daemon, or into the container runtimes of nodes of minikube or kind, several at a time.
  - An archive is loaded only when the image of that reference does not have the ID that the archive says; of all
    others only the small index is read.
  - Of an image that an archive in the OCI layout holds for several platforms, the one for the daemon's platform is
    taken. When there is none for it, the archive is refused.
  - Archives that are cut off, damaged, or no images at all are refused before anything is loaded.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.full
  - fortytwo.ft_services.docker_daemon
options:
  archives:
    description:
      - Archives to load.
      - Exactly one of O(archives) and O(path) is required.
      - A tar file, which may be compressed by gzip, or a folder in the OCI layout (C(oci-layout), C(index.json)).
    type: list
    elements: path
  path:
    description:
      - Folder. All files C(*.tar), C(*.tar.gz) and C(*.tgz), and all folders in the OCI layout, directly in it are
        loaded.
    type: path
  nodes:
    description:
      - Load into these nodes instead of the daemon, which is the one that runs them as containers. Their names are
        those that M(fortytwo.ft_services.minikube_info) returns, or those of the containers of kind.
      - The container runtime of a node may be containerd (C(ctr) is used), CRI-O (C(podman)) or docker.
      - Needs the docker command on the host on which the module runs.
    type: list
    elements: str
    version_added: 1.0.0
  parallel:
    description: How many archives are loaded at the same time.
    type: int
    default: 3
  timeout:
    description: Longest silence of the daemon while it works, in seconds.
    type: int
    default: 600
notes:
  - Daemons with containerd's image store have IDs of their own. There, layers and time of creation are compared.
  - Where an archive in the OCI layout gives no more than a tag as the name, the image is known by its ID only.
seealso:
  - module: fortytwo.ft_services.image_build
"""

EXAMPLES = r"""
- name: Load the bundle's images into the local daemon
  fortytwo.ft_services.image_load:
    path: ~/.cache/ft_services/bundle/images/host

- name: Load one image into the daemon of a minikube node
  fortytwo.ft_services.image_load:
    archives:
      - ~/.cache/ft_services/bundle/images/node/alpine.tar
    docker_host: tcp://192.168.49.2:2376
    tls_path: ~/.minikube/certs

- name: Load an image for several platforms into all nodes of a cluster, whatever container runtime it has
  fortytwo.ft_services.image_load:
    archives:
      - /srv/images/shop-oci.tar
    nodes: "{{ cluster.nodes | map(attribute='name') }}"
"""

RETURN = r"""
images:
  description: All images of all archives, in the archives' order, with O(nodes) once for each node.
  returned: success
  type: list
  elements: dict
  contains:
    reference:
      description: The image's reference; null when the archive gives none.
      type: str
      sample: alpine:3.23
    id:
      description: The image's ID.
      type: str
      sample: sha256:7acffee03fe864cd6b88219a1028855d6c912e7cf6fac633aa4307529fd0cc08
    archive:
      description: The archive it is in.
      type: str
      sample: /home/alice/.cache/ft_services/bundle/images/node/alpine.tar
    changed:
      description: Whether it was loaded, or would be in check mode.
      type: bool
      sample: false
    node:
      description: The node; null without O(nodes).
      type: str
      sample: demo-m02
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import ArchiveError, archives_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    CONNECTION_EXCLUSIVE,
    CONNECTION_SPEC,
    DaemonError,
    find_connection,
    require_docker,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.load import Loaded, Loader
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.nodes import NodeLoader


def diff(plan: t.Sequence[Loaded]) -> dict[str, str]:
    """References and IDs before and after, of the images that change."""
    changed = [(f"{entry.node} " if entry.node else "", entry) for entry in plan if entry.changed]
    return {
        "before": "".join(f"{node}{entry.image.name} {entry.before}\n" for node, entry in changed if entry.before),
        "after": "".join(f"{node}{entry.image.name} {entry.image.id}\n" for node, entry in changed),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "archives": {"type": "list", "elements": "path"},
            "path": {"type": "path"},
            "nodes": {"type": "list", "elements": "str"},
            "parallel": {"type": "int", "default": 3},
            "timeout": {"type": "int", "default": 600},
        },
        mutually_exclusive=[("archives", "path"), *CONNECTION_EXCLUSIVE],
        required_one_of=[("archives", "path")],
        supports_check_mode=True,
    )
    require_docker(module)
    given = module.params
    try:
        connection = find_connection(given, given["timeout"])
        archives = given["archives"] if given["path"] is None else archives_of(given["path"])
        loader: Loader | NodeLoader
        if given["nodes"]:
            loader = NodeLoader(module, connection, given["nodes"], archives, given["parallel"])
        else:
            loader = Loader(connection, archives, given["parallel"])
        plan = loader.plan()
        if not module.check_mode:
            loader.load(plan)
    except (ArchiveError, DaemonError) as error:
        module.fail_json(msg=str(error))
    result: dict[str, t.Any] = {
        "changed": any(entry.changed for entry in plan),
        "images": [entry.result() for entry in plan],
    }
    if module._diff:
        result["diff"] = diff(plan)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
