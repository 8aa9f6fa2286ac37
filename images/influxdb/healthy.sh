#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Does influxd answer? It does so on this port only when the users have been set up.
# The certificate is not judged here: 127.0.0.1 is not in it.
set -eu

# A restore is complete but its restart was lost: the data of now would be replaced at a later start.
[ ! -d /data/influxdb.restored ]
wget -q -T 5 -O /dev/null --no-check-certificate https://127.0.0.1:8086/ping
