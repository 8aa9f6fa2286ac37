# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a copy of the collection that may be changed: copy_collection.py FOLDER. Ansible finds it below FOLDER."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
# Not part of the collection, or large.
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".ansible", "artifacts", "*_cache", "__pycache__", "output")


def copy(folder: Path) -> Path:
    """Copy the collection to where Ansible looks for it below ``folder``."""
    target = folder / "ansible_collections/fortytwo/ft_services"
    shutil.copytree(CLONE, target, ignore=LEFT_OUT)
    return target


if __name__ == "__main__":
    copy(Path(sys.argv[1]))
