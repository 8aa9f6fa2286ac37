# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way to a bundle the network and the host allow.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import http.client
import importlib.util
import pathlib
import threading
import time
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import host_archive_uri
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.fetch.files import (
    HttpStatusError,
    Transient,
    open_url,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import BundleError

# Seconds for all sites together, asked at the same time; those that did not answer are asked once more.
DEADLINE = 10.0
THROTTLED = 429
# Debian packages by way, each with the program, file or Python module that shows that it is there.
PACKAGES = {
    "fetch": {"skopeo": "skopeo", "openssl": "openssl", "python3-pip": "import pip"},
    "build": {
        "gcc": "gcc",
        "libc6-dev": "/usr/include/stdio.h",
        "debootstrap": "debootstrap",
        "qemu-utils": "qemu-img",
        "e2fsprogs": "debugfs",
        "openssl": "openssl",
        "python3-pip": "import pip",
        "npm": "npm",
    },
}
# GB: what a fetch writes aside; what a cold build fills with compiler caches and the node's root; the bundle itself.
SPACE = {"fetch": 4, "build": 22}
BUNDLE_SPACE = 3


def absent_packages(way: str, find: t.Callable[[str], str | None]) -> list[str]:
    """Return the Debian packages that a way needs and this host lacks; ``find`` looks a program up."""

    def there(sign: str) -> bool:
        if sign.startswith("import "):
            return importlib.util.find_spec(sign.removeprefix("import ")) is not None
        return pathlib.Path(sign).exists() if sign.startswith("/") else bool(find(sign))

    return [package for package, sign in PACKAGES[way].items() if not there(sign)]


def ask(url: str, deadline: float = DEADLINE) -> str | None:
    """Return why a site cannot be used, or None; a registry may ask for a login, which is an answer."""
    try:
        open_url(url, deadline).close()
    except HttpStatusError as error:
        return None if error.status == 401 and url.endswith("/v2/") else str(error)
    except Transient as error:
        # A site that asks for patience is there: what is fetched from it later waits as long as it says.
        return None if error.status == THROTTLED else str(error)
    except (BundleError, OSError, http.client.HTTPException) as error:
        return str(error)
    return None


def unusable(addresses: dict[str, str], deadline: float = DEADLINE, tries: int = 2) -> dict[str, str]:
    """Ask all sites at the same time and return those that cannot be used, with the reason; ``tries`` for each."""
    found: dict[str, str] = {}
    left = addresses
    for dummy in range(tries):
        found = _asked(left, deadline)
        left = {name: addresses[name] for name in found}
        if not left:
            break
    return found


def _asked(addresses: dict[str, str], deadline: float) -> dict[str, str]:
    found: dict[str, str | None] = dict.fromkeys(addresses, f"no answer within {deadline:.0f} s")

    def put(name: str, url: str) -> None:
        found[name] = ask(url, deadline)

    # Threads that nobody waits for: looking up a name may take longer than any timeout.
    threads = [threading.Thread(target=put, args=pair, daemon=True) for pair in addresses.items()]
    end = time.monotonic() + deadline
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return {name: reason for name, reason in found.items() if reason}


def choose(
    addresses: dict[str, str],
    others: t.Mapping[str, t.Callable[[], str | None]],
    lost: t.Sequence[str],
    buildable: t.Callable[[], object] = host_archive_uri,
) -> tuple[str, str]:
    """Return fetch or build, and why.

    ``others`` are places that are asked in another way, and say why they cannot be used; ``lost`` is what a bundle that
    is built does not have. ``buildable`` raises where the host cannot build.
    """
    refused = unusable(addresses)
    for name, question in others.items():
        reason = question()
        if reason:
            refused[name] = reason
    if not refused:
        return "fetch", f"all download sites answer: {', '.join(sorted([*addresses, *others]))}"
    names_by_reason: dict[str, list[str]] = {}
    for name, reason in sorted(refused.items()):
        names_by_reason.setdefault(reason, []).append(name)
    told = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in names_by_reason.items())
    try:
        buildable()
    except BundleError as error:
        raise BundleError(
            f"No way to make the bundle was found.\nDownloads: {told}.\nBuilding: {error}\n"
            "Name mirrors that this host can reach (bundle_mirrors), or copy a bundle here from another host."
        ) from error
    without = f", and the bundle is without {', '.join(lost)}" if lost else ""
    return "build", (
        f"downloads are out of reach here ({told}), so everything is built from package registries. That takes about "
        f"half an hour, {SPACE['build']} GB of disk and root{without}. To download instead, see to these sites and run "
        "again with bundle_mode=fetch, which tells what is wrong"
    )
