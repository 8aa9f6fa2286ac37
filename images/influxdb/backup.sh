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
trap 'rm -rf "$folder"' EXIT
fail() {
    echo 'backup: the measurements cannot be kept' >&2
    room --tell "$1"
    exit 1
}
mkdir "$folder" || fail "$1"
# What it holds of the hour before, for a rehearsal to look at. What is younger may still be on its way from telegraf.
last=$(($(date +%s) - 120))
window="$((last - 3600)) $last"
if counts "$window" >"$folder/.held"; then
    { echo "$window" && cat "$folder/.held"; } >"$folder/.counts" || fail "$1"
else
    echo 'backup: the points could not be counted: a rehearsal cannot tell whether all are in the backup' >&2
    : >"$folder/.counts" || fail "$1"
fi
rm "$folder/.held"
influxd backup -portable -host 127.0.0.1:8088 -database telegraf "$folder" >&2 &
copy=$!
while kill -0 "$copy" 2>/dev/null; do
    sleep 0.5
    # Without room it would try again and again, for minutes.
    [ "$(room --left "$1")" -ge 1 ] || kill "$copy" 2>/dev/null || :
done
wait "$copy" || fail "$1"
# So a restore knows whether its InfluxDB is new enough.
written_by finish "$folder" || fail "$1"
cd "$folder"
tar -cf - ./.written_by ./.counts ./*
