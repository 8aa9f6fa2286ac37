# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module manifests reads documents as kubectl does: the same texts go through both, and the objects are compared.

Where ours refuses what kubectl takes, the reason stands beside the text here and in docs/manifests.md.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.documents import objects
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.sources import read_sources
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.texts import ManifestError, documents

BUNDLE = pathlib.Path(os.environ.get("BUNDLE_PATH") or "~/.cache/ft_services/bundle").expanduser()
KUBECTL = os.environ.get("KUBECTL") or str(BUNDLE / "bin" / "kubectl")
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"

# Plain scalars and those with a tag; each stands as a value, as an entry of a list and as a key.
SCALARS = r"""
y Y yes Yes YES yES n N no No NO true True TRUE tRUE false on On ON off OFF oN ~ null Null NULL nULL '' "" "null"
'~' = << < <<< "<<" '=' - -- --- . .. ... ? & % @a `a 0 1 -1 +1 00 01 007 08 09 0o7 0o17 0O17 0o8 0x1F 0X1f 0xg 0b11
0B11 0b2 -0x1F +0x1F -0b11 +0o7 -017 -08 1_000 1__0 1_ 0_7 0x_1F 0b_1 1_0.5_0 -1_0 +_1 9223372036854775807
9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616
99999999999999999999999 0xFFFFFFFFFFFFFFFF 0x10000000000000000 +9223372036854775808 +18446744073709551615
0777777777777777777777 01777777777777777777777 123456789012345678901234567890 1.0 1. .5 -.5 +.5 0.0 -0.0 -0 1.10 1e3
1E3 1e+3 1e-3 1.e3 .5e1 .5_0 ._5 .5_ 1e 1e+ e3 1e400 -1e400 .1e400 1e-400 1.5e300 1e20 1e21 1e22 123456789012345678
1234567890123456789.5 0.1 0.30000000000000004 1e-7 0.000001 0.0000001 100000000000000000000 100000000000000000000000
4503599627370497.5 2.5e15 1.7976931348623157e308 5e-324 3.4e39 16777217.0 123456789.0 1234567.0 .inf .Inf .INF +.inf
-.inf -.INF .iNF .nan .NaN .NAN -.nan inf Infinity nan NaN 1:20 1:20:30 190:20:30.15 0:0 12:30:45 1:2:3:4 2001-12-14
2001-12-14T21:59:43.10-05:00 2001-1-1 0000-00-00 1.2.3 1.2.3.4 v1 0x 1,000 1e3e3 1-2 +-1 ++1 12a 1d 0.5m 100m 1Gi 0b
0o 0x1.8p3 0x1p4 1/2 $1 1% #a a#b a:b :a a! !a !!str\ 12 !!str\ yes !!str\ 2001-01-01 !!str !!int\ 12 !!int\ "12"
!!int\ 0o17 !!int\ 1.5 !!int\ a !!int\ 2001-01-01 !!float\ 1 !!float\ "1.5" !!float\ 1e3 !!float\ 1_0 !!float\ .inf
!!float\ a !!float\ 18446744073709551615 !!bool\ yes !!bool\ "true" !!bool\ 1 !!null\ null !!null\ '' !!null\ a
!!null !!timestamp\ 2001-12-14 !!timestamp\ "2001-12-14T21:59:43Z" !!timestamp\ 2001-13-14 !!timestamp\ a
!!timestamp\ 2001-12-14\ 21:59:43 !!binary\ aGk= !!binary\ aGk !!binary\ "" !!binary\ 12 !own\ 12 !own\ yes
!<tag:yaml.org,2002:int>\ 12 !<tag:yaml.org,2002:str>\ 12 !\ 12 !\ "12" !\ yes !!value\ = !!merge\ a !!omap\ a
!!seq\ a !e!a "a\tb" "\x41" "\u00e9" "\U0001F600" "\ud83d\ude00" "\e" "\_" "\N" "\L" "a\
"""


def _words(table: str) -> list[str]:
    """The table's entries; a blank with a backslash before it belongs to the entry."""
    return [word.replace("\0", " ") for word in table.replace("\\ ", "\0").split()]


WORDS = list(dict.fromkeys(_words(SCALARS)))
TEXTS: dict[str, str | bytes] = {
    **{f"value {word}": f"{HEAD}data:\n  v: {word}\n" for word in WORDS},
    **{f"entry {word}": f"{HEAD}data: [ {word} ]\n" for word in WORDS},
    **{f"key {word}": f"{HEAD}data:\n  {word} : v\n" for word in WORDS},
    "object with anchors": HEAD + "a: &x {b: 1, c: [1, 2]}\nd: *x\ne: [*x, *x]\n",
    "anchor on a key": HEAD + "data: {&k a: 1, b: *k}\n",
    "alias as a key": HEAD + "a: &x k\ndata: {*x : 1}\n",
    "anchor used again": HEAD + "a: &x 1\nb: &x 2\nc: *x\n",
    "anchor of the same name inside": HEAD + "a: &x {b: &x 1, c: *x}\nd: *x\n",
    "alias inside its anchor": HEAD + "data: &x {a: *x}\n",
    "alias without anchor": HEAD + "data: *x\n",
    "anchor in another document": HEAD + "a: &x 1\n---\n" + HEAD + "b: *x\n",
    "anchor of nothing": HEAD + "a: &x\nb: *x\n",
    "merge": HEAD + "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n",
    "merge after the key": HEAD + "a: &x {b: 1, c: 2}\nd: {c: 3, <<: *x}\n",
    "merge of several": HEAD + "a: &x {b: 1}\ne: &y {b: 2, c: 3}\nd: {<<: [*x, *y], z: 1}\n",
    "merge twice": HEAD + "a: &x {b: 1}\ne: &y {b: 2, c: 3}\nd: {<<: *x, <<: *y}\n",
    "merge in a merge": HEAD + "a: &x {b: 1}\ne: &y {<<: *x, c: 3}\nd: {<<: *y, e: {<<: *x}}\n",
    "merge of an inline mapping": HEAD + "d: {<<: {a: 1}, b: 2}\n",
    "merge of an inline list": HEAD + "a: &x {b: 1}\nd:\n  <<:\n  - *x\n  - {c: 2}\n",
    "merge of an alias of a list": HEAD + "a: &x [{b: 1}]\nd: {<<: *x}\n",
    "merge of a text": HEAD + "d: {<<: text}\n",
    "merge of nothing": HEAD + "d: {<<: }\n",
    "merge of a list of texts": HEAD + "d: {<<: [a]}\n",
    "merge in quotes": HEAD + 'd: {"<<": {a: 1}}\n',
    "merge with its tag": HEAD + 'd: {!!merge "<<": {a: 1}}\n',
    "merge with another tag": HEAD + "d: {!!str <<: {a: 1}}\n",
    "merge at the top": "x: &x {kind: ConfigMap, apiVersion: v1}\n<<: *x\nmetadata: {name: a}\n",
    "duplicate by a merge": HEAD + "a: &x {b: 1}\nd: {b: 2, <<: *x, c: 3}\n",
    "set": HEAD + "data: !!set {a, b}\n",
    "set in block style": HEAD + "data: !!set\n  ? a\n  ? b\n",
    "ordered mapping": HEAD + "data: !!omap [a: 1, b: 2]\n",
    "pairs": HEAD + "data: !!pairs [a: 1, a: 2]\n",
    "mapping with the tag null": HEAD + "data: !!null {a: 1}\n",
    "mapping with the tag str": HEAD + "data: !!str {a: 1}\n",
    "list with an own tag": HEAD + "data: !own [1]\n",
    "map with its tag": HEAD + "data: !!map {a: !!seq [1]}\n",
    "tag directive": "%TAG ! tag:yaml.org,2002:\n---\n" + HEAD,
    "version directive": "%YAML 1.1\n---\n" + HEAD,
    "complex key": HEAD + "data:\n  ? [a, b]\n  : 1\n",
    "mapping as a key": HEAD + "data:\n  ? {a: b}\n  : 1\n",
    "null as a key": HEAD + "data: {~: 1}\n",
    "empty key": HEAD + "data: {: 1}\n",
    "text as a key": HEAD + "data: {'': 1}\n",
    "long key": HEAD + f"data: {{{'k' * 1100}: 1}}\n",
    "long plain key": HEAD + f"data:\n  {'k' * 1100}: 1\n",
    "folded": HEAD + "data:\n  a: >\n    one\n    two\n\n    three\n",
    "folded and stripped": HEAD + "data:\n  a: >-\n    one\n    two\n",
    "folded and kept": HEAD + "data:\n  a: >+\n    one\n\n\n  b: 1\n",
    "literal": HEAD + "data:\n  a: |\n    one\n      two\n\n  b: 1\n",
    "literal with an indent": HEAD + "data:\n  a: |2\n      one\n    two\n",
    "literal before a separator": HEAD + "data:\n  a: |\n    one\n---\n" + HEAD,
    "literal without a line end": HEAD + "data:\n  a: |\n    one",
    "literal that is kept": HEAD + "data:\n  a: |+\n    one\n\n\n",
    "literal that is kept without a line end": HEAD + "data:\n  a: |+\n    one\n\n ",
    "literal that is kept before a separator": HEAD + "data:\n  a: |+\n    one\n\n---\n" + HEAD,
    "folded without a line end": HEAD + "data:\n  a: >\n    one\r",
    "literal with dashes": HEAD + "data:\n  a: |\n    ---\n    b\n",
    "literal with dashes at the margin": HEAD + "data:\n  a: |\n---\nb: 1\n",
    "literal with a tab": HEAD + "data:\n  a: |\n    \tone\n",
    "several lines": HEAD + "data:\n  a: one\n    two\n  b: 'x\n\n    y'\n",
    "tab as indent": HEAD + "data:\n\ta: 1\n",
    "tab before a comment": HEAD + "data: {}\t# c\n",
    "tab in flow style": HEAD + "data: {\ta:\t1}\n",
    "flow over lines": HEAD + "data: {a: [1,\n  2,\n  ],\n  b: {},}\n",
    "flow without blanks": HEAD + 'data: {"a":1,"b":[1,2]}\n',
    "flow with a question mark": HEAD + "data: {? a : 1, b}\n",
    "flow with a colon in a value": HEAD + "data: {a: http://b:80/c}\n",
    "flow pair in a list": HEAD + "data: [a: 1, b]\n",
    "list without indent": HEAD + "data:\n- 1\n- - 2\n  - 3\n-\n",
    "compact mapping in a list": HEAD + "data:\n- a: 1\n  b: 2\n- \n  a: 1\n",
    "colon in plain text": HEAD + "data:\n  a: b:c\n  d: e: f\n",
    "percent in a value": HEAD + "data:\n  a: %b\n",
    "comment": "# one\n" + HEAD + "data: # two\n  # three\n  a: 1 # four\n  b: '#'\n",
    "comments only": "# one\n# two\n",
    "empty": "",
    "blank": "  \n\n",
    "null": "null\n",
    "null in the middle": HEAD + "---\nnull\n---\n" + HEAD,
    "tilde": "~\n",
    "separators only": "---\n---\n---\n",
    "separator before": "---\n" + HEAD,
    "separator after": HEAD + "---\n",
    "separator with a comment": "--- # c\n" + HEAD + "---   \n" + HEAD,
    "separator with content": "--- {a: 1}\n",
    "separator with a text": HEAD + "--- |\n  a\n",
    "separator of four dashes": HEAD + "----\n" + HEAD,
    "separator without blank": HEAD + "---a\n",
    "separator of CRLF": HEAD.replace("\n", "\r\n") + "---\r\n" + HEAD.replace("\n", "\r\n"),
    "separator with a tab": HEAD + "---\t\n" + HEAD,
    "separator in flow style": HEAD + "data: {\n---\n}\n",
    "separator in a quoted text": HEAD + "data: 'a\n---\nb'\n",
    "comments between": HEAD + "---\n# nothing\n---\n" + HEAD,
    "end of document": HEAD + "...\n",
    "end of document and separator": HEAD + "...\n---\n" + HEAD,
    "end of document and comment": HEAD + "...\n# c\n",
    "CRLF": HEAD.replace("\n", "\r\n") + "data:\r\n  a: |\r\n    one\r\n    two\r\n",
    "CR": HEAD.replace("\n", "\r"),
    "no line end": HEAD + "a: 1",
    "byte order mark": ("\ufeff" + HEAD).encode(),
    "byte order mark and JSON": ("\ufeff" + '{"apiVersion":"v1","kind":"A"}').encode(),
    "byte order mark after a separator": (HEAD + "---\n\ufeff" + HEAD).encode(),
    "byte order mark inside": (HEAD + "a: b\ufeffc\n").encode(),
    "UTF-16 little": ("\ufeff" + HEAD).encode("utf-16-le"),
    "UTF-16 big": ("\ufeff" + HEAD).encode("utf-16-be"),
    "not ASCII": HEAD + "data: {ä: ö, 漢: 字, e: 😀}\n",
    "next line character": HEAD + "data: {a: 'x\u0085y', b: \u2028}\n",
    "delete character": HEAD + "data: {a: 'x\x7fy'}\n",
    "bell": HEAD + "data: {a: 'x\x07y'}\n",
    "no break space": HEAD + "data: {a: x\u00a0y, b: \u00a0}\n",
    "escapes": HEAD + 'data: {a: "\\0\\a\\b\\t\\n\\v\\f\\r\\e\\"\\\\\\N\\_\\L\\P", b: "\\x7f"}\n',
    "unknown escape": HEAD + 'data: {a: "\\y"}\n',
    "escaped line end": HEAD + 'data: {a: "one\\\n  two"}\n',
    "single quote twice": HEAD + "data: {a: 'it''s'}\n",
    "unclosed": HEAD + "data: {a: 1\n",
    "unclosed quote": HEAD + "data: 'a\n",
    "reserved character": HEAD + "data: @a\n",
    "bad indent": HEAD + "data:\n    a: 1\n  b: 2\n",
    "two values": HEAD + "data: a\n  b\nc: d: e\n",
    "text": "just text\n",
    "number": "12\n",
    "template": HEAD + "data: {{ value }}\n",
    "list of kind List": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- {apiVersion: v, kind: B}",
    "list without items": "apiVersion: v1\nkind: List\nitems: []\n",
    "list of null": "apiVersion: v1\nkind: List\nitems: null\n",
    "typed list": "apiVersion: apps/v1\nkind: DeploymentList\nitems: [{metadata: {name: a}}, {metadata: {}}]\n",
    "typed list with kinds": "apiVersion: v1\nkind: PodList\nitems: [{apiVersion: v2, kind: B}]\n",
    "list in JSON": '{"kind":"List","apiVersion":"v1","items":[{"apiVersion":"v1","kind":"A","x":1.0}]}',
    "JSON": '{"apiVersion":"v1","kind":"A","x":[1,2.5,true,null,"a",{}]}',
    "JSON numbers": '{"apiVersion":"v1","kind":"A","x":[1.0,1e3,1E3,-0,-0.0,0.1,1e21,1e20,12345678901234567890]}',
    "JSON more numbers": '{"apiVersion":"v1","kind":"A","x":[9223372036854775808,1234567890123456789012,5e-324,1e-7]}',
    "JSON number too large": '{"apiVersion":"v1","kind":"A","x":1e400}',
    "JSON NaN": '{"apiVersion":"v1","kind":"A","x":NaN}',
    "JSON emoji escape": '{"apiVersion":"v1","kind":"A","x":"\\ud83d\\ude00","y":"\\u00e9\\u2028","\\ud83d\\ude00":1}',
    "JSON slash": '{"apiVersion":"v1","kind":"A","x":"\\/\\b\\f"}',
    "JSON over lines": '{\n\t"apiVersion": "v1",\n\t"kind": "A"\n}\n',
    "JSON twice": '{"apiVersion":"v1","kind":"A"}{"apiVersion":"v1","kind":"B"}',
    "JSON in lines": '{"apiVersion":"v1","kind":"A"}\n{"apiVersion":"v1","kind":"B"}\n\n{"kind":"C"}\n',
    "JSON and separator": '{"apiVersion":"v1","kind":"A"}\n---\n{"apiVersion":"v1","kind":"B"}\n',
    "JSON and YAML": '{"apiVersion":"v1","kind":"A"}\n---\n' + HEAD,
    "JSON twice and YAML": '{"apiVersion":"v1","kind":"A"}\n{"apiVersion":"v1","kind":"B"}\n---\n' + HEAD,
    "YAML and JSON": HEAD + '---\n{"apiVersion":"v1","kind":"A","x":"\\n"}\n',
    "separator and JSON": '---\n{"apiVersion":"v1","kind":"A"}\n',
    "separator and JSON with an emoji": '---\n{"apiVersion":"v1","kind":"A","x":"\\ud83d\\ude00"}\n',
    "comment and JSON": '# c\n{"apiVersion":"v1","kind":"A"}\n',
    "JSON with a comment": '{"apiVersion":"v1","kind":"A"} # c\n',
    "JSON with a trailing comma": '{"apiVersion":"v1","kind":"A",}',
    "JSON with single quotes": "{'apiVersion':'v1','kind':'A'}",
    "JSON with a tab in a text": '{"apiVersion":"v1","kind":"A\tB"}',
    "JSON unclosed": '{"apiVersion":"v1","kind":"A"',
    "flow style at the top": "{apiVersion: v1, kind: A, x: yes}\n",
    "flow style at the top and more": "{apiVersion: v1, kind: A}\n---\n{apiVersion: v1, kind: B}\n",
    "many aliases": HEAD + "a: &a [" + "1, " * 90 + "]\nb: [" + "*a, " * 90 + "]\n",
    "deep": HEAD + "data: " + "[" * 150 + "]" * 150 + "\n",
    "bomb": HEAD
    + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
}  # fmt: skip

# What kubectl takes and ours refuses on purpose, with words of the reason.
REFUSED_TEXTS: dict[str, tuple[str | bytes, str]] = {
    "duplicate key": (HEAD + "data: {a: 1, a: 2}\n", "stands here again"),
    "duplicate key of another type": (HEAD + "data: {1: a, '1': b}\n", "stands here again"),
    "duplicate key by a tag": (HEAD + "data: {yes: a, 'true': b}\n", "stands here again"),
    "duplicate key in JSON": ('{"apiVersion":"v1","kind":"A","kind":"B"}', "stands there twice"),
    "binary that is no text": (HEAD + "data: !!binary //8=\n", "not text"),
    "after the end of a document": (HEAD + "...\na: 1\n", "follows the end of the document"),
    "half of a surrogate pair": ('{"apiVersion":"v1","kind":"A","x":"\\ud83d"}', "half of a surrogate pair"),
    "not UTF-8": (HEAD.encode() + b"a: \xff\n", "not UTF-8 text"),
    "too deep": (HEAD + "data: " + "[" * 250 + "]" * 250 + "\n", "nested"),
    "items in an object": (HEAD + "items: null\n", "has the field items"),
    "items in another kind": ("apiVersion: v1\nkind: A\nitems: [{apiVersion: v1, kind: B}]\n", "has the field items"),
}
# What kubectl refuses and ours takes, as it means nothing else: lists of objects, documents without anything,
# and a slash with a backslash, as JSON has it.
TAKEN_TEXTS: dict[str, tuple[str, int]] = {
    "escaped slash": (HEAD + 'data: "\\/"\n', 1),
    "list of objects": (f"- {HEAD.replace(chr(10), chr(10) + '  ').rstrip()}\n- {{apiVersion: v1, kind: A}}\n", 2),
    "empty mapping": ("{}\n", 0),
    "empty list": ("[]\n", 0),
    "list in a list": ("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: []}]\n", 0),
}


def by_kubectl(*paths: pathlib.Path) -> list[str] | None:
    """The objects that kubectl reads from files; None when it refuses one of them."""
    command = [KUBECTL, "annotate", "--local", "--output", "json", "nothing-"]
    command += [part for path in paths for part in ("--filename", str(path))]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env={"HOME": str(paths[0].parent)})
    if answer.returncode:
        # Without any object kubectl complains too.
        return [] if "no objects passed" in answer.stderr else None
    found, position, decoder = [], 0, json.JSONDecoder()
    text = answer.stdout.strip()
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        found.append(comparable(value))
        while position < len(text) and text[position].isspace():
            position += 1
    return found


def comparable(body: dict) -> str:
    """The object as a text, without the empty annotations that kubectl adds."""
    body = json.loads(json.dumps(body))
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        if not metadata.get("annotations"):
            metadata.pop("annotations", None)
        if not metadata:
            del body["metadata"]
    return json.dumps(body, sort_keys=True)


def by_us(path: pathlib.Path) -> list[str] | str:
    """The objects that ours reads from a file, or why it refuses it."""
    try:
        found = [
            body
            for text, name in read_sources([str(path)])
            for value, place in documents(text, name)
            for body, _where in objects(value, place)
        ]
    except ManifestError as error:
        return str(error)
    for body in found:
        if not body.get("kind"):
            return "kind is missing"
    return [comparable(body) for body in found]


def written(folder: pathlib.Path, text: str | bytes, number: int = 0) -> pathlib.Path:
    path = folder / f"{number}.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_enough_documents_are_compared():
    assert len(TEXTS) >= 150
    assert pathlib.Path(KUBECTL).is_file(), f"{KUBECTL} is missing: make the bundle first (make bundle)"


def differences(files: dict[str, pathlib.Path], ours: dict[str, list[str] | str]) -> dict[str, str]:
    """Where kubectl reads something else; many files go to one kubectl, as long as it reads the same."""
    expected = by_kubectl(*files.values())
    actual = [body for name in files for body in ours[name]]
    if expected == actual:
        return {}
    if len(files) == 1:
        (name,) = files
        return {name: f"ours reads {actual}, kubectl {'refuses it' if expected is None else expected}"}
    names = list(files)
    half = len(names) // 2
    return {
        name: text
        for part in (names[:half], names[half:])
        for name, text in differences({name: files[name] for name in part}, ours).items()
    }


def test_both_read_the_same(tmp_path):
    files = {name: written(tmp_path, text, number) for number, (name, text) in enumerate(TEXTS.items())}
    ours = {name: by_us(path) for name, path in files.items()}
    taken = {name: path for name, path in files.items() if not isinstance(ours[name], str)}
    found = differences(taken, ours)
    for name, path in files.items():
        if name not in taken and by_kubectl(path) is not None:
            found[name] = f"kubectl reads it, ours refuses it: {ours[name]}"
    assert found == {}


@pytest.mark.parametrize("name", REFUSED_TEXTS)
def test_what_kubectl_would_lose_is_refused(tmp_path, name):
    text, words = REFUSED_TEXTS[name]
    path = written(tmp_path, text)
    assert by_kubectl(path) is not None
    assert words in by_us(path)


@pytest.mark.parametrize("name", TAKEN_TEXTS)
def test_what_only_ours_takes(tmp_path, name):
    text, count = TAKEN_TEXTS[name]
    path = written(tmp_path, text)
    assert by_kubectl(path) is None
    assert len(by_us(path)) == count
