#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts what "backup" wrote, on the input, in the place of all that is in a folder.
#
#   restore FOLDER
#   restore --finish FOLDER     ends what was interrupted; at each start, and before each backup
#
# The new files are unpacked and checked aside. From one rename on they are the ones that count: before it, an interrupted
# restore is undone, after it, it is brought to its end. In FOLDER/.restore lie
#   new        what is not complete yet
#   moving     complete; the old files are being moved to "old"
#   entering   the old files are gone to "old"; the new ones are being moved in
set -eu
umask 077
export LC_ALL=C

# Also what its owner may not write to.
remove() {
    find "$1" -type d ! -perm -700 -exec chmod u+rwx {} \;
    rm -rf "$1"
}

# Moves all that is in folder $1 to folder $2.
move() {
    # A folder that is moved has to be its owner's to write.
    find "$1" -mindepth 1 -maxdepth 1 -type d ! -perm -700 -exec chmod u+rwx {} +
    find "$1" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .restore -exec mv -f {} "$2/" \;
}

finish() {
    [ -d .restore ] || return 0
    if [ -d .restore/moving ]; then
        mkdir -p .restore/old
        move . .restore/old
        sync
        mv .restore/moving .restore/entering
    fi
    if [ -d .restore/entering ]; then
        move .restore/entering .
        sync
        rmdir .restore/entering
        echo 'restore: the new files are in place' >&2
    fi
    remove .restore
}

undo() {
    [ -d .restore/moving ] || [ -d .restore/entering ] || [ ! -d .restore ] || remove .restore
}

if [ "$1" = --finish ]; then
    cd "$2"
    finish
    exit
fi

exec 9>/tmp/folder.lock
flock 9
cd "$1"
finish
trap undo EXIT
trap 'exit 1' HUP INT TERM
if ! mkdir .restore .restore/new .restore/old .restore/stream || ! untar .restore/new .restore/stream --no-same-owner --preserve-permissions --delay-directory-restore --exclude=./.restore; then
    echo 'restore: the files cannot be unpacked; nothing was changed' >&2
    room --tell .
    exit 1
fi
chmod u+rwx .restore/new
# What its owner may not read would hide what is in it.
find .restore/new -type d ! -perm -500 -exec chmod u+rx {} \;
# A link would lead whoever reads the files to what is not theirs.
find .restore/new ! -type d ! -type f -exec echo 'restore: neither file nor folder, left out:' {} \; -exec rm -f {} \; >&2
# Services whose data are of a version say so in the image.
if [ -s /etc/service/version ]; then
    if ! written_by check .restore/new; then
        echo 'restore: the backup is of a newer version; nothing was changed' >&2
        exit 1
    fi
    written_by finish .restore/new
fi
sync
mv .restore/new .restore/moving
trap - EXIT
finish
