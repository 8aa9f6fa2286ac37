#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes an empty data folder.
#
#   initialise FOLDER     it must not be there; what a run that was interrupted left of it is removed
set -eu
umask 077

rm -rf "$1"
# "socket": a root account that only the system's root could use, until the accounts are made. "force": no names are looked up.
if ! said=$(mariadb-install-db --no-defaults --datadir="$1" --tmpdir=/data/tmp --skip-test-db --force \
    --auth-root-authentication-method=socket --innodb-log-file-size=48M --innodb-use-native-aio=OFF 2>&1); then
    echo "initialise: no new database: $said" >&2
    exit 1
fi
