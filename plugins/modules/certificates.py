# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a local CA and the certificates of the services."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: certificates
short_description: Make a local CA and server certificates in a folder
version_added: 0.1.0
description:
  - Makes a local certificate authority (ECDSA P-256, ten years) and server certificates signed by it, offline.
  - A certificate is issued anew when its names, its common name or the CA changed, when its key does not fit,
    when its validity begins in the future, and when little of it is left.
  - The CA is made when neither of its files exists. A key without its certificate, as a killed run leaves it, gets one.
    A damaged or ended CA is an error, since clients may trust it.
  - Keys never leave their files; neither results nor diffs hold them.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.full
options:
  path:
    description:
      - Folder of the files, made with mode V(0700) where it is missing; one that is there keeps its mode.
      - It holds C(ca.crt), C(ca.key), and C(NAME.crt), C(NAME.key) for each entry of O(certificates).
      - Keys have mode V(0600).
    type: path
    required: true
  ca_common_name:
    description: Common name of a new CA, at most 64 bytes. An existing CA keeps its name.
    type: str
    default: ft_services local CA
  certificates:
    description: The server certificates that must exist. Files of others are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the files. Lower-case letters, digits and hyphens; not V(ca).
        type: str
        required: true
      common_name:
        description: Common name, at most 64 bytes; without it O(certificates[].name).
        type: str
      ip_addresses:
        description: IP addresses that the certificate is valid for.
        type: list
        elements: str
        default: []
      dns_names:
        description: DNS names that the certificate is valid for.
        type: list
        elements: str
        default: []
  valid_days:
    description: Validity of new certificates in days. Browsers accept 397 at most. None outlives its CA.
    type: int
    default: 397
  renew_before_days:
    description: Issue a certificate anew when less than this number of days is left.
    type: int
    default: 30
requirements:
  - python >= 3.9
  - cryptography >= 42
notes:
  - Trust is given to C(ca.crt) by the client; this module changes no trust store.
seealso:
  - module: fortytwo.ft_services.credentials
author:
  - The fortytwo.ft_services contributors (@fortytwo)
"""

EXAMPLES = r"""
- name: Make the CA and the certificate of nginx
  fortytwo.ft_services.certificates:
    path: ~/.local/state/ft_services/ft-services/certificates
    certificates:
      - name: nginx
        ip_addresses:
          - 192.168.49.200
        dns_names:
          - nginx
          - nginx.ft-services.svc.cluster.local

- name: Say what would be issued anew if the address changed
  fortytwo.ft_services.certificates:
    path: ~/.local/state/ft_services/ft-services/certificates
    certificates:
      - name: nginx
        ip_addresses:
          - 192.168.49.201
  check_mode: true
  diff: true

- name: Renew a quarter of a year ahead
  fortytwo.ft_services.certificates:
    path: ~/.local/state/ft_services/ft-services/certificates
    renew_before_days: 90
    certificates:
      - name: nginx
        ip_addresses:
          - 192.168.49.200
"""

RETURN = r"""
ca:
  description: The certificate authority.
  returned: success
  type: dict
  contains: &pair
    name:
      description: Name of the files.
      returned: success
      type: str
      sample: nginx
    certificate:
      description: Path of the certificate (PEM).
      returned: success
      type: str
      sample: /root/.local/state/ft_services/ft-services/certificates/nginx.crt
    private_key:
      description: Path of the private key (PEM).
      returned: success
      type: str
      sample: /root/.local/state/ft_services/ft-services/certificates/nginx.key
    subject:
      description: The subject.
      returned: success
      type: str
      sample: CN=nginx
    sans:
      description: The names it is valid for.
      returned: success
      type: list
      elements: str
      sample: ["DNS:nginx", "IP:192.168.49.200"]
    not_after:
      description: The last day of validity (UTC).
      returned: success
      type: str
      sample: "2027-12-25"
    fingerprint:
      description: SHA-256 fingerprint; null when check mode only predicts the certificate.
      returned: success
      type: str
      sample: "3F:A1:0C:55:9B:6E:77:20:8D:14:C2:B9:41:EE:03:7A:5C:90:D6:2B:18:F4:63:AD:0E:9F:72:C8:35:B1:4A:E6"
    changed:
      description: Whether it was made or issued anew.
      returned: success
      type: bool
      sample: false
    reason:
      description: Why it was; empty when it was not.
      returned: success
      type: str
      sample: its names changed
certificates:
  description: The server certificates, in the order of the option.
  returned: success
  type: list
  elements: dict
  contains: *pair
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import PYTHON_39, require_python

require_python(PYTHON_39)

import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _certificates as util


def result_of(folder: Path, outcome: util.Outcome) -> dict[str, t.Any]:
    """Return what the module tells about one pair of files."""
    return {
        "name": outcome.name,
        "certificate": str(folder / f"{outcome.name}.crt"),
        "private_key": str(folder / f"{outcome.name}.key"),
        **outcome.after,
        "fingerprint": outcome.fingerprint,
        "changed": bool(outcome.reason),
        "reason": outcome.reason,
    }


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Bring the folder to what the options say and return the module's result."""
    params = module.params
    wanted = [util.wanted(spec) for spec in params["certificates"]]
    names = [want.name for want in wanted]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise util.CertificateError(f"certificates has a name twice: {', '.join(twice)}")
    if not 0 <= params["renew_before_days"] < params["valid_days"] <= 397:
        raise util.CertificateError("valid_days must be at most 397 and renew_before_days less than valid_days")
    folder = Path(params["path"])
    authority = util.Authority(folder, params["valid_days"], params["renew_before_days"], module.check_mode)
    outcomes = [authority.ensure_ca(params["ca_common_name"]), *map(authority.ensure_leaf, wanted)]
    results = [result_of(folder, outcome) for outcome in outcomes]
    changed = [outcome for outcome in outcomes if outcome.reason]
    result = {"changed": bool(changed) or authority.modes_fixed, "ca": results[0], "certificates": results[1:]}
    if module._diff and changed:
        result["diff"] = {
            "before": {outcome.name: outcome.before for outcome in changed if outcome.before},
            "after": {outcome.name: outcome.after for outcome in changed},
        }
    return result


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "ca_common_name": {"type": "str", "default": "ft_services local CA"},
            "certificates": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "common_name": {"type": "str"},
                    "ip_addresses": {"type": "list", "elements": "str", "default": []},
                    "dns_names": {"type": "list", "elements": "str", "default": []},
                },
            },
            "valid_days": {"type": "int", "default": 397},
            "renew_before_days": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    util.require_cryptography(module)
    try:
        result = run(module)
    except util.CertificateError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        where = error.filename or module.params["path"]
        module.fail_json(msg=f"{where}: {error.strerror}. The folder must belong to the user who runs the module.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
