#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# At a start, puts the data that a restore loaded aside in the place of those that served before.
#
#   swap LIVE            LIVE is the folder that serves. Beside it may lie:
#                        LIVE.restore   loaded in part, by a restore that was interrupted: it is removed
#                        LIVE.restored  complete and checked: its name is the restore's commit; it becomes LIVE
#                        LIVE.old       what served before; it stays until the new data serve
#   swap LIVE COMMAND    removes LIVE.old when COMMAND says that the new data serve; asks in the background
set -eu
live=$1
shift

if [ "$#" -gt 0 ]; then
    # In a shell of its own that ends at once: the daemon, which takes this process's place, shall have no children to wait for.
    [ ! -d "$live.old" ] || (
        (
            until "$@" 2>/dev/null; do sleep 2; done
            rm -rf "$live.old"
            echo "swap: the restored data serve; the data of before were removed" >&2
        ) &
    )
    exit
fi

rm -rf "$live.restore"
if [ -d "$live.restored" ]; then
    if [ -d "$live" ]; then
        rm -rf "$live.old"
        mv "$live" "$live.old"
        sync
    fi
    mv "$live.restored" "$live"
    sync
    echo "swap: starting with the restored data; those of before stay in $live.old until they serve" >&2
fi
