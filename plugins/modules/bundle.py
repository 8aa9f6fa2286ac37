# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes and verifies the bundle: every file that the later stages need."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: bundle
short_description: Gather every file that a cluster needs into one folder
version_added: 0.1.0
description:
  - Makes the folder that all later stages work from, so that only this stage needs a network.
  - Each file is made once and recorded with its size and SHA-256; an interrupted run goes on where it was.
  - A bundle that is complete and unchanged is left alone, without any network access, in whichever way it was made.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
attributes:
  check_mode:
    support: full
    details: With O(mode=auto) the download sites are asked in check mode too, unless the bundle is complete.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  path:
    description: The folder of the bundle.
    type: path
    required: true
  work_path:
    description:
      - The folder for intermediate files, unfinished downloads and compiler caches.
      - It is needed only until the bundle is complete and takes up to 20 GB while forging.
    type: path
    required: true
  recipes:
    description: The folder with the pinned Go modules and the files of the node image.
    type: path
    required: true
  mode:
    description:
      - Where the files come from.
      - V(fetch) downloads what the vendors publish. It needs neither root nor a container engine.
      - V(build) builds the same files from package registries (Go modules, Debian, PyPI) with the registry settings
        of the host. It needs Debian bookworm on amd64, and root.
      - V(auto) asks all download sites at once, for 10 seconds and those that did not answer once more, and fetches
        when every one answers; else it builds, and warns what that costs.
      - V(forge) is the older name of V(build).
        It asks nothing when the bundle is complete.
      - V(offline) only verifies that the bundle is complete.
    type: str
    choices: [auto, fetch, build, forge, offline]
    default: auto
  architecture:
    description:
      - The processors that the bundle's programs are for; without it, those of the host that this module runs on.
      - A bundle for another host can be fetched here and carried there.
      - V(arm64) can only be fetched, O(mode=build) refuses it.
    type: str
    choices: [amd64, arm64]
    version_added: 1.1.0
  versions:
    description: The versions of all parts, by name.
    type: dict
    required: true
  packages:
    description:
      - The packages of the local Alpine repository by their names in Alpine, each with a list of the Debian packages
        that provide it when forged.
    type: dict
    default: {}
  mirrors:
    description:
      - Where O(mode=fetch) finds what the vendors publish. A mirror has to keep the vendor's paths.
      - Addresses begin with V(https://). V(http://) is accepted too, with a warning unless it is on this host.
    type: dict
    default: {}
    suboptions:
      minikube:
        description: Holds C(vVERSION/minikube-linux-amd64), or C(-arm64), and the same with C(.sha256).
        type: str
        default: https://github.com/kubernetes/minikube/releases/download
      kubernetes:
        description:
          - Holds C(vVERSION/bin/linux/amd64/kubelet), or C(arm64), and the same with C(.sha256); also kubeadm and
            kubectl.
        type: str
        default: https://dl.k8s.io/release
      metallb:
        description: Holds C(vVERSION/config/manifests/metallb-native.yaml), which has no published checksum.
        type: str
        default: https://raw.githubusercontent.com/metallb/metallb
      alpine:
        description: Holds the branches, like C(v3.23/main) and C(v3.23/releases).
        type: str
        default: https://dl-cdn.alpinelinux.org/alpine
      wordpress:
        description: Holds C(wordpress-VERSION.tar.gz), which Alpine does not package, and the same with C(.sha1).
        type: str
        default: https://wordpress.org
      influxdata:
        description:
          - Holds C(influxdb/releases/vVERSION/influxdb-VERSION_linux_amd64.tar.gz), which Alpine does not package. It
            has no published checksum.
        type: str
        default: https://dl.influxdata.com
      registries:
        description:
          - Registries of images, each with the one to pull from instead, as C(HOST), C(HOST:PORT) or C(HOST/PATH).
          - Plain HTTP is used for C(http://HOST) and on this host.
          - Registries that are not named here are used as they are.
        type: dict
        default: {}
  checksums:
    description:
      - SHA-256 by the name of what O(mode=fetch) downloads, like C(minikube/v1.38.1/minikube-linux-amd64) or
        C(registry.k8s.io/pause:3.10.1), for which it is the digest.
      - The names of files for arm64 say so, like C(kubernetes/v1.34.4/arm64/kubelet); those of images are the same.
      - A pinned checksum wins over the one that the vendor publishes and over the recorded one.
      - Of WordPress only a SHA-1 is published. It decides the first time; from then on the recorded SHA-256 does.
    type: dict
    default: {}
  accept_changed:
    description:
      - Accept that a vendor publishes another file or image under a name that was fetched before.
      - Without it such a change is refused.
    type: bool
    default: false
  timeout:
    description: How many seconds O(mode=fetch) waits for a server that sends nothing, before it tries again.
    type: int
    default: 30
  missing:
    description:
      - What a forged bundle lacks, as dictionaries with C(name), C(reason) and C(instead); kept in the manifest.
      - One with C(package) is left out when the bundle has that Alpine package all the same.
    type: list
    elements: dict
    default: []
  refresh:
    description:
      - Make anew what is made of packages that get updates, so that it has those of today, within the pinned versions.
      - These are the repository of packages for images, the node's image and the one of kube-proxy. Nothing is
        compiled.
      - Each run with this option makes them anew. Refused with O(mode=offline).
    type: bool
    default: false
    version_added: 1.1.0
  thorough:
    description: Hash every file again instead of trusting an unchanged size, time and inode.
    type: bool
    default: false
  keep_work:
    description: Keep the compiler caches (about 15 GB) after the bundle is complete.
    type: bool
    default: false
requirements:
  - python >= 3.11
  - skopeo, openssl, tar and pip for O(mode=fetch)
  - pip, tar, apt-get, dpkg-deb, unshare, debootstrap, qemu-img, debugfs, openssl and gcc for O(mode=build)
notes:
  - In check mode RV(host_packages) names the Debian packages that the host lacks for the way that was chosen.
  - C(https_proxy), C(no_proxy) and C(SSL_CERT_FILE) in the environment apply to all downloads. Logins for registries
    are taken from where C(skopeo login) puts them.
  - The dashboard of the cluster comes from the Python package index in either way, with the settings that pip has on
    the host. Its wheels are pinned by SHA-256 below O(recipes).
seealso:
  - module: fortytwo.ft_services.bundle_info
author:
  - The fortytwo.ft_services contributors (@fortytwo)
"""

EXAMPLES = r"""
- name: Say what has to be made, and how it can be
  fortytwo.ft_services.bundle:
    path: ~/.cache/ft_services/bundle
    work_path: ~/.cache/ft_services/forge
    recipes: /srv/recipes
    versions: "{{ bundle_versions }}"
    packages: "{{ bundle_packages }}"
  check_mode: true
  register: __bundle_plan

- name: Fetch from mirrors of the company, with the kubelet pinned
  fortytwo.ft_services.bundle:
    path: ~/.cache/ft_services/bundle
    work_path: ~/.cache/ft_services/forge
    recipes: /srv/recipes
    versions: "{{ bundle_versions }}"
    packages: "{{ bundle_packages }}"
    mode: fetch
    mirrors:
      kubernetes: https://mirror.example.com/k8s
      registries:
        registry.k8s.io: images.example.com/k8s
    checksums:
      kubernetes/v1.34.4/kubelet: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

- name: Verify a bundle that was copied here
  fortytwo.ft_services.bundle:
    path: /media/usb/bundle
    work_path: ~/.cache/ft_services/forge
    recipes: /srv/recipes
    versions: "{{ bundle_versions }}"
    mode: offline
    thorough: true
"""

RETURN = r"""
folder:
  description: The folder of the bundle.
  returned: success
  type: str
  sample: /root/.cache/ft_services/bundle
mode:
  description: The way that was used, or in check mode would be; V(offline) when O(mode=auto) found the bundle complete.
  returned: success
  type: str
  sample: fetch
mode_reason:
  description: Why RV(mode) is what it is.
  returned: success
  type: str
  sample: "all download sites answer: alpine, gcr.io, kubernetes, metallb, minikube, quay.io, registry.k8s.io"
todo:
  description: The steps that ran, or in check mode would run, in order.
  returned: success
  type: list
  elements: str
  sample: [kubelet, images/host/node.tar]
host_packages:
  description: Packages that the host lacks for the steps in RV(todo), by the names of its distribution; empty when
    there is nothing to do.
  returned: success
  type: list
  elements: str
  sample: [skopeo]
host_family:
  description: Whose names RV(host_packages) are; C(debian), C(fedora), C(arch), C(suse) or C(alpine).
  returned: success
  type: str
  sample: debian
architecture:
  description: The processors that the bundle's programs are for.
  returned: success
  type: str
  sample: amd64
native:
  description: Whether the bundle's programs run on this host.
  returned: success
  type: bool
  sample: true
needs:
  description: Space that RV(todo) will fill, in GB (10^9 bytes), by the options O(work_path) and O(path).
  returned: success
  type: dict
  sample: {work_path: 4, path: 3}
versions:
  description: The versions of the parts that were asked for.
  returned: success
  type: dict
  sample: {kubernetes: 1.34.4}
missing:
  description: What this bundle does not hold, why, and what serves instead.
  returned: success
  type: list
  elements: dict
  sample: [{name: Alpine packages, reason: no mirror, instead: Debian programs}]
seconds:
  description: How long the steps took, in seconds.
  returned: success
  type: float
  sample: 1200.5
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.ensure import ensure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError


def main() -> None:
    """Run the module."""
    sites = {
        "minikube": {"type": "str", "default": "https://github.com/kubernetes/minikube/releases/download"},
        "kubernetes": {"type": "str", "default": "https://dl.k8s.io/release"},
        "metallb": {"type": "str", "default": "https://raw.githubusercontent.com/metallb/metallb"},
        "alpine": {"type": "str", "default": "https://dl-cdn.alpinelinux.org/alpine"},
        "wordpress": {"type": "str", "default": "https://wordpress.org"},
        "influxdata": {"type": "str", "default": "https://dl.influxdata.com"},
        "registries": {"type": "dict", "default": {}},
    }
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "work_path": {"type": "path", "required": True},
            "recipes": {"type": "path", "required": True},
            "mode": {"type": "str", "choices": ["auto", "fetch", "build", "forge", "offline"], "default": "auto"},
            "architecture": {"type": "str", "choices": ["amd64", "arm64"]},
            "versions": {"type": "dict", "required": True},
            "packages": {"type": "dict", "default": {}},
            "mirrors": {"type": "dict", "default": {}, "options": sites},
            "checksums": {"type": "dict", "default": {}},
            "accept_changed": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 30},
            "missing": {"type": "list", "elements": "dict", "default": []},
            "refresh": {"type": "bool", "default": False},
            "thorough": {"type": "bool", "default": False},
            "keep_work": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        result = ensure(module)
    except BundleError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        folders = f"{module.params['path']} and {module.params['work_path']}"
        module.fail_json(msg=f"{error}. The module has to be able to write below {folders}.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
