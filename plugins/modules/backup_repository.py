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
  - Stores a finished backup of M(fortytwo.ft_services.service_backup) in a restic repository, which is encrypted and
    keeps the same data once. A backup is in it as a whole or not at all.
  - Looks after a repository that M(fortytwo.ft_services.service_backup) writes to itself, and copies from it.
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
      - V(copied) brings it from the repository O(source) into this one, which is made where it is missing, and removes
        what is not to be kept any more.
      - V(trimmed) only removes what is not to be kept any more.
    type: str
    choices: [stored, fetched, copied, trimmed]
    default: stored
  path:
    description:
      - The folder with all backups, each in a folder of its own. Made with mode C(0700) where it is missing.
      - Needed with O(state=stored) and O(state=fetched).
    type: path
  source:
    version_added: 1.1.0
    description: The repository to copy from. It has the same key. Needed with O(state=copied).
    type: str
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
        missing and there is no repository yet.
      - Whoever loses it loses the backups. Keep a copy of it elsewhere.
    type: path
    required: true
  keep_last:
    version_added: 1.1.0
    description: How many of the newest backups are kept, however close to each other they are.
    type: int
    default: 0
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

- name: Copy it to another place
  fortytwo.ft_services.backup_repository:
    state: copied
    source: s3:https://s3.example.com/site
    repository: /media/disk/site
    key_file: /root/site.key

- name: Fetch the newest one on a new host
  fortytwo.ft_services.backup_repository:
    state: fetched
    path: /var/backups/site
    repository: s3:https://s3.example.com/site
    key_file: /root/site.key
"""

RETURN = r"""
name:
  description: Name of the backup; empty with O(state=trimmed).
  returned: success
  type: str
  sample: 20261127T101500Z
snapshot:
  description: Id of its snapshot; empty when it would be stored in check mode.
  returned: success
  type: str
  sample: 4f3a0b1c
bytes_added:
  description: How much was new to the repository; 0 where restic does not tell.
  returned: with other states than V(fetched)
  type: int
  sample: 1048576
forgotten:
  description: Ids of the snapshots that were removed; parts of backups are not among them.
  returned: with other states than V(fetched)
  type: list
  elements: str
  sample: []
folder:
  description: The folder of the backup.
  returned: with O(state=stored) and O(state=fetched)
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
        there = (repository.held() or {}).get(name)
        return {**result, "changed": there is None, "snapshot": there["id"] if there else ""}
    lock = locked(root)
    there = repository.ensure().get(name)
    if there is None:
        stored = repository.store(folder)
        result.update(changed=True, snapshot=stored["id"], bytes_added=stored["bytes_added"])
        result["forgotten"] = forget(params, repository)
    else:
        result.update(changed=False, snapshot=there["id"])
    os.close(lock)
    return result


def forget(params: Json, repository: Repository) -> list[str]:
    """Remove what is not to be kept any more; return the ids."""
    return repository.forget(*(params[f"keep_{unit}"] for unit in ("hourly", "daily", "weekly", "last")))


def copy(module: AnsibleModule, repository: Repository) -> Json:
    """Bring a backup from another repository into this one and return the result."""
    params = module.params
    source = repository.at(params["source"])
    check_key(params, source)
    snapshots = source.snapshots()
    name = wanted(params["name"], snapshots, source.location)
    held = (repository.held() or {}) if module.check_mode else repository.ensure(like=source.location)
    result: Json = {"name": name, "snapshot": "", "bytes_added": 0, "forgotten": [], "changed": name not in held}
    if module.check_mode:
        return {**result, "snapshot": held[name]["id"] if name in held else ""}
    if name not in held:
        repository.copy(name, source)
        held = repository.snapshots()
    result["snapshot"] = held[name]["id"]
    result["forgotten"] = forget(params, repository)
    return {**result, "changed": result["changed"] or bool(result["forgotten"])}


def trim(module: AnsibleModule, repository: Repository) -> Json:
    """Remove what is not to be kept any more and return the result."""
    check_key(module.params, repository)
    if module.check_mode:
        repository.snapshots()
    # restic can tell only in words what it would remove.
    forgotten = [] if module.check_mode else forget(module.params, repository)
    return {"name": "", "snapshot": "", "bytes_added": 0, "forgotten": forgotten, "changed": bool(forgotten)}


def check_key(params: Json, repository: Repository) -> None:
    """Refuse a key that is not there."""
    if not Path(params["key_file"]).is_file():
        raise BackupError(f"{params['key_file']} is not there: without its key nobody can read {repository.location}.")


def wanted(asked: str | None, snapshots: Json, location: str) -> str:
    """The name of the backup that is asked for, or of the newest. BackupError when it is not there."""
    name = asked or next(reversed(snapshots), "")
    if name not in snapshots:
        held = ", ".join(list(snapshots)[-5:]) or "none"
        raise BackupError(
            f"{location} holds no {f'backup {name}' if name else 'backup'}. The newest ones in it: {held}."
        )
    check_name(name)
    return name


def fetch(module: AnsibleModule, repository: Repository) -> Json:
    """Bring a backup from the repository and return the result."""
    params, root = module.params, Path(module.params["path"])
    check_key(params, repository)
    snapshots = repository.snapshots()
    name = wanted(params["name"], snapshots, repository.location)
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
    """Store a backup, fetch or copy one, or remove old ones."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["stored", "fetched", "copied", "trimmed"], "default": "stored"},
            "path": {"type": "path"},
            "source": {"type": "str"},
            "name": {"type": "str"},
            "repository": text,
            "key_file": {"type": "path", "required": True, "no_log": False},
            "keep_last": {"type": "int", "default": 0},
            "keep_hourly": {"type": "int", "default": 24},
            "keep_daily": {"type": "int", "default": 7},
            "keep_weekly": {"type": "int", "default": 4},
            "executable": {"type": "path", "default": "restic"},
        },
        required_if=[("state", "stored", ["path"]), ("state", "fetched", ["path"]), ("state", "copied", ["source"])],
        supports_check_mode=True,
    )
    params = module.params
    if min(params[f"keep_{unit}"] for unit in ("last", "hourly", "daily", "weekly")) < 0 or not params["keep_hourly"]:
        module.fail_json(msg="keep_hourly has to be 1 at least, the other keep_* 0: at least one backup stays.")
    executable = params["executable"]
    if not module.get_bin_path(executable):
        module.fail_json(msg=f"{executable} is not there. Install restic on this host: apt-get install restic.")
    # What is written here is for the owner's eyes only.
    os.umask(0o077)
    repository = Repository(module.run_command, params["repository"], Path(params["key_file"]), executable)
    try:
        works = {"stored": store, "fetched": fetch, "copied": copy, "trimmed": trim}
        result = works[params["state"]](module, repository)
    except BackupError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The backup was not {params['state']}: {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
