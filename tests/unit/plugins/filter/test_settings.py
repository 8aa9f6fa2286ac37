# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Misspelt settings."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.fortytwo.ft_services.plugins.filter.settings import unknown_settings

SPECS = {
    "minikube": {
        "argument_specs": {
            "main": {"options": {"minikube_memory": {}, "minikube_cpus": {}}},
            "absent": {"options": {"minikube_purge": {}}},
        }
    },
    "services": {"argument_specs": {"main": {"options": {"services_namespace": {}}}}},
    "services_extra": {"argument_specs": {"main": {"options": {"services_extra_color": {}}}}},
    "bundle": {"argument_specs": {"main": {"options": {}}}, "internal_variables": ["bundle_versions"]},
    "empty": None,
}


def test_known_and_foreign_names_pass():
    names = [
        "minikube_memory",
        "minikube_purge",
        "services_extra_color",
        "ansible_host",
        "minikube",
        "__minikube_x",
        "bundle_versions",
    ]
    assert unknown_settings(names, SPECS) == []


def test_the_closest_name_of_the_same_role_is_offered():
    assert unknown_settings(["services_namespaec", "minikube_memry"], SPECS) == [
        "unknown setting minikube_memry: did you mean minikube_memory?",
        "unknown setting services_namespaec: did you mean services_namespace?",
    ]


def test_nothing_close_and_a_role_without_settings():
    assert unknown_settings(["minikube_zzz", "empty_x"], SPECS) == [
        "unknown setting empty_x: the role empty has no setting with a similar name",
        "unknown setting minikube_zzz: the role minikube has no setting with a similar name",
    ]


def test_wrong_input_is_refused():
    with pytest.raises(AnsibleFilterError):
        unknown_settings("minikube_memry", SPECS)
