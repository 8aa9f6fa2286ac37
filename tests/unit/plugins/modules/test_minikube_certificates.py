# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.fortytwo.ft_services.plugins.modules import minikube_certificates


def test_a_profile_that_is_not_there_is_told_without_a_traceback(tmp_path, capsys):
    arguments = {"profile": "demo", "home": str(tmp_path)}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        minikube_certificates.main()
    result = json.loads(capsys.readouterr().out)
    assert result["failed"]
    assert "there is no profile demo in" in result["msg"]
    assert "exception" not in result
