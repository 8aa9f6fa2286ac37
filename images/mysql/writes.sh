#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes the server read-only and takes that back (see room). Root may still write.
set -eu

statement='SET GLOBAL read_only = 0'
[ "$1" = on ] || statement='SET SESSION lock_wait_timeout = 30; SET GLOBAL read_only = 1'
mariadb --defaults-file=/run/mysqld/root.cnf --connect-timeout=5 --execute="$statement" 2>/dev/null
