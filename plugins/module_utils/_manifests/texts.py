# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a text to the documents in it, as kubectl reads them; what kubectl would read and lose is refused.

This module util is private to the collection fortytwo.ft_services. Nothing here talks to a cluster.
Messages never quote the text: it may hold a secret.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.redact import HIDDEN
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests import scalars
from ansible_collections.fortytwo.ft_services.plugins.module_utils._yaml import yaml

DEEPEST = 200
# What aliases may add to a document: this many values, and this many characters. An API server takes 3 MiB an object.
_ALIAS_VALUES = 400_000
_ALIAS_CHARACTERS = 16 * 1024 * 1024

# What a YAML error quotes from the text; tags (!...) and single characters are harmless.
_QUOTED = re.compile(r"'(?!!)[^' ]{2,}'|\"(?!!)[^\" ]{2,}\"")
_BARE_TAG = re.compile(r"(?:&\S+\s+)?!\s")
_BLANK = " \t\r\n"


class ManifestError(Exception):
    """Input that cannot be applied, with the place where it stands."""


class _Value(t.NamedTuple):
    """A value, and how many values and characters it is when all aliases in it are written out."""

    value: t.Any
    values: int
    size: int


class _Mapping:
    """A mapping while it is read."""

    def __init__(self) -> None:
        self.found: dict[str, t.Any] = {}
        self._lines: dict[str, int] = {}

    def add(self, key: str, value: t.Any, line: int) -> None:
        """Take over a pair that was written here; one that was merged in before is replaced."""
        if key in self._lines:
            raise ManifestError(f"line {line}: the key {key} stands here again (first in line {self._lines[key]})")
        self._lines[key] = line
        self.found[key] = value

    def merge(self, value: t.Any, by_alias: bool) -> None:
        """Take over all pairs of the value of `<<`. As in kubectl, what comes later replaces what came before."""
        entries = [value] if isinstance(value, dict) else value
        if not isinstance(entries, list) or (by_alias and not isinstance(value, dict)):
            raise scalars.ScalarError("the value of << is not a mapping, nor a list of mappings")
        for entry in reversed(entries):
            if not isinstance(entry, dict):
                raise scalars.ScalarError("the value of << is not a mapping, nor a list of mappings")
            self.found.update(entry)


class _Reader:
    """The first YAML document of a text; ``offset``: how many lines stand before the text."""

    def __init__(self, text: str, offset: int) -> None:
        self._loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        self._text = text
        self._offset = offset
        self._anchors: dict[str, _Value | object] = {}
        self.line = offset + 1
        self._alias_values = self._alias_characters = 0

    def close(self) -> None:
        """Free what the parser holds."""
        self._loader.dispose()

    def read(self) -> tuple[t.Any, int] | None:
        """The document and the line where it begins; None when there is none."""
        self._next()  # the start of the stream
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        event = self._next()
        line = self.line
        found = self._value(event, 0).value
        self._next()  # the end of the document
        try:
            ended = isinstance(self._next(), yaml.StreamEndEvent)
        except yaml.MarkedYAMLError:
            ended = False
        if not ended:
            raise ManifestError(
                f"line {self.line}: something follows the end of the document (...), which kubectl would pass over; "
                "begin it with a line of three dashes"
            )
        return found, line

    def _next(self) -> t.Any:
        event = self._loader.get_event()
        self.line = event.start_mark.line + 1 + self._offset
        return event

    def _value(self, event: t.Any, depth: int) -> _Value:
        if depth > DEEPEST:
            raise ManifestError(f"line {self.line}: lists and mappings are nested more than {DEEPEST} deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor)
        anchor = event.anchor
        mark = object()
        if anchor is not None:
            self._anchors[anchor] = mark
        if isinstance(event, yaml.ScalarEvent):
            value = scalars.number_or_same(self._scalar(event))
            found = _Value(value, 1, len(event.value))
        elif isinstance(event, yaml.SequenceStartEvent):
            found = self._sequence(depth)
        else:
            found = self._mapping(depth)
        # An anchor of the same name inside this value stays the newest.
        if anchor is not None and self._anchors[anchor] is mark:
            self._anchors[anchor] = found
        return found

    def _alias(self, anchor: str) -> _Value:
        if anchor not in self._anchors:
            raise ManifestError(f"line {self.line}: an alias has no anchor before it")
        found = self._anchors[anchor]
        if not isinstance(found, _Value):
            raise ManifestError(f"line {self.line}: the document contains itself (an alias inside of its anchor)")
        self._alias_values += found.values
        self._alias_characters += found.size
        if self._alias_values > _ALIAS_VALUES or self._alias_characters > _ALIAS_CHARACTERS:
            raise ManifestError(
                f"line {self.line}: the aliases add more than {_ALIAS_VALUES} values or "
                f"{_ALIAS_CHARACTERS // 1024 // 1024} MiB to the document; write out less by aliases"
            )
        return found

    def _sequence(self, depth: int) -> _Value:
        found, count, size = [], 1, 0
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            entry = self._value(event, depth + 1)
            found.append(entry.value)
            count, size = count + entry.values, size + entry.size
        return _Value(found, count, size)

    def _mapping(self, depth: int) -> _Value:
        mapping, count, size = _Mapping(), 1, 0
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            line = self.line
            merges = self._is_merge(event)
            key = None if merges else self._key(event, depth + 1)
            event = self._next()
            entry = self._value(event, depth + 1)
            count, size = count + entry.values + 1, size + entry.size
            if key is None:
                mapping.merge(entry.value, isinstance(event, yaml.AliasEvent))
            else:
                size += len(key)
                mapping.add(key, entry.value, line)
        return _Value(mapping.found, count, size)

    def _scalar(self, event: t.Any) -> t.Any:
        """The value of a scalar; with the tag `!`, which the parser does not hand on, it is a text."""
        begin = event.start_mark.index
        if event.tag is None and self._text[begin : begin + 1] in ("!", "&"):
            plain = not _BARE_TAG.match(self._text, begin)
            return scalars.scalar(None, event.value, plain and event.implicit[0])
        return scalars.scalar(event.tag, event.value, event.implicit[0])

    @staticmethod
    def _is_merge(event: t.Any) -> bool:
        return (
            isinstance(event, yaml.ScalarEvent)
            and event.value == "<<"
            and (event.implicit[0] or event.tag == scalars.MERGE)
        )

    def _key(self, event: t.Any, depth: int) -> str:
        if isinstance(event, yaml.ScalarEvent):
            key = self._scalar(event)
            if event.anchor is not None:
                self._anchors[event.anchor] = _Value(scalars.number_or_same(key), 1, len(event.value))
            return scalars.key_text(key)
        return scalars.key_text(self._value(event, depth).value)


def _yaml_document(text: str, offset: int, name: str) -> tuple[t.Any, int] | None:
    """The YAML document in a text without separators; errors begin with ``name``."""
    reader = None
    try:
        reader = _Reader(text.removeprefix("\ufeff"), offset)
        return reader.read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1 + offset}, column {mark.column + 1})" if mark else ""
        problem = _QUOTED.sub(HIDDEN, error.problem or error.context or "not readable")
        raise ManifestError(f"{name}: not valid YAML: {problem}{where}") from None
    except yaml.YAMLError:
        raise ManifestError(f"{name}: not valid YAML: it holds characters that YAML does not allow") from None
    except scalars.ScalarError as error:
        line = reader.line if reader else offset + 1
        raise ManifestError(f"{name}: line {line}: {error}") from None
    except ManifestError as error:
        raise ManifestError(f"{name}: {error}") from None
    finally:
        if reader is not None:
            reader.close()


def _chunks(text: str) -> t.Iterator[tuple[str, int]]:
    """The texts between separators, which are lines that begin with three dashes, and the lines before each."""
    lines: list[str] = []
    begin = 0
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        if line.startswith("---"):
            rest = line[3:].strip()
            if rest and not rest.startswith("#"):
                raise ManifestError(
                    f"line {number}: a line that begins with three dashes separates documents; "
                    "nothing but a comment may follow the dashes"
                )
            yield "".join(lines), begin
            lines, begin = [], number
        else:
            # kubectl ends every line, also the last one of a file without a line break at its end.
            lines.append(line.removesuffix("\r") + "\n")
    yield "".join(lines), begin


def _pairs(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise ManifestError(f"the key {key} stands there twice in one mapping")
            seen.add(key)
    return found


def _json_number(text: str) -> t.Any:
    return scalars.number_or_same(float(text))


def _json_integer(text: str) -> t.Any:
    # Longer texts cost Python more time than they are worth; as a float they mean the same.
    return scalars.number_or_same(int(text) if len(text) < 25 else float(text))


def _no_number(_text: str) -> t.Any:
    raise ValueError


_JSON = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_json_number, parse_int=_json_integer, parse_constant=_no_number
)


class _JsonPart(t.NamedTuple):
    """What could be read as JSON: the documents with their lines, where the rest begins, what is wrong there."""

    found: list[tuple[t.Any, int]]
    end: int
    problem: str


def _json_documents(text: str, source: str) -> _JsonPart:
    """The JSON documents that a text begins with."""
    found: list[tuple[t.Any, int]] = []
    position, line = 0, 1
    while True:
        begin = position
        while begin < len(text) and text[begin] in _BLANK:
            begin += 1
        if begin == len(text):
            return _JsonPart(found, begin, "")
        line += text.count("\n", position, begin)
        place = f"{source}, document {len(found) + 1}"
        try:
            value, end = _JSON.raw_decode(text, begin)
        except json.JSONDecodeError as error:
            return _JsonPart(found, position, f"{error.msg} (line {error.lineno}, column {error.colno})")
        except scalars.ScalarError as error:
            raise ManifestError(f"{place}: {error}") from None
        except ManifestError as error:
            raise ManifestError(f"{place} (line {line}): {error}") from None
        except RecursionError:
            raise ManifestError(f"{place}: lists and mappings are nested too deep") from None
        except ValueError:
            return _JsonPart(found, position, f"NaN and Infinity are no JSON (line {line})")
        found.append((value, line))
        line += text.count("\n", begin, end)
        position = end


def _well_formed(value: t.Any) -> bool:
    """False when a text in the value holds half of a character, which JSON can write and nobody can read."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def documents(text: str, source: str) -> t.Iterator[tuple[t.Any, str]]:
    """Every document of a text with its place. A text that begins with a brace is JSON, if it can be read as such."""
    text = text.removeprefix("\ufeff")
    number = 0
    rest, offset, problem = text, 0, ""
    if text.lstrip().startswith("{"):
        part = _json_documents(text, source)
        for value, line in part.found:
            number += 1
            place = f"{source}, document {number} (line {line})"
            if not _well_formed(value):
                raise ManifestError(f"{place}: a text holds half of a surrogate pair (\\ud800 to \\udfff)")
            yield value, place
        if not part.problem:
            return
        # Several JSON documents are no YAML; after a single one YAML may follow.
        if number > 1:
            raise ManifestError(f"{source}, document {number + 1}: not valid JSON: {part.problem}")
        problem = part.problem
        end = part.end
        while end < len(text) and text[end] in _BLANK:
            end += 1
            if text[end - 1] == "\n":
                break
        offset = text.count("\n", 0, end)
        rest = text[end:]
    try:
        for chunk, before in _chunks(rest):
            found = _yaml_document(chunk, offset + before, f"{source}, document {number + 1}")
            if found is None:
                continue
            number += 1
            yield found[0], f"{source}, document {number} (line {found[1]})"
    except ManifestError as error:
        text = str(error)
        text = text if text.startswith(source) else f"{source}: {text}"
        raise ManifestError(f"{text}; nor is it JSON: {problem}" if problem else text) from None
