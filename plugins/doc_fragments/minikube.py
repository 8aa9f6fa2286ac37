# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that use minikube."""

from __future__ import annotations


class ModuleDocFragment:
    """Where minikube and its files are."""

    DOCUMENTATION = r"""
options:
  executable:
    description: The minikube program, as a path or as a name that is looked up in E(PATH).
    type: path
    default: minikube
  home:
    description:
      - Folder in which minikube keeps its files. As with minikube itself, C(.minikube) is added unless the path
        ends in it.
      - The environment variable E(MINIKUBE_HOME), or else the user's home, when not set.
    type: path
  kubeconfig:
    description:
      - File for the cluster's context.
      - The first file in the environment variable E(KUBECONFIG), or else C(~/.kube/config), when not set.
    type: path
requirements:
  - minikube 1.38 or newer on the host
  - the docker program on the host, when docker runs the nodes
"""
