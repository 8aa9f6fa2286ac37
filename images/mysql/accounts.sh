#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints the SQL that makes database and accounts what they should be, whatever an older volume holds.
#
#   accounts FOLDER     FOLDER has the files root_password, wordpress_password, admin_password, phpmyadmin_password,
#                       backup_password
#
# The server runs it at each start before it takes connections. It only logs a statement that fails, leaves out the rest and
# runs on. So the account of the probes goes first and comes last: it exists when, and only when, all of this has worked.
#
# A right that came with a version stands in a comment that older ones skip.
#
# The accounts' limits of connections are together below the server's (max_connections): the probes and root always get in.
set -eu

# The content of a file as a string of SQL: quotes and backslashes are doubled.
quoted() {
    [ -s "$secrets/$1" ] || {
        echo "accounts: $secrets/$1 is missing or empty" >&2
        return 1
    }
    printf "'%s'" "$(sed "s/[\\\\']/&&/g" "$secrets/$1")"
}

secrets=$1
# A failing command stops the script in an assignment, but not inside of a here-document.
root=$(quoted root_password)
wordpress=$(quoted wordpress_password)
admin=$(quoted admin_password)
phpmyadmin=$(quoted phpmyadmin_password)
backup=$(quoted backup_password)

cat <<END
DROP USER IF EXISTS probe@localhost;

CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

CREATE OR REPLACE USER root@localhost IDENTIFIED BY $root;
GRANT ALL PRIVILEGES ON *.* TO root@localhost WITH GRANT OPTION;
CREATE OR REPLACE USER wordpress@'%' IDENTIFIED BY $wordpress WITH MAX_USER_CONNECTIONS 25;
GRANT ALL PRIVILEGES ON wordpress.* TO wordpress@'%';
CREATE OR REPLACE USER admin@'%' IDENTIFIED BY $admin WITH MAX_USER_CONNECTIONS 15;
GRANT ALL PRIVILEGES ON wordpress.* TO admin@'%';
CREATE OR REPLACE USER phpmyadmin@'%' IDENTIFIED BY $phpmyadmin WITH MAX_USER_CONNECTIONS 5;
CREATE OR REPLACE USER backup@'%' IDENTIFIED BY $backup WITH MAX_USER_CONNECTIONS 5;
GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT /*M!110300 , SHOW CREATE ROUTINE */ ON wordpress.* TO backup@'%';

SET @others = (SELECT GROUP_CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.global_priv
    WHERE user = '' OR user = 'root' AND host <> 'localhost');
EXECUTE IMMEDIATE COALESCE(CONCAT('DROP USER ', @others), 'DO 0');
DELETE FROM mysql.proxies_priv;

CREATE USER probe@localhost IDENTIFIED VIA unix_socket;
END
