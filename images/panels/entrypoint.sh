#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes what nginx needs of the Secret, in memory (/run): who may log in, with which cookie, and how nginx itself logs in at InfluxDB.
set -eu
umask 077

mkdir -p /run/panels
# A session is open to who has its cookie. The cookie is another one after each start.
session=$(openssl rand -hex 32)
printf '"%s" 1;\n' "$session" >/run/panels/session.map
password=$(printf 'admin:%s' "$(cat /etc/service/secrets/grafana_admin)" | base64 -w 0)
printf '"Basic %s" %s;\n' "$password" "$session" >/run/panels/password.map
login=$(printf 'grafana:%s' "$(cat /etc/service/secrets/influxdb_grafana)" | base64 -w 0)
printf 'proxy_set_header Authorization "Basic %s";\n' "$login" >/run/panels/login.conf

# nginx looks InfluxDB up at run time, so it starts (and heals) while that is away.
awk '$1 == "nameserver" { print "resolver " (index($2, ":") ? "[" $2 "]" : $2) " valid=10s;"; exit }' \
    /etc/resolv.conf >/run/resolver.conf

# "-e stderr": until the configuration is read, nginx would log to a file where none can be.
exec nginx -e stderr -c /etc/nginx/nginx.conf
