#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Asks InfluxDB from inside its container: echo 'SHOW MEASUREMENTS' | query USER
# USER is admin, grafana or telegraf; the password comes from the Secret, and meets no command line on its way. Prints JSON.
# Exit status 1, and the answer on standard error, when InfluxDB reports an error; it does so with HTTP status 200, too.
set -eu

login=$(printf '%s:%s' "$1" "$(cat "/etc/service/secrets/influxdb_$1")" | base64 -w 0)
# Every byte as %XX.
body=q=$(od -An -v -tx1 | tr -d '\n' | tr ' ' '%')

answer=$(
    {
        printf 'POST /query?db=telegraf&epoch=s HTTP/1.0\r\nAuthorization: Basic %s\r\n' "$login"
        printf 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %s\r\n\r\n%s' "${#body}" "$body"
    } | openssl s_client -quiet -connect "127.0.0.1:${QUERY_PORT:-8086}" -servername influxdb -verify_hostname influxdb \
        -verify_return_error -CAfile /etc/service/tls/ca.crt 2>&1
)

case $answer in
*'"error":'*) ;;
*'HTTP/1.0 200 OK'*)
    # The JSON is the last line.
    echo "${answer##*"
"}"
    exit
    ;;
esac
echo "query: $answer" >&2
exit 1
