#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts what "backup" wrote, on the input, in the place of all databases (see aside).
#
#   restore FOLDER     the folder of the volume
set -eu
umask 077
data=$1
scratch=$data/tmp/restore
socket=/run/mysqld/restore.sock
# shellcheck source=images/common/aside.sh
. aside

sql() {
    mariadb --defaults-file=/run/mysqld/root.cnf --socket="$socket" --batch --skip-column-names "$@"
}

begin "$data/mysql" "$scratch" /run/mysqld/restore.lock
# Backups of before versions were kept have another first line.
first=''
IFS= read -r first || fail 'the SQL ended before its last line'
case $first in
'-- Written by '*) written_by accepts "${first#-- Written by }" || fail 'the backup is of a newer database' ;;
esac

initialise "$data/mysql.restore" || fail 'no folder for the new data could be made'
# It takes rows of any size that the server for all could have stored, in hexadecimal.
serve mysqld --defaults-file=/etc/service/server.cnf --datadir="$data/mysql.restore" --socket="$socket" \
    --pid-file=/run/mysqld/restore.pid --tmpdir="$scratch" --skip-networking --max-allowed-packet=1G --innodb-buffer-pool-size=32M
serves sql --execute='DO 1'

mkfifo "$scratch/copy"
tail -c 32 <"$scratch/copy" >"$scratch/end" &
tail=$!
status=0
# The client repeats the statement that failed: data, and as much of it as a row holds.
{
    printf '%s\n' "$first"
    cat
} | tee "$scratch/copy" | sql --max-allowed-packet=1G 2>"$scratch/said" || status=$?
wait "$tail"
[ "$status" -eq 0 ] || fail "the SQL cannot be loaded: $(grep -a '^ERROR ' "$scratch/said" | head -n 1 | cut -c 1-300)"
[ "$(tail -n 1 "$scratch/end")" = '-- Dump completed' ] || fail 'the SQL ended before its last line'

said=$(mariadb-check --defaults-file=/run/mysqld/root.cnf --socket="$socket" --all-databases --check --silent 2>&1) || :
[ -z "$said" ] || fail "the new data are damaged: $said"
commit
