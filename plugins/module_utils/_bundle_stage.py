# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a bundle to the wanted state. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import os
import pathlib
import shutil
import time
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle import Bundle, BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._forge import Forge, Lock, Step, make_runner
from ansible_collections.fortytwo.ft_services.plugins.module_utils._forge_plan import HOST_PACKAGES, Forger, free_bytes, paths
from ansible_collections.fortytwo.ft_services.plugins.module_utils._forge_programs import host_go
from ansible_collections.fortytwo.ft_services.plugins.module_utils._progress import Progress

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# A cold forge fills this much with compiler caches, the node's root and the bundle itself.
FORGE_BYTES = 22 << 30
TOOLS = ("tar", "apt-get", "dpkg-deb", "unshare", "debootstrap", "qemu-img", "debugfs", "openssl", "gcc")


def ensure(module: AnsibleModule) -> dict[str, t.Any]:
    """Verify the bundle, make what is missing, and return the module's result."""
    parameters, started = module.params, time.monotonic()
    bundle = Bundle(pathlib.Path(parameters["path"]))
    todo: list[str] = []
    if parameters["mode"] == "offline":
        _demand_complete(bundle, parameters)
    else:
        todo = _forge(module, bundle)
    if not todo:
        bundle.save_stamps()
    result: dict[str, t.Any] = {
        "changed": bool(todo),
        "path": str(bundle.root),
        "todo": todo,
        "host_packages": list(HOST_PACKAGES) if todo else [],
        "versions": parameters["versions"],
        "missing": bundle.manifest["missing"] if not todo or not module.check_mode else parameters["missing"],
        "seconds": round(time.monotonic() - started, 1),
    }
    if todo:
        result["diff"] = {"before": "", "after": "".join(f"{name}\n" for name in todo)}
    return result


def _demand_complete(bundle: Bundle, parameters: dict[str, t.Any]) -> None:
    wrong = bundle.problems(parameters["thorough"])
    wrong |= {path: "missing" for path in paths(parameters["versions"]) if not bundle.below(path)}
    if wrong:
        lines = "\n".join(f"  {path}: {text}" for path, text in sorted(wrong.items()))
        raise BundleError(
            f"The bundle in {bundle.root} cannot be used as it is (bundle_mode=offline):\n{lines}\n"
            "Copy it here again from the host that made it, or set bundle_mode=auto where package registries can be reached."
        )
    found = bundle.manifest["versions"]
    different = [f"{name} {found.get(name)} instead of {text}" for name, text in parameters["versions"].items() if found.get(name) != text]
    if different:
        raise BundleError(f"The bundle in {bundle.root} was made for other versions ({', '.join(different)}). Make it anew with this release.")


def _forge(module: AnsibleModule, bundle: Bundle) -> list[str]:
    parameters, run, progress = module.params, make_runner(module), Progress()
    work = pathlib.Path(parameters["work_path"])
    go = module.get_bin_path("go")
    go = go if host_go(run, go) else None
    forger = Forger(run, pathlib.Path(parameters["recipes"]), work, go, parameters)
    todo = Forge(bundle, work, forger.steps()).todo(parameters["thorough"])
    if not todo or module.check_mode:
        return [step.path for step in todo]
    _demand_host(module, work, todo)
    with Lock(work, progress):
        # Whoever held the lock before may have done some of it.
        bundle = Bundle(bundle.root)
        forge = Forge(bundle, work, forger.steps())
        steps = forge.todo()
        progress.total = len(steps)
        forge.run(steps, progress)
        kept = {name for path in paths(parameters["versions"]) for name in bundle.below(path)}
        for path in set(bundle.artifacts) - kept:
            bundle.forget(path)
            (bundle.root / path).unlink(missing_ok=True)
        bundle.manifest["versions"], bundle.manifest["missing"] = parameters["versions"], parameters["missing"]
        bundle.save()
        if not parameters["keep_work"]:
            _clean(module, work)
    return [step.path for step in todo]


def _demand_host(module: AnsibleModule, work: pathlib.Path, todo: list[Step]) -> None:
    if os.geteuid() != 0:
        raise BundleError("Forging needs root (debootstrap and chroot make the node image). Run as root or with become, or set bundle_mode=fetch.")
    absent = [name for name in TOOLS if not module.get_bin_path(name)]
    if absent:
        raise BundleError(f"Forging needs {', '.join(absent)}. On Debian: apt-get install {' '.join(HOST_PACKAGES)}")
    compiling = sum(1 for step in todo if step.lane == "compile")
    need = FORGE_BYTES if compiling > 3 else FORGE_BYTES // 5
    free = free_bytes(work)
    if free < need:
        raise BundleError(
            f"Forging needs about {need >> 30} GiB of free space at {work}; {free >> 30} GiB are free. Free some, or set bundle_work_path to a larger disk."
        )


def _clean(module: AnsibleModule, work: pathlib.Path) -> None:
    # Go makes its module cache read-only; its own command removes it.
    shutil.rmtree(work / "go" / "build", ignore_errors=True)
    for folder, names, _files in os.walk(work / "go" / "mod"):
        for name in [".", *names]:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755)
    for name in ("go/mod", "tmp", "apt"):
        shutil.rmtree(work / name, ignore_errors=True)
