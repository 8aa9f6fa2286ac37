#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes the folders that nginx, php-fpm and WordPress write to, then runs everything.
set -eu
umask 077

restore --finish /var/lib/wordpress
# Newer data are refused. What an upgrade has to do is done in the database, by setup.php.
written_by check /var/lib/wordpress
written_by finish /var/lib/wordpress
# The volume's own folder is open to all on some nodes; the link wp-content/uploads leads here.
mkdir -p /var/lib/wordpress/uploads /tmp/sessions
chmod 0700 /var/lib/wordpress/uploads

# What the set-up leaves in the database, so that this start knows it from earlier ones.
cat /proc/sys/kernel/random/uuid >/run/start
# What this start has to say of its plugins.
rm -f /run/plugins

# In a shell of its own that ends at once.
(room /var/lib/wordpress &)

# "-e stderr": until the configuration is read, nginx would log to a file where none can be.
exec supervise \
    QUIT 'nginx -e stderr -c /etc/nginx/nginx.conf' \
    QUIT 'php-fpm84 --nodaemonize --fpm-config /etc/service/fpm.conf' \
    TERM 'cron-loop'
