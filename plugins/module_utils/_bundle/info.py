# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bundle holds. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import pathlib
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.contents import paths
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import MANIFEST, Bundle, BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._query import Query


def describe(bundle: Bundle, thorough: bool) -> dict[str, t.Any]:
    """Return what the manifest says and what is wrong with it; nothing is written, not even what was verified."""
    wrong = bundle.problems(thorough)
    versions = bundle.manifest["versions"]
    try:
        wrong |= {path: "missing" for path in paths(versions) if not bundle.below(path)}
    except KeyError:
        # The versions are written last.
        wrong[MANIFEST] = (
            "missing" if not bundle.artifacts else "the bundle was never completed: run the role bundle again"
        )
    artifacts = [
        {"path": path, **{key: entry.get(key) for key in ("sha256", "size", "source", "recipe")}}
        for path, entry in sorted(bundle.artifacts.items())
    ]
    return {
        "complete": not wrong,
        "architecture": bundle.architecture,
        "versions": versions,
        "missing": bundle.manifest["missing"],
        "artifacts": artifacts,
        "sources": [{"name": name, **source} for name, source in sorted(bundle.sources.items())],
        "size": sum(artifact["size"] for artifact in artifacts),
        "problems": [{"path": path, "problem": text} for path, text in sorted(wrong.items())],
    }


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Describe the bundle and apply the query."""
    query = Query(module)
    try:
        found = describe(Bundle(pathlib.Path(module.params["path"])), module.params["thorough"])
    except (BundleError, OSError) as error:
        module.fail_json(msg=f"Cannot read the bundle in {module.params['path']}: {error}")
    return {"changed": False, **found, "result": query.search(found, "the description of the bundle")}
