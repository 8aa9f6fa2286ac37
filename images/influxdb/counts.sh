#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints how many values each measurement has in a span of time: its name, without spaces, and the number.
#
#   counts "FIRST LAST"     seconds since the epoch; the last second does not count
set -eu

answer=$(echo "SELECT COUNT(*) FROM /.*/ WHERE time >= ${1% *}s AND time < ${1#* }s" | query admin)
echo "$answer" | sed 's/{"name":"/\n/g' | awk -F '"' '
        NR > 1 {
            name = $1
            gsub(/[ \t]/, "_", name)
            # One row: the time, and a number for each field.
            sub(/.*"values":\[\[/, "")
            sub(/\]\].*/, "")
            count = split($0, numbers, ",")
            for (total = 0, i = 2; i <= count; i++) total += numbers[i]
            print name, total
        }'
