#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes all databases but the server's own, and accounts that are not the platform's, to the output: SQL that brings back their
# state of one moment. The platform's accounts are made from the Secret.
#
#   backup FOLDER      the folder of the volume
#
# A view or table that cannot be read is left out and named on standard error; all else is kept.
set -eu
umask 077

sql() {
    mariadb --defaults-file=/run/mysqld/root.cnf --batch --skip-column-names "$@"
}

volume=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

# A dump ends at the first table that it cannot open, such as a view of a table that is gone. So each one is opened before.
others="NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
sql --execute="SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables
    WHERE table_schema $others ORDER BY table_schema, table_name" >"$folder/names"
sql --execute="SELECT CONCAT('SHOW FIELDS FROM \`', REPLACE(table_schema, '\`', '\`\`'), '\`.\`', REPLACE(table_name, '\`', '\`\`'),
    '\`;') FROM information_schema.tables WHERE table_schema $others ORDER BY table_schema, table_name" >"$folder/statements"
sql --force <"$folder/statements" >/dev/null 2>"$folder/said" || :
grep '^ERROR ' "$folder/said" >"$folder/errors" || :

set -- --databases
sql --execute="SELECT schema_name FROM information_schema.schemata WHERE schema_name $others" >"$folder/databases"
while IFS= read -r name; do
    set -- "$@" "$name"
done <"$folder/databases"

skipped=''
# Options go before the names. The client tells in which line, which is the table's, an error is.
while IFS= read -r said; do
    # Nothing is wrong with the table then.
    case $said in
    *'Errcode: 28 '*)
        echo "backup: the server has no room for what it keeps for a moment: $said" >&2
        room --tell "$volume"
        exit 1
        ;;
    esac
    line=$(expr "$said" : '.* at line \([0-9]*\)') || {
        echo "backup: $said" >&2
        exit 1
    }
    name=$(sed -n "${line}p" "$folder/names")
    echo "backup: $name cannot be read and is not kept: $said" >&2
    set -- "--ignore-table=$name" "$@"
    skipped="$skipped
$name"
done <"$folder/errors"

# So a restore knows whether its database is new enough.
echo "-- Written by $(written_by program)"

# In hexadecimal a row takes twice its size.
mariadb-dump --defaults-file=/run/mysqld/root.cnf --max-allowed-packet=1G --single-transaction --quick --routines --events \
    --hex-blob --skip-dump-date --skip-comments --add-drop-database "$@"

sql --raw --execute="SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.global_priv WHERE JSON_VALUE(priv, '\$.is_role') IS NULL
    AND user NOT IN ('', 'root', 'wordpress', 'admin', 'phpmyadmin', 'backup', 'probe', 'mariadb.sys')" >"$folder/accounts"
while IFS= read -r account; do
    sql --raw --execute="SHOW CREATE USER $account; SHOW GRANTS FOR $account" >"$folder/account"
    sed 's/^CREATE USER/CREATE OR REPLACE USER/; s/$/;/' "$folder/account"
done <"$folder/accounts"
# What the server holds, as it says itself: a rehearsal looks whether the dump brings all of it back.
printf '%s\n' "$skipped" | grep -vxFf - "$folder/names" | sed 's/^/-- Table /' || :
echo '-- Dump completed'
