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

room --wait /data

# What a restore loaded takes the place of the data.
swap /data/mysql

# Made aside; the new name is what says that it is complete. A start that was killed before leaves only /data/mysql.new.
if [ ! -d /data/mysql ]; then
    if [ -d /data/mysql.old ]; then
        say 'no new database: there is no /data/mysql, but /data/mysql.old holds data; look why, and give one of them its name back'
        exit 1
    fi
    say 'making a new database'
    initialise /data/mysql.new
    written_by finish /data/mysql.new
    sync
    mv /data/mysql.new /data/mysql
fi

# MariaDB notes who upgraded the data last; that is what is known of data from before versions were kept.
if [ ! -f /data/mysql/.written_by ] && [ -s /data/mysql/mariadb_upgrade_info ]; then
    written_by accepts "MariaDB $(sed 's/-.*//; q' /data/mysql/mariadb_upgrade_info)"
fi
written_by claim /data/mysql
if written_by due /data/mysql; then
    upgrade /data/mysql
    written_by finish /data/mysql
fi

# In memory, like the Secret's files. The second is for people: mariadb --defaults-file=/run/mysqld/root.cnf
accounts /etc/service/secrets >/run/mysqld/accounts.sql
printf '[client]\nuser = root\npassword = "%s"\n' "$(sed 's/\\/&&/g' /etc/service/secrets/root_password)" >/run/mysqld/root.cnf

swap /data/mysql ready 9>&-
# In a shell of its own that ends at once: the server, which takes this process's place, shall have no children to wait for.
(room /data 9>&- &)
exec mysqld --defaults-file=/etc/service/server.cnf
