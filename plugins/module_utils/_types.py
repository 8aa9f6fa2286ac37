# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types that many files share. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import typing as t

# A JSON object, such as one of Kubernetes or a part of a module's result.
Json = dict[str, t.Any]
