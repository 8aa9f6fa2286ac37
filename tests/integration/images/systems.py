# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of other releases of Debian, each release in a folder of its own, and how to run them there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import Debian, closure
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError
from ansible_collections.fortytwo.ft_services.tests.integration.images.containers import USER

CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "ft_services/systems"
# What the images' scripts need beside the programs of a test.
TOOLS = ("coreutils", "dash", "diffutils", "findutils", "gawk", "grep", "sed", "tar", "util-linux")
# No test needs them, and they bring many more along.
SKIP = frozenset(
    "adduser base-files debconf galera-4 init-system-helpers lsb-base lsof mariadb-common mysql-common perl perl-base "
    "procps psmisc rsync socat systemd sysvinit-utils".split()
)
# All of it is gone with the process, however that ends. The exec at its end keeps the number of the process.
ENTER = """
system=$1 root=$2
shift 2
mount --rbind /dev "$system/dev"
mount --rbind /proc "$system/proc"
mkdir -p "$system$root"
mount --bind "$root" "$system$root"
exec chroot --userspec="$USERS" --groups= "$system" "$@"
"""


def _run(words: t.Sequence[str], environ_update: t.Mapping[str, str] | None = None, cwd: str | None = None) -> str:
    environment = {**os.environ, **(environ_update or {})}
    return subprocess.run(words, env=environment, cwd=cwd, capture_output=True, text=True, check=True).stdout


def system_of(suite: str, *packages: str) -> Path:
    """The folder with packages of a release and all they need, kept in the cache. Skips where they cannot be had."""
    target = CACHE / "-".join([suite, *packages])
    if not target.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            try:
                _make(Path(scratch), suite, packages)
            except (BundleError, subprocess.CalledProcessError) as error:
                said = getattr(error, "stderr", None) or str(error)
                pytest.skip(f"the mirror of this host gives no packages of Debian {suite}: {said.strip()[-300:]}")
            (Path(scratch) / "system").rename(target)
    return target


def _make(scratch: Path, suite: str, packages: t.Sequence[str]) -> None:
    debian, system = Debian(_run, scratch / "apt"), scratch / "system"
    names = closure(debian.index(suite), [*packages, *TOOLS], SKIP)
    debian.unpack(names, suite, lambda name: scratch / "trees" / name)
    for folder in ("bin", "lib", "lib64", "sbin"):
        (system / "usr" / folder).mkdir(parents=True)
        (system / folder).symlink_to(f"usr/{folder}")
    for name in names:
        shutil.copytree(scratch / "trees" / name, system, symlinks=True, dirs_exist_ok=True)
    for folder in ("dev", "proc", "etc", "tmp"):
        (system / folder).mkdir(exist_ok=True)
    (system / "etc/passwd").write_text(f"root:x:0:0::/:/bin/sh\nnobody:x:{USER}:{USER}::/:/bin/sh\n")
    # What the packages' scripts would have done.
    for name, program in {"sh": "dash", "awk": "gawk"}.items():
        if not (system / "usr/bin" / name).exists():
            (system / "usr/bin" / name).symlink_to(program)


def entered(system: Path, root: Path, *words: str) -> list[str]:
    """The words of a command, to be run in a release's folder, where C(root) has the path that it has here."""
    enter = ENTER.replace("$USERS", f"{USER}:{USER}")
    return ["unshare", "--mount", "--", "sh", "-euc", enter, "enter", str(system), str(root), *words]
