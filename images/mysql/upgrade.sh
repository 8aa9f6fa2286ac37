#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Brings data that an older MariaDB wrote to the form of this one. A run that was interrupted is done again.
#
#   upgrade FOLDER     the data folder; no server is at work on it
set -eu
umask 077
socket=/run/mysqld/upgrade.sock
log=/data/tmp/upgrade.log

fail() {
    echo "upgrade: $*; it is tried again at the next start" >&2
    exit 1
}

# Old tables of accounts may not fit this server, so it asks nobody who he is; nobody but this program reaches it.
mysqld --defaults-file=/etc/service/server.cnf --datadir="$1" --socket="$socket" --pid-file=/run/mysqld/upgrade.pid \
    --init-file=/dev/null --skip-networking --skip-grant-tables </dev/null >"$log" 2>&1 &
server=$!
trap 'kill -TERM "$server" 2>/dev/null; wait "$server"; exit 1' HUP INT TERM
until mariadb-admin --no-defaults --socket="$socket" ping >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || fail "the server does not start on the data: $(tail -n 3 "$log")"
    sleep 0.2
done
status=0
said=$(mariadb-upgrade --no-defaults --socket="$socket" 2>&1) || status=$?
kill -TERM "$server"
wait "$server" || fail "the server did not stop in good order: $(tail -n 3 "$log")"
[ "$status" -eq 0 ] || fail "mariadb-upgrade ended with $status: $(echo "$said" | tail -n 3)"
rm "$log"
echo "upgrade: $(echo "$said" | tail -n 1)" >&2
