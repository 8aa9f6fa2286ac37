#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Does the server hold the values that a backup says it holds?
#
#   compare_backup FOLDER FILE     FILE is what "backup" wrote
set -eu
umask 077

if [ ! -r "$2" ]; then
    echo "compare_backup: $2 cannot be read" >&2
    exit 1
fi
scratch=$1/compare
rm -rf "$scratch"
mkdir "$scratch"
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# Backups of before there were counts have none.
tar -x -f "$2" -C "$scratch" ./.counts 2>/dev/null || : >"$scratch/.counts"
window=$(sed -n 1p "$scratch/.counts")
if [ -z "$window" ]; then
    echo "$(echo 'SHOW MEASUREMENTS' | query admin | grep -o '\["' | wc -l) measurements; the backup does not say how many values it holds"
    exit
fi
sed 1d "$scratch/.counts" >"$scratch/named"
counts "$window" >"$scratch/held"
# More than that came while the backup was made.
lacking=$(awk '
    # Not by the number of the line: the first file may be empty.
    FILENAME == ARGV[1] { held[$1] = $2; next }
    held[$1] + 0 < $2 { printf "%s has %d values of %d; ", $1, held[$1], $2 }' "$scratch/held" "$scratch/named")
if [ -n "$lacking" ]; then
    echo "compare_backup: $(echo "$lacking" | cut -c 1-300)between $window" >&2
    exit 1
fi
echo "$(wc -l <"$scratch/named") measurements, $(awk '{ all += $2 } END { print all + 0 }' "$scratch/named") values of the hour before it"
