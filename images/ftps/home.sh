#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Before each login: a user who took the own right to the own folder away (SITE CHMOD 000 /) gets it back, or could not log in again.
#
#   home USER     whatever the client says
set -eu

case $1 in
*/* | .*) exit ;;
esac
[ ! -f "/etc/service/secrets/$1" ] || chmod 0700 "/data/$1"
