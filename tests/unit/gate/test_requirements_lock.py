# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock has what requirements.txt pins and all that it needs, each with hashes, and tells of no index."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[3]
LOCK = REPOSITORY / "requirements.lock"
HINT = "run nox -s lock"


def entries():
    """Each package of the lock with the text of its hashes."""
    text = LOCK.read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^\S.*(?:\n +.*)*", text, re.MULTILINE):
        words, dummy, hashes = block.partition("\\\n")
        found.append((Requirement(words), hashes))
    return found


def pins():
    lines = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def names(python):
    """What is installed for a Python on Linux."""
    environment = {"python_full_version": f"{python}.1", "python_version": python}
    return {
        canonicalize_name(entry.name): str(entry.specifier)
        for entry, dummy in entries()
        if entry.marker is None or entry.marker.evaluate(environment)
    }


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_it_has_the_versions_that_are_pinned(python):
    found = names(python)
    for pin in pins():
        if pin.marker is None or pin.marker.evaluate({"python_version": python}):
            assert found.get(canonicalize_name(pin.name)) == str(pin.specifier), HINT


def test_it_has_all_that_those_need_here():
    found = names(f"{sys.version_info[0]}.{sys.version_info[1]}")
    queue = [(pin, "") for pin in pins() if pin.marker is None or pin.marker.evaluate()]
    seen = set()
    while queue:
        wanted, by = queue.pop()
        name = canonicalize_name(wanted.name)
        assert name in found, f"{by} needs {name}: {HINT}"
        for text in importlib.metadata.requires(name) or []:
            need = Requirement(text)
            extras = wanted.extras or {""}
            if (need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras)) and (
                key := (need.name, *sorted(need.extras))
            ) not in seen:
                seen.add(key)
                queue.append((need, name))
    assert len(seen) > 15


def test_each_package_has_hashes():
    lacking = [entry.name for entry, hashes in entries() if not re.search(r"--hash=sha256:[0-9a-f]{64}", hashes)]
    assert not lacking
    assert all(re.fullmatch(r"==[^,]+", str(entry.specifier)) for entry, dummy in entries())


def test_it_tells_of_no_index():
    text = LOCK.read_text(encoding="utf-8")
    assert "//" not in text
    assert not re.search(r"^-", text, re.MULTILINE)


def test_what_goes_to_another_host_is_the_list_less_ansible():
    """As playbooks/tasks/check_settings.yml does it."""
    settings = (REPOSITORY / "playbooks/tasks/check_settings.yml").read_text(encoding="utf-8")
    pattern = re.search(r"requirements\.lock'\) \| regex_replace\('(.*?)', ''\)", settings).group(1)
    text = LOCK.read_text(encoding="utf-8")
    rest = re.sub(pattern.replace("\\\\", "\\"), "", text)
    kept = set(re.findall(r"^[\w.-]+(?===)", rest, re.MULTILINE))
    assert set(re.findall(r"^[\w.-]+(?===)", text, re.MULTILINE)) - kept == {"ansible-core"}
    assert len(re.findall("--hash", rest)) == sum(
        hashes.count("--hash") for entry, hashes in entries() if entry.name != "ansible-core"
    )
