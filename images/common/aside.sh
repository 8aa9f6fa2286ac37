#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the restores of databases share: new data are loaded into a folder and a server of their own, and checked; meanwhile the
# old ones serve. One rename is the commit: before it nothing has changed, after it the container starts anew, with the new data
# (see swap). It is read in by these programs: ". aside", then the functions in this order.

fail() {
    echo "restore: $*; nothing was changed" >&2
    room --tell "${live%/*}"
    exit 1
}

# begin LIVE SCRATCH LOCK    LIVE is the folder that serves; SCRATCH is for files of the restore, and empty; LOCK is a file
begin() {
    live=$1
    scratch=$2
    server=''
    exec 9>"$3"
    flock -n 9 || fail 'another restore is at work'
    trap undo EXIT
    trap 'exit 1' HUP INT TERM
    rm -rf "$scratch" "$live.restore"
    mkdir "$scratch" || fail 'the volume takes no more files'
}

undo() {
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || :
    rm -rf "$scratch" "$live.restore"
}

# serve COMMAND...    starts the server for the new data
serve() {
    "$@" </dev/null >"$scratch/log" 2>&1 9>&- &
    server=$!
    # However this program ends: its server ends with it, and data that are committed get their restart.
    (
        while kill -0 $$ 2>/dev/null; do sleep 0.2; done
        kill -KILL "$server" 2>/dev/null || :
        [ ! -d "$live.restored" ] || kill -TERM 1
    ) </dev/null >/dev/null 2>&1 9>&- &
}

# serves COMMAND...    waits until COMMAND says that the server answers
serves() {
    until "$@" >/dev/null 2>&1; do
        kill -0 "$server" 2>/dev/null || fail "the server for the new data did not start: $(tail -n 3 "$scratch/log")"
        sleep 0.2
    done
}

commit() {
    # In good order: all of it is on the disk then.
    kill -TERM "$server"
    wait "$server" || fail "the server for the new data did not stop in good order: $(tail -n 3 "$scratch/log")"
    server=''
    written_by finish "$live.restore"
    sync
    rm -rf "$live.restored"
    mv "$live.restore" "$live.restored"
    sync
    echo 'restore: the new data are complete; the server starts anew with them' >&2
}
