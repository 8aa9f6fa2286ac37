#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes what is in a folder to the output, as a tar. Files may come, go and change meanwhile.
#
#   backup FOLDER
#   backup --fingerprint FOLDER     writes a text that is another one after each change of what is in the folder, or of this program, without
#                                   reading files; nothing when it cannot know
#
# Exit status 0 also when something cannot be in the tar: then standard error names it.
set -eu
umask 077
export LC_ALL=C

# Each change of a file or folder gives it another ctime, which nobody can set. One in the second of a look could be followed by one in the same
# second, which would not show: so what has changed just now, or by a clock that ran ahead, has no fingerprint.
if [ "$1" = --fingerprint ]; then
    now=$(date +%s)
    # It may be asked in each hour, so the order is the file system's: sorting millions of names would take the memory of the service.
    sum=$(
        { echo "0 $(sha256sum <"$0")" && cd "$2" && find . -path ./lost+found -prune -o -exec stat -c '%Z %i %f %h %u %g %s %Y %n' {} + || echo failed; } |
            awk -v "latest=$((now - 3))" '
                { print | "sha256sum" }
                $1 !~ /^[0-9]+$/ || $1 > latest { unsure = 1 }
                END { exit close("sha256sum") || unsure }'
    ) || exit 0
    echo "${sum%% *}"
    exit
fi

# One at a time, and none while a restore is at work: the schedule and somebody may ask at once.
exec 9>/tmp/folder.lock
flock 9
restore --finish "$1"
cd "$1"

# What the owner took the own right to read from gets it for the time of the copy. Deepest first, it gets its mode back.
closed=/tmp/closed
: >"$closed"
close() {
    # shellcheck disable=SC2016
    sort -z -r "$closed" | xargs -0 -r -n 1 sh -c 'chmod "${1##* }" "${1% *}"' close 2>/dev/null || :
}
trap close EXIT
trap 'exit 1' HUP INT TERM
# shellcheck disable=SC2016
find . \( -type d ! -perm -500 -o -type f ! -perm -400 \) -exec sh -c '
    printf "%s %s\0" "$2" "$(stat -c %a "$2")" >>"$1" && chmod u+rX "$2"' open "$closed" {} \; 2>/dev/null || :

find . -name .restore -prune -o ! -type d ! -type f -exec echo 'backup: neither file nor folder, not kept:' {} \; >&2 2>/dev/null || :

status=0
tar --create --file=- --sort=name --ignore-failed-read --anchored --exclude=./lost+found --exclude=./.restore . || status=$?
# 1: a file changed or vanished while it was read.
[ "$status" -le 1 ]
