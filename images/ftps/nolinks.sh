#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes the symbolic links in a user's folder, each with a line in the container's log.
#
#   nolinks USER
#
# The session of the daemon that calls it ends when a link cannot be removed.
set -eu
exec >/proc/1/fd/2 2>&1

find "/data/$1" -type l -exec echo 'nolinks: removing' {} ';' -exec rm {} + || {
    echo "nolinks: no session for $1, because not every link can be removed"
    kill "$PPID"
}
