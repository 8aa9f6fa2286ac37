# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a build context a .dockerignore file leaves out, as the docker command decides it.

The matcher of the Python SDK decides otherwise for many patterns (docs/decisions/0030-image-contexts.md), and a file
that is sent by mistake may be a key. The integration test compares every rule below with the docker command.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import posixpath
import re
import typing as t
from dataclasses import dataclass

IGNORE_FILE = ".dockerignore"
_SPECIAL = ".+()|{}$"


class PatternError(Exception):
    """A pattern cannot be read; the text names it."""


def _class_end(pattern: str, start: int) -> int:
    # Position after the "]" of a character class; 0 when the class is not well-formed.
    def character(at: int) -> int:
        if at >= len(pattern) or pattern[at] in "-]":
            return 0
        at += pattern[at] == "\\"
        return at + 1 if at < len(pattern) else 0

    at = start + 1 + pattern.startswith("^", start + 1)
    first = True
    while first or not pattern.startswith("]", at):
        first = False
        at = character(at)
        if at and pattern.startswith("-", at):
            at = character(at + 1)
        if not at or at >= len(pattern):
            return 0
    return at + 1


def _check(pattern: str) -> None:
    at = 0
    while at < len(pattern):
        if pattern[at] == "[":
            at = _class_end(pattern, at)
        elif pattern[at] == "\\":
            at = at + 2 if at + 1 < len(pattern) else 0
        else:
            at += 1
        if not at:
            raise PatternError(f"{pattern} is no pattern that docker can read: complete its [...] or \\.")


def _expression(pattern: str) -> tuple[str, bool]:
    """The pattern as a regular expression, and whether it has anything that needs one."""
    parts: list[str] = []
    needed, inside, at = False, False, 0
    while at < len(pattern):
        letter = pattern[at]
        at += 1
        if pattern.startswith("**", at - 1):
            at += 2 if pattern.startswith("/", at + 1) else 1
            # Two stars at the end take everything, elsewhere any number of folders.
            parts.append("(.*/)?" if at < len(pattern) else ".*")
            needed = True
        elif letter in "*?":
            # Inside of a class docker replaces these too, which ends the class.
            parts.append(("\\" if inside else "") + ("[^/]*" if letter == "*" else "[^/]"))
            needed, inside = True, False
        elif letter in _SPECIAL or (inside and letter in "[&~"):
            parts.append("\\" + letter)
        elif letter == "\\":
            parts.append("\\" + pattern[at : at + 1])
            at += 1
            needed = True
        else:
            parts.append(letter)
            needed = needed or letter in "[]"
            inside = letter == "[" or (inside and letter != "]")
    return "".join(parts), needed


@dataclass(frozen=True)
class Pattern:
    """One line of the file; ``exception`` for those that begin with an exclamation mark."""

    text: str
    exception: bool
    matches: t.Callable[[str], bool]


def _matcher(text: str) -> t.Callable[[str], bool]:
    expression, needed = _expression(text)
    # Two stars and plain text: docker compares the ends of the path, where "**x" also means "anyx".
    if text.startswith("**") and not _expression(text[2:])[1]:
        suffix = text[2:]
        return lambda path: path.endswith(suffix) or (suffix.startswith("/") and path == suffix[1:])
    if not needed:
        return lambda path: path == text
    try:
        compiled = re.compile(expression, re.ASCII)
    except re.error as error:
        raise PatternError(f"{text} is no pattern that docker can read: {error}.") from error
    return lambda path: compiled.fullmatch(path) is not None


def parse(text: str) -> list[Pattern]:
    """The patterns of the text of a .dockerignore file."""
    patterns = []
    for line in text.removeprefix("\ufeff").split("\n"):
        # Only a hash in the first column begins a comment.
        word = "" if line.startswith("#") else line.strip()
        exception = word.startswith("!")
        word = word[1:].strip() if exception else word
        if not word:
            if exception:
                raise PatternError("An exclamation mark stands alone: write the exception behind it.")
            continue
        word = posixpath.normpath(word)
        word = "/" + word.lstrip("/") if word.startswith("/") else word
        word = word[1:] if len(word) > 1 and word.startswith("/") else word
        _check(word)
        patterns.append(Pattern(word, exception, _matcher(word)))
    return patterns


def read(path: str) -> list[Pattern]:
    """The patterns of a .dockerignore file; none when there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as handle:
            return parse(handle.read())
    except FileNotFoundError:
        return []
    except PatternError as error:
        raise PatternError(f"{path}: {error}") from error


@dataclass(frozen=True)
class Verdict:
    """Whether a path is left out, and which patterns took it or a folder above it."""

    ignored: bool = False
    matched: tuple[bool, ...] = ()


class Ignore:
    """The decision about each path of a walk from the top down."""

    def __init__(self, patterns: t.Sequence[Pattern], deep: bool = False) -> None:
        """Take the patterns.

        With ``deep`` ignored folders are also searched for exceptions that begin with a wildcard, as BuildKit does;
        the classic builder's client searches only those that an exception names.
        """
        self._patterns = patterns
        exceptions = [pattern.text for pattern in patterns if pattern.exception]
        self._exceptions = [f"{re.sub(r'(/[*][*]?)+$', '', text) if deep else text}/" for text in exceptions]
        self._everywhere = deep and any(re.search(r"[*?^\[\]\\]", text) for text in self._exceptions)

    def verdict(self, path: str, parent: Verdict) -> Verdict:
        """The decision about a path, from the one about the folder it is in (a new one for the context itself)."""
        ignored = False
        matched = []
        for number, pattern in enumerate(self._patterns):
            match = bool(parent.matched) and parent.matched[number]
            # A pattern that would change nothing is not asked; its exceptions below are not either.
            if not match and pattern.exception != ignored:
                matched.append(False)
                continue
            match = match or pattern.matches(path)
            matched.append(match)
            if match:
                ignored = not pattern.exception
        return Verdict(ignored, tuple(matched))

    def searched(self, folder: str) -> bool:
        """Whether something below this ignored folder may be an exception."""
        return self._everywhere or any(text.startswith(f"{folder}/") for text in self._exceptions)

    def ignores(self, path: str) -> bool:
        """Whether a path is left out, from the top down."""
        verdict = Verdict()
        for end in [*(found.start() for found in re.finditer("/", path)), len(path)]:
            verdict = self.verdict(path[:end], verdict)
        return verdict.ignored
