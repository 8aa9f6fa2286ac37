#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts the measurements that "backup" wrote, on the input, in the place of those that are there.
#
#   restore FOLDER     the folder of the volume, which holds the files for a moment
set -eu
umask 077

folder=$1/restore
rm -rf "$folder"
mkdir "$folder"
trap 'rm -rf "$folder"' EXIT
tar -C "$folder" -xf -
ls "$folder"/*.manifest >/dev/null
echo 'DROP DATABASE telegraf' | query admin >/dev/null
influxd restore -portable -host 127.0.0.1:8088 -db telegraf "$folder" >&2
# They went with the database; the start of the container gives them too.
echo 'GRANT WRITE ON telegraf TO telegraf; GRANT READ ON telegraf TO grafana' | query admin >/dev/null
