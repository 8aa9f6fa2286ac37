# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users add to an image: folders and zip files are taken, or refused with the reason."""

from __future__ import annotations

import stat
import zipfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.plugin_utils import _additions as subject

PLUGIN = "<?php\n/**\n * Plugin Name: Greeter\n */\n"
THEME = "/*\nTheme Name: Plain\n*/\n"
ROW = {
    "name": "wordpress",
    "additions": {
        "extra/plugins": {"setting": "my_plugins", "file": "*.php", "header": "Plugin Name"},
        "extra/themes": {"setting": "my_themes", "file": "style.css", "header": "Theme Name"},
    },
}


def folder(path, files):
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return str(path)


def archive(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return str(path)


def find(**settings):
    return subject.find([ROW, {"name": "nginx"}], settings.get)


def test_without_a_value_nothing_is_added():
    assert find() == []
    assert find(my_plugins=[], my_themes=None) == []


def test_a_folder_and_a_zip_file_are_told_alike(tmp_path):
    files = {"greeter.php": PLUGIN, "parts/more.php": "<?php\n"}
    one = folder(tmp_path / "greeter", files)
    two = archive(
        tmp_path / "other.1.2.zip", {f"other/{name}": text for name, text in files.items()} | {"__MACOSX/x": ""}
    )
    theme = folder(tmp_path / "plain", {"style.css": THEME})
    size = sum(map(len, files.values()))
    assert find(my_plugins=[one, two], my_themes=[theme]) == [
        {
            "service": "wordpress",
            "path": "extra/plugins/greeter",
            "source": one,
            "title": "Greeter",
            "files": 2,
            "bytes": size,
        },
        {
            "service": "wordpress",
            "path": "extra/plugins/other",
            "source": two,
            "title": "Greeter",
            "files": 2,
            "bytes": size,
        },
        {
            "service": "wordpress",
            "path": "extra/themes/plain",
            "source": theme,
            "title": "Plain",
            "files": 1,
            "bytes": len(THEME),
        },
    ]


def test_an_entry_of_a_zip_file_for_its_folder_counts_for_nothing(tmp_path):
    (found,) = find(my_plugins=[archive(tmp_path / "a.zip", {"a/": "", "a/a.php": PLUGIN, "a/empty/": ""})])
    assert (found["path"], found["files"]) == ("extra/plugins/a", 1)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("<?php /* Plugin Name: One line */", "One line"),
        ("<?php\r\n# plugin name:Hash \r\n", "Hash"),
        ("<?php\n// Plugin Name: Ünï\n", "Ünï"),
        ("<?php\n" + " " * 9000 + "\n// Plugin Name: Late\n", None),
        ("<?php\n$x = 'Plugin Name: no comment';\n", None),
    ],
)
def test_a_header_is_what_wordpress_takes_for_one(tmp_path, text, title):
    given = folder(tmp_path / "a", {"a.php": text, "b.txt": PLUGIN, "deep/c.php": PLUGIN})
    if title:
        assert [found["title"] for found in find(my_plugins=[given])] == [title]
    else:
        with pytest.raises(
            subject.AdditionsError, match=r"a: none of its files \*.php begins with a line 'Plugin Name:"
        ):
            find(my_plugins=[given])


def refused(given, setting="my_plugins"):
    with pytest.raises(subject.AdditionsError) as error:
        find(**{setting: given})
    return str(error.value)


def test_what_is_no_list_of_absolute_paths_is_refused(tmp_path):
    assert "my_plugins must be a list" in refused("/a/b")
    assert "my_plugins must be a list" in refused([7])
    assert "{{ inventory_dir }}/plugins/a.zip" in refused(["plugins/a.zip"])
    assert f"there is no {tmp_path}/none on the machine that runs Ansible" in refused([f"{tmp_path}/none"])
    (tmp_path / "a.tar.gz").write_bytes(b"x")
    assert "neither a folder nor a zip file" in refused([f"{tmp_path}/a.tar.gz"])


def test_a_theme_is_no_plugin(tmp_path):
    theme = folder(tmp_path / "plain", {"style.css": THEME})
    assert f"{theme}: it has no file *.php" in refused([theme])
    plugin = folder(tmp_path / "greeter", {"greeter.php": PLUGIN})
    assert f"{plugin}: it has no file style.css" in refused([plugin], "my_themes")


def test_two_of_one_name_are_refused(tmp_path):
    one = folder(tmp_path / "x/greeter", {"greeter.php": PLUGIN})
    two = archive(tmp_path / "y.zip", {"greeter/greeter.php": PLUGIN})
    text = refused([one, two])
    assert f"{one} and {two} are both called greeter" in text


def test_a_name_that_no_folder_of_an_image_should_have_is_refused(tmp_path):
    assert "'my plugin'" in refused([folder(tmp_path / "my plugin", {"greeter.php": PLUGIN})])
    assert "'.git'" in refused([archive(tmp_path / "a.zip", {".git/a.php": PLUGIN})])


def test_a_link_within_is_followed_and_one_out_is_refused(tmp_path):
    given = folder(tmp_path / "greeter", {"greeter.php": PLUGIN, "a/b.txt": "b"})
    (tmp_path / "greeter/link").symlink_to("a")
    assert [found["files"] for found in find(my_plugins=[given])] == [3]
    (tmp_path / "secret").write_text("s")
    (tmp_path / "greeter/out").symlink_to(tmp_path / "secret")
    assert f"{given}/out is a link that leads out of it" in refused([given])


def test_a_folder_that_a_link_leads_to_is_taken(tmp_path):
    folder(tmp_path / "greeter-1.2", {"greeter.php": PLUGIN})
    (tmp_path / "greeter").symlink_to("greeter-1.2")
    assert [found["path"] for found in find(my_plugins=[f"{tmp_path}/greeter"])] == ["extra/plugins/greeter"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "leads out of it"),
        ("a/../../x", "leads out of it"),
        ("../x", "leads out of it"),
        ("a\\..\\x", "has a backslash"),
        ("loose.php", "it has loose.php beside a folder"),
        ("b/x.php", "it has the folders a, b"),
    ],
)
def test_a_zip_file_stays_in_its_one_folder(tmp_path, name, reason):
    assert reason in refused([archive(tmp_path / "a.zip", {"a/a.php": PLUGIN, name: "x"})])


def test_a_zip_file_without_a_folder_is_refused(tmp_path):
    assert "no folder in it" in refused([archive(tmp_path / "a.zip", {})])


def test_links_and_what_is_locked_in_a_zip_file_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a/a.php", PLUGIN)
        link = zipfile.ZipInfo("a/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
    assert "a/link is a link" in refused([str(path)])
    archive(path, {"a/a.php": PLUGIN})
    # The flag of an entry whose content is encrypted, where each entry begins and in the list at the end.
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert "a/a.php is encrypted" in refused([str(path)])


def test_what_is_damaged_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 and no more")
    assert "cannot be read as a zip file" in refused([str(path)])


def test_the_size_has_a_limit_and_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "MAXIMUM_BYTES", 2 << 20)
    big = {"a/a.php": PLUGIN, "a/zeros": "0" * (3 << 20)}
    assert "3.0 MB in 2 files, and at most 2.0 MB" in refused([archive(tmp_path / "a.zip", big)])
    monkeypatch.setattr(subject, "MAXIMUM_FILES", 1)
    assert "in 2 files" in refused([folder(tmp_path / "b", {"a.php": PLUGIN, "b.php": ""})])


def test_a_zip_file_is_unpacked_with_plain_modes(tmp_path):
    given = archive(
        tmp_path / "a.zip", {"a/a.php": PLUGIN, "a/deep/b.txt": "ü", "__MACOSX/a/a.php": "", "a/empty/": ""}
    )
    target = subject.unpack(given, tmp_path / "target")
    assert target == tmp_path / "target/a"
    assert {str(path.relative_to(target)) for path in target.rglob("*")} == {"a.php", "deep", "deep/b.txt", "empty"}
    assert (target / "deep/b.txt").read_text() == "ü"
    assert (target / "a.php").stat().st_mode & 0o777 == 0o644


def test_a_folder_needs_no_unpacking(tmp_path):
    given = folder(tmp_path / "a", {"a.php": PLUGIN})
    assert str(subject.unpack(given, tmp_path / "target")) == given
    assert not (tmp_path / "target").exists()
