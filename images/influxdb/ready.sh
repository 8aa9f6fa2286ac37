#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Does influxd know users, and ask who is there? Without a user it would answer 403, without the demand for passwords 200.
set -u

answer=$(wget -T 5 -O /dev/null --no-check-certificate 'https://127.0.0.1:8086/query?q=SHOW+DATABASES' 2>&1)
case $answer in
*' 401 '*) ;;
*)
    echo "$answer" >&2
    exit 1
    ;;
esac
