# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users add to an image: folders and zip files of the controller. Private to this collection.

The row of a service says by ``additions`` which setting lists them, where they go, and how one of them is known.
"""

from __future__ import annotations

import fnmatch
import pathlib
import re
import stat
import typing as t
import zipfile

from ansible_collections.fortytwo.ft_services.plugins.module_utils import _folders

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# Of each, unpacked.
MAXIMUM_BYTES = 256 << 20
MAXIMUM_FILES = 20000
# Where WordPress looks for a header.
HEADER_BYTES = 8192
# What a Mac adds to a zip file.
FOREIGN = "__MACOSX"


class AdditionsError(Exception):
    """What cannot be added, and why. The text names the setting and the folder or file."""


class Found(t.NamedTuple):
    """A folder or zip file that was looked at: its name, its files with their sizes, and how to read one of them."""

    name: str
    sizes: dict[str, int]
    read: t.Callable[[str], bytes]


def find(rows: t.Iterable[t.Mapping[str, t.Any]], value_of: t.Callable[[str], t.Any]) -> list[dict[str, t.Any]]:
    """Everything that the settings of the rows add, looked at; ``value_of`` tells the value of a setting.

    Raises AdditionsError.
    """
    return [
        {"service": row["name"], **each}
        for row in rows
        for place, kind in (row.get("additions") or {}).items()
        for each in of_setting(value_of(kind["setting"]), place, kind)
    ]


def of_setting(value: t.Any, place: str, kind: t.Mapping[str, str]) -> t.Iterator[dict[str, t.Any]]:
    """What one setting adds at a place."""
    setting = kind["setting"]
    seen: dict[str, str] = {}
    if not isinstance(value or [], list) or not all(isinstance(each, str) for each in value or []):
        raise AdditionsError(f"{setting} must be a list of folders and zip files.")
    for source in value or []:
        try:
            found = look(source)
            title = title_of(source, found, kind)
        except (AdditionsError, _folders.FoldersError) as error:
            raise AdditionsError(f"{setting}: {error}.") from error
        except OSError as error:
            raise AdditionsError(f"{setting}: {error.filename or source}: {error.strerror}.") from error
        other = seen.setdefault(found.name, source)
        if other != source or value.count(source) > 1:
            raise AdditionsError(
                f"{setting}: {other} and {source} are both called {found.name}. Take one of them away."
            )
        total = sum(found.sizes.values())
        yield {
            "path": f"{place}/{found.name}",
            "source": source,
            "title": title,
            "files": len(found.sizes),
            "bytes": total,
        }


def look(source: str) -> Found:
    """Look at a folder or a zip file."""
    path = pathlib.Path(source).expanduser()
    if not path.is_absolute():
        raise AdditionsError(f"{source} is no absolute path: write {{{{ inventory_dir }}}}/{source}")
    if not path.exists():
        raise AdditionsError(f"there is no {source} on the machine that runs Ansible")
    if path.is_dir():
        found = look_at_folder(path)
    elif path.suffix.lower() == ".zip":
        found = look_at_zip(path)
    else:
        raise AdditionsError(f"{source} is neither a folder nor a zip file")
    if not NAME.fullmatch(found.name):
        raise AdditionsError(
            f"{source}: its folder is called '{found.name}', which has more than letters, digits, . _ and -"
        )
    total = sum(found.sizes.values())
    if total > MAXIMUM_BYTES or len(found.sizes) > MAXIMUM_FILES:
        raise AdditionsError(
            f"{source} has {megabytes(total)} in {len(found.sizes)} files, and at most {megabytes(MAXIMUM_BYTES)} and"
            f" {MAXIMUM_FILES} files are taken"
        )
    return found


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / (1 << 20):.1f} MB"


def look_at_folder(path: pathlib.Path) -> Found:
    """Look at a folder; links in it are followed where they stay in it."""
    real, sizes = path.resolve(), {}
    for entry in _folders.walk(path, "", ()):
        place = path / entry.path.lstrip("/")
        if not place.resolve().is_relative_to(real):
            raise AdditionsError(f"{place} is a link that leads out of it: put what it leads to there")
        if entry.source:
            sizes[entry.path.lstrip("/")] = entry.source.stat().st_size
    return Found(path.name, sizes, lambda name: (path / name).read_bytes()[:HEADER_BYTES])


def members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """What a zip file holds, without what no server needs."""
    return [each for each in archive.infolist() if each.filename.split("/")[0] != FOREIGN]


def look_at_zip(path: pathlib.Path) -> Found:
    """Look at a zip file, all of whose files have to be in one folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = members(archive)
    except zipfile.BadZipFile as error:
        raise AdditionsError(f"{path} cannot be read as a zip file: {error}") from error
    for each in found:
        reason = refusal(each)
        if reason:
            raise AdditionsError(f"{path}: {each.orig_filename} {reason}")
    tops = sorted({each.filename.split("/")[0] for each in found if "/" in each.filename})
    loose = [each.filename for each in found if "/" not in each.filename]
    if loose or len(tops) > 1:
        what = f"{loose[0]} beside a folder" if loose else f"the folders {', '.join(tops)}"
        raise AdditionsError(f"{path}: it has {what}; all has to be in one folder with the name of it")
    if not tops:
        raise AdditionsError(f"{path}: there is no folder in it")
    sizes = {each.filename.partition("/")[2]: each.file_size for each in found if not each.is_dir()}

    def read(name: str) -> bytes:
        try:
            with zipfile.ZipFile(path) as archive, archive.open(f"{tops[0]}/{name}") as file:
                return file.read(HEADER_BYTES)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise AdditionsError(f"{path}: {name} cannot be unpacked: {error}") from error

    return Found(tops[0], sizes, read)


def refusal(member: zipfile.ZipInfo) -> str:
    """Why an entry of a zip file is not taken; empty for no reason."""
    parts = member.filename.split("/")
    if "\\" in member.orig_filename:
        return "has a backslash in its name"
    if parts[0] == "" or ".." in parts:
        return "leads out of it"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link, of which none is taken from a zip file"
    return "is encrypted" if member.flag_bits & 1 else ""


def title_of(source: str, found: Found, kind: t.Mapping[str, str]) -> str:
    """What the header of its file says that it is called."""
    names = sorted(name for name in found.sizes if "/" not in name and fnmatch.fnmatchcase(name, kind["file"]))
    for name in names:
        # As WordPress reads one: behind nothing but a comment's own characters.
        pattern = rf"^(?:[ \t]*<\?php)?[ \t/*#@]*{re.escape(kind['header'])}:(.*)$"
        text = found.read(name).decode(errors="replace").replace("\r", "\n")
        match = re.search(pattern, text, re.IGNORECASE | re.MULTILINE)
        title = re.sub(r"\s*(?:\*/|\?>).*", "", match[1]).strip() if match else ""
        if title:
            return title
    what = f"none of its files {kind['file']} begins with a line '{kind['header']}: ...'"
    raise AdditionsError(
        f"{source}: {what if names else 'it has no file ' + kind['file']}, so it is not what that is for"
    )


def unpack(source: str, folder: pathlib.Path) -> pathlib.Path:
    """The folder with the content of a folder or zip file; that of a zip file is made below ``folder``.

    Raises AdditionsError.
    """
    path = pathlib.Path(source).expanduser()
    found = look(source)
    if path.is_dir():
        return path
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder, members(archive))
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise AdditionsError(f"{source} cannot be unpacked: {error}") from error
    top = folder / found.name
    for each in (top, *top.rglob("*")):
        # What a zip file says of modes depends on the machine that it was made on.
        each.chmod(0o755 if each.is_dir() else 0o644)
    return top
