# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL of the accounts, printed by the image's script; in every shell of this machine that it must work in."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "images" / "mysql" / "accounts.sh"
SHELLS = [[*words] for words in (["busybox", "sh"], ["dash"]) if shutil.which(words[0])]
ACCOUNTS = ("root", "wordpress", "admin", "phpmyadmin", "backup")
# What a server reads between quotes, and what it takes it for.
STRING = re.compile(r"IDENTIFIED BY '((?:[^'\\]|''|\\.)*)'(?: WITH MAX_USER_CONNECTIONS \d+)?;")


@pytest.fixture(params=SHELLS or [["sh"]], ids=" ".join)
def sql(request, tmp_path):
    """Print the SQL for some passwords; those of other accounts are their names."""

    def sql(**passwords):
        for account in ACCOUNTS:
            (tmp_path / f"{account}_password").write_text(passwords.get(account, account))
        command = [*request.param, str(SCRIPT), str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return sql


@pytest.mark.parametrize(
    "password",
    [
        "plain",
        "it's",
        "'; DROP DATABASE wordpress; -- ",
        "\\",
        "\\'",
        "''\\\\",
        "$(id) `id` $HOME %s %d",
        "a b\tc",
        "ü€",
        "&",
    ],
)
def test_a_password_arrives_as_it_is(sql, password):
    done = sql(wordpress=password)
    assert done.returncode == 0, done.stderr
    strings = STRING.findall(done.stdout)
    assert len(strings) == len(ACCOUNTS)
    assert re.sub(r"\\(.)|'(')", r"\1\2", strings[1]) == password


def test_the_account_of_the_probes_goes_first_and_comes_last(sql):
    statements = [text.strip() for text in sql().stdout.split(";") if text.strip()]
    assert statements[0] == "DROP USER IF EXISTS probe@localhost"
    assert statements[-1] == "CREATE USER probe@localhost IDENTIFIED VIA unix_socket"


def test_only_root_reaches_more_than_the_schema_and_only_from_inside(sql):
    grants = re.findall(r"GRANT .* ON (\S+) TO (\S+)", sql().stdout)
    assert grants == [
        ("*.*", "root@localhost"),
        ("wordpress.*", "wordpress@'%';"),
        ("wordpress.*", "admin@'%';"),
        ("wordpress.*", "backup@'%';"),
    ]


@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_empty_password_stops_the_start_before_a_statement_is_printed(sql, account):
    done = sql(**{account: ""})
    assert done.returncode != 0
    assert f"{account}_password is missing or empty" in done.stderr
    assert not done.stdout
