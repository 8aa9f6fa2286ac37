#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts the measurements that "backup" wrote, on the input, in the place of those that are there. They are loaded into a store and
# a server of their own, and checked; meanwhile the old ones serve. One rename is the commit: before it nothing has changed, after
# it the container starts anew, with the new store (see swap). Its users are made from the Secret at the start.
#
#   restore FOLDER     the folder of the volume
set -eu
umask 077
data=$1
aside=$data/influxdb.restore
files=$data/restore

fail() {
    echo "restore: $*; nothing was changed" >&2
    exit 1
}

exec 9>/tmp/restore.lock
flock -n 9 || fail 'another restore is at work'

server=''
undo() {
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || :
    rm -rf "$files" "$aside"
}
trap undo EXIT
trap 'exit 1' HUP INT TERM

rm -rf "$files" "$aside"
mkdir "$files" "$files/stream" "$aside"
untar "$files" "$files/stream" || fail 'the files cannot be unpacked'
ls "$files"/*.manifest >/dev/null 2>&1 || fail 'these are no files of a backup of InfluxDB'

# For this container alone, on ports of its own.
export QUERY_PORT=8087
GOMEMLIMIT=64MiB INFLUXDB_BIND_ADDRESS=127.0.0.1:8089 INFLUXDB_META_DIR=$aside/meta INFLUXDB_DATA_DIR=$aside/data \
    INFLUXDB_DATA_WAL_DIR=$aside/wal INFLUXDB_HTTP_BIND_ADDRESS=127.0.0.1:$QUERY_PORT INFLUXDB_HTTP_AUTH_ENABLED=false \
    influxd -config /etc/influxdb/influxdb.conf </dev/null >"$files/log" 2>&1 9>&- &
server=$!

# However this program ends: its server ends with it, and a store that is committed gets its restart.
(
    while kill -0 $$ 2>/dev/null; do sleep 0.2; done
    kill -KILL "$server" 2>/dev/null || :
    [ ! -d "$data/influxdb.restored" ] || kill -TERM 1
) </dev/null >/dev/null 2>&1 9>&- &

until echo 'SHOW DATABASES' | query admin >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || fail "the server for the new data did not start: $(tail -n 3 "$files/log")"
    sleep 0.2
done
influxd restore -portable -host 127.0.0.1:8089 -db telegraf "$files" >&2 || fail 'the measurements cannot be loaded'
# For a moment after it was loaded a shard cannot be read yet.
tries=60
until said=$(echo 'SHOW MEASUREMENTS' | query admin 2>&1 >/dev/null); do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "the new data cannot be read: $said"
    sleep 0.5
done

# In good order: all of it is on the disk then.
kill -TERM "$server"
wait "$server" || fail "the server for the new data did not stop in good order: $(tail -n 3 "$files/log")"
server=''
sync
rm -rf "$data/influxdb.restored"
mv "$aside" "$data/influxdb.restored"
sync
echo 'restore: the new data are complete; the server starts anew with them' >&2
