#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prepares what nginx and sshd need in memory (/run), then runs both.
set -eu
umask 077

# sshd wants its keys private to the user, below a folder that is too; files of a Secret belong to root and the group.
mkdir -p /run/ft
cp /etc/service/secrets/ssh_host_ed25519_key /etc/service/secrets/authorized_keys /run/ft/
chmod 0600 /run/ft/ssh_host_ed25519_key /run/ft/authorized_keys

# nginx looks services up by name at run time, so it starts (and heals) while one of them is away.
awk '$1 == "nameserver" { print "resolver " (index($2, ":") ? "[" $2 "]" : $2) " valid=10s;"; exit }' \
    /etc/resolv.conf >/run/resolver.conf

# "-e stderr": until the configuration is read, nginx would log to a file where none can be.
exec supervise \
    QUIT 'nginx -e stderr -c /etc/nginx/nginx.conf' \
    TERM '/usr/sbin/sshd -D -e -f /etc/ssh/sshd_config'
