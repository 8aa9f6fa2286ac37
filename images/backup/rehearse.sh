#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Restores a backup in a container of its service, which has nothing yet but empty volumes. The kubelet runs it at each start of the container:
# databases start anew with what was restored. What it finds stands in /rehearsal/result/verdict, one line that begins with good or bad.
#
#   rehearse PATH SECONDS COMMAND...     the path of the volume; how long all of it may take; COMMAND tells whether the service is ready
set -u
umask 027
result=/rehearsal/result
stream=/rehearsal/stream/data

# The kubelet waits for this program before it goes on: the work is done beside it.
if [ "$1" != --work ]; then
    setsid sh "$0" --work "$@" </dev/null >>"$result/log" 2>&1 &
    exit 0
fi
path=$2
seconds=$3
shift 3

say() {
    [ -e "$result/verdict" ] || echo "$1" >"$result/verdict.new"
    [ -e "$result/verdict" ] || mv "$result/verdict.new" "$result/verdict"
    exit 0
}

# What a program said last, on one line.
reason() {
    tail -n 3 "$result/said" | tr '\n' ' ' | cut -c 1-400
}

in_time() {
    [ "$(($(date +%s) - $(cat "$result/began")))" -lt "$seconds" ]
}

[ ! -e "$result/verdict" ] || exit 0
[ -e "$result/began" ] || date +%s >"$result/began"

until "$@" >"$result/said" 2>&1; do
    in_time || say "bad the service did not get ready $([ -e "$result/restored" ] && echo 'with the restored data' || echo 'before the restore'): $(reason)"
    sleep 1
done

if [ ! -e "$result/restored" ]; then
    restore "$path" <"$stream" >"$result/said" 2>&1 || say "bad the restore failed: $(reason)"
    : >"$result/restored"
    # A database starts anew now, and this program ends with its container.
    for waiting in "$path"/*.restored "$path/restored"; do
        while [ -e "$waiting" ]; do
            in_time || say 'bad the service did not start anew after the restore'
            sleep 1
        done
    done
    until "$@" >"$result/said" 2>&1; do
        in_time || say "bad the service did not get ready with the restored data: $(reason)"
        sleep 1
    done
fi

# An image of somebody else may not have it. "compare" alone is a program for pictures.
if command -v compare_backup >/dev/null; then
    found=$(compare_backup "$path" "$stream" 2>"$result/said") || say "bad what was restored is not what was backed up: $(reason)"
    say "good $found"
fi
backup "$path" 2>"$result/said" >/dev/null || say "bad the restored data cannot be backed up: $(reason)"
say 'good restored, and can be backed up again'
