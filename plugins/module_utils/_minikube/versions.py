# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of Kubernetes, compared. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import re

Key = tuple[int, int, int, bool, str]

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?")


def problem(version: str | None, known: list[str]) -> str | None:
    """Why a version is outside of what this minikube supports; None when it is inside or nothing is known."""
    parsed = sorted(filter(None, (key(v) for v in known)))
    wish = key(version) if version else None
    if wish is None or not parsed or parsed[0] <= wish <= parsed[-1]:
        return None
    return (
        f"kubernetes_version {version} is outside of what this minikube supports: write one from "
        f"{text(parsed[0])} to {text(parsed[-1])}, or set force to true to try it all the same"
    )


def key(version: str) -> Key | None:
    """Three numbers, whether it is a release, and what it is before its release; None for what is no version."""
    match = _VERSION.fullmatch(version)
    if not match:
        return None
    # A pre-release comes before its release.
    return int(match[1]), int(match[2]), int(match[3]), not match[4], match[4] or ""


def text(parts: Key) -> str:
    """The version as people write it."""
    return f"{parts[0]}.{parts[1]}.{parts[2]}{parts[4]}"


def can_follow(current: str | None, asked: str | None) -> bool:
    """Whether kubeadm takes a cluster from one version to the other: a newer patch, or the next minor version."""
    have, wish = key(current or ""), key(asked or "")
    if have is None or wish is None:
        return False
    return have[0] == wish[0] and have < wish and wish[1] - have[1] <= 1
