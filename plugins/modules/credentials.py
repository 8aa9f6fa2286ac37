# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generates credentials and puts them into Kubernetes Secrets."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: credentials
short_description: Generate credentials once and keep Kubernetes Secrets of them
version_added: 0.1.0
description:
  - Makes the credentials that are missing and keeps them in one private file on the target, the source of truth.
  - An existing credential is never changed unless O(rotate) names it.
  - Applies Kubernetes Secrets made of credentials and files by server-side apply; changes in the cluster are undone.
  - No value ever passes through Ansible. Results and diffs hold names, places, public keys and keyed hashes only.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.kubernetes
attributes:
  check_mode:
    support: full
    details:
      - The checksum of a Secret that has yet to be made cannot be predicted; it is a throw-away value then.
  diff_mode:
    support: full
    details:
      - Shows which keys get a new value, but no value.
  idempotent:
    support: partial
    details:
      - Every run with O(rotate) makes new values.
options:
  state_file:
    description:
      - File of the credentials, mode V(0600). Its folder is made with mode V(0700) where it is missing; one that is
        there keeps its mode.
      - A file that cannot be understood is an error and is left alone.
      - Keep a copy. Databases on kept volumes know the passwords in it.
    type: path
    required: true
  credentials:
    description: The credentials that must exist. Others in the file are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name in the file. Lowercase letters, digits, hyphens and underscores.
        type: str
        required: true
      kind:
        description:
          - V(password) is made of the characters of O(credentials[].alphabet).
          - V(hex) is made of hexadecimal digits.
          - V(ssh_key) is a pair of ed25519 keys.
        type: str
        choices: [password, hex, ssh_key]
        default: password
      length:
        description: Number of characters of a new password or hex value, 16 at least.
        type: int
        default: 32
      alphabet:
        description: Characters of a new password, 10 different ones at least. The default needs no quoting anywhere.
        type: str
        default: ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789
      file:
        description:
          - Where to keep a copy of an ssh key for its user, mode V(0600), with the public key in C(.pub) beside it.
          - A file that holds another key is an error and is left alone.
        type: path
      known_hosts:
        description: For the key of a host, the file of known hosts to write, mode V(0600). It holds nothing else.
        type: dict
        suboptions:
          file:
            description: Path of the file.
            type: path
            required: true
          hosts:
            description: Names and addresses under which clients reach the host.
            type: list
            elements: str
            required: true
  rotate:
    description: Names of credentials to make anew.
    type: list
    elements: str
    default: []
  namespaces:
    description:
      - Namespaces that are made first when they are missing. One that exists is left alone.
      - Secrets come before the pods that wait for them, and a namespace before its Secrets.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the namespace.
        type: str
        required: true
      labels:
        description: Labels of a new namespace, for example the Pod Security standard to enforce.
        type: dict
        default: {}
  secrets:
    description: The Kubernetes Secrets to apply. Without any, no cluster is contacted.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the Secret.
        type: str
        required: true
      namespace:
        description: Namespace of the Secret. It must exist, or be in O(namespaces).
        type: str
        required: true
      data:
        description:
          - What the Secret holds, by key. Each value is a dictionary.
          - Either C(credential) names a credential and C(part) is V(value), V(private) or V(public);
            a password or hex value has the part V(value) only, an ssh key the other two.
          - Or C(file) is the path of a file on the target.
        type: dict
        required: true
notes:
  - Two runs at the same time on one file are not supported.
requirements:
  - cryptography >= 42, for ssh keys
seealso:
  - module: fortytwo.ft_services.certificates
  - module: fortytwo.ft_services.manifests
author:
  - The fortytwo.ft_services contributors (@fortytwo)
"""

EXAMPLES = r"""
- name: Keep the credentials of a database and give them to it
  fortytwo.ft_services.credentials:
    state_file: ~/.local/state/ft_services/ft-services/credentials.json
    credentials:
      - name: mysql_root
      - name: wordpress_salt
        kind: hex
        length: 64
    secrets:
      - name: mysql
        namespace: ft-services
        data:
          root_password:
            credential: mysql_root

- name: Give a user a key for ssh, and sshd its host key
  fortytwo.ft_services.credentials:
    state_file: ~/.local/state/ft_services/ft-services/credentials.json
    credentials:
      - name: nginx_ssh_host
        kind: ssh_key
      - name: nginx_ssh_user
        kind: ssh_key
        file: ~/.local/state/ft_services/ft-services/ssh/id_ed25519
    secrets:
      - name: nginx
        namespace: ft-services
        data:
          ssh_host_ed25519_key:
            credential: nginx_ssh_host
            part: private
          authorized_keys:
            credential: nginx_ssh_user
            part: public

- name: Put a certificate into a Secret
  fortytwo.ft_services.credentials:
    state_file: ~/.local/state/ft_services/ft-services/credentials.json
    secrets:
      - name: nginx-tls
        namespace: ft-services
        data:
          tls.crt:
            file: ~/.local/state/ft_services/ft-services/certificates/nginx.crt
          tls.key:
            file: ~/.local/state/ft_services/ft-services/certificates/nginx.key

- name: Change the password of the database
  fortytwo.ft_services.credentials:
    state_file: ~/.local/state/ft_services/ft-services/credentials.json
    credentials:
      - name: mysql_root
    rotate:
      - mysql_root
    secrets:
      - name: mysql
        namespace: ft-services
        data:
          root_password:
            credential: mysql_root
"""

RETURN = r"""
state_file:
  description: The file that holds the credentials.
  returned: success
  type: str
  sample: /root/.local/state/ft_services/ft-services/credentials.json
credentials:
  description: The credentials, in the order of the option.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the credential.
      returned: success
      type: str
      sample: nginx_ssh_user
    kind:
      description: Its kind.
      returned: success
      type: str
      sample: ssh_key
    changed:
      description: Whether it was made or its copy for the user was written.
      returned: success
      type: bool
      sample: false
    reason:
      description: Why it was made; empty when it was not.
      returned: success
      type: str
      sample: it did not exist
    file:
      description: The user's copy of an ssh key; null without one.
      returned: success
      type: str
      sample: /root/.local/state/ft_services/ft-services/ssh/id_ed25519
    secrets:
      description: The places that hold it in the cluster, as namespace, name and key.
      returned: success
      type: list
      elements: str
      sample: ["ft-services/nginx/authorized_keys"]
    public_key:
      description: The public half of an ssh key; null for other kinds.
      returned: success
      type: str
      sample: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8QnYmBnKhVTZP4s2Xh0bX3y6Yb6m9v0c2e5k0v1q3Z nginx_ssh_user
    fingerprint:
      description: The fingerprint of an ssh key; null for other kinds.
      returned: success
      type: str
      sample: SHA256:ZfsgHwzREOx0zB/47NUUMgbty4Bpu9OzfCt1HQGC9Gw
secrets:
  description: The Secrets, in the order of the option.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the Secret.
      returned: success
      type: str
      sample: nginx
    namespace:
      description: Namespace of the Secret.
      returned: success
      type: str
      sample: ft-services
    data_keys:
      description: The keys of its data.
      returned: success
      type: list
      elements: str
      sample: [authorized_keys, ssh_host_ed25519_key]
    checksum:
      description:
        - A keyed hash of its data. As an annotation of a pod it rolls out a change; guesses cannot be tried with it.
      returned: success
      type: str
      sample: 5a1f0c0e9b7d4a3c8e62f1d0b9a87c65
    changed:
      description: Whether the Secret in the cluster was changed.
      returned: success
      type: bool
      sample: false
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.fortytwo.ft_services.plugins.module_utils._credentials import secrets as kube_util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._credentials import store as util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.client import KubeClient
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.connection import (
    KUBE_ARGUMENTS,
    Connection,
    KubeModule,
    require_kubernetes,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.errors import KubeError


def unique(names: list[str], what: str) -> None:
    """Refuse a list that has a name twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise util.CredentialError(f"{what} has a name twice: {', '.join(twice)}")


def told(want: util.Wanted, store: util.Store, copied: bool, secrets: list[kube_util.WantedSecret]) -> dict[str, t.Any]:
    """Return what the module tells about one credential."""
    public = store.public_key(want.name)
    places = [f"{each.where}/{src.key}" for each in secrets for src in each.sources if src.credential == want.name]
    return {
        "name": want.name,
        "kind": want.kind,
        "changed": copied or want.name in store.reasons,
        "reason": store.reasons.get(want.name, ""),
        "file": str(want.file) if want.file else None,
        "secrets": places,
        "public_key": public,
        "fingerprint": util.fingerprint(public) if public else None,
    }


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Bring the file and the Secrets to what the options say and return the module's result."""
    params, dry = module.params, module.check_mode
    wants = [util.wanted(spec) for spec in params["credentials"]]
    unique([want.name for want in wants], "credentials")
    secrets = [kube_util.wanted_secret(spec, wants) for spec in params["secrets"]]
    unique([secret.where for secret in secrets], "secrets")
    # A cluster that cannot be named is found out before anything is made.
    client = KubeClient(Connection.from_options(params)) if secrets else None

    store = util.Store(Path(params["state_file"]), dry)
    store.ensure(wants, params["rotate"])
    # Both, always: each has a file of its own to keep right.
    copied = {want.name: any([store.ensure_file(want), store.ensure_known_hosts(want)]) for want in wants}
    data = [kube_util.contents(secret, store) for secret in secrets]
    shown: list[tuple[dict[str, str], dict[str, str]]] = []
    made_spaces: list[str] = []
    if client is not None:
        made_spaces = [each["name"] for each in params["namespaces"] if kube_util.ensure_namespace(client, each, dry)]
        bodies = [kube_util.manifest(secret, each) for secret, each in zip(secrets, data, strict=True)]
        shown = client.parallel(lambda body: kube_util.apply(client, body, dry), bodies)

    credentials = [told(want, store, copied[want.name], secrets) for want in wants]
    applied = [
        {
            "name": secret.name,
            "namespace": secret.namespace,
            "data_keys": sorted(each),
            "checksum": kube_util.checksum(secret, each, store),
            "changed": before != after,
        }
        for secret, each, (before, after) in zip(secrets, data, shown, strict=True)
    ]
    changed = store.modes_fixed or bool(made_spaces) or any(each["changed"] for each in [*credentials, *applied])
    result = {"changed": changed, "state_file": str(store.path), "credentials": credentials, "secrets": applied}
    if module._diff and changed:
        made = {f"credential {name}": f"(made: {reason})" for name, reason in store.reasons.items()}
        made |= {f"namespace {name}": "(made)" for name in made_spaces}
        before = {f"secret {sec.where}": old for sec, (old, dummy) in zip(secrets, shown, strict=True) if old}
        after = {f"secret {sec.where}": new for sec, (dummy, new) in zip(secrets, shown, strict=True) if new}
        result["diff"] = {"before": before, "after": {**made, **after}}
    return result


def main() -> None:
    """Entry point."""
    credential = {
        "name": {"type": "str", "required": True},
        "kind": {"type": "str", "choices": ["password", "hex", "ssh_key"], "default": "password"},
        "length": {"type": "int", "default": 32},
        "alphabet": {"type": "str", "default": "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"},
        "file": {"type": "path"},
        "known_hosts": {
            "type": "dict",
            "options": {
                "file": {"type": "path", "required": True},
                "hosts": {"type": "list", "elements": "str", "required": True},
            },
        },
    }
    namespace = {"name": {"type": "str", "required": True}, "labels": {"type": "dict", "default": {}}}
    secret = {
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "data": {"type": "dict", "required": True},
    }
    module = KubeModule(
        argument_spec={
            "state_file": {"type": "path", "required": True},
            "credentials": {"type": "list", "elements": "dict", "default": [], "options": credential},
            "rotate": {"type": "list", "elements": "str", "default": []},
            "namespaces": {"type": "list", "elements": "dict", "default": [], "options": namespace},
            # Names and places only; the values stay in the state file.
            "secrets": {"type": "list", "elements": "dict", "default": [], "options": secret, "no_log": False},
            **KUBE_ARGUMENTS,
        },
        supports_check_mode=True,
    )
    if util.CRYPTOGRAPHY_ERROR and any(each["kind"] == "ssh_key" for each in module.params["credentials"]):
        module.fail_json(msg=missing_required_lib("cryptography"), exception=util.CRYPTOGRAPHY_ERROR)
    if module.params["secrets"]:
        require_kubernetes(module)
    try:
        result = run(module)
    except (util.CredentialError, KubeError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        where = error.filename or module.params["state_file"]
        module.fail_json(msg=f"{where}: {error.strerror}. It must belong to the user who runs the module.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
