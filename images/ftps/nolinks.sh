#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes the symbolic links in a user's folder, each with a line in the container's log. FTP makes none: at the start of the
# container is when some may have come in another way ("restore" leaves out those of a backup).
#
#   nolinks USER
#
# Exit status 1 when a link may be left.
set -eu
cd "/data/$1"

# A folder that its owner may not read would hide what is in it.
find . -type d ! -perm -700 -exec chmod u+rwx {} \;
find . -type l -exec echo "nolinks: removing from the folder of $1:" {} \; -exec rm -f {} \; >&2
left=$(find . -type l)
[ -z "$left" ]
