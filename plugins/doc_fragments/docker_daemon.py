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
      - Address of the docker daemon, such as C(tcp://192.168.49.2:2376) or C(unix:///var/run/docker.sock).
      - Environment variables such as E(DOCKER_HOST) are ignored on purpose, so that a forgotten one cannot redirect
        a run.
    type: str
    default: unix:///var/run/docker.sock
  tls_path:
    description: Folder with C(ca.pem), C(cert.pem) and C(key.pem) for a daemon that asks for TLS.
    type: path
requirements:
  - docker >= 7.1.0 (Python package)
"""
