#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes all databases but the server's own to the output, as SQL that brings back their state of one moment. Accounts are not
# among them: these are made from the Secret.
#
#   backup FOLDER      the folder of the volume is not needed here
set -eu

databases=$(mariadb --defaults-file=/run/mysqld/root.cnf --batch --skip-column-names --execute="
    SELECT schema_name FROM information_schema.schemata
    WHERE schema_name NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')")
# One name a line.
IFS='
'
# shellcheck disable=SC2086
exec mariadb-dump --defaults-file=/run/mysqld/root.cnf --single-transaction --quick --routines --events --hex-blob \
    --skip-dump-date --add-drop-database --databases $databases
