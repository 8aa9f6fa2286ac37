# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module access_info: in this process where it can be."""

from __future__ import annotations

from ansible_collections.fortytwo.ft_services.plugins.modules import access_info
from ansible_collections.fortytwo.ft_services.plugins.plugin_utils._local_module import LocalModuleAction


class ActionModule(LocalModuleAction):
    """Runs the module access_info."""

    module = access_info
