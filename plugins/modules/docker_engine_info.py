# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell whether a host runs a usable docker engine, and what is missing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_engine_info
short_description: Tell whether a host runs a usable docker engine, and what is missing
version_added: 0.1.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Asks the docker engine behind a local socket for its version, and looks at what it needs on the host - disk
    space, kernel limits, group members.
  - Judges the host against minimum values and says what stands in the way of installing or starting an engine.
  - Changes nothing, needs no root and no Python package.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.info
options:
  socket:
    description: Socket file of the docker engine.
    type: path
    default: /var/run/docker.sock
  data_folder:
    description: Folder of the engine's data, as long as no engine answers that knows better.
    type: path
    default: /var/lib/docker
  minimum_version:
    description: Oldest version of the engine that is accepted.
    type: str
    default: "23.0"
  minimum_disk_gb:
    description:
      - Free space that must be there before a first installation, in GB (10^9 bytes).
      - With an engine that holds images or containers already, less space is only a warning.
    type: float
    default: 15
  inotify_instances:
    description: Least value of C(fs.inotify.max_user_instances).
    type: int
    default: 8192
  inotify_watches:
    description: Least value of C(fs.inotify.max_user_watches).
    type: int
    default: 524288
  users:
    description: Users who shall be members of the group C(docker).
    type: list
    elements: str
    default: []
  wait_timeout:
    description: How long to wait for the engine's first answer, in seconds.
    type: int
    default: 0
  can_become:
    description: Whether the caller becomes root for what is to be done, so that the lack of root is no problem.
    type: bool
    default: false
notes:
  - Without root, low kernel limits are a warning and not a reason to call the host not ready.
seealso:
  - module: fortytwo.ft_services.image_build
"""

EXAMPLES = r"""
- name: Ask the local docker engine
  fortytwo.ft_services.docker_engine_info:
  register: engine

- name: Wait for an engine that was just started
  fortytwo.ft_services.docker_engine_info:
    wait_timeout: 60
    users:
      - alice
  register: engine
  failed_when: not engine.ready
"""

RETURN = r"""
ready:
  description: Whether nothing is left to do.
  returned: success
  type: bool
  sample: true
problems:
  description: Reasons not to go on, each with what to do.
  returned: success
  type: list
  elements: str
  sample: ["Docker is missing and user alice cannot install packages: run the play with --become."]
answers:
  description: Whether the engine answers.
  returned: success
  type: bool
  sample: true
error:
  description: Why the engine does not answer.
  returned: success
  type: str
  sample: "[Errno 2] No such file or directory"
version:
  description: The engine's version; of a stopped engine, what its program says.
  returned: success
  type: str
  sample: 26.1.5+dfsg1
installed:
  description: Whether the engine's program is there.
  returned: success
  type: bool
  sample: true
distribution:
  description: The system's name in os-release.
  returned: success
  type: str
  sample: debian
family:
  description: Whose names of packages the system has; V(debian), V(fedora), V(arch), V(suse), V(alpine), or empty.
  returned: success
  type: str
  sample: debian
packages:
  description: The packages of an engine here; none where the distribution has no engine, or is not known.
  returned: success
  type: list
  elements: str
  sample: [docker.io, docker-cli, containerd, iptables, procps, openssh-client]
codename:
  description: The system's release name in os-release.
  returned: success
  type: str
  sample: bookworm
archives:
  description: The host's own package sources of its release; looked up only when no engine is installed.
  returned: success
  type: list
  elements: dict
  sample:
    - uris: ["https://mirror.example.com/debian"]
      suites: [bookworm, bookworm-updates]
      components: [main]
      signed_by: /usr/share/keyrings/debian-archive-keyring.gpg
systemd:
  description: Whether systemd runs the host's services.
  returned: success
  type: bool
  sample: false
empty:
  description: Whether the engine holds no images and no containers, or is not there yet.
  returned: success
  type: bool
  sample: false
data_folder:
  description: Folder of the engine's data.
  returned: success
  type: str
  sample: /var/lib/docker
free_gb:
  description: Free space for this folder in GB (10^9 bytes).
  returned: success
  type: float
  sample: 71.3
limits_low:
  description: Whether a kernel limit is lower than wanted.
  returned: success
  type: bool
  sample: false
inotify:
  description: The kernel's limits now.
  returned: success
  type: dict
  sample:
    max_user_instances: 8192
    max_user_watches: 524288
missing_members:
  description: Users that are not yet in the group C(docker).
  returned: success
  type: list
  elements: str
  sample: []
stale_files:
  description: Files of a killed engine that keep a new one from starting; empty while an engine answers.
  returned: success
  type: list
  elements: str
  sample: [/run/docker.pid]
log:
  description: Last lines of the engine's log file; empty while an engine answers.
  returned: success
  type: str
  sample: failed to start daemon
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._docker_engine import facts, probe
from ansible_collections.fortytwo.ft_services.plugins.module_utils._packages import engine_packages, family


def _installed_version(module: AnsibleModule, dockerd: str) -> str | None:
    rc, out, dummy = module.run_command([dockerd, "--version"])
    return out.split("version", 1)[1].split(",")[0].strip() if rc == 0 and "version" in out else None


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Look, judge, and put both into the module's result."""
    given = module.params
    wanted = facts.Wanted(
        given["minimum_version"],
        given["minimum_disk_gb"],
        given["inotify_instances"],
        given["inotify_watches"],
        tuple(given["users"]),
        given["can_become"],
    )
    dockerd = module.get_bin_path("dockerd")
    host = probe.look(given["socket"], given["data_folder"], wanted.users, dockerd, given["wait_timeout"])
    if dockerd and not host.answers:
        host.version = _installed_version(module, dockerd)
    for text in facts.warnings(host, wanted):
        module.warn(text)
    return {
        "changed": False,
        "ready": facts.is_ready(host, wanted),
        "problems": facts.problems(host, wanted),
        "answers": host.answers,
        "error": host.error,
        "version": host.version,
        "installed": host.installed,
        "distribution": host.distribution,
        "family": family(host) or "",
        "packages": engine_packages(host),
        "codename": host.codename,
        "archives": host.archives,
        "systemd": os.path.isdir("/run/systemd/system"),
        "data_folder": host.data_folder,
        "empty": host.empty is not False,
        "free_gb": round(host.free_gb, 1),
        "limits_low": facts.limits_low(host, wanted),
        "inotify": {"max_user_instances": host.inotify_instances, "max_user_watches": host.inotify_watches},
        "missing_members": host.missing_members,
        "stale_files": [] if host.answers else probe.stale_files(),
        "log": "" if host.answers else probe.log_tail(),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": "/var/run/docker.sock"},
            "data_folder": {"type": "path", "default": "/var/lib/docker"},
            "minimum_version": {"type": "str", "default": "23.0"},
            "minimum_disk_gb": {"type": "float", "default": 15},
            "inotify_instances": {"type": "int", "default": 8192},
            "inotify_watches": {"type": "int", "default": 524288},
            "users": {"type": "list", "elements": "str", "default": []},
            "wait_timeout": {"type": "int", "default": 0},
            "can_become": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    module.exit_json(**run(module))


if __name__ == "__main__":
    main()
