# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get a certificate from an authority that speaks ACME, and renew it when it is due."""

from __future__ import annotations

DOCUMENTATION = r"""
module: acme_certificate
short_description: Get a certificate from an authority that speaks ACME, and renew it when it is due
version_added: 1.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Orders a certificate with an ECDSA P-256 key of its own, by the protocol of RFC 8555 and the proof C(http-01).
  - The proof is laid out by O(publish_command), so the web server may be anywhere that a command reaches.
  - A new certificate is ordered when there is none, when O(directory) or O(names) changed, and when little time is
    left. Otherwise nothing is asked of the authority.
  - When a renewal fails, and the old certificate is still valid, it stays and the module warns.
  - The account is made by itself, with a key beside the certificate. Who runs this agrees to the authority's terms.
  - Keys never leave their files; neither results nor diffs hold them.
requirements:
  - python >= 3.11
  - acme >= 4
  - cryptography >= 42
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
attributes:
  check_mode:
    support: full
    details: Says whether a certificate would be ordered; the authority is not asked.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  directory:
    description: Address of the authority's directory.
    type: str
    required: true
  names:
    description: DNS names that the certificate has to be valid for. Addresses, too, where the authority gives them.
    type: list
    elements: str
    required: true
  path:
    description: Folder of the certificate and the account's key, made with mode V(0700) where it is missing.
    type: path
    required: true
  name:
    description: Name of the files, C(NAME.crt) and C(NAME.key).
    type: str
    default: public
  email:
    description: Where the authority may write to when something is wrong.
    type: str
  ca_file:
    description: File with the root of the directory's own certificate, in PEM form, instead of the system's.
    type: path
  publish_command:
    description:
      - Program and arguments that lay out a proof. The proof's name is added as the last argument, and its content
        comes on standard input; without any content it is to be taken away.
      - It has to be found on port 80 of each name, at C(/.well-known/acme-challenge/) and the proof's name.
    type: list
    elements: str
    required: true
  renew_before_days:
    description:
      - Renew when less than this number of days is left. A certificate that is valid for less than three times as long
        is renewed when a third of its time is left.
    type: int
    default: 30
  timeout:
    description: How long the authority may take to look at the proofs and to issue, in seconds.
    type: int
    default: 120
seealso:
  - module: fortytwo.ft_services.certificate_files
  - module: fortytwo.ft_services.certificates
"""

EXAMPLES = r"""
- name: Have a certificate, with the proofs in a web server's folder
  fortytwo.ft_services.acme_certificate:
    directory: https://acme.example.org/directory
    email: operator@example.org
    names:
      - www.example.org
    path: /etc/ssl/www
    publish_command: [sh, -c, 'cat > "/var/www/.well-known/acme-challenge/$1"', sh]

- name: Have one, with the proofs shown by a container of a cluster
  fortytwo.ft_services.acme_certificate:
    directory: https://acme.example.org/directory
    names:
      - platform.example.org
    path: ~/.local/state/ft_services/ft-services/certificates
    publish_command: [kubectl, --namespace=ft-services, exec, --stdin, deploy/nginx, --, challenge]
"""

RETURN = r"""
certificate:
  description: The certificate that there is; the old one when check mode predicts a new one.
  returned: when there is one
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
      sample: /etc/ssl/www/public.crt
    private_key:
      description: Path of the private key (PEM).
      returned: success
      type: str
      sample: /etc/ssl/www/public.key
    subject:
      description: The subject. Often empty, as the names are what counts.
      returned: success
      type: str
      sample: CN=www.example.org
    sans:
      description: The names it is valid for.
      returned: success
      type: list
      elements: str
      sample: ["DNS:www.example.org"]
    not_after:
      description: The last day of validity (UTC).
      returned: success
      type: str
      sample: "2027-02-25"
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
reason:
  description: Why it was ordered, or would be; empty when it was not.
  returned: success
  type: str
  sample: its names changed
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python, too_old

require_python()

import importlib.metadata
import tempfile
import typing as t
from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.fortytwo.ft_services.plugins.module_utils._certificates import CertificateError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._public_certificates import acme as util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._public_certificates.pair import result_of


def publisher(module: AnsibleModule) -> util.Publish:
    """Return what lays out a proof by the module's command."""

    def publish(token: str, content: str) -> None:
        command = [*module.params["publish_command"], token]
        with tempfile.NamedTemporaryFile(dir=module.tmpdir) as file:
            file.write(content.encode())
            file.flush()
            # From a file: a command that ends without reading its input is no failure of its own kind.
            code, _output, said = module.run_command(["sh", "-c", 'exec "$@" <"$0"', file.name, *command])
        if code != 0 and content:
            raise CertificateError(
                f"publish_command {' '.join(command)} ended with {code}: {said.strip() or 'it said nothing'}. "
                "The authority was not asked to look for the proof"
            )
        if code != 0:
            module.warn(f"The proof {token} could not be taken away again: {said.strip()}")

    return publish


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Order what is needed, and return the module's result."""
    params = module.params
    if not params["names"] or not params["publish_command"]:
        raise CertificateError("names and publish_command must not be empty")
    if not params["directory"].startswith("https://"):
        raise CertificateError(f"directory {params['directory']!r} has to begin with https://")
    folder = Path(params["path"])
    wish = util.Wish(
        directory=params["directory"],
        names=tuple(params["names"]),
        folder=folder,
        name=params["name"],
        email=params["email"],
        ca_file=params["ca_file"],
        renew_before_days=params["renew_before_days"],
        timeout=params["timeout"],
    )
    try:
        before, after, reason = util.ensure(wish, publisher(module), module.check_mode)
    except util.RenewalError as error:
        # The next run tries again. The end is near only when nobody read this for long.
        module.warn(f"The certificate was not renewed and stays in use until {error.until}: {error}.")
        before, after, reason = error.pair, error.pair, ""
    now = datetime.now(UTC)
    shown = after or before
    result: dict[str, t.Any] = {"changed": bool(reason), "reason": reason}
    if shown:
        result["certificate"] = result_of(folder, wish.name, shown, now)
    if module._diff and reason:
        result["diff"] = {
            "before": result_of(folder, wish.name, before, now) if before else {},
            "after": result["certificate"] if after else {"names": params["names"], "issued_by": wish.directory},
        }
    return result


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
            "path": {"type": "path", "required": True},
            "name": {"type": "str", "default": "public"},
            "email": {"type": "str"},
            "ca_file": {"type": "path"},
            "publish_command": {"type": "list", "elements": "str", "required": True},
            "renew_before_days": {"type": "int", "default": 30},
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    if util.ACME_ERROR:
        module.fail_json(msg=missing_required_lib("acme"), exception=util.ACME_ERROR)
    problem = too_old("acme", importlib.metadata.version("acme"), (4,))
    if problem:
        module.fail_json(msg=problem)
    try:
        result = run(module)
    except CertificateError as error:
        module.fail_json(msg=f"{error}.")
    except OSError as error:
        module.fail_json(msg=f"{error.filename or module.params['path']}: {error.strerror}.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
