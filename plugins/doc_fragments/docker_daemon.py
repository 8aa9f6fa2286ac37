# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection to a docker daemon, shared by the modules that talk to one."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that talks to a docker daemon."""

    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - Address of the docker daemon, such as C(tcp://192.168.49.2:2376), C(unix:///var/run/docker.sock) or
        C(ssh://alice@build.example.com). For the last one the C(ssh) command is used, which must not have to ask, and
        the docker SDK also wants the Python package paramiko.
      - Without O(docker_host) and O(docker_context) it is the daemon that the docker command would ask. The order is
        E(DOCKER_HOST) (with E(DOCKER_TLS_VERIFY) and E(DOCKER_CERT_PATH)), E(DOCKER_CONTEXT), the context in use, and
        C(unix:///var/run/docker.sock). Name the daemon where a forgotten variable must not redirect a run.
      - The variables are those of the host on which the module runs.
      - Mutually exclusive with O(docker_context).
    type: str
  docker_context:
    description: A docker context (C(docker context ls)); its address and certificates are used.
    type: str
  tls_path:
    description:
      - Folder with C(ca.pem), C(cert.pem) and C(key.pem) for a daemon that asks for TLS.
      - The variable E(DOCKER_CERT_PATH) counts only together with an address from E(DOCKER_HOST).
    type: path
requirements:
  - docker >= 7.1.0 (Python package)
"""
