#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Brings the administrator's password in line with the Secret (an old volume may know another), then runs Grafana.
set -eu
umask 077

store=/data/grafana
mkdir -p /tmp/grafana

# What "restore" left takes the place of the store; a start that is cut short here goes on with it at the next one.
if [ -d /data/restored ]; then
    rm -rf "$store"
    mv /data/restored "$store"
fi

# Newer data are refused. What an upgrade has to do, Grafana does when it starts; its health is what says that it is done.
if [ -f "$store/complete" ]; then written_by claim "$store"; fi

# Only a store whose server has answered once is complete; before that there is nothing in it to lose.
if [ -f "$store/complete" ]; then
    grafana cli --homepath /usr/share/grafana --config /etc/grafana.ini \
        admin reset-admin-password --password-from-stdin </etc/service/secrets/grafana_admin
else
    rm -rf "$store"
    mkdir "$store"
fi

exec grafana server --homepath /usr/share/grafana --config /etc/grafana.ini
