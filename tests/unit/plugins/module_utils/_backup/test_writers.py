# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program wrote the data in a backup."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.folders import BackupError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._backup.writers import writer_of


def packed_tar(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize(
    ("text", "writer"),
    [
        ("-- Written by MariaDB 11.8.9\nINSERT;\n", "MariaDB 11.8.9"),
        ("/*M!999999\\- enable the sandbox mode */ \nINSERT;\n", ""),
        ("-- Written by nobody\n", ""),
        ("", ""),
    ],
)
def test_sql_says_it_in_its_first_line(tmp_path, text, writer):
    path = tmp_path / "mysql.sql.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert writer_of(path, "sql") == writer


@pytest.mark.parametrize(
    ("files", "writer"),
    [
        ({"./.written_by": "WordPress 7.1.2\n", "./uploads/a.txt": "a"}, "WordPress 7.1.2"),
        ({".written_by": "InfluxDB 1.8 upgrading\n"}, "InfluxDB 1.8"),
        ({"grafana/grafana.db": "db", "grafana/.written_by": "Grafana 12.0.1\n"}, "Grafana 12.0.1"),
        # What a user has put there says nothing.
        ({"./uploads/2026/.written_by": "WordPress 99.9\n"}, ""),
        ({"./.written_by": ""}, ""),
        ({"./.written_by": "$(reboot) 1.0; rm"}, ""),
        ({}, ""),
    ],
)
def test_a_tar_says_it_in_a_file(tmp_path, files, writer):
    assert writer_of(packed_tar(tmp_path / "x.tar.gz", files), "tar") == writer


def test_what_is_no_tar_is_the_services_to_judge(tmp_path):
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(b"files" + bytes(2048)))
    assert writer_of(path, "tar") == ""


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "mysql.sql.gz"
    path.write_bytes(gzip.compress(b"-- Written by MariaDB 11.8.9\n" * 5000)[:40])
    with pytest.raises(BackupError, match=r"mysql\.sql\.gz cannot be read"):
        writer_of(path, "sql")
