# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try services from outside, as a client would."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_check
short_description: Try services from outside, as a client would
version_added: 0.1.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Tries any number of ports, web addresses, TLS certificates, SSH logins and FTP servers at the same time.
  - Runs commands in containers of a cluster.
  - Says for each what was expected, what was seen, and what to do.
  - Can repeat the checks that fail until O(deadline), and so wait for services that are starting.
  - Changes nothing that stays - files that a check of kind V(ftps) sends get names of their own and are deleted again.
    Check mode is the same as a real run.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.info
options:
  checks:
    description: What to try.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: Short name of the check, used once in the list.
        type: str
        required: true
      title:
        description: What the check shows, for people. Without it O(checks[].id) is used.
        type: str
      kind:
        description:
          - V(tcp) opens a connection, or sees that none can be opened with O(checks[].refused).
          - V(tls) checks chain, name, expiry and protocol of a TLS server.
          - V(http) asks for O(checks[].url), and compares status, headers and body.
          - V(ssh) reads the banner of an SSH server, and runs O(checks[].command) there if given.
          - V(ftps) sees a login without TLS refused before the password is sent, and checks the certificate.
            With O(checks[].credential) it also logs in, sees data without TLS refused, and sends files there and back.
          - V(phpmyadmin) logs in to phpMyAdmin at O(checks[].url), or sees the login refused with O(checks[].refused).
          - V(dashboards) logs in to Grafana at O(checks[].url), or to panels, which stands in for it, and looks at
            O(checks[].about).
          - V(exec) runs O(checks[].argv) in a container of O(checks[].workload). What the command says is never shown.
        type: str
        choices: [dashboards, exec, ftps, http, phpmyadmin, ssh, tcp, tls]
        required: true
      hint:
        description: What to do when this check fails. Added to the message.
        type: str
      timeout:
        description: Time limit of one attempt of this check, in seconds. Without it the module's O(timeout) is used.
        type: float
      host:
        description: Name or address of the server. Needed by V(tcp), V(tls), V(ssh) and V(ftps).
        type: str
      port:
        description: Port of the server. Needed by V(tcp), V(tls), V(ssh) and V(ftps).
        type: int
      refused:
        description:
          - With V(tcp), the check is good when no connection can be made - the port is closed or does not answer.
          - A server that is off passes as well, so check an open port of the same address too.
          - With V(phpmyadmin), the check is good when the right password does not let O(checks[].username) in.
        type: bool
        default: false
      url:
        description:
          - Address to ask for. Needed by V(dashboards), V(http) and V(phpmyadmin).
          - Other letters than ASCII are sent as browsers do, percent-encoded, in the host's name as IDNA (UTS 46).
        type: str
      method:
        description: Method of the request.
        type: str
        choices: [GET, HEAD, OPTIONS]
        default: GET
      status:
        description: Status codes that are right.
        type: list
        elements: int
        default: [200]
      headers:
        description: Headers of the answer and their exact content. The case of the names does not matter.
        type: dict
      headers_match:
        description: Headers of the answer and regular expressions that their whole content must match.
        type: dict
      body_contains:
        description: A text in the first MiB of the body.
        type: str
      redirects:
        description: How many redirects to follow before the answer is judged.
        type: int
        default: 0
      validate_certs:
        description: With V(false) any certificate will do for V(http). V(tls) always checks it.
        type: bool
        default: true
      ca_file:
        description: File with the certificates of the authorities to trust, in PEM format, instead of the system's.
        type: path
      server_name:
        description: Name or address that the certificate must be made out to. Without it O(checks[].host) is used.
        type: str
      min_days:
        description: Days that the certificate must still be valid.
        type: int
        default: 0
      minimum_protocol:
        description: Oldest protocol that the server may accept. An older one is tried, and must be refused.
        type: str
        choices: [TLSv1.2, TLSv1.3]
      command:
        description: Command to run on the server after login. It must succeed.
        type: str
      stdout_contains:
        description: A text in the output of O(checks[].command) or O(checks[].argv).
        type: str
      stdout_match:
        description:
          - A regular expression for the whole output of O(checks[].argv), less the white space around it.
        type: str
      stdout_shown:
        description:
          - Tell the output of O(checks[].argv), or its beginning, as what was measured. Not for what is private.
        type: bool
        default: false
      argv:
        description:
          - Program and arguments to run in the container, without a shell. It must succeed. Needed by V(exec).
          - No place for a secret, as it is shown. A command finds it in a file of the container.
        type: list
        elements: str
      workload:
        description: A pod, or what has pods, for example V(deploy/mysql). Needed by V(exec).
        type: str
      namespace:
        description: Namespace of O(checks[].workload). Without it the one of the context is used.
        type: str
      context:
        description: Context of the kubeconfig file. Without it the current one is used.
        type: str
      kubeconfig:
        description: File that tells how to reach the cluster. Without it C(kubectl) uses its own.
        type: path
      executable:
        description: The program C(kubectl).
        type: path
        default: kubectl
      username:
        description: Account to log in with.
        type: str
      credentials_file:
        description:
          - File that the module M(fortytwo.ft_services.credentials) keeps. Needed by V(dashboards) and V(phpmyadmin),
            and by V(ftps) to log in.
        type: path
      credential:
        description: Name of the password in O(checks[].credentials_file). Needed where that is needed.
        type: str
      about:
        description:
          - With V(dashboards), what has to be right. Needed by it.
          - V(source) is the data source InfluxDB, which must answer.
          - V(list) is that all O(checks[].dashboards) are there.
          - V(data) is that every panel of these is about the container of the dashboard's name, and has values of the
            last two minutes.
        type: str
        choices: [source, list, data]
      dashboards:
        description: Titles of dashboards.
        type: list
        elements: str
      database:
        description: Database that V(phpmyadmin) must list after the login.
        type: str
      key_file:
        description: Private key to log in with.
        type: path
      known_hosts_file:
        description: File with the host keys to trust. A server with another key fails the check.
        type: path
  timeout:
    description: Time limit of one attempt of one check, in seconds. The resolution of a host name is not limited by it.
    type: float
    default: 5
  deadline:
    description: Repeat the checks that fail until so many seconds have passed. With V(0) each is tried once.
    type: float
    default: 0
  interval:
    description: Pause between two attempts, in seconds.
    type: float
    default: 1
  fail_on_error:
    description: Fail when a check fails. With V(false) only RV(failed_checks) tells.
    type: bool
    default: true
requirements:
  - python >= 3.11
  - The Python package C(idna) for host names with other letters than ASCII.
  - The program C(ssh) of OpenSSH for a check of kind V(ssh) with O(checks[].command).
  - The program C(kubectl) for a check of kind V(exec).
notes:
  - All checks run at the same time; of the kinds V(ssh) and V(exec), which start programs, four do.
seealso:
  - module: ansible.builtin.uri
  - module: ansible.builtin.wait_for
"""

EXAMPLES = r"""
- name: Look at a web server from outside
  fortytwo.ft_services.service_check:
    checks:
      - id: redirect
        title: Plain HTTP is sent to HTTPS on the same address
        kind: http
        url: http://192.168.49.200/any/path
        status: [301]
        headers:
          Location: https://192.168.49.200/any/path
      - id: page
        kind: http
        url: https://192.168.49.200/
        ca_file: ~/.local/state/ft_services/ft-services/certificates/ca.crt
      - id: certificate
        kind: tls
        host: 192.168.49.200
        port: 443
        ca_file: ~/.local/state/ft_services/ft-services/certificates/ca.crt
        min_days: 14
        minimum_protocol: TLSv1.2
      - id: database
        title: The database cannot be reached from outside
        kind: tcp
        host: 192.168.49.200
        port: 3306
        refused: true
        timeout: 1

- name: Wait up to a minute for an SSH server, and log in
  fortytwo.ft_services.service_check:
    deadline: 60
    checks:
      - id: login
        kind: ssh
        host: 192.168.49.200
        port: 22
        username: ft
        key_file: ~/.local/state/ft_services/ft-services/ssh/id_ed25519
        known_hosts_file: ~/.local/state/ft_services/ft-services/ssh/known_hosts
        command: cat /etc/alpine-release

- name: Send files to an FTP server with TLS, and get them back
  fortytwo.ft_services.service_check:
    checks:
      - id: files
        kind: ftps
        host: 192.168.49.200
        port: 21
        ca_file: ~/.local/state/ft_services/ft-services/certificates/ca.crt
        username: ft
        credentials_file: ~/.local/state/ft_services/ft-services/credentials.json
        credential: ftps_user

- name: Look into a container
  fortytwo.ft_services.service_check:
    checks:
      - id: database
        kind: exec
        context: ft-services
        namespace: ft-services
        workload: deploy/mysql
        argv: [mariadb, --user=probe, --batch, --skip-column-names, --execute=SELECT VERSION()]
        stdout_match: '11\..*-MariaDB.*'

- name: See that phpMyAdmin lists a database, and lets nobody in as root
  fortytwo.ft_services.service_check:
    checks:
      - id: admin
        kind: phpmyadmin
        url: https://192.168.49.200/phpmyadmin/
        ca_file: ~/.local/state/ft_services/ft-services/certificates/ca.crt
        credentials_file: ~/.local/state/ft_services/ft-services/credentials.json
        username: admin
        credential: mysql_admin
        database: wordpress
      - id: root
        kind: phpmyadmin
        url: https://192.168.49.200/phpmyadmin/
        ca_file: ~/.local/state/ft_services/ft-services/certificates/ca.crt
        credentials_file: ~/.local/state/ft_services/ft-services/credentials.json
        username: root
        credential: mysql_root
        refused: true

- name: See that every panel of every dashboard has data of its container
  fortytwo.ft_services.service_check:
    checks:
      - id: data
        kind: dashboards
        url: https://192.168.49.200:3000
        ca_file: ~/.local/state/ft_services/ft-services/certificates/ca.crt
        credentials_file: ~/.local/state/ft_services/ft-services/credentials.json
        username: admin
        credential: grafana_admin
        about: data
        dashboards: [mysql, nginx, wordpress]
        timeout: 30
"""

RETURN = r"""
checks:
  description: The result of each check, in the order of the option.
  returned: always, also on failure
  type: list
  elements: dict
  contains:
    id:
      description: Name of the check.
      type: str
      returned: always
      sample: redirect
    title:
      description: What the check shows.
      type: str
      returned: always
      sample: Plain HTTP is sent to HTTPS on the same address
    kind:
      description: Kind of the check.
      type: str
      returned: always
      sample: http
    ok:
      description: Whether it is as expected.
      type: bool
      returned: always
      sample: false
    measured:
      description: What was seen in the last attempt.
      type: str
      returned: always
      sample: 200 OK
    expected:
      description: What should have been seen.
      type: str
      returned: always
      sample: "GET http://192.168.49.200/any/path: 301"
    message:
      description: Why the check failed and what to do. Empty when it did not.
      type: str
      returned: always
      sample: "expected GET http://192.168.49.200/any/path: 301; seen: 200 OK. Differs: status."
    seconds:
      description: Time from the start of the first attempt to the end of the last, in seconds.
      type: float
      returned: always
      sample: 0.012
    attempts:
      description: How often it was tried.
      type: int
      returned: always
      sample: 1
failed_checks:
  description: Names of the checks that failed.
  returned: always, also on failure
  type: list
  elements: str
  sample:
    - redirect
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import run_program
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.registry import (
    KINDS,
    failure_text,
    problems,
    run_checks,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.proxies import direct_environment

CHECK_OPTIONS: dict[str, t.Any] = {
    "id": {"type": "str", "required": True},
    "title": {"type": "str"},
    "kind": {"type": "str", "choices": sorted(KINDS), "required": True},
    "hint": {"type": "str"},
    "timeout": {"type": "float"},
    "host": {"type": "str"},
    "port": {"type": "int"},
    "refused": {"type": "bool", "default": False},
    "url": {"type": "str"},
    "method": {"type": "str", "choices": ["GET", "HEAD", "OPTIONS"], "default": "GET"},
    "status": {"type": "list", "elements": "int", "default": [200]},
    "headers": {"type": "dict"},
    "headers_match": {"type": "dict"},
    "body_contains": {"type": "str"},
    "redirects": {"type": "int", "default": 0},
    "validate_certs": {"type": "bool", "default": True},
    "ca_file": {"type": "path"},
    "server_name": {"type": "str"},
    "min_days": {"type": "int", "default": 0},
    "minimum_protocol": {"type": "str", "choices": ["TLSv1.2", "TLSv1.3"]},
    "command": {"type": "str"},
    "stdout_contains": {"type": "str"},
    "stdout_match": {"type": "str"},
    "stdout_shown": {"type": "bool", "default": False},
    "argv": {"type": "list", "elements": "str"},
    "workload": {"type": "str"},
    "namespace": {"type": "str"},
    "context": {"type": "str"},
    "kubeconfig": {"type": "path"},
    "executable": {"type": "path", "default": "kubectl"},
    "username": {"type": "str"},
    # Where the password is, not the password.
    "credentials_file": {"type": "path", "no_log": False},
    "credential": {"type": "str", "no_log": False},
    "about": {"type": "str", "choices": ["source", "list", "data"]},
    "dashboards": {"type": "list", "elements": "str"},
    "database": {"type": "str"},
    # The path of a key, not the key.
    "key_file": {"type": "path", "no_log": False},
    "known_hosts_file": {"type": "path"},
}


def main() -> None:
    """Run the checks and report."""
    module = AnsibleModule(
        argument_spec={
            "checks": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": CHECK_OPTIONS,
                "required_if": [("kind", name, kind.required) for name, kind in KINDS.items()],
                "required_by": {
                    "command": ("username", "key_file", "known_hosts_file"),
                    "stdout_match": ("argv",),
                },
            },
            "timeout": {"type": "float", "default": 5},
            "deadline": {"type": "float", "default": 0},
            "interval": {"type": "float", "default": 1},
            "fail_on_error": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    wrong = problems(params["checks"])
    if wrong:
        module.fail_json(msg="Nothing was checked. " + "; ".join(wrong), checks=[], failed_checks=[])

    environment = {**os.environ, "LC_ALL": "C", **direct_environment()}

    def run(command: list[str]) -> tuple[int, str, str]:
        return run_program(command, environment)

    results = run_checks(params["checks"], run, params["timeout"], params["deadline"], params["interval"])
    failed = [result["id"] for result in results if not result["ok"]]
    if failed and params["fail_on_error"]:
        module.fail_json(msg=failure_text(results), checks=results, failed_checks=failed)
    module.exit_json(changed=False, checks=results, failed_checks=failed)


if __name__ == "__main__":
    main()
