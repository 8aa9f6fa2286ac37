#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Keeps the server from a full volume: one that finds no room in the middle of a write ends, for it cannot even undo that write.
#
#   room FOLDER          works beside the server for as long as that runs: makes it read-only while the volume is nearly full, and
#                        takes that back when there is room again
#   room --wait FOLDER   waits until there is enough to start a server
#
# What has to stay free is a tenth of the volume, 128 MiB at the most, and room for 100 files. Root, who makes room, may still write.
set -u

sql() {
    mariadb --defaults-file=/run/mysqld/root.cnf --connect-timeout=5 --batch --skip-column-names --execute="$1" 2>/dev/null
}

# Three words: MiB that are left, how many have to be, and how many files there is room for.
measure() {
    {
        df -P -k "$1"
        df -P -i "$1"
    } | awk '
        NR == 2 { left = $4; reserve = $2 / 10 < 131072 ? $2 / 10 : 131072 }
        # Some file systems count no files.
        NR == 4 { files = $2 > 0 ? $4 : 1000 }
        END { printf "%d %d %d\n", left / 1024, reserve / 1024, files }'
}

# Sets left, reserve and files.
look() {
    read -r left reserve files <<END
$(measure "$1")
END
}

say() {
    echo "room: the volume of the database $1: $left MiB and $files files are left. $2" >&2
}

if [ "$1" = --wait ]; then
    said=''
    while look "$2" && { [ "$left" -lt 16 ] || [ "$files" -lt 20 ]; }; do
        [ -n "$said" ] || say 'is full' 'The server starts by itself when there is room. See what fills it: df, du'
        said=yes
        sleep 2
    done
    exit
fi

closed='' pause=1
while sleep "$pause"; do
    look "$1"
    pause=1
    # Near the limit it looks more often, as a writer may be quick.
    if [ -z "$closed" ] && [ "$left" -lt "$((2 * reserve))" ]; then pause=0.1; fi
    if [ "$left" -lt "$reserve" ] || [ "$files" -lt 100 ]; then
        # Each time, as people may have taken it back.
        sql 'SET SESSION lock_wait_timeout = 30; SET GLOBAL read_only = 1' || continue
        [ -n "$closed" ] || say 'is nearly full' 'It takes no more writes, and does so again by itself when there is room. See what fills it: df, du'
        closed=yes
    elif [ -n "$closed" ] && [ "$left" -gt "$((2 * reserve))" ] && [ "$files" -gt 200 ]; then
        sql 'SET GLOBAL read_only = 0' || continue
        say 'has room again' 'It takes writes.'
        closed=''
    fi
done
