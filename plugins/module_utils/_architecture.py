# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of processor is called by whom. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import dataclasses
import platform


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A kind of processor, by its two names."""

    name: str  # Go's, which minikube, Kubernetes, InfluxDB, container images and Debian follow
    machine: str  # the kernel's, which Alpine and Python's wheels follow

    @property
    def mark(self) -> tuple[str, ...]:
        """Return what tells its names and recipes from those of the first one, which have none."""
        return () if self == AMD64 else (self.name,)


AMD64 = Architecture("amd64", "x86_64")
ARM64 = Architecture("arm64", "aarch64")
ARCHITECTURES = {each.name: each for each in (AMD64, ARM64)}


def of_machine(machine: str) -> Architecture | None:
    """Return the architecture by any of its names, or None for one that no bundle is made for."""
    return next((each for each in ARCHITECTURES.values() if machine in (each.name, each.machine)), None)


def of_host() -> Architecture | None:
    """Return the architecture of this host."""
    return of_machine(platform.machine())


def name_of_host() -> str:
    """Return what Go's programs call this host's architecture, or what the kernel does where that is not known."""
    host = of_host()
    return host.name if host else platform.machine()
