# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts that the option ``src`` names: files, folders and URLs.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import os
import re
import typing as t
from urllib.error import HTTPError
from urllib.parse import urlsplit

from ansible.module_utils.urls import open_url

from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of_bytes
from ansible_collections.fortytwo.ft_services.plugins.module_utils._manifests.texts import ManifestError

SUFFIXES = (".yaml", ".yml", ".json")
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "kustomization")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CHECKSUM = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")
_LARGEST = 64 * 1024 * 1024
_URL_SECONDS = 30
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb": "utf-8"}


def read_sources(paths: t.Sequence[str], checksums: t.Mapping[str, str] | None = None) -> t.Iterator[tuple[str, str]]:
    """(text, name) of every file or URL; of a folder its YAML and JSON files, sorted, without its subfolders.

    ``checksums``: SHA-256 of entries of ``paths``, in hexadecimal digits. Raises ManifestError.
    """
    wanted = {path: _checksum(path, value, paths) for path, value in (checksums or {}).items()}
    for path in paths:
        if _URL.match(path):
            yield _text(_fetched(path, wanted.get(path)), shown(path)), shown(path)
        elif os.path.isdir(path):
            if path in wanted:
                raise ManifestError(f"checksums: {path} is a folder; only files and URLs have a checksum")
            for each in _files(path):
                yield _text(_read(each), each), each
        else:
            data = _read(path)
            _compare(data, wanted.get(path), path)
            yield _text(data, path), path


def shown(url: str) -> str:
    """A URL as messages and results may show it: without its query, which may hold a token."""
    return url.partition("?")[0].partition("#")[0]


def _checksum(path: str, value: str, paths: t.Sequence[str]) -> str:
    if path not in paths:
        raise ManifestError(f"checksums: {shown(path)} is not in src; write it as it stands there")
    found = _CHECKSUM.fullmatch(str(value))
    if not found:
        raise ManifestError(f"checksums: that of {shown(path)} is no SHA-256: 64 hexadecimal digits are needed")
    return found.group(1).lower()


def _compare(data: bytes, wanted: str | None, name: str) -> None:
    actual = sha256_of_bytes(data)
    if wanted is not None and actual != wanted:
        raise ManifestError(f"src: {name} has the SHA-256 {actual}, not {wanted} as in checksums")


def _files(folder: str) -> list[str]:
    """The files of a folder that hold manifests."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise ManifestError(f"src: cannot list {folder} on the target: {error.strerror}") from error
    for name in names:
        if name.lower() in _KUSTOMIZATION:
            raise ManifestError(
                f"src: the folder {folder} holds {name}, so it has to be built first: give the output of "
                f"`kubectl kustomize {folder}` as definitions, or name the files that are manifests one by one"
            )
    files = [os.path.join(folder, name) for name in names if name.lower().endswith(SUFFIXES)]
    files = [each for each in files if not os.path.isdir(each)]
    if not files:
        raise ManifestError(f"src: the folder {folder} holds no file that ends in {', '.join(SUFFIXES)}")
    return files


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except OSError as error:
        raise ManifestError(f"src: cannot read {path} on the target: {error.strerror}{_hidden(path)}") from error


def _text(data: bytes, name: str) -> str:
    """The text of a file. As for kubectl, a mark at its beginning may say that it is UTF-16."""
    encoding = _MARKS.get(data[:2], "utf-8")
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        what = "a binary file" if b"\0" in data else "not UTF-8 text"
        raise ManifestError(f"src: {name} is {what}{_hidden(name)}") from error
    if "\0" in text:
        raise ManifestError(f"src: {name} is a binary file{_hidden(name)}")
    return text


def _hidden(path: str) -> str:
    if not os.path.basename(path).startswith("."):
        return ""
    return "; it is a hidden file, as some editors and file managers leave behind: remove it, or name the files to read"


def _fetched(url: str, wanted: str | None) -> bytes:
    """What a URL holds. Without a checksum only HTTPS vouches for it."""
    parts, name = urlsplit(url), shown(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ManifestError(f"src: {parts.scheme}:// cannot be read; only files, folders, https:// and http:// can")
    if parts.username is not None or parts.password is not None:
        raise ManifestError(
            f"src: the URL on {parts.hostname} holds a user or password, which would be shown in results and logs; "
            "fetch the file with ansible.builtin.get_url, and give its path"
        )
    if parts.scheme == "http" and wanted is None:
        raise ManifestError(f"src: {name} is not protected on its way; add its SHA-256 to checksums, or use https")
    try:
        answer = open_url(url, timeout=_URL_SECONDS, http_agent="fortytwo.ft_services")
        with answer:
            data = answer.read(_LARGEST + 1)
            end = str(answer.geturl())
    except HTTPError as error:
        error.close()
        raise ManifestError(f"src: cannot read {name}: the server answers {error.code} {error.reason}") from None
    except Exception as error:  # open_url raises its own errors, urllib's, http.client's and those of the socket.
        reason = str(getattr(error, "reason", "") or error or type(error).__name__).replace(url, name)
        raise ManifestError(f"src: cannot read {name} from the target: {reason}") from None
    if len(data) > _LARGEST:
        raise ManifestError(f"src: {name} is larger than {_LARGEST // 1024 // 1024} MiB")
    if wanted is None and not end.startswith("https://"):
        raise ManifestError(f"src: {name} leads to an address without HTTPS; add its SHA-256 to checksums")
    _compare(data, wanted, name)
    return data
