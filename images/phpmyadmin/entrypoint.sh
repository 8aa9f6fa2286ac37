#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes the folders that php-fpm and phpMyAdmin write to, then runs nginx and php-fpm.
set -eu
umask 077

mkdir -p /tmp/sessions /tmp/phpmyadmin/twig
# phpMyAdmin uses compiled templates only where it could write more of them.
cp -R /usr/local/lib/service/templates/. /tmp/phpmyadmin/twig

# "-e stderr": until the configuration is read, nginx would log to a file where none can be.
exec supervise \
    QUIT 'nginx -e stderr -c /etc/nginx/nginx.conf' \
    QUIT 'php-fpm84 --nodaemonize --fpm-config /etc/service/fpm.conf'
