#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes the measurements to the output, as a tar of InfluxDB's own form of backups. Users are not among them: these are made from
# the Secret.
#
#   backup FOLDER      the folder of the volume, which holds the files for a moment
set -eu
umask 077

# One at a time: the schedule and somebody may ask at once.
exec 9>/tmp/backup.lock
flock 9

folder=$1/backup
rm -rf "$folder"
mkdir "$folder"
trap 'rm -rf "$folder"' EXIT
# What it holds of the hour before, for a rehearsal to look at. What is younger may still be on its way from telegraf.
last=$(($(date +%s) - 120))
window="$((last - 3600)) $last"
if counts "$window" >"$folder/.held"; then
    { echo "$window" && cat "$folder/.held"; } >"$folder/.counts"
else
    echo 'backup: the points could not be counted: a rehearsal cannot tell whether all are in the backup' >&2
    : >"$folder/.counts"
fi
rm "$folder/.held"
influxd backup -portable -host 127.0.0.1:8088 -database telegraf "$folder" >&2
# So a restore knows whether its InfluxDB is new enough.
written_by finish "$folder"
cd "$folder"
tar -cf - ./.written_by ./.counts ./*
