#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Works beside nginx and php-fpm for as long as they run: sets the site up whenever the database is there and does not have
# what this start wants, and runs WordPress's timed tasks.
set -u

said=''
rounds=0
while :; do
    if wget -q -T 7 -O /dev/null http://127.0.0.1:8081/ready 2>/dev/null; then
        said=''
        # Every five minutes.
        if [ "$((rounds % 30))" -eq 0 ]; then php84 /usr/share/webapps/wordpress/wp-cron.php; fi
        rounds=$((rounds + 1))
        sleep 10
    else
        wait=2
        if reason=$({ php84 /usr/local/lib/service/setup.php && plugins; } 2>&1); then
            reason="the site is set up${reason:+; $reason}"
        else
            code=$?
            # A plugin that PHP cannot run stays as it is.
            [ "$code" -ne 3 ] || wait=60
            reason="the set-up ended with $code${reason:+: $reason}"
        fi
        # Once, however often it is tried.
        [ "$reason" = "$said" ] || echo "cron-loop: $reason" >&2
        said=$reason
        sleep "$wait"
    fi
done
