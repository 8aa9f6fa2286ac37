# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let one run of ansible-playbook at a time do its work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_lock
short_description: Let one run of ansible-playbook at a time do its work
version_added: 1.0.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Notes down in a file which run of ansible-playbook works, and fails when another one still does, with who that is
    and since when.
  - There is nothing to unlock. The file counts for as long as the process that it names lives, however that ends.
  - The same run may take the lock again.
  - It has to run where ansible-playbook runs, with C(delegate_to=localhost) and a local connection, as it looks for
    the process.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
attributes:
  check_mode:
    support: full
    details: Another run is refused, too; nothing is written.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  path:
    description: The file. Folders are made when they are missing.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Wait for nobody, and let nobody in
  fortytwo.ft_services.run_lock:
    path: ~/.local/state/example/run.lock
  delegate_to: localhost
  become: false
"""

RETURN = r"""
holder:
  description: The run that works, which is this one.
  returned: success
  type: dict
  contains:
    pid:
      description: Number of its process.
      type: int
      sample: 4711
    user:
      description: Name of who started it.
      type: str
      sample: operator
    since:
      description: When it took the lock, in UTC.
      type: str
      sample: "2026-11-29T20:15:00Z"
    command:
      description: What runs.
      type: str
      sample: ansible-playbook site.yml
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import datetime
import getpass
import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _run_lock


def main() -> None:
    """Take the lock."""
    module = AnsibleModule(argument_spec={"path": {"type": "path", "required": True}}, supports_check_mode=True)
    path = Path(module.params["path"])
    since = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        mine = _run_lock.current(os.getpid(), getpass.getuser(), since)
        other = _run_lock.take(path, mine, module.check_mode)
    except OSError as error:
        module.fail_json(msg=f"The lock {path} cannot be used: {error.strerror}. Check that the folder belongs to you.")
    if other:
        module.fail_json(
            msg=f"Nothing was changed: another run works on the same platform, {other.command} (process {other.pid}) "
            f"of {other.user}, since {other.since}. Wait for its end, or end it, and try again.",
        )
    told = {name: getattr(mine, name) for name in ("pid", "user", "since", "command")}
    module.exit_json(changed=False, holder=told)


if __name__ == "__main__":
    main()
