# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Dockerfile says about its base images.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import re
import shlex
import typing as t
from dataclasses import dataclass

# Flags that only BuildKit knows; the classic builder, the only one of the Python SDK, fails on them in the middle of
# a build.
_BUILDKIT_FLAGS = {
    "RUN": ("--mount", "--network", "--security", "--device"),
    "COPY": ("--chmod", "--link", "--parents", "--exclude"),
    "ADD": ("--chmod", "--link", "--checksum", "--keep-git-dir", "--exclude", "--unpack"),
}
_HEREDOC = re.compile(r"(?:^|\s)<<-?([\"']?)[A-Za-z_]\w*\1(?:\s|$)")
_VARIABLE = re.compile(r"\\\$|\$(?:\{(?P<braced>\w+)(?::(?P<operator>[-+])(?P<word>[^}]*))?\}|(?P<plain>\w+))")


class DockerfileError(Exception):
    """A Dockerfile cannot be built here; the text says why and what to do."""


@dataclass(frozen=True)
class Instruction:
    """One instruction with the number of its first line."""

    line: int
    name: str
    rest: str

    def flags(self) -> list[str]:
        """The leading words that begin with two dashes, without their values."""
        words = []
        for word in self.rest.split():
            if not word.startswith("--"):
                break
            words.append(word)
        return words


def instructions(text: str) -> list[Instruction]:
    """All instructions, continued lines joined, comments and empty lines dropped."""
    found: list[Instruction] = []
    parts: list[str] = []
    start = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        start = start if parts else number
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        name, dummy, rest = " ".join([*parts, line]).strip().partition(" ")
        found.append(Instruction(start, name.upper(), rest.strip()))
        parts = []
    if parts:
        raise DockerfileError(f"The last instruction, begun in line {start}, ends with a backslash: complete it.")
    return found


def refuse_buildkit(found: t.Sequence[Instruction]) -> None:
    """Refuse syntax that the classic builder does not know."""
    for instruction in found:
        used = [x for x in instruction.flags() if x.split("=", 1)[0] in _BUILDKIT_FLAGS.get(instruction.name, ())]
        if used:
            raise DockerfileError(
                f"Line {instruction.line} uses {instruction.name} {used[0].split('=', 1)[0]}, which needs BuildKit; "
                "images are built by the classic builder here: write it without that flag."
            )
        if instruction.name in ("RUN", "COPY", "ADD") and _HEREDOC.search(instruction.rest):
            raise DockerfileError(
                f"Line {instruction.line} uses a here-document, which needs BuildKit; images are built by the "
                "classic builder here: put the text into a file and COPY it."
            )


def expand(text: str, variables: t.Mapping[str, str]) -> str:
    """Replace variables as a FROM line does, with the forms ${X}, $X, ${X:-default} and ${X:+other}."""

    def value(found: re.Match[str]) -> str:
        name = found.group("braced") or found.group("plain")
        if name is None:
            return "$"
        known = variables.get(name, "")
        if found.group("operator") == "-":
            return known or found.group("word")
        if found.group("operator") == "+":
            return found.group("word") if known else ""
        return known

    return _VARIABLE.sub(value, text)


def _arguments(found: t.Sequence[Instruction], given: t.Mapping[str, str]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for instruction in found:
        if instruction.name == "FROM":
            break
        if instruction.name == "ARG":
            for word in shlex.split(instruction.rest):
                name, equals, default = word.partition("=")
                variables[name] = given.get(name, expand(default, variables) if equals else "")
    return variables


def _from_words(instruction: Instruction, variables: t.Mapping[str, str]) -> tuple[str, str | None]:
    words = [x for x in instruction.rest.split() if not x.startswith("--")]
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
        raise DockerfileError(f"Line {instruction.line} is no complete FROM line: {instruction.rest}.")
    base = expand(words[0], variables)
    if not base:
        raise DockerfileError(
            f"Line {instruction.line}: {words[0]} is empty. Give the build argument in args, or a default in an ARG "
            "line before the first FROM."
        )
    return base, words[2].lower() if len(words) == 3 else None


def base_images(found: t.Sequence[Instruction], args: t.Mapping[str, str], target: str | None = None) -> list[str]:
    """References of all images that the build starts from or copies from, sorted; own stages and scratch excluded."""
    variables = _arguments(found, args)
    stages: set[str] = set()
    bases: set[str] = set()
    current: str | None = None
    count = 0
    for instruction in found:
        if instruction.name == "FROM":
            if target is not None and count and target.lower() in (current, str(count - 1)):
                break
            base, current = _from_words(instruction, variables)
            if base.lower() not in stages and base != "scratch":
                bases.add(base)
            count += 1
            stages |= {current} if current else set()
        elif instruction.name == "COPY":
            source = next((x.split("=", 1)[1] for x in instruction.flags() if x.startswith("--from=")), "")
            if source and source.lower() not in stages and not source.isdigit():
                bases.add(source)
    if not count:
        raise DockerfileError("It has no FROM line.")
    if target is not None and target.lower() not in stages and not (target.isdigit() and int(target) < count):
        raise DockerfileError(f"It has no stage {target}: correct target.")
    return sorted(bases)


def refuse_moving(references: t.Iterable[str]) -> None:
    """Refuse base images without a fixed tag: what they mean changes behind the project's back."""
    for reference in references:
        name = reference.rsplit("/", 1)[-1]
        if "@" not in name and (":" not in name or name.endswith(":latest")):
            raise DockerfileError(f"The base image {reference} has no fixed tag: name a version, never latest.")
