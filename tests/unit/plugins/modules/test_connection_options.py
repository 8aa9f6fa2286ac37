# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is secret in the connection options reaches neither output nor log, whatever the module and the outcome."""

from __future__ import annotations

import json
import pathlib

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from ansible_collections.fortytwo.ft_services.plugins.modules import access_info, credentials, manifests, manifests_info

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
MODULES = [
    (manifests, {"definitions": POD}),
    (manifests_info, {"kind": ["Pod"]}),
    (access_info, {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
    (credentials, {"secrets": [{"name": "a", "namespace": "b", "data": {}}]}),
]
CONFIG = {
    "current-context": "a",
    "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "a", "user": {"token": "VerySecret1", "client-key-data": "VerySecret2"}}],
}
OPTIONS = [
    {"kubeconfig": CONFIG},
    {"kubeconfig": {**CONFIG, "contexts": "broken"}},
    {"kubeconfig": CONFIG, "context": 1, "unknown": "x"},
    {"kubeconfig": yaml.safe_dump(CONFIG)},
    {"kubeconfig": json.dumps(CONFIG)},
    {"kubeconfig": [CONFIG["users"][0]["user"]["token"] * 2]},
    {"host": "http://127.0.0.1:1", "api_key": "VerySecret1"},
    {"host": "http://127.0.0.1:1", "proxy": "http://me:VerySecret1@127.0.0.1:1"},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("module", "needed"), MODULES, ids=lambda value: getattr(value, "__name__", ""))
def test_secrets_are_shown_nowhere(monkeypatch, capsys, tmp_path, module, needed, options):
    logged = []
    monkeypatch.setattr(AnsibleModule, "_log_to_syslog", lambda self, text: logged.append(text))
    monkeypatch.setattr("ansible.module_utils.basic.has_journal", False)
    if module is credentials:
        needed = {**needed, "state_file": str(tmp_path / "state")}
    needed = {**needed, **({"wait_timeout": 1} if module is manifests else {})}
    with patch_module_args({**needed, **options}), pytest.raises(SystemExit):
        module.main()
    answer = capsys.readouterr()
    assert "VerySecret" not in answer.out + answer.err
    assert json.loads(answer.out)["failed"]
    assert not any("VerySecret" in text for text in logged)


def test_every_module_with_these_options_is_in_the_action_group():
    root = pathlib.Path(manifests.__file__).parents[2]
    group = yaml.safe_load((root / "meta" / "runtime.yml").read_text())["action_groups"]["kubernetes"]
    with_options = [
        file.stem for file in (root / "plugins" / "modules").glob("*.py") if "**KUBE_ARGUMENTS" in file.read_text()
    ]
    assert sorted(group) == sorted(with_options)


@pytest.mark.parametrize("name", ["KUBECONFIG", "HOST"])
def test_the_environment_names_the_cluster(monkeypatch, capsys, name):
    where = "/nonexistent" if name == "KUBECONFIG" else "http://127.0.0.1:1"
    monkeypatch.setenv(f"K8S_AUTH_{name}", where)
    with patch_module_args({"kind": ["Pod"]}), pytest.raises(SystemExit):
        manifests_info.main()
    assert where in json.loads(capsys.readouterr().out)["msg"]
