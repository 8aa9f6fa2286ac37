# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role verify and of the playbooks. Their documentation is in the YAML files beside this one."""

from __future__ import annotations

import typing as t

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import (
    _ages,
    _backup_ages,
    _credential_list,
    _dashboards,
    _rehearsals,
    _status,
)
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._verification import (
    checks,
    cluster_checks,
    faults,
    report,
)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filters by name."""
        return {
            "backup_ages": _backup_ages.backup_ages,
            "backup_rows": _backup_ages.backup_rows,
            "age_rows": _ages.age_rows,
            "credential_list": _credential_list.credential_list,
            "fault_results": faults.fault_results,
            "platform_ages": _ages.ages,
            "platform_status": _status.platform_status,
            "recovery_lack": faults.recovery_lack,
            "rehearsal_rows": _rehearsals.rehearsal_rows,
            "rehearsal_state": _rehearsals.rehearsal_state,
            "requirement_checks": checks.requirement_checks,
            "requirement_rows": cluster_checks.requirement_rows,
            "running_containers": faults.running_containers,
            "service_dashboards": _dashboards.service_dashboards,
            "status_lines": _status.status_lines,
            "verification_faults": faults.verification_faults,
            "verification_junit": report.verification_junit,
            "verification_report": report.verification_report,
            "verification_summary": checks.verification_summary,
            "volume_line": _status.volume_line,
        }
