#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts the databases that "backup" wrote, on the input, in the place of those with the same names.
#
#   restore FOLDER     the folder of the volume, which holds the SQL until it is whole
set -eu
umask 077

sql() {
    mariadb --defaults-file=/run/mysqld/root.cnf --batch --skip-column-names "$@"
}

file=$1/restore.sql
cat >"$file"
if [ "$(tail -n 1 "$file")" != '-- Dump completed' ]; then
    rm "$file"
    echo 'restore: the SQL ended before its last line; nothing was changed' >&2
    exit 1
fi

# Without its tables WordPress would be set up anew. The account opens again here, or when the server starts.
sql --execute="ALTER USER wordpress@'%' ACCOUNT LOCK"
sql --execute="SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = 'wordpress'" | sql --force
sql <"$file"
sql --execute="ALTER USER wordpress@'%' ACCOUNT UNLOCK"
rm "$file"
