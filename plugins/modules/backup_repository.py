# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep backups of service_backup in a restic repository, and fetch them from it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_repository
short_description: Keep backups of services in a restic repository, and fetch them from it
version_added: 1.0.0
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Stores a finished backup of M(fortytwo.ft_services.service_backup) as one snapshot of a restic repository, which is
    encrypted and keeps the same data once. A backup is in it as a whole or not at all.
  - Fetches a backup from it into a folder that M(fortytwo.ft_services.service_backup) puts back, after all of it was
    verified.
  - The repository may be a folder, or lie behind SFTP, an S3 or a REST server. Keys of such a server go into the
    task's C(environment), under the names that restic knows, such as C(AWS_ACCESS_KEY_ID).
requirements:
  - python >= 3.11
  - restic 0.14 or newer
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
attributes:
  check_mode:
    support: full
    details:
      - It looks into the repository and changes nothing.
  diff_mode:
    support: N/A
    details: The content is data of users.
  idempotent:
    support: full
    details:
      - A backup that is in the repository is not stored again; one that is in the folder is not fetched again.
options:
  state:
    description:
      - V(stored) brings the backup into the repository, which is made where it is missing, and removes what is not to
        be kept any more.
      - V(fetched) brings it from the repository into O(path).
    type: str
    choices: [stored, fetched]
    default: stored
  path:
    description: The folder with all backups, each in a folder of its own. Made with mode C(0700) where it is missing.
    type: path
    required: true
  name:
    description: Name of the backup; by default the newest one.
    type: str
  repository:
    description:
      - The repository as restic names it, such as C(/srv/backups), C(sftp:host:/path), C(s3:https://host/bucket) or
        C(rest:https://host/).
    type: str
    required: true
  key_file:
    description:
      - File of the key that the repository is encrypted by. With O(state=stored) it is made, mode V(0600), where it is
        missing.
      - Whoever loses it loses the backups. Keep a copy of it elsewhere.
    type: path
    required: true
  keep_hourly:
    description: Of how many hours the newest backup is kept.
    type: int
    default: 24
  keep_daily:
    description: Of how many days the newest backup is kept.
    type: int
    default: 7
  keep_weekly:
    description: Of how many weeks the newest backup is kept.
    type: int
    default: 4
  executable:
    description: The program restic.
    type: path
    default: restic
seealso:
  - module: fortytwo.ft_services.service_backup
"""

EXAMPLES = r"""
- name: Store the newest backup behind an S3 server
  fortytwo.ft_services.backup_repository:
    path: /var/backups/site
    repository: s3:https://s3.example.com/site
    key_file: /root/site.key
  environment:
    AWS_ACCESS_KEY_ID: "{{ backup_access_key }}"
    AWS_SECRET_ACCESS_KEY: "{{ backup_secret_key }}"

- name: Fetch the newest one on a new host
  fortytwo.ft_services.backup_repository:
    state: fetched
    path: /var/backups/site
    repository: s3:https://s3.example.com/site
    key_file: /root/site.key
"""

RETURN = r"""
name:
  description: Name of the backup.
  returned: success
  type: str
  sample: 20261127T101500Z
snapshot:
  description: Id of its snapshot; empty when it would be stored in check mode.
  returned: success
  type: str
  sample: 4f3a0b1c
bytes_added:
  description: How much was new to the repository.
  returned: with O(state=stored)
  type: int
  sample: 1048576
forgotten:
  description: Ids of the snapshots that were removed.
  returned: with O(state=stored)
  type: list
  elements: str
  sample: []
folder:
  description: The folder of the backup.
  returned: success
  type: str
  sample: /var/backups/site/20261127T101500Z
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import (
    BackupError,
    check_name,
    finished,
    locked,
    read_manifest,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.repository import Repository
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json


def store(module: AnsibleModule, repository: Repository) -> Json:
    """Bring a backup into the repository and return the result."""
    params, root = module.params, Path(module.params["path"])
    name = params["name"] or next(reversed(finished(root)), None)
    if name is None:
        raise BackupError(f"{root} holds no backup.")
    check_name(name)
    folder = root / name
    read_manifest(folder)
    result: Json = {"name": name, "folder": str(folder), "snapshot": "", "bytes_added": 0, "forgotten": []}
    if module.check_mode:
        there = repository.snapshots().get(name) if repository.is_there() else None
        return {**result, "changed": there is None, "snapshot": there["id"] if there else ""}
    lock = locked(root)
    repository.ensure()
    there = repository.snapshots().get(name)
    if there is None:
        stored = repository.store(folder)
        result.update(changed=True, snapshot=stored["id"], bytes_added=stored["bytes_added"])
        result["forgotten"] = repository.forget(params["keep_hourly"], params["keep_daily"], params["keep_weekly"])
    else:
        result.update(changed=False, snapshot=there["id"])
    os.close(lock)
    return result


def fetch(module: AnsibleModule, repository: Repository) -> Json:
    """Bring a backup from the repository and return the result."""
    params, root = module.params, Path(module.params["path"])
    if not Path(params["key_file"]).is_file():
        raise BackupError(f"{params['key_file']} is not there: without its key nobody can read {params['repository']}.")
    if not repository.is_there():
        raise BackupError(f"There is no repository at {params['repository']}. Look whether the place is spelt right.")
    snapshots = repository.snapshots()
    name = params["name"] or next(reversed(snapshots), None)
    if name not in snapshots:
        held = ", ".join(list(snapshots)[-5:]) or "none"
        raise BackupError(f"{params['repository']} holds no backup {name or ''}. The newest ones in it: {held}.")
    check_name(name)
    result: Json = {"name": name, "folder": str(root / name), "snapshot": snapshots[name]["id"]}
    if (root / name).is_dir():
        # It is checked when it is put back.
        read_manifest(root / name)
        return {**result, "changed": False}
    if not module.check_mode:
        lock = locked(root)
        repository.fetch(snapshots[name], root, name)
        os.close(lock)
    return {**result, "changed": True}


def main() -> None:
    """Store a backup or fetch one."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["stored", "fetched"], "default": "stored"},
            "path": {"type": "path", "required": True},
            "name": {"type": "str"},
            "repository": text,
            "key_file": {"type": "path", "required": True, "no_log": False},
            "keep_hourly": {"type": "int", "default": 24},
            "keep_daily": {"type": "int", "default": 7},
            "keep_weekly": {"type": "int", "default": 4},
            "executable": {"type": "path", "default": "restic"},
        },
        supports_check_mode=True,
    )
    params = module.params
    if min(params[f"keep_{unit}"] for unit in ("hourly", "daily", "weekly")) < 0 or not params["keep_hourly"]:
        module.fail_json(
            msg="keep_hourly has to be 1 at least, keep_daily and keep_weekly 0: at least one backup stays."
        )
    executable = params["executable"]
    if not module.get_bin_path(executable):
        module.fail_json(msg=f"{executable} is not there. Install restic on this host: apt-get install restic.")
    # What is written here is for the owner's eyes only.
    os.umask(0o077)
    repository = Repository(module.run_command, params["repository"], Path(params["key_file"]), executable)
    try:
        result = {"stored": store, "fetched": fetch}[params["state"]](module, repository)
    except BackupError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The backup was not {params['state']}: {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
