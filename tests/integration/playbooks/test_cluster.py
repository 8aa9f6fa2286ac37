# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With default settings, a playbook is for the platform's cluster, whichever context is the current one."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

CLONE = pathlib.Path(__file__).resolve().parents[3]
PLAYBOOK = [sys.executable, "-m", "ansible", "playbook", "--inventory=localhost,", "--connection=local"]
PLAYBOOK.append(f"--extra-vars=ansible_python_interpreter={sys.executable}")
# A cluster of somebody's work, where nothing listens.
KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: work, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: work, user: {}}]
contexts: [{name: work, context: {cluster: work, user: work}}]
current-context: work
"""


@pytest.mark.parametrize("name", ["collect", "down", "status"])
def test_the_current_context_of_another_cluster_is_not_used(tmp_path, name):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG, encoding="utf-8")
    settings = tmp_path / "ansible.cfg"
    settings.write_text("[defaults]\n", encoding="utf-8")
    collection = tmp_path / "ansible_collections" / "fortytwo" / "ft_services"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(CLONE)
    run = subprocess.run(
        [*PLAYBOOK, str(collection / "playbooks" / f"{name}.yml")],
        capture_output=True,
        check=False,
        text=True,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
            "ANSIBLE_CONFIG": str(settings),
            "ANSIBLE_NOCOLOR": "1",
            "KUBECONFIG": str(kubeconfig),
            "XDG_STATE_HOME": str(tmp_path / "state"),
        },
    )
    assert run.returncode == 2, run.stdout + run.stderr
    assert "Cannot use context ft-services of the kubeconfig" in run.stdout
