# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a certificate and its key from files, when servers can use them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_files
short_description: Take a certificate and its key from files, when servers can use them
version_added: 1.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Copies a certificate with its chain, and its private key, to a folder from which servers get them.
  - Before that it looks at all of it and says at once what is wrong. The key has to be the certificate's, of a kind
    that browsers take, without a password and readable by its owner only. The chain has to be in order. The
    certificate has to be valid now, and for O(names).
  - The key never leaves its files; neither results nor diffs hold it.
requirements:
  - python >= 3.11
  - cryptography >= 42
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.full
options:
  chain_file:
    description:
      - File with the server's certificate and after it those of the authorities between it and the root, in PEM form.
    type: path
    required: true
  key_file:
    description: File with the certificate's private key, in PEM form. Mode V(0600) or V(0400).
    type: path
    required: true
  names:
    description: DNS names and IP addresses by which clients call the server.
    type: list
    elements: str
    default: []
  path:
    description: Folder to copy to, made with mode V(0700) where it is missing. Without it the files are only looked at.
    type: path
  name:
    description: Name of the copies, C(NAME.crt) and C(NAME.key).
    type: str
    default: public
  warn_days:
    description: Warn when the certificate ends within this number of days.
    type: int
    default: 30
seealso:
  - module: fortytwo.ft_services.certificates
  - module: fortytwo.ft_services.acme_certificate
"""

EXAMPLES = r"""
- name: Look at the files and change nothing
  fortytwo.ft_services.certificate_files:
    chain_file: /etc/ssl/platform/fullchain.pem
    key_file: /etc/ssl/platform/privkey.pem
    names:
      - platform.example.org

- name: Copy them to where the servers get theirs
  fortytwo.ft_services.certificate_files:
    chain_file: /etc/ssl/platform/fullchain.pem
    key_file: /etc/ssl/platform/privkey.pem
    names:
      - platform.example.org
    path: ~/.local/state/ft_services/ft-services/certificates
"""

RETURN = r"""
certificate:
  description: The certificate; its paths are those of the copies, or of where they would be.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the files.
      returned: success
      type: str
      sample: public
    certificate:
      description: Path of the certificate with its chain (PEM).
      returned: success
      type: str
      sample: /root/.local/state/ft_services/ft-services/certificates/public.crt
    private_key:
      description: Path of the private key (PEM).
      returned: success
      type: str
      sample: /root/.local/state/ft_services/ft-services/certificates/public.key
    subject:
      description: The subject.
      returned: success
      type: str
      sample: CN=platform.example.org
    sans:
      description: The names it is valid for.
      returned: success
      type: list
      elements: str
      sample: ["DNS:platform.example.org"]
    not_after:
      description: The last day of validity (UTC).
      returned: success
      type: str
      sample: "2027-12-25"
    fingerprint:
      description: SHA-256 fingerprint.
      returned: success
      type: str
      sample: "3F:A1:0C:55:9B:6E:77:20:8D:14:C2:B9:41:EE:03:7A:5C:90:D6:2B:18:F4:63:AD:0E:9F:72:C8:35:B1:4A:E6"
    days_left:
      description: Whole days of validity that are left.
      returned: success
      type: int
      sample: 89
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import typing as t
from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _certificates as local
from ansible_collections.fortytwo.ft_services.plugins.module_utils._public_certificates import pair as util


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Look at the files, copy them when asked to, and return the module's result."""
    params = module.params
    chain_file, key_file = Path(params["chain_file"]), Path(params["key_file"])
    now = datetime.now(UTC)
    try:
        pair = util.Pair(util.read_chain(chain_file), util.read_key(key_file))
    except local.CertificateError as error:
        raise local.CertificateError(f"Nothing was changed: {error}.") from error
    found = util.problems(pair, params["names"], now)
    if key_file.stat().st_mode & 0o077:
        found.append(f"others may read the key: chmod 600 {key_file}")
    if found:
        raise local.CertificateError(f"Nothing was changed. {chain_file}, {key_file}: {'; '.join(found)}.")
    folder = Path(params["path"] or ".").absolute()
    after = util.result_of(folder, params["name"], pair, now)
    if after["days_left"] < params["warn_days"]:
        end = f"in {after['days_left']} days, on {after['not_after']}"
        module.warn(f"{chain_file} ends {end}. Put a new one there and run again.")
    if not params["path"]:
        return {"changed": False, "certificate": after}
    current = util.read_installed(folder, params["name"])
    before = util.result_of(folder, params["name"], current, now) if current else {}
    result = {"changed": util.install(folder, params["name"], pair, module.check_mode), "certificate": after}
    if module._diff and before != after:
        result["diff"] = {"before": before, "after": after}
    return result


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "chain_file": {"type": "path", "required": True},
            # A path, no secret.
            "key_file": {"type": "path", "required": True, "no_log": False},
            "names": {"type": "list", "elements": "str", "default": []},
            "path": {"type": "path"},
            "name": {"type": "str", "default": "public"},
            "warn_days": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    local.require_cryptography(module)
    try:
        result = run(module)
    except local.CertificateError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename or module.params['path']}: {error.strerror}.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
