# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a software bill of materials (SBOM) of each image."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_sbom
short_description: Write a software bill of materials (SBOM) of each image
version_added: 1.0.0
requirements:
  - python >= 3.11
  - cyclonedx-python-lib >= 11.6.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Writes one file C(NAME.cdx.json) for each image, in the form of CycloneDX 1.6, with every package that the image
    says it has.
  - The images are those of a docker daemon, or of archives as M(fortytwo.ft_services.image_load) takes them. No
    container is started and nothing of an image is run.
  - It reads the databases of apk and dpkg, the lists of modules in programs written in Go, and the descriptions that
    packages of Python and Composer (PHP) bring along, in all folders.
  - An Alpine package whose URL is a package URL (C(pkg:deb/debian/nginx@1.26.3-3)) is listed as what that says.
  - A file is written only when it is missing, or when the image of that name is another one.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.full
  - fortytwo.ft_services.docker_daemon
options:
  images:
    description: References of images in the daemon, by the names of their files without the suffix.
    type: dict
    default: {}
  archives:
    description: Archives of one image each, by the names of their files without the suffix.
    type: dict
    default: {}
  dest:
    description: Folder for the files. It is made when it is missing.
    type: path
    required: true
  exclusive:
    description: Whether to remove other files C(*.cdx.json) in the folder, those of images that are no longer used.
    type: bool
    default: false
  timeout:
    description: Longest silence of the daemon, in seconds.
    type: int
    default: 300
notes:
  - What was copied into an image without a package manager is not listed, unless it is one of the kinds above.
  - Which package needs which is not looked into; the image is said to need all.
  - An image of the daemon is read by way of a file in O(dest) of the size of the image, which is removed again.
seealso:
  - module: fortytwo.ft_services.image_build
"""

EXAMPLES = r"""
- name: Write the bills of materials of two images
  fortytwo.ft_services.image_sbom:
    images:
      nginx: example/nginx:1.4
      shop: example/shop:2.0
    dest: ~/sbom

- name: Write those of archives, and remove those of archives that are gone
  fortytwo.ft_services.image_sbom:
    archives:
      etcd: /srv/images/etcd.tar
    dest: /srv/sbom
    exclusive: true
"""

RETURN = r"""
images:
  description: All images, in the order of their names.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the file without its suffix.
      type: str
      sample: nginx
    reference:
      description: The image's reference; null for an archive that gives none.
      type: str
      sample: fortytwo/nginx:1f0c2a9b7d3e4f56
    id:
      description: The image's ID; null in check mode for an image that is not there yet.
      type: str
      sample: sha256:7acffee03fe864cd6b88219a1028855d6c912e7cf6fac633aa4307529fd0cc08
    path:
      description: The file.
      type: str
      sample: /home/alice/sbom/nginx.cdx.json
    changed:
      description: Whether it was written, or would be in check mode.
      type: bool
      sample: true
    packages:
      description: How many packages it lists; null when it was not written.
      type: int
      sample: 57
removed:
  description: Files that were removed by O(exclusive).
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import ArchiveError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.bills import Bills
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import (
    CONNECTION_EXCLUSIVE,
    CONNECTION_SPEC,
    DaemonError,
    find_connection,
    require_docker,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.sbom import require_cyclonedx


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "images": {"type": "dict", "default": {}},
            "archives": {"type": "dict", "default": {}},
            "dest": {"type": "path", "required": True},
            "exclusive": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 300},
        },
        mutually_exclusive=[*CONNECTION_EXCLUSIVE],
        supports_check_mode=True,
    )
    require_cyclonedx(module)
    given = module.params
    if given["images"]:
        require_docker(module)
    try:
        connection = find_connection(given, given["timeout"]) if given["images"] else None
        bills = Bills(given["dest"], connection, module.check_mode)
        found = bills.plan(given["images"], given["archives"])
        removed = bills.strangers(found) if given["exclusive"] else []
        if not module.check_mode:
            bills.write(found)
            bills.remove(removed)
    except (ArchiveError, DaemonError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"Cannot write below {given['dest']}: {error.strerror} ({error.filename}).")
    changed = [bill for bill in found if bill.changed]
    result = {
        "changed": bool(changed or removed),
        "images": [bill.result() for bill in found],
        "removed": [str(path) for path in removed],
    }
    if module._diff:
        result["diff"] = {
            "before": "".join(f"{bill.path} {bill.before}\n" for bill in changed if bill.before)
            + "".join(f"{path}\n" for path in removed),
            "after": "".join(f"{bill.path} {bill.serial}\n" for bill in changed),
        }
    module.exit_json(**result)


if __name__ == "__main__":
    main()
