# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up the data of services to this host, and put it back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_backup
short_description: Back up the data of Kubernetes services to this host, and put it back
version_added: 0.1.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Takes what a program in each container writes to its output, and keeps it compressed, with its hash, in a folder;
    or gives it to a restic repository as it comes, so that no copy of it lies on the disk in plain text.
  - A backup has its name only when all of it is there. What was interrupted is removed by the next run.
  - A service that gives no data is named in RV(manifest.missing); the data of the others are kept.
  - The newest backup that lacks nothing is never removed.
  - Puts a backup back only when every file of it is what it was when it was written.
  - Copies backups of the same form that a job in the cluster made to this host.
  - Runs C(kubectl exec) on the target host.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
attributes:
  check_mode:
    support: full
    details:
      - With O(state=restored) it verifies the backup and changes nothing.
      - With O(state=collected) it looks which ones it would copy.
  diff_mode:
    support: N/A
    details: The content is data of users.
  idempotent:
    support: N/A
    details:
      - Each run makes another backup, or puts one back.
      - With O(state=collected) nothing changes when there is no new one.
options:
  state:
    description:
      - V(present) makes a backup, V(restored) puts one back.
      - V(collected) copies those from O(source) that are not in O(path) yet, the newest O(keep) at most; or, with
        O(repository), all that this one lacks.
    type: str
    choices: [present, restored, collected]
    default: present
  path:
    description:
      - The folder with all backups, each in a folder of its own. Made with mode C(0700) where it is missing.
      - Needed but with O(repository).
    type: path
  repository:
    version_added: 1.1.0
    description:
      - A restic repository that takes the backup instead of O(path), as restic names it; made where it is missing. Not
        with O(state=restored). What is in it is fetched, and old ones are removed, by
        M(fortytwo.ft_services.backup_repository).
      - A backup counts from the moment when all of it is in the repository. Keys of a server go into the task's
        C(environment), under the names that restic knows.
    type: str
  key_file:
    version_added: 1.1.0
    description: File of the repository's key, made where it is missing. Whoever loses it loses the backups.
    type: path
  restic_executable:
    version_added: 1.1.0
    description: The program restic, 0.14 or newer. Needed with O(repository).
    type: path
    default: restic
  name:
    description:
      - Name of the backup. Letters, digits, C(-) and C(_), 63 at most.
      - By default the time in UTC when one is made, and the newest one when one is put back.
    type: str
  services:
    description: Whose data it is; put back in this order. Needed but with O(state=collected).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the data in the backup. Small letters, digits, C(-) and C(.).
        type: str
        required: true
      workload:
        version_added: 1.1.0
        description:
          - Whose container runs the programs, as C(KIND/NAME), such as V(statefulset/db) or V(pod/db-0).
          - By default the Deployment of that O(services[].name).
        type: str
      form:
        description:
          - What the program writes, so that an output that ended early is told from a whole one.
          - V(sql) is the text of C(mariadb-dump) or C(mysqldump), V(pgsql) that of C(pg_dump) or C(pg_dumpall);
            V(tar) ends with two blocks of zeros.
          - V(any) is anything that is not empty; that it is whole is then known by the program's exit status alone.
        type: str
        choices: [sql, pgsql, tar, any]
        required: true
      dump:
        description: Program with its arguments that writes all data to its output.
        type: list
        elements: str
        required: true
      load:
        description: Program with its arguments that takes this from its input, in the place of what is there.
        type: list
        elements: str
        required: true
      fingerprint:
        version_added: 1.1.0
        description:
          - Program with its arguments that writes a short text, which is another one after each change of the data,
            much faster than the data themselves. Nothing, or an end with another status than 0, when it cannot know.
          - Where the newest backup in O(repository) has the same text, the new one holds the same data, and nobody
            reads them. Without it they are read each time.
          - What it misses is missing in the backup. A hash of the names, inodes, sizes and times of change of all files
            is a good one, as long as the last change is some seconds ago; a database hardly has any.
        type: list
        elements: str
  source:
    description: Where the backups are to be collected from. Needed with O(state=collected).
    type: dict
    suboptions:
      pod:
        description: Name of a running pod that has their volume.
        type: str
        required: true
      path:
        description: Folder of all backups in it; with O(repository), of a repository with the same key.
        type: str
        required: true
  files:
    description:
      - Files of the host that belong to the backup, such as credentials. Each needs a name of its own.
      - They are kept with the backup, but V(restored) does not put them back.
    type: list
    elements: path
    default: []
  keep:
    description: How many backups to keep in O(path); older ones are removed when a new one is complete.
    type: int
    default: 7
  namespace:
    description: Namespace of the services.
    type: str
    required: true
  kubeconfig:
    description: The kubeconfig file; by default what kubectl takes.
    type: path
  context:
    description: The context in it; by default the current one.
    type: str
  executable:
    description: The program kubectl.
    type: path
    default: kubectl
seealso:
  - module: fortytwo.ft_services.credentials
"""

EXAMPLES = r"""
- name: Back up the database
  fortytwo.ft_services.service_backup:
    path: /var/backups/site
    namespace: ft-services
    keep: 14
    services:
      - name: mysql
        form: sql
        dump: [backup, /data]
        load: [restore, /data]
  register: made

- name: Back up the database of a StatefulSet
  fortytwo.ft_services.service_backup:
    path: /var/backups/shop
    namespace: shop
    services:
      - name: shop
        workload: statefulset/postgres
        form: pgsql
        dump: [pg_dump, --username=shop, --clean, --if-exists, shop]
        load: [psql, --username=shop, --quiet, --set=ON_ERROR_STOP=1, --single-transaction, shop]

- name: Fail when the backup lacks a service
  ansible.builtin.assert:
    that: made.manifest.missing | default({}) | length == 0

- name: Back up the database to an encrypted repository
  fortytwo.ft_services.service_backup:
    repository: /var/backups/repository
    key_file: /root/backup.key
    namespace: ft-services
    services:
      - name: mysql
        form: sql
        dump: [backup, /data]
        load: [restore, /data]

- name: Put the newest backup back
  fortytwo.ft_services.service_backup:
    state: restored
    path: /var/backups/site
    namespace: ft-services
    services:
      - name: mysql
        form: sql
        dump: [backup, /data]
        load: [restore, /data]

- name: Copy what the cluster backed up by itself
  fortytwo.ft_services.service_backup:
    state: collected
    path: /var/backups/site/scheduled
    namespace: ft-services
    source: {pod: backup-collector, path: /data}
"""

RETURN = r"""
collected:
  description: Names of the backups that were copied, the oldest first.
  returned: with O(state=collected)
  type: list
  elements: str
  sample: [20261127T031700Z]
name:
  description: Name of the backup; with O(state=collected), of the newest one that was copied, empty if none was.
  returned: success
  type: str
  sample: 20261127T101500Z
folder:
  description: Its folder, or O(repository); where one would be made in check mode.
  returned: success
  type: str
  sample: /var/backups/site/20261127T101500Z
manifest:
  description: What it holds; empty when one would be made in check mode.
  returned: success
  type: dict
  contains:
    format:
      description: Version of this document.
      type: int
      returned: always
      sample: 1
    created:
      description: When it was begun, in UTC.
      type: str
      returned: always
      sample: "2026-11-27T10:15:00Z"
    namespace:
      description: Namespace of the services.
      type: str
      returned: always
      sample: ft-services
    services:
      description:
        - By name, each with C(file), C(form), C(bytes) and C(content_sha256) of the data, and C(file_bytes) and
          C(sha256) of the file but in a repository; with C(notes) where the service named something that it could not
          keep, else with the C(fingerprint) that it told, and C(since), when the data that have it were read.
      type: dict
      returned: always
      sample:
        mysql:
          file: mysql.sql.gz
          form: sql
          bytes: 1048576
          content_sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
          file_bytes: 131072
          sha256: 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
    missing:
      description: Services that gave no data, each with the reason. Backups of older versions do not have it.
      type: dict
      returned: always
      sample: {}
    files:
      description: Files of the host by name, each with C(file), C(file_bytes) and C(sha256).
      type: dict
      returned: always
      sample: {}
removed:
  description: Names of older and of unfinished backups that were removed.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

import json
import os
import shutil
import tempfile
import time
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.collect import extract, fetch, missing
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import (
    FORMAT,
    MANIFEST,
    UNFINISHED,
    BackupError,
    check,
    check_name,
    check_services,
    finished,
    locked,
    measured,
    packed,
    read_manifest,
    remove,
    surplus,
    unpacked,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.repository import Repository, summary_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.streams import Container
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.unchanged import Newest, fingerprint_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.writers import JUDGE, REFUSED, writer_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import (
    private_folder,
    sha256_of_bytes,
    write_private,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

# What a backup's folder holds while it is put back begins so.
SCRATCH = "restoring-"


def container_of(module: AnsibleModule, service: Json) -> Container:
    """The container of a service."""
    return Container(module.run_command, kubectl_of(module.params), service["name"], service["workload"])


def pod_of(module: AnsibleModule, source: Json) -> Container:
    """The container of the pod that backups are collected from."""
    pod = source["pod"]
    return Container(module.run_command, kubectl_of(module.params), pod, f"pod/{pod}")


def kubectl_of(params: Json) -> list[str]:
    """The words that every command begins with."""
    options = [f"--{key}={params[key]}" for key in ("kubeconfig", "context", "namespace") if params[key]]
    return [params["executable"], *options]


def repository_of(module: AnsibleModule) -> Repository:
    """The repository of the options."""
    params = module.params
    key_file = Path(params["key_file"])
    return Repository(module.run_command, params["repository"], key_file, params["restic_executable"])


def make(module: AnsibleModule) -> Json:
    """Make a backup and return the result."""
    params, now = module.params, time.gmtime()
    root, name = Path(params["path"]), params["name"] or time.strftime("%Y%m%dT%H%M%SZ", now)
    check_name(name)
    folder, aside = root / name, root / f"{name}{UNFINISHED}"
    if folder.exists():
        raise BackupError(f"{folder} is there already. Nothing was changed; name it otherwise.")
    if module.check_mode:
        return {"name": name, "folder": str(folder), "manifest": {}, "removed": []}
    lock = locked(root)
    try:
        manifest = written(module, aside, now)
        aside.rename(folder)
    except OSError as error:
        # What there is of it would take the room that somebody makes.
        shutil.rmtree(aside, ignore_errors=True)
        raise BackupError(
            f"No backup was made: {error}. If {root} is full, make room there (df, du). Older backups are as they were."
        ) from error
    removed = remove(surplus(root, params["keep"]))
    os.close(lock)
    return {"name": name, "folder": str(folder), "manifest": manifest, "removed": removed}


def written(module: AnsibleModule, aside: Path, now: time.struct_time) -> Json:
    """Write a whole backup to a new folder and return its manifest. OSError where there is no room for it."""
    params = module.params
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    entries, lacking = gathered(module, lambda each: dumped(module, each, aside))
    if lacking and not entries:
        shutil.rmtree(aside)
        raise BackupError(f"No backup was made: {'; '.join(lacking.values())}. {look_at(params)}")
    files = {Path(file).name: copied(Path(file), aside) for file in params["files"]}
    manifest = described(params, now, entries, lacking, files)
    write_private(aside / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
    os.sync()
    return manifest


def make_in_repository(module: AnsibleModule) -> Json:
    """Make a backup in a repository and return the result."""
    params, now = module.params, time.gmtime()
    name = params["name"] or time.strftime("%Y%m%dT%H%M%SZ", now)
    check_name(name)
    repository = repository_of(module)
    result: Json = {"name": name, "folder": repository.location, "manifest": {}, "removed": []}
    if not module.check_mode:
        private_folder(Path(params["key_file"]).parent, dry=False)
    held = (repository.held() or {}) if module.check_mode else repository.ensure()
    if name in held:
        raise BackupError(f"{repository.location} holds a backup {name} already. Name this one otherwise.")
    if module.check_mode:
        return result
    files = {Path(file).name: read(Path(file)) for file in params["files"]}
    newest = Newest(repository, held, params["namespace"])
    created = stamp(now)
    entries, lacking = gathered(module, lambda each: streamed(module, each, repository, newest, name, created), created)
    if lacking and not entries:
        raise BackupError(f"No backup was made: {'; '.join(lacking.values())}. {look_at(params)}")
    sizes = {
        file: {"file": file, "file_bytes": len(content), "sha256": sha256_of_bytes(content)}
        for file, content in files.items()
    }
    manifest = described(params, now, entries, lacking, sizes)
    repository.put_index(name, manifest, files)
    return {**result, "manifest": manifest}


def stamp(moment: time.struct_time) -> str:
    """A moment as manifests write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)


def described(params: Json, now: time.struct_time, entries: Json, lacking: Json, files: Json) -> Json:
    """The manifest of a backup."""
    return {
        "format": FORMAT,
        "created": stamp(now),
        "namespace": params["namespace"],
        "services": entries,
        "missing": lacking,
        "files": files,
    }


def gathered(module: AnsibleModule, taken: t.Callable[[Json], Json], created: str = "") -> tuple[Json, Json]:
    """The entries of all services that gave their data for a backup, and by name why others did not."""
    progress = Progress(len(module.params["services"]))
    entries, lacking = {}, {}
    # What is wrong with one service is no reason to have no backup of the others.
    for each in module.params["services"]:
        progress.message(each["name"])
        try:
            entry = taken(each)
        except BackupError as error:
            lacking[each["name"]] = str(error)
            continue
        for note in entry.get("notes", []):
            module.warn(f"{each['name']}: {note}")
        since = entry.get("since", created)
        unchanged = f", unchanged since {since}" if since != created else ""
        progress.step(f"{each['name']}, {entry['bytes']} bytes{unchanged}")
        entries[each["name"]] = entry
    return entries, lacking


def streamed(
    module: AnsibleModule, service: Json, repository: Repository, newest: Newest, name: str, created: str
) -> Json:
    """Give a service's data to the repository; return its entry. BackupError when it gave none; then it keeps none."""
    part, form = service["name"], service["form"]
    container = container_of(module, service)
    # Before the data are read: a change meanwhile is then one to the next backup.
    fingerprint = fingerprint_of(container, service["fingerprint"])
    if again := newest.put_again(name, created, service, fingerprint):
        return again
    words = repository.stream_words(name, created, part, f"{part}.{form}")
    done = container.stream(service["dump"], words, form)
    said = repository.answer("backup", done.sink_code, done.sink_output, done.sink_errors)
    if not summary_of(said)["id"]:
        raise BackupError(f"restic did not tell that it stored the data of {part}")
    entry = {"file": f"{part}.{form}.gz", **done.entry}
    if done.notes:
        return {**entry, "notes": done.notes}
    return {**entry, "fingerprint": fingerprint, "since": created} if fingerprint else entry


def dumped(module: AnsibleModule, service: Json, folder: Path) -> Json:
    """Write a service's data and return its entry. BackupError when it gave none; then no file of it is left."""
    name, form = service["name"], service["form"]
    raw, target = folder / f"{name}.{form}", folder / f"{name}.{form}.gz"
    try:
        notes = container_of(module, service).read(service["dump"], raw)
        entry = packed(raw, target, form)
    except BackupError:
        target.unlink(missing_ok=True)
        raise
    finally:
        raw.unlink(missing_ok=True)
    return {**entry, "notes": notes} if notes else entry


def look_at(params: Json) -> str:
    """What to do about services that gave no data."""
    return f"Look whether their pods are ready: kubectl get pods -n {params['namespace']}."


def copied(source: Path, folder: Path) -> Json:
    """Copy a file of the host and return its entry."""
    target = folder / source.name
    write_private(target, read(source))
    return {"file": source.name, **measured(target)}


def read(source: Path) -> bytes:
    """The content of a file of the host."""
    try:
        return source.read_bytes()
    except OSError as error:
        raise BackupError(f"No backup was made: {source} cannot be read: {error}") from error


def restore(module: AnsibleModule) -> Json:
    """Put a backup back and return the result."""
    params, root = module.params, Path(module.params["path"])
    name = params["name"] or next(reversed(finished(root)), None)
    if name is None:
        raise BackupError(f"{root} holds no backup.")
    check_name(name)
    folder = root / name
    manifest = read_manifest(folder)
    check(folder, manifest, [each["name"] for each in params["services"]])
    check_writers(module, folder, manifest)
    if not module.check_mode:
        # What a run that was killed left: data in plain text.
        for left in folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(left)
        progress = Progress(len(manifest["services"]))
        for each in params["services"]:
            if entry := manifest["services"].get(each["name"]):
                loaded(module, each, folder / entry["file"])
                progress.step(f"{each['name']}, {entry['bytes']} bytes")
    return {"name": name, "folder": str(folder), "manifest": manifest, "removed": []}


def check_writers(module: AnsibleModule, folder: Path, manifest: Json) -> None:
    """Ask each service whether it is new enough for its data, before any is changed. BackupError when one is not."""
    refused = []
    services = {each["name"]: each for each in module.params["services"]}
    for name, entry in manifest["services"].items():
        writer = writer_of(folder / entry["file"], entry["form"])
        if not writer:
            continue
        try:
            container_of(module, services[name]).ask([*JUDGE, writer])
        except BackupError as error:
            # What is only checked may be meant for a platform that is still to come.
            if module.check_mode and REFUSED not in str(error):
                module.warn(f"{name}: whether it is new enough for data of {writer} is not known yet: {error}")
                continue
            refused.append(f"{name}, written by {writer}: {error}")
    if refused:
        raise BackupError(f"{folder} was not put back, and nothing was changed: {'; '.join(refused)}")


def collect(module: AnsibleModule) -> Json:
    """Copy what the cluster backed up by itself and return the result."""
    params, root, source = module.params, Path(module.params["path"]), module.params["source"]
    container = pod_of(module, source)
    names = missing(container, source["path"], root, params["keep"])
    newest = names[-1] if names else ""
    result: Json = {"changed": bool(names), "collected": names, "name": newest, "manifest": {}, "removed": []}
    result["folder"] = str(root / newest) if newest else ""
    if not module.check_mode:
        lock = locked(root)
        progress = Progress(len(names))
        for name in names:
            result["manifest"] = fetch(container, source["path"], root, name)
            progress.step(name)
        result["removed"] = remove(surplus(root, params["keep"]))
        os.close(lock)
    return result


def collect_repository(module: AnsibleModule) -> Json:
    """Copy what the cluster's own repository has and return the result."""
    source = module.params["source"]
    repository = repository_of(module)
    held = repository.held() or {}
    container = pod_of(module, source)
    # It is encrypted, so it may lie here for a moment.
    with tempfile.TemporaryDirectory() as scratch:
        stream, copy = Path(scratch) / "stream", Path(scratch) / "repository"
        container.read(["tar", "-C", source["path"], "--exclude=locks", "-cf", "-", "."], stream)
        extract(stream, copy)
        stream.unlink()
        cluster = repository.at(str(copy))
        there = cluster.held()
        if there is None:
            raise BackupError(f"{source['path']} in the pod {source['pod']} is no repository: no backup was made yet.")
        names = [name for name in there if name not in held]
        newest = names[-1] if names else ""
        if names and not module.check_mode:
            repository.ensure(like=cluster.location)
            progress = Progress(len(names))
            for name in names:
                repository.copy(name, cluster)
                progress.step(name)
    folder = repository.location if names else ""
    return {"changed": bool(names), "collected": names, "name": newest, "folder": folder, "manifest": {}, "removed": []}


def loaded(module: AnsibleModule, service: Json, file: Path) -> None:
    """Give a service its data back."""
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=file.parent) as scratch:
        raw = Path(scratch) / "stream"
        unpacked(file, raw)
        try:
            container_of(module, service).write(service["load"], raw)
        except BackupError as error:
            raise BackupError(f"{file.parent} was put back in part: {error}. Mend that and run it again.") from error


def main() -> None:
    """Make a backup or put one back."""
    text = {"type": "str", "required": True}
    words = {"type": "list", "elements": "str", "required": True}
    service = {
        "name": text,
        "workload": {"type": "str"},
        "form": {"type": "str", "choices": ["sql", "pgsql", "tar", "any"], "required": True},
        "dump": words,
        "load": words,
        "fingerprint": {"type": "list", "elements": "str"},
    }
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "restored", "collected"], "default": "present"},
            "path": {"type": "path"},
            "repository": {"type": "str"},
            "key_file": {"type": "path", "no_log": False},
            "restic_executable": {"type": "path", "default": "restic"},
            "name": {"type": "str"},
            "services": {"type": "list", "elements": "dict", "options": service},
            "source": {"type": "dict", "options": {"pod": text, "path": text}},
            "files": {"type": "list", "elements": "path", "default": []},
            "keep": {"type": "int", "default": 7},
            "namespace": {"type": "str", "required": True},
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
            "executable": {"type": "path", "default": "kubectl"},
        },
        required_if=[
            ("state", "present", ["services"]),
            ("state", "restored", ["services"]),
            ("state", "collected", ["source"]),
        ],
        required_one_of=[("path", "repository")],
        mutually_exclusive=[("path", "repository")],
        required_by={"repository": ["key_file"]},
        supports_check_mode=True,
    )
    params = module.params
    if params["repository"] and params["state"] == "restored":
        module.fail_json(msg="A backup is put back from a folder. Fetch it from the repository by backup_repository.")
    if params["repository"] and not module.get_bin_path(params["restic_executable"]):
        module.fail_json(msg=f"{params['restic_executable']} is not there. Install it: apt-get install restic.")
    if params["keep"] < 1:
        module.fail_json(msg=f"keep is {params['keep']}: at least one backup has to stay.")
    # What is written here is for the owner's eyes only.
    os.umask(0o077)
    kept = {"present": make_in_repository, "collected": collect_repository}
    work = {"present": make, "restored": restore, "collected": collect, **(kept if params["repository"] else {})}[
        params["state"]
    ]
    try:
        check_services(params["services"] or [])
        result = work(module)
    except BackupError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"No backup was made or put back: {error}")
    module.exit_json(**{"changed": True, **result})


if __name__ == "__main__":
    main()
