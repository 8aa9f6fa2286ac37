#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts the measurements that "backup" wrote, on the input, in the place of those that are there (see aside). Users are made from
# the Secret at the start.
#
#   restore FOLDER     the folder of the volume
set -eu
umask 077
aside=$1/influxdb.restore
files=$1/restore
# shellcheck source=images/common/aside.sh
. aside

begin "$1/influxdb" "$files" /tmp/restore.lock
mkdir "$files/stream" "$aside"
untar "$files" "$files/stream" || fail 'the files cannot be unpacked'
ls "$files"/*.manifest >/dev/null 2>&1 || fail 'these are no files of a backup of InfluxDB'
written_by check "$files" || fail 'the backup is of a newer InfluxDB'

# For this container alone, on ports of its own.
export QUERY_PORT=8087
serve env GOMEMLIMIT=64MiB INFLUXDB_BIND_ADDRESS=127.0.0.1:8089 INFLUXDB_META_DIR="$aside/meta" INFLUXDB_DATA_DIR="$aside/data" \
    INFLUXDB_DATA_WAL_DIR="$aside/wal" INFLUXDB_HTTP_BIND_ADDRESS=127.0.0.1:$QUERY_PORT INFLUXDB_HTTP_AUTH_ENABLED=false \
    influxd -config /etc/influxdb/influxdb.conf
serves eval 'echo "SHOW DATABASES" | query admin'
influxd restore -portable -host 127.0.0.1:8089 -db telegraf "$files" >&2 || fail 'the measurements cannot be loaded'
# For a moment after it was loaded a shard cannot be read yet.
tries=60
until said=$(echo 'SHOW MEASUREMENTS' | query admin 2>&1 >/dev/null); do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "the new data cannot be read: $said"
    sleep 0.5
done
commit
