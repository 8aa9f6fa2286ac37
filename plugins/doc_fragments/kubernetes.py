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
      - Path of a kubeconfig file on the target, or the content of one as a mapping.
      - Without it E(KUBECONFIG), then C(~/.kube/config) is read; inside a pod the pod's own service account serves.
        With O(host) and neither O(kubeconfig) nor O(context), no kubeconfig is read.
      - Impersonation (C(as), C(as-groups), C(as-uid)), C(proxy-url) and C(tls-server-name) in it are honoured.
      - Secrets in a mapping are masked in the result, in messages and in the target's log.
      - Can also be set by E(K8S_AUTH_KUBECONFIG).
    type: raw
  context:
    description:
      - Context of the kubeconfig. Without it the current context.
      - Can also be set by E(K8S_AUTH_CONTEXT).
    type: str
  host:
    description:
      - URL of the API server, such as C(https://192.0.2.10:6443), in place of the one in the kubeconfig.
      - Can also be set by E(K8S_AUTH_HOST).
    type: str
    version_added: 1.0.0
  api_key:
    description:
      - Bearer token, in place of the credentials in the kubeconfig. It is shown nowhere.
      - Can also be set by E(K8S_AUTH_API_KEY).
    type: str
    version_added: 1.0.0
  client_cert:
    description:
      - Path of a client certificate on the target, in place of the credentials in the kubeconfig.
        Needs O(client_key).
      - Can also be set by E(K8S_AUTH_CERT_FILE).
    type: path
    aliases: [cert_file]
    version_added: 1.0.0
  client_key:
    description:
      - Path of the key of O(client_cert) on the target.
      - Can also be set by E(K8S_AUTH_KEY_FILE).
    type: path
    aliases: [key_file]
    version_added: 1.0.0
  ca_cert:
    description:
      - Path of the certificates on the target that vouch for the API server, in place of those in the kubeconfig.
      - Can also be set by E(K8S_AUTH_SSL_CA_CERT).
    type: path
    aliases: [ssl_ca_cert]
    version_added: 1.0.0
  validate_certs:
    description:
      - Whether the API server's certificate is checked. Without this option, as the kubeconfig says; else it is.
      - Can also be set by E(K8S_AUTH_VERIFY_SSL).
    type: bool
    aliases: [verify_ssl]
    version_added: 1.0.0
  proxy:
    description:
      - URL of the proxy through which to reach the API server, whatever its address.
      - Without this option it is C(proxy-url) of the kubeconfig, else that of the environment (E(HTTPS_PROXY)),
        which is never used for private and loopback addresses, names without a dot, and names below C(.local),
        C(.internal) and C(.localhost).
      - A password in it is masked.
      - Can also be set by E(K8S_AUTH_PROXY).
    type: str
    version_added: 1.0.0
  no_proxy:
    description:
      - Names, domains, addresses and networks (C(192.0.2.0/24)) that are reached without a proxy, with commas between
        them. C(*) is all. Replaces E(NO_PROXY).
      - Can also be set by E(K8S_AUTH_NO_PROXY).
    type: str
    version_added: 1.0.0
  impersonate_user:
    description:
      - Make the requests as this user, in place of the one that the kubeconfig may name.
        Needs the right to C(impersonate).
      - Can also be set by E(K8S_AUTH_IMPERSONATE_USER).
    type: str
    version_added: 1.0.0
  impersonate_groups:
    description:
      - Groups of O(impersonate_user).
      - Can also be set by E(K8S_AUTH_IMPERSONATE_GROUPS), with commas between them.
    type: list
    elements: str
    version_added: 1.0.0
  request_timeout:
    description: Seconds one request to the API server may take.
    type: int
    default: 30
requirements:
  - python >= 3.11
  - kubernetes >= 34.1.0
"""
