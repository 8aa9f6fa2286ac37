#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes Grafana's own database, as it is at one moment, to the output: a tar with the paths of the volume.
#
#   backup FOLDER      the folder of the volume, which holds the copy for a moment
set -eu
umask 077

# One at a time: the schedule and somebody may ask at once.
exec 9>/tmp/backup.lock
flock 9

aside=$1/backup
rm -rf "$aside"
mkdir -p "$aside/grafana"
trap 'rm -rf "$aside"' EXIT
# sqlite3 would make an empty one where there is none.
if [ ! -f "$1/grafana/grafana.db" ]; then
    echo "backup: Grafana has made no database in $1 yet" >&2
    exit 1
fi
sqlite3 -bail -cmd '.timeout 30000' "$1/grafana/grafana.db" "VACUUM INTO '$aside/grafana/grafana.db'"
touch "$aside/grafana/complete"
written_by finish "$aside/grafana"
tar -C "$aside" -cf - grafana
