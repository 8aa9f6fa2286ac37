#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs influxd twice: first for the container alone and without passwords, to bring users and retention in line with the Secret
# (an old volume may know other passwords), then for good, with passwords.
set -eu
umask 077

# A new store is made aside, and renamed when it is complete: a kill at any moment leaves nothing half made.
room --wait /data
store=/data/influxdb
swap "$store"
rm -rf /data/restore /data/backup
if [ ! -d "$store" ] && [ -d "$store.old" ]; then
    echo "entrypoint: no new store: there is no $store, but $store.old holds data; look why, and give it its name back" >&2
    exit 1
fi
if [ -d "$store" ]; then
    # Newer data are refused. What an upgrade has to do, influxd does when it reads them.
    written_by claim "$store"
else
    store=/data/influxdb.new
    rm -rf "$store"
    mkdir "$store"
fi

# The statement that gives a user its password. To create a user again with another password is an error.
user() {
    password=$(sed "s/[\\\\']/\\\\&/g" "/etc/service/secrets/influxdb_$1")
    case $users in
    *"[\"$1\","*) printf "SET PASSWORD FOR %s = '%s';\n" "$1" "$password" ;;
    *) printf "CREATE USER %s WITH PASSWORD '%s';\n" "$1" "$password" ;;
    esac
}

export QUERY_PORT=8085
INFLUXDB_META_DIR=$store/meta INFLUXDB_DATA_DIR=$store/data INFLUXDB_DATA_WAL_DIR=$store/wal \
    INFLUXDB_HTTP_BIND_ADDRESS=127.0.0.1:$QUERY_PORT INFLUXDB_HTTP_AUTH_ENABLED=false \
    influxd -config /etc/influxdb/influxdb.conf &
influxd=$!

# However long it takes to read the store: the startup probe has the deadline.
until users=$(echo 'SHOW USERS' | query admin 2>/dev/null); do
    kill -0 "$influxd"
    sleep 0.1
done

statements=$(
    echo 'CREATE DATABASE telegraf;'
    echo "ALTER RETENTION POLICY autogen ON telegraf DURATION $(cat /etc/service/config/retention) SHARD DURATION 1d DEFAULT;"
    user admin
    echo 'GRANT ALL PRIVILEGES TO admin;'
    user telegraf
    echo 'REVOKE ALL PRIVILEGES FROM telegraf; GRANT WRITE ON telegraf TO telegraf;'
    user grafana
    echo 'REVOKE ALL PRIVILEGES FROM grafana; GRANT READ ON telegraf TO grafana;'
)
printf '%s' "$statements" | query admin >/dev/null

kill "$influxd"
wait "$influxd"
written_by finish "$store"
[ "$store" = /data/influxdb ] || mv "$store" /data/influxdb

swap /data/influxdb ready
# In a shell of its own that ends at once: influxd, which takes this process's place, shall have no children to wait for.
unset QUERY_PORT
(room /data &)
exec influxd -config /etc/influxdb/influxdb.conf
