# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role verify and of the playbook status. Their documentation is in the YAML files beside this one."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _report, _requirements


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filters by name."""
        return {
            "requirement_checks": _report.requirement_checks,
            "requirement_rows": _requirements.requirement_rows,
            "status_lines": _report.status_lines,
            "verification_summary": _report.verification_summary,
        }
