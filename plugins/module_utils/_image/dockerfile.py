# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Dockerfile says about its base images and the builder it needs.

The readers on PyPI do not read what docker reads (docs/decisions/0030-image-contexts.md); the integration test compares
this one with docker's own.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.words import WordError, expand, split_words

# Flags that only BuildKit knows; the classic builder fails on them in the middle of a build.
_BUILDKIT_FLAGS = {
    "RUN": ("--mount", "--network", "--security", "--device"),
    "COPY": ("--chmod", "--link", "--parents", "--exclude"),
    "ADD": ("--chmod", "--link", "--checksum", "--keep-git-dir", "--exclude", "--unpack"),
}
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*", re.ASCII)
_HEREDOC = re.compile(r"(\d*)<<(-?)\s*([^<]*)", re.ASCII)
_WITH_HEREDOC = ("RUN", "COPY", "ADD")
_STAGE = re.compile(r"[a-z][a-z0-9-_.]*")


class DockerfileError(Exception):
    """A Dockerfile cannot be built here; the text says why and what to do."""


@dataclass(frozen=True)
class Instruction:
    """One instruction with the number of its first line, its flags (``--name=value``) and whether text follows it."""

    line: int
    name: str
    flags: tuple[str, ...]
    rest: str
    heredoc: bool = False


@dataclass(frozen=True)
class Dockerfile:
    """All instructions, and the character that escapes in them."""

    instructions: list[Instruction]
    escape: str = "\\"


class _Lines:
    """The lines of a Dockerfile, its directives taken off their beginning."""

    def __init__(self, text: str) -> None:
        self._lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
        self._at = 0
        self.escape = "\\"
        self._directives()

    def _directives(self) -> None:
        seen = set()
        for line in self._lines:
            found = _DIRECTIVE.fullmatch(line.lstrip())
            name = found.group(1).lower() if found else ""
            if not found or name not in ("escape", "syntax", "check"):
                return
            if name in seen:
                raise DockerfileError(f"The directive {name} stands in it twice: remove one.")
            seen.add(name)
            if name == "escape" and found.group(2) not in ("\\", "`"):
                raise DockerfileError(f"The directive escape is {found.group(2)}: it must be \\ or `.")
            self.escape = found.group(2) if name == "escape" else self.escape

    def next(self) -> tuple[int, str] | None:
        """The number and text of the next line; None at the end."""
        if self._at >= len(self._lines):
            return None
        self._at += 1
        return self._at, self._lines[self._at - 1]

    def instruction(self) -> tuple[int, str] | None:
        """The next instruction, continued lines joined, comments and empty lines dropped."""
        continued = re.compile(rf"(^|[^{re.escape(self.escape)}]){re.escape(self.escape)}[ \t]*$")
        while numbered := self.next():
            start, line = numbered
            line = line.lstrip()
            if not line or line.startswith("#"):
                continue
            whole = ""
            more = True
            while more:
                joined = continued.sub(r"\1", line)
                more = joined != line
                whole += joined
                while more:
                    numbered = self.next()
                    if numbered is None:
                        return start, whole
                    line = numbered[1]
                    if line.strip() and not line.lstrip().startswith("#"):
                        break
            return start, whole
        return None

    def skip_heredoc(self, start: int, word: str, tabs: bool) -> None:
        """Go behind the end of a here-document."""
        while numbered := self.next():
            if (numbered[1].lstrip("\t") if tabs else numbered[1]) == word:
                return
        raise DockerfileError(f"The here-document of line {start} has no end: add a line with {word} only.")


def _flags(rest: str, escape: str) -> tuple[list[str], str]:
    flags: list[str] = []
    at = 0
    while rest.startswith("--", at):
        word, quote = "", ""
        while at < len(rest):
            letter = rest[at]
            if not quote and letter.isspace():
                break
            at += 1
            if letter == escape and at < len(rest):
                word += rest[at]
                at += 1
            elif quote or letter in "'\"":
                # A quote ends by its like; other letters inside are taken as they are.
                word += letter if quote and letter != quote else ""
                quote = letter if not quote else "" if letter == quote else quote
            elif letter != escape:
                word += letter
        if word == "--":
            break
        flags.append(word)
        at += len(rest[at:]) - len(rest[at:].lstrip())
    return flags, rest[at:].strip()


def _is_json(rest: str) -> bool:
    if not rest.startswith("["):
        return False
    try:
        return all(isinstance(item, str) for item in json.loads(rest))
    except ValueError:
        return False


def _heredocs(name: str, rest: str) -> list[tuple[str, bool]]:
    """The end marks of all here-documents of an instruction, and whether tabs before them are dropped."""
    if name == "ONBUILD":
        name, dummy, rest = rest.partition(" ")
        rest = rest.strip()
    if name.upper() not in _WITH_HEREDOC or "<<" not in rest or _is_json(rest):
        return []
    found = []
    for word in split_words(rest):
        match = _HEREDOC.fullmatch(word)
        if match and match.group(3):
            found.append((expand(match.group(3).strip(), {}), bool(match.group(2))))
    return found


def parse(text: str) -> Dockerfile:
    """All instructions of a Dockerfile; the text of here-documents is skipped."""
    lines = _Lines(text)
    found: list[Instruction] = []
    while numbered := lines.instruction():
        start, line = numbered
        name, dummy, rest = re.sub(r"[\t\v\f\r ]+", " ", line.strip(), count=1).partition(" ")
        flags, rest = _flags(rest.strip(), lines.escape)
        ends = _heredocs(name.upper(), rest)
        for word, tabs in ends:
            lines.skip_heredoc(start, word, tabs)
        found.append(Instruction(start, name.upper(), tuple(flags), rest, bool(ends)))
    return Dockerfile(found, lines.escape)


def buildkit_need(dockerfile: Dockerfile) -> str | None:
    """Why the classic builder cannot build this; None when it can."""
    for instruction in dockerfile.instructions:
        known = _BUILDKIT_FLAGS.get(instruction.name, ())
        used = [flag.split("=", 1)[0] for flag in instruction.flags if flag.split("=", 1)[0] in known]
        if used:
            return f"line {instruction.line} uses {instruction.name} {used[0]}"
        if instruction.heredoc:
            return f"line {instruction.line} uses a here-document"
    return None


def platform_variables(wanted: str, daemon: t.Callable[[], str], dockerfile: Dockerfile) -> dict[str, str]:
    """The variables that BuildKit knows before the first stage: of the platform wanted and of the daemon's own.

    Platforms are written like linux/arm64 or linux/arm/v7. The daemon is asked only when a FROM line needs it.
    """
    froms = " ".join(x.rest for x in dockerfile.instructions if x.name in ("FROM", "ARG"))
    if not re.search(r"TARGET|BUILD", froms):
        return {}
    own = daemon()
    found: dict[str, str] = {}
    for prefix, platform in (("TARGET", wanted or own), ("BUILD", own)):
        system, arch, variant = (*platform.split("/"), "", "")[:3]
        found |= {
            f"{prefix}PLATFORM": platform,
            f"{prefix}OS": system,
            f"{prefix}ARCH": arch,
            f"{prefix}VARIANT": variant,
        }
    return found


def _arguments(dockerfile: Dockerfile, given: t.Mapping[str, str], known: t.Mapping[str, str]) -> dict[str, str]:
    variables: dict[str, str] = dict(known)
    for instruction in dockerfile.instructions:
        if instruction.name == "FROM":
            break
        if instruction.name == "ARG":
            for word in split_words(instruction.rest, dockerfile.escape):
                name, equals, default = word.partition("=")
                name = expand(name, {}, dockerfile.escape)
                if name in given:
                    variables[name] = given[name]
                elif equals:
                    variables[name] = expand(default, variables, dockerfile.escape)
    return variables


@dataclass
class _Stage:
    """A stage: its name, what it starts from, and all images or stages it copies from."""

    name: str | None
    base: str
    sources: list[str] = field(default_factory=list)


def _stage(instruction: Instruction, variables: t.Mapping[str, str], escape: str) -> _Stage:
    words = instruction.rest.split()
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
        raise DockerfileError(f"Line {instruction.line} is no complete FROM line: {instruction.rest}.")
    name = words[2].lower() if len(words) == 3 else None
    if name is not None and not _STAGE.fullmatch(name):
        raise DockerfileError(f"Line {instruction.line}: {words[2]} cannot name a stage: begin it with a letter.")
    base = expand(words[0], variables, escape)
    if not base:
        raise DockerfileError(
            f"Line {instruction.line}: {words[0]} is empty. Give the build argument in args, or a default in an ARG "
            "line before the first FROM."
        )
    return _Stage(name, base)


def _sources(instruction: Instruction) -> list[str]:
    flags = [flag.partition("=") for flag in instruction.flags]
    if instruction.name == "COPY":
        return [value for name, dummy, value in flags if name == "--from"]
    if instruction.name == "RUN":
        mounts = [value.split(",") for name, dummy, value in flags if name == "--mount"]
        return [word[5:] for words in mounts for word in words if word.startswith("from=")]
    return []


def _stages(dockerfile: Dockerfile, variables: t.Mapping[str, str]) -> list[_Stage]:
    stages: list[_Stage] = []
    for instruction in dockerfile.instructions:
        if instruction.name == "FROM":
            stages.append(_stage(instruction, variables, dockerfile.escape))
        elif stages:
            stages[-1].sources += [source for source in _sources(instruction) if source]
    if not stages:
        raise DockerfileError("It has no FROM line.")
    return stages


def _number(stages: t.Sequence[_Stage], name: str, digits: bool = True) -> int | None:
    """The number of the stage that a name or, with ``digits``, a number means; the last of several."""
    if digits and name.isdigit() and int(name) < len(stages):
        return int(name)
    return next((at for at in reversed(range(len(stages))) if stages[at].name == name.lower()), None)


def base_images(
    dockerfile: Dockerfile,
    args: t.Mapping[str, str],
    target: str | None = None,
    buildkit: t.Mapping[str, str] | None = None,
) -> list[str]:
    """References of all images that the build starts from or copies from, sorted; own stages and scratch excluded.

    The classic builder goes through all stages up to the target. BuildKit, told by the variables of the platform that
    it alone knows, builds only those that the target needs.
    """
    try:
        stages = _stages(dockerfile, _arguments(dockerfile, args, buildkit or {}))
    except WordError as error:
        raise DockerfileError(f"A variable in it cannot be read: {error}.") from error
    names = [stage.name for stage in stages if stage.name]
    twins = sorted({name for name in names if names.count(name) > 1})
    if buildkit is None and twins:
        raise DockerfileError(f"Several stages are called {', '.join(twins)}: give each its own name, or use BuildKit.")
    last = len(stages) - 1 if target is None else _number(stages, target, digits=False)
    if last is None:
        raise DockerfileError(f"It has no stage {target}: correct target.")
    wanted = {last} if buildkit is not None else set(range(last + 1))
    bases: set[str] = set()
    for at in range(last, -1, -1):
        if at in wanted:
            stage = stages[at]
            for word, digits in [(stage.base, False), *((source, True) for source in stage.sources)]:
                number = _number(stages[:at], word, digits)
                if number is not None:
                    wanted.add(number)
                elif word != "scratch":
                    bases.add(word)
    return sorted(bases)


def refuse_moving(references: t.Iterable[str]) -> None:
    """Refuse base images without a fixed tag: what they mean changes behind the project's back."""
    for reference in references:
        name = reference.rsplit("/", 1)[-1]
        if "@" not in name and (":" not in name or name.endswith(":latest")):
            raise DockerfileError(f"The base image {reference} has no fixed tag: name a version, never latest.")
