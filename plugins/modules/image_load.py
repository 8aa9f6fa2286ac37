# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load image archives into a docker daemon."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_load
short_description: Load image archives into a docker daemon
version_added: 0.1.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Loads archives as written by C(docker save) into a docker daemon, several at a time.
  - An archive is loaded only when the daemon's image of that reference does not have the ID that the archive says;
    of all others only the small index is read.
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
    type: list
    elements: path
  path:
    description: Folder; all files C(*.tar), C(*.tar.gz) and C(*.tgz) directly in it are loaded.
    type: path
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
"""

RETURN = r"""
images:
  description: All images of all archives, in the archives' order.
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
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    CONNECTION_EXCLUSIVE,
    CONNECTION_SPEC,
    DaemonError,
    find_connection,
    require_docker,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.load import (
    ArchiveError,
    Loaded,
    Loader,
    archives_of,
)


def diff(plan: t.Sequence[Loaded]) -> dict[str, str]:
    """References and IDs before and after, of the images that change."""
    changed = [entry for entry in plan if entry.changed]
    return {
        "before": "".join(f"{entry.image.name} {entry.before}\n" for entry in changed if entry.before),
        "after": "".join(f"{entry.image.name} {entry.image.id}\n" for entry in changed),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "archives": {"type": "list", "elements": "path"},
            "path": {"type": "path"},
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
