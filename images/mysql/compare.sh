#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Does the server hold what a backup holds? Its tables are sound, are all that the backup names, and another backup of them is the same.
#
#   compare_backup FOLDER FILE     FILE is what "backup" wrote
set -eu
umask 077

fail() {
    echo "compare_backup: $*" >&2
    exit 1
}

sql() {
    mariadb --defaults-file=/run/mysqld/root.cnf --batch --skip-column-names "$@"
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

[ -r "$2" ] || fail "$2 cannot be read"
said=$(mariadb-check --defaults-file=/run/mysqld/root.cnf --all-databases --check --silent 2>&1) || :
[ -z "$said" ] || fail "mariadb-check: $(echo "$said" | head -n 3 | tr '\n' ';' | cut -c 1-300)"

# The names stand at the end of the backup; lines of data may look like anything.
tail -c 1048576 "$2" | awk '
    /^-- Table / { held = held substr($0, 10) "\n"; next }
    /^-- Dump completed/ { printf "%s", held }
    { held = "" }' | sort >"$folder/named"
others="NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
sql --execute="SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables
    WHERE table_schema $others" | sort >"$folder/held"
lacking=$(grep -vxFf "$folder/held" "$folder/named" || :)
[ -z "$lacking" ] || fail "the backup names tables that it does not hold: $(echo "$lacking" | head -n 5 | tr '\n' ' ')"

# Another version may write the same otherwise.
if [ "$(head -n 1 "$2" | cut -c 1-100)" = "-- Written by $(written_by program)" ]; then
    # The first byte that differs, and its line. The rest is read too: a backup that nobody reads would fail for that reason.
    if ! differs=$(backup "$1" 2>"$folder/said" | {
        same=0
        cmp - "$2" 2>&1 || same=1
        cat >/dev/null
        exit "$same"
    }); then
        [ ! -s "$folder/said" ] || fail "$(head -n 3 "$folder/said" | cut -c 1-300)"
        line=$(expr "$differs" : '.* line \([0-9]*\)') || line=1
        where=$(head -n "$line" "$2" | cut -c 1-80 | grep -a -e '^CREATE TABLE' -e '^INSERT INTO' | tail -n 1 | cut -d '`' -f 2)
        fail "what was restored differs from the backup in line $line of its SQL, near the table ${where:-of no name}"
    fi
    same='another backup is the same'
else
    same='another MariaDB wrote it'
fi

sql --execute="SELECT CONCAT('SELECT COUNT(*) FROM \`', REPLACE(table_schema, '\`', '\`\`'), '\`.\`', REPLACE(table_name, '\`', '\`\`'), '\`;')
    FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema $others" >"$folder/statements"
echo "$(wc -l <"$folder/held") tables, $(sql <"$folder/statements" | awk '{ rows += $1 } END { print rows + 0 }') rows, $same"
