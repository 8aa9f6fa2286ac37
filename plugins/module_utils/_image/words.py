# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and variables of a Dockerfile, read as docker's own shell-like reader does.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import re
import typing as t

_SPECIAL = "@*#?-$!0"


class WordError(Exception):
    """A word cannot be read; the text says why."""


def split_words(line: str, escape: str = "\\") -> list[str]:
    """The words of a line, quotes and escapes kept; none when a quote is never closed.

    The two characters that begin a here-document stay together with the word behind them.
    """
    words: list[str] = []
    word, at = "", 0
    while at < len(line):
        letter = line[at]
        at += 1
        if letter in "'\"":
            end = at
            while end < len(line) and line[end] != letter:
                end += 2 if letter == '"' and line[end] == escape else 1
            if end >= len(line):
                return []
            word += line[at - 1 : end + 1]
            at = end + 1
        elif letter == escape:
            word += line[at - 1 : at + 1]
            at += 1
        elif letter == "<" and line.startswith("<", at):
            at += 1
            while at < len(line) and line[at] in " \t":
                at += 1
            word += "<<"
        elif letter.isspace():
            words += [word] if word else []
            word = ""
        else:
            word += letter
    return [*words, word] if word else words


def _pattern(text: str, greedy: bool) -> str:
    star = ".*" if greedy else ".*?"
    parts, at = [], 0
    while at < len(text):
        letter = text[at]
        at += 1
        if letter == "*":
            parts.append(star)
        elif letter == "?":
            parts.append(".")
        else:
            if letter == "\\":
                letter = text[at : at + 1]
                at += 1
                if letter not in tuple("*?\\}/"):
                    raise WordError(f"\\{letter} is no escape in a pattern")
            parts.append(re.escape(letter))
    return "".join(parts)


class _Reader:
    """Reads one word from left to right."""

    def __init__(self, text: str, variables: t.Mapping[str, str], escape: str) -> None:
        self._text, self._at = text, 0
        self._variables, self._escape = variables, escape

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        letter = self._peek()
        self._at += 1
        return letter

    def read(self, stop: str = "", raw: bool = False) -> str:
        """Everything up to ``stop`` (without it, the end); with ``raw`` the escape characters are kept."""
        parts: list[str] = []
        while letter := self._peek():
            if letter == stop:
                self._at += 1
                return "".join(parts)
            if letter == "$":
                parts.append(self._variable())
                continue
            self._at += 1
            if letter == "'":
                end = self._text.find("'", self._at)
                if end < 0:
                    raise WordError("a single quote is never closed")
                parts.append(self._text[self._at : end])
                self._at = end + 1
            elif letter == '"':
                parts.append(self._quoted(raw))
            elif letter == self._escape:
                parts.append((letter if raw else "") + self._next())
            else:
                parts.append(letter)
        if stop:
            raise WordError(f"{stop} is missing")
        return "".join(parts)

    def _quoted(self, raw: bool) -> str:
        parts: list[str] = []
        while letter := self._peek():
            if letter == "$":
                parts.append(self._variable())
                continue
            self._at += 1
            if letter == '"':
                return "".join(parts)
            if letter == self._escape:
                parts += [letter] if raw else []
                if not self._peek():
                    continue
                if self._peek() in ('"', "$", self._escape):
                    letter = self._next()
            parts.append(letter)
        raise WordError("a double quote is never closed")

    def _name(self) -> str:
        if self._peek() in tuple(_SPECIAL):
            return self._next()
        found = re.compile(r"\d+|\w*").match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found.group() if found else ""

    def _variable(self) -> str:
        self._at += 1
        if self._peek() != "{":
            name = self._name()
            return self._variables.get(name, "") if name else "$"
        self._at += 1
        if self._peek() in ("{", "}", ":", ""):
            raise WordError("a substitution ${} has no name")
        name = self._name()
        value = self._variables.get(name)
        operator = self._next()
        if operator == "}":
            return value or ""
        if operator == "/":
            return self._replaced(value or "")
        colon = operator == ":"
        operator = self._next() if colon else operator
        if operator not in tuple("+-?") and (colon or operator not in tuple("#%")):
            raise WordError(f"the substitution ${{{name}...}} is none that docker knows")
        word = self.read("}", raw=operator in "#%")
        if operator in "#%":
            return self._trimmed(value or "", operator, word)
        missing = value is None or (colon and not value)
        if operator == "?" and missing:
            raise WordError(f"{name} is not set: {word or 'it needs a value'}")
        if operator == "+":
            return "" if missing else word
        return word if missing else value or ""

    def _replaced(self, value: str) -> str:
        everywhere = self._peek() == "/"
        self._at += everywhere
        pattern, new = self.read("/", raw=True), self.read("}", raw=True)
        return re.sub(_pattern(pattern, True), lambda found: new, value, count=0 if everywhere else 1)

    @staticmethod
    def _trimmed(value: str, operator: str, word: str) -> str:
        greedy = word.startswith(operator)
        pattern = _pattern(word[greedy:], greedy)
        if operator == "#":
            found = re.match(pattern, value)
            return value[found.end() :] if found else value
        starts = range(len(value) + 1) if greedy else range(len(value), -1, -1)
        start = next((at for at in starts if re.compile(pattern).fullmatch(value, at)), len(value))
        return value[:start]


def expand(word: str, variables: t.Mapping[str, str], escape: str = "\\") -> str:
    """A word without its quotes, its variables replaced by their values; unknown ones are empty."""
    return _Reader(word, variables, escape).read()
