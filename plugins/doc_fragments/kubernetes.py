# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that talks to a Kubernetes API server."""

from __future__ import annotations


class ModuleDocFragment:
    """The connection: which cluster, as whom, how patiently."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Kubeconfig file on the target.
      - Without it E(KUBECONFIG), then C(~/.kube/config) is read; inside a pod the pod's own service account serves.
    type: path
  context:
    description:
      - Context of the kubeconfig file.
      - Without it the file's current context.
    type: str
  request_timeout:
    description: Seconds one request to the API server may take.
    type: int
    default: 30
requirements:
  - python >= 3.10
  - kubernetes >= 34.1.0
"""
