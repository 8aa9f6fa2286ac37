# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import ignore


def ignored(text, path, deep=False):
    return ignore.Ignore(ignore.parse(text), deep).ignores(path)


# The integration test holds the docker command against the same kinds.
@pytest.mark.parametrize(
    ("text", "paths", "others"),
    [
        ("**/secrets", ["secrets", "a/secrets", "a/b/c/secrets/prod/key.pem"], ["a/secrets2", "xsecrets"]),
        ("**/node_modules", ["node_modules/top.js", "a/b/node_modules/x/y"], ["a/node_module"]),
        ("**/.git/**", [".git/config", "a/.git/x/y"], [".gitignore"]),
        ("*.md", ["a.md"], ["a/a.md"]),
        ("**/*.md", ["a.md", "a/b/a.md"], ["a.mdx"]),
        ("*/x", ["a/x", "a/x/y"], ["x", "a/b/x"]),
        ("a?c", ["abc", "abc/d"], ["ac", "a/c"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z/y"], ["z", "ab/z"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab"]),
        ("**", ["a", "a/b"], []),
        ("**x", ["x", "ax", "a/bx"], ["xa"]),
        ("/a", ["a", "a/b"], ["b/a"]),
        ("./a/", ["a"], ["b"]),
        ("a/../b", ["b"], ["a"]),
        ("[a-c]x", ["ax", "cx"], ["dx"]),
        ("[^a]x", ["bx"], ["ax"]),
        ("a\\*b", ["a*b"], ["aab"]),
        ("a.b", ["a.b"], ["axb"]),
        ("a+(b)|{c}$", ["a+(b)|{c}$"], ["aab"]),
        ("  a  \r\nb", ["a", "b"], ["c"]),
        ("# a\n #b", ["#b"], ["a", "# a"]),
        ("\ufeffa", ["a"], []),
        ("a\n!a/b", ["a", "a/c"], ["a/b", "a/b/c"]),
        ("*\n!a\na/b", ["x", "a/b"], ["a", "a/c"]),
        ("!a\na", ["a"], []),
        ("*.md\n! README.md", ["a.md"], ["README.md"]),
        (".\n/", [], ["a"]),
        ("caf\u00e9/*", ["caf\u00e9/x"], ["caf\u00e9"]),
    ],
)
def test_what_a_pattern_takes(text, paths, others):
    assert [path for path in paths if not ignored(text, path)] == []
    assert [path for path in others if ignored(text, path)] == []


@pytest.mark.parametrize(
    ("text", "folder", "deep", "expected"),
    [
        ("a\n!a/b/c", "a", False, True),
        ("a\n!a/b/c", "a/b", False, True),
        ("a\n!a/b/c", "ab", False, False),
        ("a\n!**/c", "a", False, False),
        ("a\n!**/c", "a", True, True),
        ("a\n!a/**", "a", True, True),
        ("a", "a", True, False),
    ],
)
def test_which_ignored_folders_are_searched(text, folder, deep, expected):
    assert ignore.Ignore(ignore.parse(text), deep).searched(folder) is expected


@pytest.mark.parametrize("text", ["!", "[a", "a[", "[]", "[-a]", "[a-]", "x\\", "[^]"])
def test_patterns_that_docker_cannot_read_are_refused(text):
    with pytest.raises(ignore.PatternError):
        ignore.parse(text)


def test_the_file_is_named(tmp_path):
    (tmp_path / ".dockerignore").write_text("ok\n[a\n")
    with pytest.raises(ignore.PatternError, match=r"\.dockerignore: \[a is no pattern"):
        ignore.read(str(tmp_path / ".dockerignore"))
    assert ignore.read(str(tmp_path / "none")) == []
