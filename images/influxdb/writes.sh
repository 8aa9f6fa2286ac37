#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Lets telegraf write, or not (see room). The user admin may do so always.
#
#   writes off        what telegraf sends is refused; it keeps it for a while and sends it again
#   writes on LEFT    LEFT MiB were left at the least
set -eu

if [ "$1" = off ]; then
    echo 'REVOKE WRITE ON telegraf FROM telegraf' | query admin >/dev/null 2>&1
elif [ "$2" -gt 0 ]; then
    echo 'GRANT WRITE ON telegraf TO telegraf' | query admin >/dev/null 2>&1
else
    # Once its log could not be written, InfluxDB takes nothing more until it starts anew, and that grants the right as well.
    echo 'writes: the volume was full to the end; InfluxDB starts anew to write again' >&2
    kill -TERM 1
fi
