#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts what "backup" wrote, on the input, in the place of all databases. It is loaded into a data folder and a server of its own,
# and checked; meanwhile the old data serve. One rename is the commit: before it nothing has changed, after it the container starts
# anew, with the new data (see swap).
#
#   restore FOLDER     the folder of the volume
set -eu
umask 077
data=$1
aside=$data/mysql.restore
scratch=$data/tmp/restore
socket=/run/mysqld/restore.sock

fail() {
    echo "restore: $*; nothing was changed" >&2
    exit 1
}

sql() {
    mariadb --defaults-file=/run/mysqld/root.cnf --socket="$socket" --max-allowed-packet=1G --batch --skip-column-names "$@"
}

exec 9>/run/mysqld/restore.lock
flock -n 9 || fail 'another restore is at work'

server=''
undo() {
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || :
    rm -rf "$aside" "$scratch"
}
trap undo EXIT
trap 'exit 1' HUP INT TERM

initialise "$aside" || fail 'no folder for the new data could be made'
rm -rf "$scratch"
mkdir "$scratch"
# It takes rows of any size that the server for all could have stored, in hexadecimal.
mysqld --defaults-file=/etc/service/server.cnf --datadir="$aside" --socket="$socket" --pid-file=/run/mysqld/restore.pid \
    --tmpdir="$scratch" --skip-networking --max-allowed-packet=1G --innodb-buffer-pool-size=32M \
    </dev/null >"$scratch/log" 2>&1 9>&- &
server=$!

# However this program ends: its server ends with it, and data that are committed get their restart.
(
    while kill -0 $$ 2>/dev/null; do sleep 0.2; done
    kill -KILL "$server" 2>/dev/null || :
    [ ! -d "$data/mysql.restored" ] || kill -TERM 1
) </dev/null >/dev/null 2>&1 9>&- &

until sql --execute='DO 1' 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || fail "the server for the new data did not start: $(tail -n 3 "$scratch/log")"
    sleep 0.2
done

mkfifo "$scratch/copy"
tail -c 32 <"$scratch/copy" >"$scratch/end" &
tail=$!
status=0
# The client repeats the statement that failed: data, and as much of it as a row holds.
tee "$scratch/copy" | sql 2>"$scratch/said" || status=$?
wait "$tail"
[ "$status" -eq 0 ] || fail "the SQL cannot be loaded: $(grep -a '^ERROR ' "$scratch/said" | head -n 1 | cut -c 1-300)"
[ "$(tail -n 1 "$scratch/end")" = '-- Dump completed' ] || fail 'the SQL ended before its last line'

said=$(mariadb-check --defaults-file=/run/mysqld/root.cnf --socket="$socket" --all-databases --check --silent 2>&1) || :
[ -z "$said" ] || fail "the new data are damaged: $said"

# In good order: all of it is on the disk then.
kill -TERM "$server"
wait "$server" || fail "the server for the new data did not stop in good order: $(tail -n 3 "$scratch/log")"
server=''
sync
rm -rf "$data/mysql.restored"
mv "$aside" "$data/mysql.restored"
sync
echo 'restore: the new data are complete; the server starts anew with them' >&2
