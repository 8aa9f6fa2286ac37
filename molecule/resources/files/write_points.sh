#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs in the container telegraf, which has the password of the user that may write. From its input it takes lines of a number
# and a point with a time in milliseconds; it says the number of each point that InfluxDB acknowledged, and ends with the first
# one that it did not.
auth=$(printf 'telegraf:%s' "$(cat /etc/service/secrets/influxdb_telegraf)" | base64 -w 0)
while read -r number point; do
    wget -q -T 60 -O /dev/null --no-check-certificate --header "Authorization: Basic $auth" --post-data "$point" \
        'https://influxdb:8086/write?db=telegraf&precision=ms'
    echo "$number"
done
