#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Does Grafana hold what a backup holds? It makes data source and dashboards of this repository anew, and may have more of its own.
#
#   compare_backup FOLDER FILE     FILE is what "backup" wrote
set -eu
umask 077

aside=$1/compare
rm -rf "$aside"
mkdir "$aside"
trap 'rm -rf "$aside"' EXIT
tar -xf "$2" -C "$aside"
if [ ! -f "$aside/grafana/grafana.db" ]; then
    echo 'no database: panels keeps none'
    exit
fi
if [ "$(sqlite3 -bail "$1/grafana/grafana.db" 'PRAGMA integrity_check')" != ok ]; then
    echo 'compare_backup: the restored database is damaged' >&2
    exit 1
fi
said=''
for table in org user dashboard; do
    there=$(sqlite3 -bail "$aside/grafana/grafana.db" "SELECT COUNT(*) FROM \"$table\"")
    here=$(sqlite3 -bail -cmd '.timeout 30000' "$1/grafana/grafana.db" "SELECT COUNT(*) FROM \"$table\"")
    if [ "$here" -lt "$there" ]; then
        echo "compare_backup: the table $table has $here rows, and $there in the backup" >&2
        exit 1
    fi
    said="$said, $there rows of $table"
done
echo "${said#, }"
