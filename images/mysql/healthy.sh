#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Does the server answer? It is enough that it says so to a caller whose account it does not know.
set -eu

# A restore is complete but its restart was lost: the data of now would be replaced at a later start.
[ ! -d /data/mysql.restored ]
mariadb-admin --no-defaults --socket=/run/mysqld/mysqld.sock --user=probe --connect-timeout=5 ping >/dev/null
