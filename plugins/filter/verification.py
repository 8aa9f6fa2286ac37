# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role verify and of the playbooks. Their documentation is in the YAML files beside this one."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import (
    _credential_list,
    _faults,
    _report,
    _report_document,
    _requirements,
    _status,
)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filters by name."""
        return {
            "credential_list": _credential_list.credential_list,
            "fault_results": _faults.fault_results,
            "platform_status": _status.platform_status,
            "recovery_lack": _faults.recovery_lack,
            "requirement_checks": _report.requirement_checks,
            "requirement_rows": _requirements.requirement_rows,
            "running_containers": _faults.running_containers,
            "status_lines": _status.status_lines,
            "verification_faults": _faults.verification_faults,
            "verification_junit": _report_document.verification_junit,
            "verification_report": _report_document.verification_report,
            "verification_summary": _report.verification_summary,
            "volume_line": _status.volume_line,
        }
