#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes the data on an empty volume, writes the accounts' SQL, and becomes the server.
set -eu
umask 077

say() {
    echo "entrypoint: $*" >&2
}

mkdir -p /run/mysqld /data/tmp
rm -rf /data/tmp/*

# A container that was given up may still be at work on the volume. The server keeps this lock open to its end.
exec 9>/data/lock
flock 9

# Made aside; the new name is what says that it is complete. A start that was killed before leaves only /data/mysql.new.
if [ ! -d /data/mysql ]; then
    say 'making a new database'
    rm -rf /data/mysql.new
    # "socket": a root account that only the system's root could use, until the accounts are made. "force": no names are looked up.
    if ! said=$(mariadb-install-db --no-defaults --datadir=/data/mysql.new --tmpdir=/data/tmp --skip-test-db --force \
        --auth-root-authentication-method=socket --innodb-log-file-size=48M --innodb-use-native-aio=OFF 2>&1); then
        say "no new database: $said"
        exit 1
    fi
    sync
    mv /data/mysql.new /data/mysql
fi

# In memory, like the Secret's files. The second is for people: mariadb --defaults-file=/run/mysqld/root.cnf
accounts /etc/service/secrets >/run/mysqld/accounts.sql
printf '[client]\nuser = root\npassword = "%s"\n' "$(sed 's/\\/&&/g' /etc/service/secrets/root_password)" >/run/mysqld/root.cnf

exec mysqld --defaults-file=/etc/service/server.cnf
