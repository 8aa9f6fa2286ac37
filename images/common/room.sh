#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Keeps a daemon from a full volume: a database that finds no room in the middle of a write ends, or takes none ever after.
#
#   room FOLDER          works beside the daemon for as long as the container runs: says in the log that the volume is nearly full,
#                        and that it has room again. Images of databases have a program "writes", which it calls as
#                            writes off          nearly full: refuse writes. Called again each second, as people may take it back
#                            writes on LEFT      room again: take writes; LEFT is the least that was seen, "0" for nothing at all
#   room --wait FOLDER   waits until there is enough to start a database
#   room --tell FOLDER   after a failure: says so when the volume is too full for a backup or a restore, as that is the reason of
#                        many a strange message
#   room --left FOLDER   prints how many MiB are left
#
# What has to stay free is a tenth of the volume, 128 MiB at the most, and room for 100 files. Who makes room may still write.
set -u

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
    echo "room: the volume $1: $left MiB and $files files are left. $2" >&2
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

if [ "$1" = --tell ]; then
    look "$2"
    if [ "$left" -lt 64 ] || [ "$files" -lt 100 ]; then
        say 'is nearly full' 'A restore needs room for the old data and the new, a backup for a moment for a copy: make room (df, du) and try again'
    fi
    exit
fi

if [ "$1" = --left ]; then
    look "$2"
    echo "$left"
    exit
fi

writes() {
    [ ! -x /usr/local/bin/writes ] || /usr/local/bin/writes "$@"
}

closed='' pause=1
while sleep "$pause"; do
    look "$1"
    pause=1
    # Near the limit it looks more often, as a writer may be quick.
    if [ -z "$closed" ] && [ "$left" -lt "$((2 * reserve))" ]; then pause=0.1; fi
    if [ "$left" -lt "$reserve" ] || [ "$files" -lt 100 ]; then
        if [ -z "$closed" ] || [ "$left" -lt "$least" ]; then least=$left; fi
        [ "$files" -gt 0 ] || least=0
        # What is full to the end cannot even note that, and refuses writes by itself.
        writes off || :
        [ -n "$closed" ] || say 'is nearly full' 'New data are refused now or soon, until there is room again. See what fills it: df, du'
        closed=yes
    elif [ -n "$closed" ] && [ "$left" -gt "$((2 * reserve))" ] && [ "$files" -gt 200 ]; then
        writes on "$least" || continue
        say 'has room again' 'New data are taken.'
        closed=''
    fi
done
