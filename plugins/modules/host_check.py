# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell at once all that keeps a host from running the platform."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_check
short_description: Tell at once all that keeps a host from running a minikube cluster by docker
version_added: 1.0.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Looks at system, architecture, Python, rights, docker's kind, disk space, networks, ports, packet filters, proxies,
    locale, clock, kernel and control groups of a host, and says all that is wrong at once, each with what to type.
  - Changes nothing, and needs no Python package.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.info
options:
  profile:
    description: Name of the minikube profile. Its own network is no hindrance.
    type: str
    default: minikube
  static_ip:
    description: Address of the cluster's first node. Its /24 must be free, unless O(cluster_exists).
    type: str
    default: ""
  cluster_exists:
    description: Whether the cluster is there. Then its network and its size are not judged any more.
    type: bool
    default: false
  memory:
    description: Memory that the cluster will have, in MB (2^20 bytes).
    type: int
    default: 4096
  cpus:
    description: Processors that the cluster will have.
    type: int
    default: 2
  disk:
    description: Space that is going to be filled. Needs on one file system are added up.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Folder, which need not be there yet.
        type: path
        required: true
      gb:
        description: How much, in GB (10^9 bytes).
        type: float
        required: true
      purpose:
        description: What for.
        type: str
        required: true
      unless:
        description: File that is there once the space has been filled. Then nothing is needed any more.
        type: path
  write_paths:
    description: Folders and files that the user of the connection must be able to write, or to make.
    type: list
    elements: path
    default: []
  bin_path:
    description: The one of O(write_paths) that programs go to, for what to do about it.
    type: path
    default: /usr/local/bin
  ports:
    description: TCP ports of the host that must be free.
    type: list
    elements: int
    default: []
  root_for:
    description: What root will be needed for, as ends of sentences, for example V(install docker).
    type: list
    elements: str
    default: []
  can_become:
    description: Whether the play has been seen to become root.
    type: bool
    default: false
  docker_socket:
    description: Socket of the engine to look for.
    type: path
    default: /var/run/docker.sock
  also:
    description: Problems that others have found, to be told together with those of this module.
    type: list
    elements: str
    default: []
  fail_on_problem:
    description: Fail when there is a problem. With V(false) only RV(problems) tells.
    type: bool
    default: true
seealso:
  - module: fortytwo.ft_services.docker_engine_info
  - module: fortytwo.ft_services.minikube
"""

EXAMPLES = r"""
- name: Refuse a host that cannot run the cluster
  fortytwo.ft_services.host_check:
    profile: demo
    static_ip: 192.168.49.2
    memory: 4096
    disk:
      - path: /var/lib/docker
        gb: 15
        purpose: images and volumes
    write_paths:
      - ~/.minikube
      - ~/.kube
    root_for:
      - install docker
"""

RETURN = r"""
problems:
  description: All that is wrong, each with the name of its check and what to do.
  returned: always, also on failure
  type: list
  elements: str
  sample: ["cgroups: The control groups (v2) lack memory. Do: Add cgroup_enable=memory to the kernel's command line."]
warnings_found:
  description: What may hurt but is no reason to stop, in the same form.
  returned: success
  type: list
  elements: str
  sample: []
checks:
  description: Every check with its problems and warnings.
  returned: success
  type: list
  elements: dict
  sample:
    - check: system
      ok: true
      problems: []
      warnings: []
host:
  description: The facts that were judged, for reports.
  returned: always, also on failure
  type: dict
  sample:
    system: Linux
    architecture: x86_64
    distribution: debian
    release: "12"
    python: "3.11"
    sudo: root
    docker: docker 28.2.2
    cgroups: v2
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._host import checks
from ansible_collections.fortytwo.ft_services.plugins.module_utils._host.facts import Facts, gather


def shown(facts: Facts) -> dict[str, str]:
    """The facts in a few words."""
    seen = facts.engine
    return {
        "system": facts.system,
        "architecture": facts.architecture,
        "kernel": facts.kernel,
        "distribution": facts.distribution,
        "release": facts.release,
        "python": ".".join(map(str, facts.python)),
        "user": facts.user,
        "sudo": facts.sudo,
        "docker": f"{seen.kind} {seen.version}".strip() if seen.answers else "does not answer",
        "cgroups": facts.cgroups,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "profile": {"type": "str", "default": "minikube"},
            "static_ip": {"type": "str", "default": ""},
            "cluster_exists": {"type": "bool", "default": False},
            "memory": {"type": "int", "default": 4096},
            "cpus": {"type": "int", "default": 2},
            "disk": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "path", "required": True},
                    "gb": {"type": "float", "required": True},
                    "purpose": {"type": "str", "required": True},
                    "unless": {"type": "path"},
                },
            },
            "write_paths": {"type": "list", "elements": "path", "default": []},
            "bin_path": {"type": "path", "default": "/usr/local/bin"},
            "ports": {"type": "list", "elements": "int", "default": []},
            "root_for": {"type": "list", "elements": "str", "default": []},
            "can_become": {"type": "bool", "default": False},
            "docker_socket": {"type": "path", "default": "/var/run/docker.sock"},
            "also": {"type": "list", "elements": "str", "default": []},
            "fail_on_problem": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )

    def run(command: t.Sequence[str]) -> tuple[int, str, str]:
        # A program that is not there answers like one that fails. Folders such as /usr/sbin are in few users' PATH.
        program = module.get_bin_path(command[0])
        if program is None:
            return 127, "", f"{command[0]} was not found"
        return t.cast(
            "tuple[int, str, str]",
            module.run_command([program, *command[1:]], environ_update={"LC_ALL": "C"}, expand_user_and_vars=False),
        )

    given = module.params
    facts = gather(given, run)
    wanted = checks.Wanted(
        static_ip=given["static_ip"],
        cluster_exists=given["cluster_exists"],
        memory=given["memory"],
        cpus=given["cpus"],
        root_for=tuple(given["root_for"]),
        can_become=given["can_become"],
        docker_socket=given["docker_socket"],
        bin_path=given["bin_path"],
    )
    results = checks.judge(facts, wanted)
    problems = [*checks.told(results, "problems"), *given["also"]]
    warnings = checks.told(results, "warnings")
    for text in warnings:
        module.warn(text)
    if problems and given["fail_on_problem"]:
        listed = "".join(f"\n- {text}" for text in problems)
        module.fail_json(
            msg=f"Nothing was changed. This host cannot run the platform yet:{listed}",
            problems=problems,
            host=shown(facts),
        )
    module.exit_json(changed=False, problems=problems, warnings_found=warnings, checks=results, host=shown(facts))


if __name__ == "__main__":
    main()
