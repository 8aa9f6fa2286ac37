#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Switches on the plugins that are new in the image. One that PHP cannot run is switched off, so that the site stays; which one and why
# goes to /run/plugins, where the readiness probe finds it, and the status is 3. An empty file: all is well.
set -euf

# Ask for something; where it cannot be done, "reason" is why. No pipe: BusyBox's timeout would hold it open until its time is up.
asked() {
    if timeout -s KILL 60 php84 /usr/local/lib/service/plugins.php "$@" \
        3>/run/plugins.reason >/run/plugins.said 2>/run/plugins.errors </dev/null; then
        return
    fi
    reason=$(cat /run/plugins.reason)
    reason=${reason:-it did not end within 60 seconds}
    # With what called what.
    cat /run/plugins.errors >&2
    return 1
}

if ! asked settle; then
    echo "$reason" >&2
    exit 1
fi
cat /run/plugins.errors >&2
settled=$(cat /run/plugins.said)
# Lists have a line for each, as names of files may have blanks in them.
IFS='
'

bad=''
good=''
off() {
    bad="$bad${bad:+; }plugin $1 is off: $reason"
    asked deactivate "$1"
}

sound=yes
on=$(echo "$settled" | sed -n 's/^on //p')
if asked try "$on"; then
    good=$on
elif asked try ''; then
    # One of them is the reason, or two that cannot be together.
    for plugin in $on; do
        if asked try "$good$IFS$plugin"; then good="$good$IFS$plugin"; else off "$plugin"; fi
    done
else
    sound=''
    bad="the site fails without a plugin too: $reason"
fi
if [ -n "$sound" ]; then
    for plugin in $(echo "$settled" | sed -n 's/^new //p'); do
        if asked activate "$plugin" && asked try "$good$IFS$plugin"; then
            good="$good$IFS$plugin"
            echo "the plugin $plugin was switched on"
        else
            off "$plugin"
        fi
    done
fi

printf '%s' "$bad" >/run/plugins.new
mv -f /run/plugins.new /run/plugins
[ -z "$bad" ] || {
    echo "$bad. Mend it, or take it out of services_wordpress_plugins." >&2
    exit 3
}
